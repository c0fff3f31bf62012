//! What is forgotten, and when: old tokens and mails, and people whose accounts were deleted.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use vestibule::core::{deletion, event::EventName, one_time, store::StoreResult};
use vestibule_site::outbox;

use super::post::DeliveryWorker;

/// How often it is looked at.
const ROUNDS: Duration = Duration::from_secs(3600);
/// The lease under which one node at a time does it, until the next round.
const LEASE: &str = "mail upkeep";
/// Accounts that are erased in one transaction, with all that belongs to them.
const ACCOUNTS: u32 = 10;

/// Does it all until `stop`.
pub(super) async fn work(post: Arc<DeliveryWorker>, stop: CancellationToken) {
    let mut tick = interval(ROUNDS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = post.keep_up().await {
            tracing::warn!(%error, "could not remove expired data; retrying");
        }
    }
}

impl DeliveryWorker {
    /// Removes what has had its time, where no other node is at it.
    ///
    /// # Errors
    /// Where the store cannot be used: the next round does it then.
    pub(super) async fn keep_up(&self) -> StoreResult<()> {
        let now = self.clock.now();
        if !self.store.take_lease(LEASE, &self.node, now, now + ROUNDS).await? {
            return Ok(());
        }
        self.store.purge_one_time(now - one_time::REMEMBERED).await?;
        self.store.purge_mails(now - outbox::REMEMBERED).await?;
        loop {
            let erased = self.store.erase_deleted(now - deletion::GRACE, ACCOUNTS, now).await?;
            for user in &erased {
                tracing::info!(event = EventName::UserDeleted.name(), %user, "removed the remaining data of a deleted account");
            }
            if erased.len() < ACCOUNTS as usize {
                return Ok(());
            }
        }
    }
}
