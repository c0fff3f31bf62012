//! Signals: what ends the site, what has it read files again, and what it ignores.

use crate::error::CommandError;

/// SIGTERM and Ctrl-C.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

/// SIGHUP.
pub(super) struct Hangups {
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

/// Takes the signals from here on. Those that mean nothing to the site are ignored, instead of ending it at once as the
/// system would have them do.
///
/// # Errors
/// [`CommandError::Failed`] where they cannot be taken.
pub(super) fn listen() -> Result<(Signals, Hangups), CommandError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| {
                CommandError::Failed(format!("cannot listen for signals: {error}"))
            })
        };
        for meaningless in meaningless() {
            // A signal that has been taken once never has its usual effect again, whether anybody waits for it or not.
            let _ = listen(meaningless)?;
        }
        let signals = Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        };
        Ok((signals, Hangups { hangup: listen(SignalKind::hangup())? }))
    }
    #[cfg(not(unix))]
    Ok((Signals {}, Hangups {}))
}

/// Signals by which other programs rotate logs, dump their state or time themselves. SIGQUIT and those of faults keep
/// their effect.
#[cfg(unix)]
fn meaningless() -> impl Iterator<Item = tokio::signal::unix::SignalKind> {
    use rustix::process::Signal;
    [Signal::USR1, Signal::USR2, Signal::ALARM, Signal::VTALARM, Signal::PROF, Signal::IO]
        .into_iter()
        .map(|signal| tokio::signal::unix::SignalKind::from_raw(signal.as_raw()))
}

impl Signals {
    /// Waits for the next one, and names it.
    pub(super) async fn next(&mut self) -> &'static str {
        #[cfg(unix)]
        {
            tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
            }
        }
        #[cfg(not(unix))]
        {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            "Ctrl-C"
        }
    }
}

impl Hangups {
    /// Waits for the next one. May be dropped at any time without losing one.
    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        let next = self.hangup.recv().await;
        #[cfg(not(unix))]
        let next: Option<()> = None;
        if next.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
