//! Sessions seen in use: noticed in memory, written in batches.
//!
//! No request waits for this. What was noticed counts for the renewal rule of this node at once; for
//! others when the batch is written, within a second. A batch lost in a crash can delay the catching of
//! a thief by one renewal, and never signs anybody out: a successor that was not seen is handed out
//! again.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use vestibule_core::{id::SessionId, store::Sighting};

#[derive(Default)]
pub(crate) struct Seen {
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    noted: HashMap<SessionId, Sighting>,
    writing: HashMap<SessionId, Sighting>,
}

impl Seen {
    pub(crate) fn note(&self, sighting: Sighting) {
        merge(&mut self.lock().noted, sighting);
    }

    /// The highest generation noticed and not known to be written.
    pub(crate) fn generation(&self, session: SessionId) -> u64 {
        let state = self.lock();
        let of = |map: &HashMap<_, Sighting>| {
            map.get(&session).map_or(0, |sighting| sighting.generation)
        };
        of(&state.noted).max(of(&state.writing))
    }

    /// One batch is written at a time: whose turn it is. A request that gives up while it writes leaves
    /// its batch to the next turn.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// What is to be written in this turn. It counts as noticed until [`Seen::written`] or
    /// [`Seen::failed`].
    pub(crate) fn take(&self) -> Vec<Sighting> {
        let mut state = self.lock();
        for (_, sighting) in std::mem::take(&mut state.noted) {
            merge(&mut state.writing, sighting);
        }
        state.writing.values().cloned().collect()
    }

    pub(crate) fn written(&self) {
        self.lock().writing.clear();
    }

    /// The batch could not be written: it goes into the next one.
    pub(crate) fn failed(&self) {
        let mut state = self.lock();
        for (_, sighting) in std::mem::take(&mut state.writing) {
            merge(&mut state.noted, sighting);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn merge(map: &mut HashMap<SessionId, Sighting>, sighting: Sighting) {
    match map.entry(sighting.session) {
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(sighting);
        }
        std::collections::hash_map::Entry::Occupied(mut entry) => {
            let known = entry.get_mut();
            let generation = known.generation.max(sighting.generation);
            if sighting.at >= known.at {
                *known = sighting;
            }
            known.generation = generation;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule_core::time::Timestamp;

    const SESSION: SessionId = SessionId::from_bytes([1; 16]);

    fn sighting(generation: u64, at: i64) -> Sighting {
        Sighting {
            session: SESSION,
            generation,
            at: Timestamp::from_millis(at),
            address: String::new(),
        }
    }

    #[test]
    fn what_was_noticed_counts_until_it_is_written() {
        let seen = Seen::default();
        seen.note(sighting(2, 10));
        seen.note(sighting(1, 20));
        assert_eq!(seen.generation(SESSION), 2);
        assert_eq!(seen.take(), [sighting(2, 20)]);
        assert_eq!(seen.generation(SESSION), 2);
        seen.failed();
        assert_eq!(seen.take(), [sighting(2, 20)]);
        seen.written();
        assert_eq!(seen.generation(SESSION), 0);
        assert!(seen.take().is_empty());
    }

    #[test]
    fn a_batch_whose_writing_was_given_up_is_in_the_next_one() {
        let seen = Seen::default();
        seen.note(sighting(2, 10));
        assert_eq!(seen.take().len(), 1);
        seen.note(sighting(1, 20));
        assert_eq!(seen.take(), [sighting(2, 20)]);
    }
}
