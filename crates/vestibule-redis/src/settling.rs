//! Settling tries in Redis, beside the requests.
//!
//! A try may end anywhere, also in a handler that is dropped because its client went away, where there is
//! nobody who could wait. So what is to be settled goes into a queue, and a task tells Redis, as many at once
//! as have come while it was busy.
//!
//! Nothing is lost by that:
//! - While Redis is there, the task keeps up: it is one call for all of them.
//! - While it is away, a batch is tried again until the lease of its tries is over. Then those that passed
//!   have given back their places by themselves, and those that failed are noted by their node, which goes
//!   by that while it is alone and afterwards.
//! - What is told twice, since an answer was lost, counts once.
//!
//! The queue has no bound of its own, and needs none: for each entry there was a call to Redis, and while it
//! is away there are none.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use redis::Script;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use vestibule_core::limit::Outcome;

use crate::{limits::millis, link::Link};

static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("settle.lua")));

/// As many are settled by one call.
const BATCH: usize = 64;
/// Before a call that failed is made again.
const PAUSE: Duration = Duration::from_millis(200);

/// The way into the queue. The task ends after the last of them, and after what is in the queue.
#[derive(Clone)]
pub(crate) struct Settling(mpsc::UnboundedSender<Settlement>);

/// How a try has ended.
pub(crate) struct Settlement {
    pub(crate) keys: [String; 2],
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    pub(crate) window: Duration,
}

impl Settling {
    pub(crate) fn start(link: Arc<Link>, lease: Duration) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(settle_all(link, waiting, lease));
        Self(queue)
    }

    pub(crate) fn add(&self, settlement: Settlement) {
        // Where the task is gone, so is its runtime, and this node with it: the lease takes care.
        let _ = self.0.send(settlement);
    }
}

async fn settle_all(
    link: Arc<Link>,
    mut waiting: mpsc::UnboundedReceiver<Settlement>,
    lease: Duration,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        if timeout(lease, settle(&link, &batch)).await.is_err() {
            tracing::warn!(
                redis = link.at(),
                tries = batch.len(),
                "attempts could not be settled in Redis before their leases expired"
            );
        }
        batch.clear();
    }
}

async fn settle(link: &Link, batch: &[Settlement]) {
    let mut script = SETTLE.prepare_invoke();
    for settlement in batch {
        let has_failed = u8::from(settlement.outcome == Outcome::Failed);
        script.key(&settlement.keys);
        script.arg(&settlement.name).arg(has_failed).arg(millis(settlement.window));
    }
    let script = &script;
    loop {
        link.there().await;
        let settling = link
            .call(|mut connection| async move { script.invoke_async::<()>(&mut connection).await });
        if settling.await.is_ok() {
            return;
        }
        sleep(PAUSE).await;
    }
}
