//! Sessions seen in use: noticed in memory, written in batches.
//!
//! What was noticed counts for the renewal rule of this node at once; for others when the batch is
//! written, within a second. A batch lost in a crash can delay the catching of a thief by one renewal,
//! and never signs anybody out: a successor that was not seen is handed out again.

use async_trait::async_trait;
use vestibule_core::{
    id::SessionId,
    store::{SessionActivity, Store, StoreResult},
};

use crate::batch::{Batches, Noted};

/// Sessions remembered at most; each takes about 200 bytes.
const CAPACITY: usize = 500_000;

/// See the module.
pub(crate) type ActivityLog = Batches<SessionActivity>;

impl ActivityLog {
    /// Nothing seen yet.
    pub(crate) fn nothing() -> Self {
        Self::new(CAPACITY)
    }

    /// The highest generation noticed and not known to be written.
    pub(crate) fn generation(&self, session: SessionId) -> u64 {
        self.highest(&session, |sighting| sighting.generation).unwrap_or_default()
    }
}

#[async_trait]
impl Noted for SessionActivity {
    type Key = SessionId;
    const WHAT: &'static str = "sessions seen in use";

    fn key(&self) -> SessionId {
        self.session
    }

    fn merge(&mut self, other: Self) {
        let generation = self.generation.max(other.generation);
        if other.at >= self.at {
            *self = other;
        }
        self.generation = generation;
    }

    async fn write(store: &dyn Store, batch: &[Self]) -> StoreResult<()> {
        store.mark_seen(batch).await
    }
}
