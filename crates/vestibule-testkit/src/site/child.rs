//! A child process that never outlives its handle.

use std::process::{self, Command, ExitStatus};

use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

/// A started program. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    status: Option<ExitStatus>,
}

impl Child {
    /// Starts it.
    ///
    /// # Panics
    /// Where that cannot be done.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let process = command.spawn().unwrap_or_else(|error| {
            panic!("{} cannot be started: {error}", command.get_program().display())
        });
        Self { process, status: None }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How it has ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.status = self.status.or_else(|| self.process.try_wait().ok().flatten());
        self.status
    }

    /// Whether its end was seen already.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.status.is_some()
    }

    /// Sends it a signal. One that has ended but was not waited for takes it without harm: its number
    /// belongs to nobody else before that.
    pub fn signal(&self, signal: Signal) {
        if !self.is_over() {
            let _ = kill_process(Pid::from_child(&self.process), signal);
        }
    }

    /// Ends it at once and waits for that.
    pub fn kill(&mut self) {
        if !self.is_over() {
            let _ = self.process.kill();
            self.status = self.process.wait().ok();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
