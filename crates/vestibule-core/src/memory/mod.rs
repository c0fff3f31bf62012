//! A store in memory, for examples and tests.
//!
//! It keeps the contract of [`crate::store`] but for one sentence: nothing is durable. Everything is
//! gone with the process, so a site that runs on it signs everybody out whenever it restarts.

mod batches;
mod commit;
mod extension;
mod feed;
mod history;
mod leases;
mod one_time;
mod sessions;
mod users;
mod values;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    feed::Epoch,
    id::{EpochId, SessionId, UserId},
    one_time::{OneTime, Purpose},
    ring::StoredKey,
    session::Session,
    store::{Change, Changed},
    time::Timestamp,
};

pub use extension::{Accounts, MemoryExtension};

/// A store whose rows live as long as this value. Clones are the same store.
pub type MemoryStore = MemoryStoreWith<()>;

/// A [`MemoryStore`] with tables of another crate beside its own.
#[derive(Default)]
pub struct MemoryStoreWith<X> {
    tables: Arc<Mutex<Tables<X>>>,
}

impl<X> Clone for MemoryStoreWith<X> {
    fn clone(&self) -> Self {
        Self { tables: Arc::clone(&self.tables) }
    }
}

impl<X: MemoryExtension> MemoryStoreWith<X> {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of everything as it is now, as a backup is.
    #[must_use]
    pub fn backup(&self) -> Self {
        Self { tables: Arc::new(Mutex::new(self.tables().clone())) }
    }

    /// Goes back to what a backup holds. What was written since is gone.
    pub fn restore(&self, backup: &Self) {
        let tables = backup.tables().clone();
        *self.tables() = tables;
    }

    /// Every operation is one critical section, which makes it atomic. A panic of another thread
    /// leaves whole rows behind, because nothing that can panic runs between two changes of one
    /// operation; so a poisoned lock is taken all the same.
    fn tables(&self) -> MutexGuard<'_, Tables<X>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<X> fmt::Debug for MemoryStoreWith<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[derive(Clone, Default)]
struct Tables<X> {
    sessions: HashMap<SessionId, Session>,
    users: BTreeMap<UserId, users::Row>,
    revision: u64,
    keys: Vec<StoredKey>,
    changes: VecDeque<Change>,
    last_sequence: u64,
    epoch: FirstEpoch,
    histories: HashMap<SessionId, history::History>,
    leases: HashMap<String, leases::Lease>,
    one_time: BTreeMap<(UserId, Purpose), OneTime>,
    values: BTreeMap<String, Vec<u8>>,
    extension: X,
}

/// The epoch of a store, which is born with one that no other store of this process has.
#[derive(Clone, Copy)]
struct FirstEpoch(Epoch);

impl Default for FirstEpoch {
    fn default() -> Self {
        static BORN: AtomicU64 = AtomicU64::new(0);
        let number = u128::from(BORN.fetch_add(1, Ordering::Relaxed));
        let id = EpochId::from_bytes(number.to_be_bytes());
        Self(Epoch { id, began_at: Timestamp::from_seconds(0) })
    }
}

impl<X> Tables<X> {
    fn append(&mut self, what: Changed, at: Timestamp) {
        self.last_sequence += 1;
        self.changes.push_back(Change { sequence: self.last_sequence, at, what });
    }
}
