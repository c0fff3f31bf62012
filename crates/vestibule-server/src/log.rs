//! The log, on standard error.

mod writer;

use std::{io::IsTerminal as _, panic::PanicHookInfo, time::Duration};

use tracing_subscriber::{EnvFilter, util::SubscriberInitExt as _};

use self::writer::LogWriter;
pub(crate) use self::writer::last_words;

use crate::error::CommandError;

/// How long the end waits for lines that are still to be written.
const FLUSH: Duration = Duration::from_millis(250);

/// The running log. Dropping it writes what is still waiting, within a bound.
#[must_use]
pub(crate) struct Log(LogWriter);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush(FLUSH);
    }
}

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts the log. `RUST_LOG` says what is in it, `usual` where that is not set.
///
/// Every event is one line: both formats escape control characters in values.
///
/// # Errors
/// [`CommandError::Usage`] where `RUST_LOG` cannot be read.
pub(crate) fn start(format: Format, usual: &str) -> Result<Log, CommandError> {
    let asked = std::env::var("RUST_LOG").ok().filter(|asked| !asked.trim().is_empty());
    let filter = EnvFilter::builder()
        .parse(asked.as_deref().unwrap_or(usual))
        .map_err(|error| {
            CommandError::Usage(format!(
                "RUST_LOG is invalid ({error}); write a level such as info or debug, or vestibule=debug,info"
            ))
        })?;
    let failed = |error: &dyn std::fmt::Display| {
        CommandError::Failed(format!("cannot start logging: {error}"))
    };
    let writer = LogWriter::start(std::io::stderr(), |lost| {
        tracing::warn!(
            lost,
            "lost log lines: standard error could not be written, or not fast enough"
        );
    });
    let writer = writer.map_err(|error| failed(&error))?;
    let to = writer.clone();
    // What cannot be logged is no reason to say so on standard error, which panics where that is the cause.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .log_internal_errors(false)
        .with_writer(move || to.clone());
    let started = match format {
        Format::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .finish()
            .try_init(),
        Format::Text => log.with_ansi(wants_colour()).with_target(false).finish().try_init(),
    };
    started.map_err(|error| failed(&error))?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(Log(writer))
}

/// <https://no-color.org>: any value that is not empty.
fn wants_colour() -> bool {
    let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_unwanted && std::io::stderr().is_terminal()
}

/// One line for a panic, in the format of all others. Its message is a text of the code, and says where to
/// look.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(location, cause = message, "panicked: this is a bug in the program");
}
