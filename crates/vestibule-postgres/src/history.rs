//! What became of presented refresh tokens.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use vestibule_core::{
    id::SessionId,
    renewal::Outcome,
    store::{HISTORY_KEPT, RenewalNote},
};

use crate::{
    error::DbError,
    rows::{self, signed},
};

/// The whole batch, in the order of the sessions, so that two nodes never wait for each other. Each session
/// is held against being purged meanwhile, which is no obstacle to its renewal.
pub(crate) const ADD: &str = "WITH kept AS MATERIALIZED ( \
     SELECT note.*, sessions.generation - $9 AS first_kept FROM unnest( \
     $1::bytea[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[]) \
     AS note (session_id, presented, outcome, count, first_at, last_at, address, agent) \
     JOIN sessions ON sessions.id = note.session_id ORDER BY sessions.id FOR KEY SHARE OF sessions), \
     trimmed AS (DELETE FROM renewals \
     USING (SELECT DISTINCT session_id, first_kept FROM kept) AS touched \
     WHERE renewals.session_id = touched.session_id AND renewals.presented < touched.first_kept) \
     INSERT INTO renewals (session_id, presented, outcome, count, first_at, last_at, address, agent) \
     SELECT session_id, presented, outcome, count, first_at, last_at, address, agent FROM kept \
     WHERE presented >= first_kept ORDER BY session_id, presented, outcome COLLATE \"C\" \
     ON CONFLICT (session_id, presented, outcome) DO UPDATE SET \
     count = renewals.count + excluded.count, first_at = LEAST(renewals.first_at, excluded.first_at), \
     address = CASE WHEN excluded.last_at >= renewals.last_at THEN excluded.address ELSE renewals.address END, \
     agent = CASE WHEN excluded.last_at >= renewals.last_at THEN excluded.agent ELSE renewals.agent END, \
     last_at = GREATEST(renewals.last_at, excluded.last_at)";

pub(crate) const OF_SESSION: &str = "SELECT session_id, presented, outcome, count, first_at, last_at, address, agent \
     FROM renewals WHERE session_id = $1 ORDER BY last_at DESC, presented DESC, outcome";

/// What the batch says of each session, generation and outcome.
pub(crate) type Batch = BTreeMap<(SessionId, i64, Outcome), RenewalNote>;

/// Adds up what a statement cannot add up itself: it changes each row once.
pub(crate) fn batch(notes: &[RenewalNote]) -> Batch {
    let mut batch = Batch::new();
    for note in notes {
        batch
            .entry((note.session, signed(note.presented), note.outcome))
            .and_modify(|known| known.add(note.clone()))
            .or_insert_with(|| note.clone());
    }
    batch
}

pub(crate) async fn add(connection: &mut PgConnection, batch: &Batch) -> Result<(), DbError> {
    let notes = || batch.values();
    sqlx::query(ADD)
        .bind(notes().map(|note| &note.session.as_bytes()[..]).collect::<Vec<_>>())
        .bind(notes().map(|note| signed(note.presented)).collect::<Vec<_>>())
        .bind(notes().map(|note| note.outcome.name()).collect::<Vec<_>>())
        .bind(notes().map(|note| signed(note.count)).collect::<Vec<_>>())
        .bind(notes().map(|note| note.first_at.millis()).collect::<Vec<_>>())
        .bind(notes().map(|note| note.last_at.millis()).collect::<Vec<_>>())
        .bind(notes().map(|note| &*note.address).collect::<Vec<_>>())
        .bind(notes().map(|note| &*note.agent).collect::<Vec<_>>())
        .bind(signed(HISTORY_KEPT))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn of_session(
    connection: &mut PgConnection,
    id: SessionId,
) -> Result<Vec<RenewalNote>, DbError> {
    let history = sqlx::query(OF_SESSION).bind(&id.as_bytes()[..]);
    rows::all(&history.fetch_all(connection).await?, rows::renewal)
}
