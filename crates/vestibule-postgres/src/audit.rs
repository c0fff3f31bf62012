//! Events, and how often they happened.

#[cfg(feature = "site")]
pub(crate) mod trail;

use std::collections::BTreeMap;

use sqlx::PgConnection;
use vestibule_core::event::Event;

use crate::{error::DbError, rows::signed};

const DAY: i64 = 24 * 3600;

pub(crate) const ADD: &str = "INSERT INTO events \
     (at, name, outcome, actor, subject, session_id, address, agent, request_id, details) \
     SELECT event.* FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[], \
     $7::text[], $8::text[], $9::text[], $10::text[]) AS event";

/// In the order of the keys, so that two nodes never wait for each other.
pub(crate) const COUNT: &str = "INSERT INTO event_counts (day, name, cause, count) \
     SELECT counted.* FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS counted \
     ON CONFLICT (day, name, cause) DO UPDATE SET count = event_counts.count + excluded.count";

pub(crate) async fn append(connection: &mut PgConnection, events: &[Event]) -> Result<(), DbError> {
    let all = || events.iter();
    let details = all().map(|event| serde_json::to_string(&event.details));
    let details: Vec<String> = details.collect::<Result<_, _>>().map_err(DbError::row)?;
    sqlx::query(ADD)
        .bind(all().map(|event| event.at.millis()).collect::<Vec<_>>())
        .bind(all().map(|event| event.name.name()).collect::<Vec<_>>())
        .bind(all().map(|event| event.outcome.name()).collect::<Vec<_>>())
        .bind(all().map(|event| event.actor.map(|id| id.0)).collect::<Vec<_>>())
        .bind(all().map(|event| event.subject.map(|id| id.0)).collect::<Vec<_>>())
        .bind(all().map(|event| event.session.map(|id| id.as_bytes().to_vec())).collect::<Vec<_>>())
        .bind(all().map(|event| event.address.as_deref()).collect::<Vec<_>>())
        .bind(all().map(|event| event.agent.as_deref()).collect::<Vec<_>>())
        .bind(all().map(|event| event.request_id.as_deref()).collect::<Vec<_>>())
        .bind(details)
        .execute(&mut *connection)
        .await?;
    let mut counts = BTreeMap::<_, i64>::new();
    for event in events {
        let day = event.at.seconds().div_euclid(DAY);
        let key = (day, event.name.name(), event.cause().unwrap_or_default());
        *counts.entry(key).or_default() += signed(event.count());
    }
    sqlx::query(COUNT)
        .bind(counts.keys().map(|(day, ..)| *day).collect::<Vec<_>>())
        .bind(counts.keys().map(|(_, name, _)| *name).collect::<Vec<_>>())
        .bind(counts.keys().map(|(.., cause)| *cause).collect::<Vec<_>>())
        .bind(counts.values().copied().collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
