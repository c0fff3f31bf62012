//! The limits that this node shares with others, and whether they are there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use vestibule_core::limit::{BeginError, Rate, SharedLimits, SharedTry};

/// Between two looks at whether another node's tries are settled. Of one key no more tries look than its
/// rate has places on this node.
const PERIOD: Duration = Duration::from_millis(50);
/// Looks before the client is asked to come again: five seconds and more, longer than a try takes and
/// shorter than the lease of a node that died.
const LOOKS: u32 = 100;

/// What all windows of a node share with those of the others.
pub(super) struct Shared {
    limits: Arc<dyn SharedLimits>,
    away: AtomicBool,
}

impl Shared {
    pub(super) fn new(limits: Arc<dyn SharedLimits>) -> Arc<Self> {
        Arc::new(Self { limits, away: AtomicBool::new(false) })
    }

    /// Begins a try among all. Where only tries in flight stand in the way it looks again for a while:
    /// those are other nodes' mostly, and nobody here hears when they are settled.
    pub(super) async fn begin(
        &self,
        kind: &'static str,
        key: &str,
        rate: Rate,
    ) -> Result<Box<dyn SharedTry>, BeginError> {
        for _ in 1..LOOKS {
            match self.look(kind, key, rate).await {
                Err(BeginError::Limited(limited)) if limited.by_in_flight => {}
                decided => return decided,
            }
            tokio::time::sleep(PERIOD).await;
        }
        self.look(kind, key, rate).await
    }

    /// Asks once, and says so where what is shared has gone away or come back.
    async fn look(
        &self,
        kind: &'static str,
        key: &str,
        rate: Rate,
    ) -> Result<Box<dyn SharedTry>, BeginError> {
        let answer = self.limits.begin(kind, key, rate).await;
        if let Err(BeginError::Unavailable(error)) = &answer {
            if !self.away.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "the shared limits are unavailable: this node limits failures by itself, to half of \
                     the rates");
            }
        } else if self.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the shared limits are available again");
        }
        answer
    }
}
