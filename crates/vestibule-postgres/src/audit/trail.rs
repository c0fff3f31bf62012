//! The audit trail: reading it.

use async_trait::async_trait;
use sqlx::{PgConnection, QueryBuilder};
use vestibule_core::{event::Event, store::StoreResult, time::Timestamp};
use vestibule_site::store::{AuditTrail, DayCount, EventQuery, Figures, KeptEvent};

use super::{DAY, append};
use crate::{
    PostgresStore,
    error::DbError,
    rows::{self, event_columns, signed},
};

pub(crate) const COUNTS: &str = "SELECT day, name, cause, count FROM event_counts WHERE day >= $1 AND day < $2 \
     ORDER BY day, name, cause";

pub(crate) const FIGURES: &str = "SELECT \
     (SELECT count(*) FROM (SELECT FROM users WHERE status <> 'deleted' LIMIT $1) AS users), \
     (SELECT count(*) FROM (SELECT FROM sessions WHERE end_at IS NULL AND expires_at > $2 AND ends_at > $2 \
     LIMIT $1) AS sessions)";

pub(crate) const PURGE: &str = "DELETE FROM events WHERE sequence IN \
     (SELECT sequence FROM events WHERE at < $1 ORDER BY at LIMIT $2)";

pub(crate) const PURGE_COUNTS: &str = "DELETE FROM event_counts WHERE day < $1";

#[async_trait]
impl AuditTrail for PostgresStore {
    async fn append_events(&self, events: &[Event]) -> StoreResult<()> {
        if events.is_empty() {
            return Ok(());
        }
        self.transact(events.to_vec(), |events, connection| Box::pin(append(connection, events)))
            .await
    }

    async fn events(&self, query: &EventQuery) -> StoreResult<Vec<KeptEvent>> {
        // No event has such an address, and PostgreSQL's texts cannot.
        if query.address.as_ref().is_some_and(|address| address.contains('\0')) {
            return Ok(Vec::new());
        }
        self.read(query.clone(), |query, connection| Box::pin(list(connection, query))).await
    }

    async fn event_counts(&self, from: i64, to: i64) -> StoreResult<Vec<DayCount>> {
        self.read((from, to), |(from, to), connection| {
            Box::pin(async move {
                let counts = sqlx::query(COUNTS).bind(*from).bind(*to);
                rows::all(&counts.fetch_all(connection).await?, rows::day_count)
            })
        })
        .await
    }

    async fn figures(&self, now: Timestamp) -> StoreResult<Figures> {
        self.read(now, |now, connection| {
            Box::pin(async move {
                let figures =
                    sqlx::query(FIGURES).bind(i64::from(Figures::MOST)).bind(now.millis());
                let row = figures.fetch_one(connection).await?;
                Ok(Figures { users: rows::unsigned(&row, 0)?, sessions: rows::unsigned(&row, 1)? })
            })
        })
        .await
    }

    async fn purge_events(&self, before: Timestamp, limit: u32) -> StoreResult<u64> {
        self.transact((before, limit), |(before, limit), connection| {
            Box::pin(async move {
                let first_day = before.seconds().div_euclid(DAY);
                sqlx::query(PURGE_COUNTS).bind(first_day).execute(&mut *connection).await?;
                let purge = sqlx::query(PURGE).bind(before.millis()).bind(i64::from(*limit));
                Ok(purge.execute(connection).await?.rows_affected())
            })
        })
        .await
    }
}

/// The statement has a condition for what is asked for and none for the rest, so that the index that fits is
/// used.
async fn list(
    connection: &mut PgConnection,
    query: &EventQuery,
) -> Result<Vec<KeptEvent>, DbError> {
    let mut statement = QueryBuilder::<sqlx::Postgres>::new(concat!(
        "SELECT ",
        event_columns!(),
        " FROM events WHERE true"
    ));
    if let Some(name) = query.name {
        statement.push(" AND name = ").push_bind(name.name());
    }
    if let Some(actor) = query.actor {
        statement.push(" AND actor = ").push_bind(actor.0);
    }
    if let Some(subject) = query.subject {
        statement.push(" AND subject = ").push_bind(subject.0);
    }
    if let Some(session) = query.session {
        statement.push(" AND session_id = ").push_bind(session.as_bytes().to_vec());
    }
    if let Some(address) = &query.address {
        statement.push(" AND address = ").push_bind(address.clone());
    }
    if let Some(from) = query.from {
        statement.push(" AND at >= ").push_bind(from.millis());
    }
    if let Some(to) = query.to {
        statement.push(" AND at < ").push_bind(to.millis());
    }
    if let Some(behind) = query.behind {
        statement.push(" AND (at, sequence) < (").push_bind(behind.at.millis());
        statement.push(", ").push_bind(signed(behind.sequence)).push(")");
    }
    statement.push(" ORDER BY at DESC, sequence DESC LIMIT ").push_bind(i64::from(query.limit));
    rows::all(&statement.build().fetch_all(connection).await?, rows::event)
}
