//! The audit trail: reading it.

use async_trait::async_trait;
use rusqlite::{Connection, ToSql, params, params_from_iter};
use vestibule_core::{event::Event, store::StoreResult, time::Timestamp};
use vestibule_site::store::{AuditTrail, DayCount, EventQuery, Figures, KeptEvent};

use super::{DAY, append};
use crate::{SqliteStore, rows};

pub(crate) const COUNTS: &str = "SELECT day, name, cause, count FROM event_counts WHERE day >= ?1 AND day < ?2 \
     ORDER BY day, name, cause";

pub(crate) const USERS: &str =
    "SELECT COUNT(*) FROM (SELECT 1 FROM users WHERE status <> 'deleted' LIMIT ?1)";

pub(crate) const SESSIONS: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM sessions \
     WHERE expires_at > ?2 AND ends_at > ?2 AND end_at IS NULL LIMIT ?1)";

pub(crate) const PURGE: &str = "DELETE FROM events WHERE sequence IN \
     (SELECT sequence FROM events WHERE at < ?1 ORDER BY at LIMIT ?2)";

pub(crate) const PURGE_COUNTS: &str = "DELETE FROM event_counts WHERE day < ?1";

#[async_trait]
impl AuditTrail for SqliteStore {
    async fn append_events(&self, events: &[Event]) -> StoreResult<()> {
        let events = events.to_vec();
        self.write(move |connection| append(connection, &events)).await
    }

    async fn events(&self, query: &EventQuery) -> StoreResult<Vec<KeptEvent>> {
        let query = query.clone();
        self.read(move |connection| list(connection, &query)).await
    }

    async fn event_counts(&self, from: i64, to: i64) -> StoreResult<Vec<DayCount>> {
        self.read(move |connection| {
            connection.prepare_cached(COUNTS)?.query_map([from, to], rows::day_count)?.collect()
        })
        .await
    }

    async fn figures(&self, now: Timestamp) -> StoreResult<Figures> {
        self.read(move |connection| {
            let count = |statement: &str, values: &[&dyn ToSql]| {
                let mut statement = connection.prepare_cached(statement)?;
                statement.query_row(values, |row| rows::unsigned(row, 0))
            };
            Ok(Figures {
                users: count(USERS, &[&Figures::MOST])?,
                sessions: count(SESSIONS, &[&Figures::MOST, &now.millis()])?,
            })
        })
        .await
    }

    async fn purge_events(&self, before: Timestamp, limit: u32) -> StoreResult<u64> {
        self.write(move |connection| {
            let first_day = before.seconds().div_euclid(DAY);
            connection.prepare_cached(PURGE_COUNTS)?.execute([first_day])?;
            let gone =
                connection.prepare_cached(PURGE)?.execute(params![before.millis(), limit])?;
            Ok(u64::try_from(gone).unwrap_or(u64::MAX))
        })
        .await
    }
}

/// The statement has a condition for what is asked for and none for the rest, so that the index that fits is
/// used. Its parts are texts of this file alone.
fn list(connection: &Connection, query: &EventQuery) -> rusqlite::Result<Vec<KeptEvent>> {
    let mut text = concat!("SELECT ", rows::event_columns!(), " FROM events WHERE TRUE").to_owned();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut and = |condition: &str, value: Option<Box<dyn ToSql>>| {
        if let Some(value) = value {
            text.push_str(" AND ");
            text.push_str(condition);
            values.push(value);
        }
    };
    and("name = ?", query.name.map(|name| Box::new(name.name()) as _));
    and("actor = ?", query.actor.map(|actor| Box::new(actor.0) as _));
    and("subject = ?", query.subject.map(|subject| Box::new(subject.0) as _));
    and("session_id = ?", query.session.map(|session| Box::new(*session.as_bytes()) as _));
    and("address = ?", query.address.clone().map(|address| Box::new(address) as _));
    and("at >= ?", query.from.map(|from| Box::new(from.millis()) as _));
    and("at < ?", query.to.map(|to| Box::new(to.millis()) as _));
    if let Some(behind) = query.behind {
        and("(at, sequence) < (?,", Some(Box::new(behind.at.millis())));
        text.push_str(" ?)");
        values.push(Box::new(rows::signed(behind.sequence)));
    }
    text.push_str(" ORDER BY at DESC, sequence DESC LIMIT ?");
    values.push(Box::new(query.limit));
    #[cfg(test)]
    tests::explain(connection, &text)?;
    connection.prepare_cached(&text)?.query_map(params_from_iter(&values), rows::event)?.collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use rusqlite::types::Value;
    use vestibule_core::{
        event::EventName,
        id::{SessionId, UserId},
    };
    use vestibule_site::store::EventCursor;

    use super::*;
    use crate::schema;

    thread_local! {
        /// How SQLite went about the last list of this thread.
        static PLAN: RefCell<String> = const { RefCell::new(String::new()) };
    }

    pub(super) fn explain(connection: &Connection, text: &str) -> rusqlite::Result<()> {
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?;
        let nothing = vec![Value::Null; explained.parameter_count()];
        let steps =
            explained.query_map(params_from_iter(nothing), |row| row.get::<_, String>(3))?;
        PLAN.set(steps.collect::<Result<Vec<_>, _>>()?.join("; "));
        Ok(())
    }

    #[test]
    fn every_list_walks_along_an_index_and_sorts_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let behind = EventCursor { at: Timestamp::from_seconds(9), sequence: 9 };
        let base = EventQuery { behind: Some(behind), limit: 50, ..EventQuery::default() };
        for (query, index) in [
            (base.clone(), "INDEX events_at (at<?)"),
            (EventQuery { behind: None, ..base.clone() }, "SCAN events USING INDEX events_at"),
            (
                EventQuery { name: Some(EventName::AuthzAdmin), ..base.clone() },
                "INDEX events_name (name=? AND at<?)",
            ),
            (
                EventQuery { actor: Some(UserId(1)), ..base.clone() },
                "INDEX events_actor (actor=? AND at<?)",
            ),
            (
                EventQuery { subject: Some(UserId(1)), ..base.clone() },
                "INDEX events_subject (subject=? AND at<?)",
            ),
            (
                EventQuery { session: Some(SessionId::from_bytes([1; 16])), ..base.clone() },
                "INDEX events_session (session_id=? AND at<?)",
            ),
            (
                EventQuery { address: Some("::1".to_owned()), ..base.clone() },
                "INDEX events_address (address=? AND at<?)",
            ),
            (
                EventQuery {
                    from: Some(Timestamp::from_seconds(1)),
                    to: Some(Timestamp::from_seconds(8)),
                    ..base
                },
                "INDEX events_at (at>? AND at<?)",
            ),
        ] {
            list(&connection, &query).unwrap();
            let plan = PLAN.take();
            // Of one moment the last written comes first: that much is sorted.
            let sorts =
                plan.replace("USE TEMP B-TREE FOR LAST TERM OF ORDER BY", "").contains("TEMP");
            assert!(plan.contains(index) && !sorts, "{query:?}: {plan}");
        }
    }
}
