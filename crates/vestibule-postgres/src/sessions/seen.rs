//! Noting that sessions were seen in use.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use vestibule_core::{id::SessionId, store::SessionActivity};

use super::bytes;
use crate::{error::DbError, rows::signed};

pub(crate) const THESE: &str =
    "SELECT id FROM sessions WHERE id = ANY($1::bytea[]) ORDER BY id FOR NO KEY UPDATE";

pub(crate) const SEEN: &str = "UPDATE sessions SET \
     seen_generation = GREATEST(sessions.seen_generation, seen.generation), \
     address = CASE WHEN seen.at >= sessions.last_seen_at THEN seen.address ELSE sessions.address END, \
     last_seen_at = GREATEST(sessions.last_seen_at, seen.at) \
     FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[]) \
     AS seen (id, generation, at, address) WHERE sessions.id = seen.id";

/// One for each session, because a statement changes each row once.
pub(super) fn latest(sightings: &[SessionActivity]) -> BTreeMap<SessionId, SessionActivity> {
    let mut latest = BTreeMap::new();
    for sighting in sightings {
        let known = latest.entry(sighting.session).or_insert_with(|| sighting.clone());
        known.generation = known.generation.max(sighting.generation);
        if sighting.at >= known.at {
            known.at = sighting.at;
            known.address.clone_from(&sighting.address);
        }
    }
    latest
}

pub(super) async fn see(
    connection: &mut PgConnection,
    seen: &BTreeMap<SessionId, SessionActivity>,
) -> Result<(), DbError> {
    let ids: Vec<_> = seen.keys().map(bytes).collect();
    sqlx::query(THESE).bind(&ids).execute(&mut *connection).await?;
    sqlx::query(SEEN)
        .bind(&ids)
        .bind(seen.values().map(|seen| signed(seen.generation)).collect::<Vec<_>>())
        .bind(seen.values().map(|seen| seen.at.millis()).collect::<Vec<_>>())
        .bind(seen.values().map(|seen| &*seen.address).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
