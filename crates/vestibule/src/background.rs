//! What runs beside the requests: writing what was noticed, tending keys, forgetting.

use std::{
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval};
use vestibule_core::{
    random::{self, Entropy},
    store::StoreError,
};

use crate::{auth::Inner, history::SHOWN_FOR, metrics};

/// How often what was noticed is written.
const WRITES: Duration = Duration::from_millis(500);
/// How often the key ring's schedule and what can be forgotten are looked at.
const ROUNDS: Duration = Duration::from_secs(60);
/// How often, in rounds, what nobody asks for any more is removed: once an hour, and for the first time soon
/// after a start.
const ROUNDS_PER_PURGE: u64 = 60;
/// How often, in purges, sessions are: a store may have to look at every one of them for that.
const PURGES_PER_DAY: u64 = 24;
/// How long changes are kept beyond the life of an access token, for a node that was stopped meanwhile.
const KEPT_CHANGES: Duration = Duration::from_secs(24 * 3600);
/// The lease under which one node at a time removes what nobody asks for any more.
const PURGE: &str = "purge";
/// The lease lasts until the next time, so that of all nodes one purges; where that one was killed, another
/// takes over then.
const LEASE: Duration = Duration::from_secs(60 * 60);

/// Starts it all, until the last `Vestibule` is dropped.
pub(crate) fn start(auth: &Arc<Inner>) {
    tokio::spawn(write_noticed_often(Arc::downgrade(auth)));
    tokio::spawn(go_round(Arc::downgrade(auth)));
}

/// What a node calls itself towards the others.
pub(crate) fn draw_node_name(entropy: &dyn Entropy) -> String {
    random::draw::<12>(entropy).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn write_noticed_often(auth: Weak<Inner>) {
    let mut tick = interval(WRITES);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let Some(wanted) = auth.upgrade().map(|auth| Arc::clone(&auth.noticed)) else {
            return;
        };
        tokio::select! {
            _ = tick.tick() => {}
            () = wanted.wanted() => {}
        }
        let Some(auth) = auth.upgrade() else {
            return;
        };
        auth.noticed.run(auth.write_noticed()).await;
    }
}

async fn go_round(auth: Weak<Inner>) {
    let mut tick = interval(ROUNDS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one comes at once, and a node that has just started has nothing to do yet.
    tick.tick().await;
    for round in 0.. {
        tick.tick().await;
        let Some(auth) = auth.upgrade() else {
            return;
        };
        auth.tend_keys().await;
        auth.forget();
        if u64::is_multiple_of(round, ROUNDS_PER_PURGE)
            && let Err(error) = auth.purge(round / ROUNDS_PER_PURGE).await
        {
            tracing::warn!(%error, "could not remove expired data; retrying");
        }
    }
}

impl Inner {
    /// Writes what was noticed of sessions.
    pub(crate) async fn write_noticed(&self) {
        self.activity.write(&*self.store).await;
        self.history.write(&*self.store).await;
    }

    /// Brings the key ring up to date and follows it; whether that could be done. Needs no lease: of nodes
    /// that rotate at once one replaces the ring, and the others read that one.
    pub(crate) async fn tend_keys(&self) -> bool {
        let tended = self.keys.tend(&*self.store, &*self.clock, &*self.entropy).await;
        if let Err(error) = &tended {
            tracing::error!(%error, "could not read the key ring; keeping the current one");
        }
        tended.is_ok()
    }

    fn forget(&self) {
        let mut revocations = self.revocations.write().unwrap_or_else(PoisonError::into_inner);
        revocations.sweep(self.clock.moment());
        metrics::remembered(revocations.len());
    }

    /// Removes what nobody asks for any more, where no other node is at it: changes that every node has long
    /// seen, and sessions that are no longer shown to anybody.
    async fn purge(&self, number: u64) -> Result<(), StoreError> {
        let now = self.now();
        if !self.store.take_lease(PURGE, &self.node, now, now + LEASE).await? {
            return Ok(());
        }
        let changes_before = now - self.config.lifetimes.access_memory() - KEPT_CHANGES;
        self.store.purge_changes(changes_before).await?;
        if !number.is_multiple_of(PURGES_PER_DAY) {
            return Ok(());
        }
        let sessions = self.store.purge_sessions(now - SHOWN_FOR).await?;
        if sessions > 0 {
            tracing::info!(sessions, "removed old ended sessions");
        }
        Ok(())
    }

    /// Lets others do what this node did.
    pub(crate) async fn give_leases_back(&self) {
        if let Err(error) = self.store.release_lease(PURGE, &self.node).await {
            tracing::warn!(%error, "could not release a lease; it expires by itself");
        }
    }
}
