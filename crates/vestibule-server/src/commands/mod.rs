//! What the commands do.

pub(crate) mod config;
mod desk;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod openapi;
mod output;
mod prompt;
pub(crate) mod restored;
pub(crate) mod session;
pub(crate) mod user;

use std::{future::Future, io::Write as _, path::Path, time::Duration};

use vestibule::core::store::StoreError;

use crate::{
    command::{Command, ConfigFlags},
    config::ConfigProblems,
    serve,
};

/// How long work on other threads may go on after a command is done.
const LEFTOVERS: Duration = Duration::from_millis(500);

/// Carries out one command.
///
/// # Errors
/// [`CommandError`] with the exit status.
pub(crate) fn run(flags: &ConfigFlags, command: Command) -> Result<(), CommandError> {
    let load = || {
        let configuration =
            crate::config::load(flags, crate::config::environment(), Path::new("."));
        configuration.map_err(CommandError::from)
    };
    match command {
        Command::Serve => wait(serve::run(load()?)),
        Command::Migrate => wait(quiet(migrate::run(&load()?))),
        Command::User(command) => wait(quiet(user::run(command, &load()?))),
        Command::Session(command) => wait(quiet(session::run(command, &load()?))),
        Command::Key(command) => wait(quiet(key::run(command, &load()?))),
        Command::Restored(what) => wait(quiet(restored::run(&what, &load()?))),
        Command::Config(command) => config::run(command, &load()?),
        Command::Openapi => openapi::run(),
    }
}

/// Writes to standard output.
///
/// # Errors
/// [`CommandError::Failed`] where nobody takes it.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read it, such as `head`, has enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::Failed(format!("the output could not be written: {error}")))
        }
        _ => Ok(()),
    }
}

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

impl From<ConfigProblems> for CommandError {
    fn from(problems: ConfigProblems) -> Self {
        Self::Usage(problems.to_string())
    }
}

/// Runs a command to its end on a runtime of its own.
fn wait(work: impl Future<Output = Result<(), CommandError>>) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::Failed(format!("no threads could be started: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(LEFTOVERS);
    result
}

/// A command speaks for itself: the log only says what goes wrong.
async fn quiet(work: impl Future<Output = Result<(), CommandError>>) -> Result<(), CommandError> {
    let _log = serve::log::start(serve::log::Format::Text, "warn")?;
    work.await
}
