//! Events, and how often they happened.

#[cfg(feature = "site")]
pub(crate) mod trail;

use rusqlite::{Connection, params};
use vestibule_core::{event::Event, id::SessionId};

use crate::rows;

const DAY: i64 = 24 * 3600;

pub(crate) const ADD: &str = "INSERT INTO events (at, name, outcome, actor, subject, session_id, address, agent, \
     request_id, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

pub(crate) const COUNT: &str = "INSERT INTO event_counts (day, name, cause, count) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (day, name, cause) DO UPDATE SET count = count + excluded.count";

pub(crate) fn append(connection: &Connection, events: &[Event]) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(ADD)?;
    let mut count = connection.prepare_cached(COUNT)?;
    for event in events {
        add.execute(params![
            event.at.millis(),
            event.name.name(),
            event.outcome.name(),
            event.actor.map(|id| id.0),
            event.subject.map(|id| id.0),
            event.session.as_ref().map(SessionId::as_bytes),
            event.address,
            event.agent,
            event.request_id,
            rows::object(&event.details)?,
        ])?;
        let day = event.at.seconds().div_euclid(DAY);
        let cause = event.cause().unwrap_or_default();
        let often = rows::signed(event.count());
        count.execute(params![day, event.name.name(), cause, often])?;
    }
    Ok(())
}
