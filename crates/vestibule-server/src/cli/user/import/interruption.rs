//! Being asked to end.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::signal::unix::{SignalKind, signal};

/// Whether somebody wants the import to end. It then ends between two rows, within a moment.
#[derive(Clone, Default)]
pub(super) struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// By Ctrl-C, or as a service manager asks for it.
    pub(super) fn by_signal() -> io::Result<Self> {
        let interruption = Self::default();
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let mut signal = signal(kind)?;
            let interruption = interruption.clone();
            tokio::spawn(async move {
                if signal.recv().await.is_some() {
                    interruption.come();
                }
            });
        }
        Ok(interruption)
    }

    pub(super) fn come(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
