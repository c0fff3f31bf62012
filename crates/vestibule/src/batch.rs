//! What is noticed in memory and written in batches: no request waits for it.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use vestibule_core::store::{Store, StoreResult};

/// Something that is noticed, and how it is written.
#[async_trait]
pub(crate) trait Noted: Clone + Send + Sync + 'static {
    /// What it is about: of two notes about the same, one is made.
    type Key: Eq + Hash + Send;
    /// What it is called where it cannot be written.
    const WHAT: &'static str;

    fn key(&self) -> Self::Key;

    /// Takes in another note about the same.
    fn merge(&mut self, other: Self);

    async fn write(store: &dyn Store, batch: &[Self]) -> StoreResult<()>;
}

/// Notes that wait, and those that are being written.
pub(crate) struct Batches<N: Noted> {
    state: Mutex<State<N>>,
    turn: tokio::sync::Mutex<()>,
    capacity: usize,
}

struct State<N: Noted> {
    noted: HashMap<N::Key, N>,
    writing: HashMap<N::Key, N>,
}

impl<N: Noted> Batches<N> {
    /// None yet; beyond `capacity` what is new is passed over until some are written.
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State { noted: HashMap::new(), writing: HashMap::new() };
        Self { state: Mutex::new(state), turn: tokio::sync::Mutex::default(), capacity }
    }

    pub(crate) fn note(&self, note: N) {
        let mut state = self.lock();
        let is_full = state.noted.len() >= self.capacity;
        match state.noted.entry(note.key()) {
            Entry::Occupied(mut entry) => entry.get_mut().merge(note),
            Entry::Vacant(_) if is_full => {}
            Entry::Vacant(entry) => {
                entry.insert(note);
            }
        }
    }

    /// The highest that is read from what is noticed about `key` and not known to be written.
    pub(crate) fn highest<T: Ord>(&self, key: &N::Key, read: impl Fn(&N) -> T) -> Option<T> {
        let state = self.lock();
        let (noted, writing) = (state.noted.get(key), state.writing.get(key));
        noted.map(&read).max(writing.map(&read))
    }

    /// Writes what was noticed until now.
    pub(crate) async fn write(&self, store: &dyn Store) {
        // One batch at a time. A caller who gives up while it is written leaves it to the next turn.
        let _turn = self.turn.lock().await;
        let batch = self.take();
        if batch.is_empty() {
            return;
        }
        match N::write(store, &batch).await {
            Ok(()) => self.lock().writing.clear(),
            Err(error) => {
                tracing::warn!(%error, what = N::WHAT, notes = batch.len(), "could not store session activity; retrying");
                self.put_back();
            }
        }
    }

    /// What is to be written in this turn. It counts as noticed until it is written or put back.
    fn take(&self) -> Vec<N> {
        let mut state = self.lock();
        let State { noted, writing } = &mut *state;
        merge_into(writing, noted);
        writing.values().cloned().collect()
    }

    /// The batch could not be written: it goes into the next one.
    fn put_back(&self) {
        let mut state = self.lock();
        let State { noted, writing } = &mut *state;
        merge_into(noted, writing);
    }

    fn lock(&self) -> MutexGuard<'_, State<N>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn merge_into<N: Noted>(to: &mut HashMap<N::Key, N>, from: &mut HashMap<N::Key, N>) {
    for (key, note) in std::mem::take(from) {
        match to.entry(key) {
            Entry::Occupied(mut entry) => entry.get_mut().merge(note),
            Entry::Vacant(entry) => {
                entry.insert(note);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::{
        id::SessionId, memory::MemoryStore, store::SessionActivity, time::Timestamp,
    };
    use vestibule_testkit::faults::FailingStore;

    use super::*;

    const SESSION: SessionId = SessionId::from_bytes([1; 16]);

    fn sighting(generation: u64, at: i64) -> SessionActivity {
        SessionActivity {
            session: SESSION,
            generation,
            at: Timestamp::from_millis(at),
            address: String::new(),
        }
    }

    fn highest(activity: &Batches<SessionActivity>) -> Option<u64> {
        activity.highest(&SESSION, |sighting| sighting.generation)
    }

    #[tokio::test]
    async fn what_was_noticed_counts_until_it_is_written() {
        let store = FailingStore::new(MemoryStore::new());
        let activity = Batches::new(10);
        activity.note(sighting(2, 10));
        activity.note(sighting(1, 20));
        assert_eq!(highest(&activity), Some(2));
        store.set_down(true);
        activity.write(&store).await;
        assert_eq!(highest(&activity), Some(2));
        activity.note(sighting(3, 5));
        assert_eq!(activity.take(), [sighting(3, 20)], "in one with what is new");
        store.set_down(false);
        activity.write(&store).await;
        assert_eq!(highest(&activity), None);
        let calls = store.calls();
        activity.write(&store).await;
        assert_eq!(store.calls(), calls, "nothing to write asks nothing");
    }

    #[test]
    fn a_batch_whose_writing_was_given_up_is_in_the_next_one() {
        let activity = Batches::new(10);
        activity.note(sighting(2, 10));
        assert_eq!(activity.take().len(), 1);
        activity.note(sighting(1, 20));
        assert_eq!(activity.take(), [sighting(2, 20)]);
    }

    #[test]
    fn what_is_new_beyond_the_capacity_is_passed_over() {
        let activity = Batches::new(1);
        activity.note(sighting(2, 10));
        let other = SessionId::from_bytes([2; 16]);
        activity.note(SessionActivity { session: other, ..sighting(1, 10) });
        activity.note(sighting(3, 20));
        assert_eq!(activity.take(), [sighting(3, 20)]);
    }
}
