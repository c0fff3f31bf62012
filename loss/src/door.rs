//! Lets visitors in one after the other, and none while this machine is behind.
//!
//! Whoever has to wait here comes a little later, and is as honest. But a request that lay about for longer
//! than half of the grace, for want of a processor, would tell nothing of the rule.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};
use vestibule_testkit::proxy::Proxy;

/// Requests that may be before the server when another visitor comes.
const UNDER_WAY: usize = 100;
/// How much of the time between two visitors one request takes.
const PACE: Duration = Duration::from_millis(1);
/// Between two looks at the clock.
const LOOKS: Duration = Duration::from_millis(20);
/// How much later than it wanted this process may wake.
const LATE: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Door {
    is_late: Arc<AtomicBool>,
    turn: Mutex<()>,
}

impl Door {
    /// A door, and somebody who looks at the clock for it as long as it is there.
    pub(crate) fn new() -> Self {
        let door = Self::default();
        let is_late = Arc::downgrade(&door.is_late);
        tokio::spawn(async move {
            loop {
                let begun = Instant::now();
                sleep(LOOKS).await;
                let Some(is_late) = is_late.upgrade() else { return };
                is_late.store(begun.elapsed() > LOOKS + LATE, Ordering::Relaxed);
            }
        });
        door
    }

    /// Waits for one's turn to send so many requests side by side.
    pub(crate) async fn enter(&self, proxy: &Proxy, at_once: usize) {
        let _turn = self.turn.lock().await;
        while self.is_late.load(Ordering::Relaxed) || proxy.under_way() > UNDER_WAY {
            sleep(LOOKS).await;
        }
        sleep(PACE.saturating_mul(u32::try_from(at_once).unwrap_or(u32::MAX))).await;
    }
}
