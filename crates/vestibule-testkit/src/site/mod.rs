//! A finished program, started and ended as its users do, in a folder of its own.
//!
//! Whatever it was told in confidence is noted on the way ([`Secrets`]), and when it ends its log must
//! hold none of that, and no panic.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a program that does not do as it is told is a failed test, and its log says why"
)]

mod child;
mod place;
mod secrets;

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, thread, time::Duration};

use vestibule_core::time::Clock;

use crate::{
    visitors::{Anonymous, App, Browser, CookieNames, Loopback},
    wait,
};

pub use child::{Child, Signal};
pub use place::{Done, Place};
pub use secrets::{Overheard, Secrets};

/// How long it may take to end after SIGTERM: what the site promises, and some room for a busy machine.
const END_WITHIN: Duration = Duration::from_secs(12);
/// How much of a log is shown when a test has failed, in bytes.
const LOG_SHOWN: usize = 6000;

/// A running program. When it is dropped it is asked to end, and its log is looked through.
#[derive(Debug)]
pub struct Site {
    child: Child,
    url: String,
    address: SocketAddr,
    log: PathBuf,
    secrets: Secrets,
}

impl Site {
    /// Where it said that it is, for example `http://127.0.0.1:5000`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What must not be found in its log.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The way to it, for visitors of the test's own making.
    #[must_use]
    pub fn way(&self) -> Overheard<Loopback> {
        Overheard::new(Loopback::to(self.address), self.secrets.clone())
    }

    /// Nobody in particular.
    #[must_use]
    pub fn anonymous(&self) -> Anonymous {
        Anonymous::new(self.way(), &self.host())
    }

    /// An app on a phone.
    #[must_use]
    pub fn app(&self) -> App {
        App::new(self.way(), &self.host())
    }

    /// A browser, over plain http.
    #[must_use]
    pub fn browser(&self, clock: Arc<dyn Clock>) -> Browser {
        Browser::new(self.way(), &self.url, CookieNames::plain(), clock)
    }

    /// Asks it to end as `kill` does, and waits for that.
    ///
    /// # Panics
    /// Where it does not end well and in time.
    pub fn stop(mut self) {
        self.end();
    }

    /// Sends a signal and goes on.
    pub fn signal(&self, signal: Signal) {
        self.child.signal(signal);
    }

    /// Ends it as a crash does: it gets no chance to do anything.
    pub fn kill(mut self) {
        self.child.kill();
    }

    fn host(&self) -> String {
        self.url.split_once("://").map_or(&*self.url, |(_, host)| host).to_owned()
    }

    fn end(&mut self) {
        if self.child.is_over() {
            return;
        }
        self.child.signal(Signal::TERM);
        let status = wait::until(END_WITHIN, || self.child.has_ended());
        let Some(status) = status else {
            self.child.kill();
            panic!("the program did not end within {END_WITHIN:?} of SIGTERM");
        };
        assert!(status.success(), "the program ended with {status}");
    }

    fn look_through_log(&self, log: &str) {
        if let Some(line) = log.lines().find(|line| line.to_lowercase().contains("panic")) {
            panic!("the program has panicked: {line}");
        }
        if let Some((secret, line)) = self.secrets.find(log) {
            panic!("the log holds the secret {secret:?}: {line}");
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        if thread::panicking() {
            self.child.kill();
            let log = read(&self.log);
            let start = log.len().saturating_sub(LOG_SHOWN);
            let end = log.get(log.ceil_char_boundary(start)..).unwrap_or_default();
            eprintln!("--- the end of the log of {} ---\n{end}", self.url);
        } else {
            self.end();
            self.look_through_log(&read(&self.log));
        }
    }
}
