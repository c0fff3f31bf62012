//! What the commands do.

pub(crate) mod arguments;
pub(crate) mod config;
mod context;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod openapi;
mod output;
mod prompt;
pub(crate) mod restored;
pub(crate) mod session;
pub(crate) mod user;

use std::{future::Future, path::Path, time::Duration};

use crate::{cli::arguments::Command, config::ConfigFlags, error::CommandError, listener, log};

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
        Command::Serve => wait(listener::run(load()?)),
        Command::Migrate => wait(quiet(migrate::run(&load()?))),
        Command::User(command) => wait(quiet(user::run(command, &load()?))),
        Command::Session(command) => wait(quiet(session::run(command, &load()?))),
        Command::Key(command) => wait(quiet(key::run(command, &load()?))),
        Command::Restored(what) => wait(quiet(restored::run(&what, &load()?))),
        Command::Config(command) => config::run(command, &load()?),
        Command::Openapi => openapi::run(),
    }
}

/// Runs a command to its end on a runtime of its own.
fn wait(work: impl Future<Output = Result<(), CommandError>>) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::Failed(format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(LEFTOVERS);
    result
}

/// A command speaks for itself: the log only says what goes wrong.
async fn quiet(work: impl Future<Output = Result<(), CommandError>>) -> Result<(), CommandError> {
    let _log = log::start(log::Format::Text, "warn")?;
    work.await
}
