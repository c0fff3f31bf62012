//! Why a command ended badly, in words for the person at the terminal.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::tally::Tally;

/// Why a command ended badly.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for something that does not exist.
    Usage(String),
    /// Something the command needs is not on this machine.
    Missing(String),
    /// A program could not be started, or its output could not be passed on.
    Start {
        /// The command as one would type it.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A step ran and failed.
    Step {
        /// The command as one would type it.
        command: String,
        /// How it ended, such as `exit status: 101`.
        status: String,
    },
    /// The tests ran and not all is well.
    Tests {
        /// The command as one would type it.
        command: String,
        /// What was counted.
        tally: Tally,
        /// What is not well.
        problem: String,
    },
}

impl Failure {
    /// 2 for a wrong command line, 1 for everything else, as the `vestibule` command does it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(problem) | Failure::Missing(problem) => f.write_str(problem),
            Failure::Start { command, source } => {
                write!(f, "`{command}` could not be run: {source}")
            }
            Failure::Step { command, status } => {
                write!(f, "this step failed ({status}). To repeat it alone:\n\n    {command}\n")
            }
            Failure::Tests { command, problem, .. } => {
                write!(f, "{problem}. To repeat the tests alone:\n\n    {command}\n")
            }
        }
    }
}
