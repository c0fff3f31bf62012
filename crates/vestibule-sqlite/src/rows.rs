//! Rows and the values they stand for.

#[cfg(feature = "site")]
mod site;

use std::{error::Error, str::FromStr};

use rusqlite::{Row, types::Type};
use serde_json::{Map, Value};
use vestibule_core::{
    deletion::Deletion,
    id::{SessionId, UserId},
    one_time::{OneTime, TokenHash},
    password::PasswordHash,
    ring::StoredKey,
    session::{End, Session},
    store::{Change, Changed, RenewalNote, SessionCursor, split_roles},
    time::Timestamp,
    user::{Credentials, User},
};

#[cfg(feature = "site")]
pub(crate) use site::{
    SEEN_COLUMNS, blob, claimed_mail, day_count, event, event_columns, feedback, feedback_columns,
    file, mail, named_columns, offer, seen_file, share, upload,
};

/// The columns that [`session`] reads, in its order.
macro_rules! session_columns {
    () => {
        "id, user_id, carrier, remembered, generation, seen_generation, created_at, auth_time, methods, \
         renewed_at, handed_out_at, expires_at, ends_at, last_seen_at, address, agent, device, end_at, end_reason, \
         oldest_generation"
    };
}

/// The columns that [`user`] and [`credentials`] read, in their order.
macro_rules! user_columns {
    () => {
        "id, username, email, email_verified_at, status, is_super_user, roles, version, created_at, \
         updated_at, password_hash, deleted_at, deleted_by, locale"
    };
}

pub(crate) use {session_columns, user_columns};

pub(crate) fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: session_id(row, 0)?,
        user_id: UserId(row.get(1)?),
        carrier: parsed(row, 2)?,
        remembered: row.get(3)?,
        generation: unsigned(row, 4)?,
        seen_generation: unsigned(row, 5)?,
        created_at: time(row, 6)?,
        auth_time: time(row, 7)?,
        methods: serde_json::from_str(row.get_ref(8)?.as_str()?)
            .map_err(|cause| unreadable(8, cause))?,
        renewed_at: time(row, 9)?,
        handed_out_at: time(row, 10)?,
        expires_at: time(row, 11)?,
        ends_at: time(row, 12)?,
        last_seen_at: time(row, 13)?,
        address: row.get(14)?,
        agent: row.get(15)?,
        device: row.get(16)?,
        end: match optional_time(row, 17)? {
            Some(at) => Some(End { at, reason: parsed(row, 18)? }),
            None => None,
        },
        oldest_generation: unsigned(row, 19)?,
    })
}

pub(crate) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get(0)?),
        username: row.get(1)?,
        email: row.get(2)?,
        email_verified_at: optional_time(row, 3)?,
        status: parsed(row, 4)?,
        is_super_user: row.get(5)?,
        roles: split_roles(row.get_ref(6)?.as_str()?).map_err(|cause| unreadable(6, cause))?,
        version: unsigned(row, 7)?,
        created_at: time(row, 8)?,
        updated_at: time(row, 9)?,
        deletion: match optional_time(row, 11)? {
            Some(at) => Some(Deletion { at, by: parsed(row, 12)? }),
            None => None,
        },
        locale: match row.get_ref(13)?.as_str_or_null()? {
            Some(_) => Some(parsed(row, 13)?),
            None => None,
        },
    })
}

pub(crate) fn credentials(row: &Row<'_>) -> rusqlite::Result<Credentials> {
    let password_hash = row.get_ref(10)?.as_str_or_null()?.map(PasswordHash::from_store);
    Ok(Credentials { user: user(row)?, password_hash })
}

/// Reads `kid, algorithm, state, sealed, created_at, changed_at`.
pub(crate) fn key(row: &Row<'_>) -> rusqlite::Result<StoredKey> {
    Ok(StoredKey {
        kid: row.get(0)?,
        algorithm: parsed(row, 1)?,
        state: parsed(row, 2)?,
        sealed: row.get(3)?,
        created_at: time(row, 4)?,
        changed_at: time(row, 5)?,
    })
}

/// Reads `session_id, presented, outcome, count, first_at, last_at, address, agent`.
pub(crate) fn renewal(row: &Row<'_>) -> rusqlite::Result<RenewalNote> {
    Ok(RenewalNote {
        session: session_id(row, 0)?,
        presented: unsigned(row, 1)?,
        outcome: parsed(row, 2)?,
        count: unsigned(row, 3)?,
        first_at: time(row, 4)?,
        last_at: time(row, 5)?,
        address: row.get(6)?,
        agent: row.get(7)?,
    })
}

/// A JSON object as a text.
pub(crate) fn object(details: &Map<String, Value>) -> rusqlite::Result<String> {
    serde_json::to_string(details)
        .map_err(|cause| rusqlite::Error::ToSqlConversionFailure(Box::new(cause)))
}

/// Reads `hash, purpose, user_id, email, created_at, expires_at, used_at`.
pub(crate) fn one_time(row: &Row<'_>) -> rusqlite::Result<OneTime> {
    Ok(OneTime {
        hash: row.get(0).map(TokenHash::from_bytes)?,
        purpose: parsed(row, 1)?,
        user: UserId(row.get(2)?),
        email: row.get(3)?,
        created_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        used_at: optional_time(row, 6)?,
        session: row.get::<_, Option<[u8; 16]>>(7)?.map(SessionId::from_bytes),
    })
}

/// The names of the kinds of changes.
pub(crate) mod kind {
    pub(crate) const SESSION_ENDED: &str = "session_ended";
    pub(crate) const USER: &str = "user";
    pub(crate) const KEYS: &str = "keys";
}

/// Reads `sequence, at, kind, session_id, user_id, version`.
pub(crate) fn change(row: &Row<'_>) -> rusqlite::Result<Change> {
    let what = match row.get_ref(2)?.as_str()? {
        kind::SESSION_ENDED => Changed::SessionEnded(session_id(row, 3)?),
        kind::USER => Changed::User { id: UserId(row.get(4)?), version: unsigned(row, 5)? },
        kind::KEYS => Changed::Keys,
        _ => return Err(unreadable(2, vestibule_core::session::UnknownName)),
    };
    Ok(Change { sequence: unsigned(row, 0)?, at: time(row, 1)?, what })
}

pub(crate) fn session_id(row: &Row<'_>, column: usize) -> rusqlite::Result<SessionId> {
    row.get(column).map(SessionId::from_bytes)
}

pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A counter as SQLite keeps it. No counter comes to where the two types differ; what a caller asks for
/// beyond is more than any row has.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column).map(|time| time.map(Timestamp::from_millis))
}

fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    row.get_ref(column)?.as_str()?.parse().map_err(|cause| unreadable(column, cause))
}

fn unreadable(column: usize, cause: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(cause))
}
/// Where a page of sessions goes on, as the columns are compared; the first page lies behind a place in front
/// of all.
pub(crate) fn session_place(behind: Option<SessionCursor>) -> (i32, i64, i64, Vec<u8>) {
    match behind {
        None => (2, i64::MAX, i64::MAX, Vec::new()),
        Some(place) => (
            i32::from(place.is_open),
            place.last_seen_at.millis(),
            place.created_at.millis(),
            place.id.as_bytes().to_vec(),
        ),
    }
}
