//! Secrets of the configuration.

use std::fmt;

use vestibule::core::secret::SecretText;

pub(crate) use vestibule::core::secret::{Weakness, weakness};

/// A secret text that neither `Debug` nor a listing prints.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(SecretText);

impl Secret {
    pub(crate) fn new(text: impl Into<SecretText>) -> Self {
        Self(text.into())
    }

    /// The secret itself. Its UTF-8 bytes are the key.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}
