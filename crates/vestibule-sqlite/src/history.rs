//! What became of presented refresh tokens.

use rusqlite::{Connection, params};
use vestibule_core::{
    id::SessionId,
    store::{HISTORY_KEPT, RenewalNote},
};

use crate::rows::{self, signed};

/// Without a session, without a trace.
pub(crate) const ADD: &str = "INSERT INTO renewals \
     (session_id, presented, outcome, count, first_at, last_at, address, agent) \
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM sessions WHERE id = ?1) \
     ON CONFLICT (session_id, presented, outcome) DO UPDATE SET \
     count = count + excluded.count, first_at = MIN(first_at, excluded.first_at), \
     address = CASE WHEN excluded.last_at >= last_at THEN excluded.address ELSE address END, \
     agent = CASE WHEN excluded.last_at >= last_at THEN excluded.agent ELSE agent END, \
     last_at = MAX(last_at, excluded.last_at)";

pub(crate) const TRIM: &str = "DELETE FROM renewals WHERE session_id = ?1 \
     AND presented < (SELECT generation FROM sessions WHERE id = ?1) - ?2";

pub(crate) const OF_SESSION: &str = "SELECT session_id, presented, outcome, count, first_at, last_at, address, agent \
     FROM renewals WHERE session_id = ?1 ORDER BY last_at DESC, presented DESC, outcome";

pub(crate) fn note(connection: &Connection, notes: &[RenewalNote]) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(ADD)?;
    let mut trim = connection.prepare_cached(TRIM)?;
    for note in notes {
        add.execute(params![
            note.session.as_bytes(),
            signed(note.presented),
            note.outcome.name(),
            signed(note.count),
            note.first_at.millis(),
            note.last_at.millis(),
            note.address,
            note.agent,
        ])?;
        trim.execute(params![note.session.as_bytes(), signed(HISTORY_KEPT)])?;
    }
    Ok(())
}

pub(crate) fn of_session(
    connection: &Connection,
    id: SessionId,
) -> rusqlite::Result<Vec<RenewalNote>> {
    connection.prepare_cached(OF_SESSION)?.query_map([id.as_bytes()], rows::renewal)?.collect()
}
