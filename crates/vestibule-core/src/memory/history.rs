//! What became of presented refresh tokens.

use std::{cmp::Reverse, collections::BTreeMap};

use super::Tables;
use crate::{
    id::SessionId,
    renewal::Outcome,
    store::{HISTORY_KEPT, RenewalNote},
};

/// One session's, by the generation presented and its outcome.
pub(super) type History = BTreeMap<(u64, Outcome), RenewalNote>;

impl<X> Tables<X> {
    pub(super) fn note_renewal(&mut self, note: &RenewalNote) {
        let Some(session) = self.sessions.get(&note.session) else {
            return;
        };
        let first_kept = session.generation.saturating_sub(HISTORY_KEPT);
        let history = self.histories.entry(note.session).or_default();
        history
            .entry((note.presented, note.outcome))
            .and_modify(|known| known.add(note.clone()))
            .or_insert_with(|| note.clone());
        history.retain(|(presented, _), _| *presented >= first_kept);
    }

    pub(super) fn history(&self, id: SessionId) -> Vec<RenewalNote> {
        let mut notes: Vec<_> =
            self.histories.get(&id).into_iter().flat_map(BTreeMap::values).cloned().collect();
        notes.sort_by_key(|note| {
            (Reverse(note.last_at), Reverse(note.presented), note.outcome.name())
        });
        notes
    }
}
