//! Why the program could not do what it was started for.

use vestibule::core::store::StoreError;

/// A command did not do what was asked. The text says what is wrong and what mends it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CommandError {
    /// It was tried and failed: status 1.
    #[error("{0}")]
    Failed(String),
    /// What it needs cannot be reached right now, and a later try may work: status 1.
    #[error("{0}")]
    Away(String),
    /// It was asked for wrongly, or the configuration does not allow it: status 2.
    #[error("{0}")]
    Usage(String),
}

impl CommandError {
    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Away(_) => 1,
            Self::Usage(_) => 2,
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}
