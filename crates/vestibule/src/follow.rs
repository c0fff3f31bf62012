//! What runs beside the requests: following the feed, writing what was seen, tending keys, forgetting.

use std::{
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use vestibule_core::store::{Change, Changed, StoreError};

use crate::{flows::SHOWN_FOR, hall::Hall};

/// How often the feed is read and sightings are written.
const TICK: Duration = Duration::from_millis(500);
/// How many ticks pass between two looks at the key ring's schedule and at what can be forgotten.
const TICKS_PER_ROUND: u32 = 120;
/// How long changes are kept beyond the life of an access token, for a node that was stopped meanwhile.
const KEPT_CHANGES: Duration = Duration::from_secs(24 * 3600);
/// Changes read at once.
const BATCH: u32 = 1000;

/// Loads what is still relevant, then follows the store until the hall is dropped.
pub(crate) async fn start(hall: &Arc<Hall>) -> Result<(), StoreError> {
    // The number first: a change between the two reads is then seen twice, which does no harm.
    let mut sequence = hall.store.last_sequence().await?;
    for change in
        hall.store.changes_since(hall.now() - hall.config.lifetimes.access_memory()).await?
    {
        sequence = sequence.max(change.sequence);
        take_in(hall, &change);
    }
    let follower = Follower { hall: Arc::downgrade(hall), sequence, keys_behind: false };
    tokio::spawn(follower.run());
    Ok(())
}

struct Follower {
    hall: Weak<Hall>,
    sequence: u64,
    keys_behind: bool,
}

impl Follower {
    async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ticks = 0;
        loop {
            tick.tick().await;
            let Some(hall) = self.hall.upgrade() else {
                return;
            };
            if let Err(error) = self.read_feed(&hall).await {
                tracing::warn!(%error, "the feed of the store could not be read; it is tried again at once");
            }
            write_seen(&hall).await;
            ticks += 1;
            if self.keys_behind || ticks % TICKS_PER_ROUND == 0 {
                self.tend_keys(&hall).await;
            }
            if ticks % TICKS_PER_ROUND == 0 {
                hall.revocations
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .sweep(hall.clock.moment());
                purge(&hall).await;
            }
        }
    }

    async fn read_feed(&mut self, hall: &Hall) -> Result<(), StoreError> {
        loop {
            let changes = hall.store.changes_after(self.sequence, BATCH).await?;
            for change in &changes {
                self.sequence = change.sequence;
                self.keys_behind |= change.what == Changed::Keys;
                take_in(hall, change);
            }
            if changes.len() < BATCH as usize {
                return Ok(());
            }
        }
    }

    async fn tend_keys(&mut self, hall: &Hall) {
        match hall.keys.tend(&*hall.store, &*hall.clock, &*hall.entropy).await {
            Ok(()) => self.keys_behind = false,
            Err(error) => {
                tracing::error!(%error, "the key ring could not be read; the one in use stays")
            }
        }
    }
}

fn take_in(hall: &Hall, change: &Change) {
    if let Changed::User { id, .. } = change.what {
        hall.known_users.forget(id);
    }
    let mut now = hall.clock.moment();
    now.wall = now.wall.max(change.at);
    let forget_at = now + hall.config.lifetimes.access_memory();
    hall.revocations.write().unwrap_or_else(PoisonError::into_inner).apply(&change.what, forget_at);
}

/// Removes what nobody asks for any more: changes that every node has long seen, and sessions that are no
/// longer shown to anybody.
async fn purge(hall: &Hall) {
    let now = hall.now();
    let changes_before = now - hall.config.lifetimes.access_memory() - KEPT_CHANGES;
    let done = async {
        hall.store.purge_changes(changes_before).await?;
        hall.store.purge_sessions(now - SHOWN_FOR).await
    };
    match done.await {
        Ok(0) => {}
        Ok(sessions) => tracing::info!(sessions, "sessions that ended long ago were removed"),
        Err(error) => tracing::warn!(%error, "what is no longer needed could not be removed yet"),
    }
}

/// Writes what was seen of sessions in use.
pub(crate) async fn write_seen(hall: &Hall) {
    let _turn = hall.seen.turn().await;
    let batch = hall.seen.take();
    if batch.is_empty() {
        return;
    }
    match hall.store.mark_seen(&batch).await {
        Ok(()) => hall.seen.written(),
        Err(error) => {
            tracing::warn!(%error, sessions = batch.len(), "what was seen of sessions could not be written yet");
            hall.seen.failed();
        }
    }
}
