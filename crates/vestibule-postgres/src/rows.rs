//! Rows and the values they stand for.

#[cfg(feature = "site")]
mod site;

use std::{error::Error, str::FromStr, time::Duration};

use sqlx::{Decode, Postgres, Row as _, Type, postgres::PgRow};
use vestibule_core::{
    deletion::Deletion,
    id::{SessionId, UserId},
    one_time::{OneTime, TokenHash},
    password::PasswordHash,
    ring::StoredKey,
    session::{End, Session, UnknownName},
    store::{Change, Changed, RenewalNote, SessionCursor, split_roles},
    time::Timestamp,
    user::{Credentials, User},
};

use crate::error::DbError;

#[cfg(feature = "site")]
pub(crate) use site::{
    SEEN_COLUMNS, UPLOAD_COLUMNS, blob, claimed_mail, day_count, event, event_columns, feedback,
    feedback_columns, file, file_columns, mail, named_columns, offer, seen_file, share, upload,
    upload_columns,
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

/// What stands in place of a name's key once its account was erased (`erased_key` in core).
macro_rules! erased_key {
    ($key:literal) => {
        concat!(
            "'erased ' || encode(sha256((SELECT secret FROM name_secret WHERE one) || convert_to(",
            $key,
            ", 'UTF8')), 'hex')"
        )
    };
}

pub(crate) use {erased_key, session_columns, user_columns};

pub(crate) fn session(row: &PgRow) -> Result<Session, DbError> {
    Ok(Session {
        id: session_id(row, 0)?,
        user_id: UserId(column(row, 1)?),
        carrier: parsed(row, 2)?,
        remembered: column(row, 3)?,
        generation: unsigned(row, 4)?,
        seen_generation: unsigned(row, 5)?,
        created_at: time(row, 6)?,
        auth_time: time(row, 7)?,
        methods: column(row, 8)?,
        renewed_at: time(row, 9)?,
        handed_out_at: time(row, 10)?,
        expires_at: time(row, 11)?,
        ends_at: time(row, 12)?,
        last_seen_at: time(row, 13)?,
        address: column(row, 14)?,
        agent: column(row, 15)?,
        device: column(row, 16)?,
        end: match optional_time(row, 17)? {
            Some(at) => Some(End { at, reason: parsed(row, 18)? }),
            None => None,
        },
        oldest_generation: unsigned(row, 19)?,
    })
}

/// A session, and how long ago its generation was handed out.
pub(crate) fn session_to_renew(row: &PgRow) -> Result<(Session, Duration), DbError> {
    let millis: i64 = column(row, 20)?;
    // A database's clock that was set back makes nothing old.
    let ago = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
    Ok((session(row)?, ago))
}

pub(crate) fn user(row: &PgRow) -> Result<User, DbError> {
    Ok(User {
        id: UserId(column(row, 0)?),
        username: column(row, 1)?,
        email: column(row, 2)?,
        email_verified_at: optional_time(row, 3)?,
        status: parsed(row, 4)?,
        is_super_user: column(row, 5)?,
        roles: split_roles(column(row, 6)?).map_err(DbError::row)?,
        version: unsigned(row, 7)?,
        created_at: time(row, 8)?,
        updated_at: time(row, 9)?,
        deletion: match optional_time(row, 11)? {
            Some(at) => Some(Deletion { at, by: parsed(row, 12)? }),
            None => None,
        },
        locale: match column::<Option<&str>>(row, 13)? {
            Some(_) => Some(parsed(row, 13)?),
            None => None,
        },
    })
}

pub(crate) fn credentials(row: &PgRow) -> Result<Credentials, DbError> {
    let password_hash = column::<Option<&str>>(row, 10)?.map(PasswordHash::from_store);
    Ok(Credentials { user: user(row)?, password_hash })
}

/// Reads `kid, algorithm, state, sealed, created_at, changed_at`, which stand after the ring's revision.
pub(crate) fn key(row: &PgRow) -> Result<StoredKey, DbError> {
    Ok(StoredKey {
        kid: column(row, 1)?,
        algorithm: parsed(row, 2)?,
        state: parsed(row, 3)?,
        sealed: column(row, 4)?,
        created_at: time(row, 5)?,
        changed_at: time(row, 6)?,
    })
}

/// Reads `session_id, presented, outcome, count, first_at, last_at, address, agent`.
pub(crate) fn renewal(row: &PgRow) -> Result<RenewalNote, DbError> {
    Ok(RenewalNote {
        session: session_id(row, 0)?,
        presented: unsigned(row, 1)?,
        outcome: parsed(row, 2)?,
        count: unsigned(row, 3)?,
        first_at: time(row, 4)?,
        last_at: time(row, 5)?,
        address: column(row, 6)?,
        agent: column(row, 7)?,
    })
}

/// Reads `hash, purpose, user_id, email, created_at, expires_at, used_at`.
pub(crate) fn one_time(row: &PgRow) -> Result<OneTime, DbError> {
    Ok(OneTime {
        hash: bytes(row, 0).map(TokenHash::from_bytes)?,
        purpose: parsed(row, 1)?,
        user: UserId(column(row, 2)?),
        email: column(row, 3)?,
        created_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        used_at: optional_time(row, 6)?,
        session: optional_session(row, 7)?,
    })
}

/// The names of the kinds of changes.
pub(crate) mod kind {
    pub(crate) const SESSION_ENDED: &str = "session_ended";
    pub(crate) const USER: &str = "user";
    pub(crate) const KEYS: &str = "keys";
}

/// Reads `sequence, at, kind, session_id, user_id, version`.
pub(crate) fn change(row: &PgRow) -> Result<Change, DbError> {
    let what = match column(row, 2)? {
        kind::SESSION_ENDED => Changed::SessionEnded(session_id(row, 3)?),
        kind::USER => Changed::User { id: UserId(column(row, 4)?), version: unsigned(row, 5)? },
        kind::KEYS => Changed::Keys,
        _ => return Err(DbError::row(UnknownName)),
    };
    Ok(Change { sequence: unsigned(row, 0)?, at: time(row, 1)?, what })
}

/// Each row as what it stands for.
pub(crate) fn all<T>(
    rows: &[PgRow],
    read: impl Fn(&PgRow) -> Result<T, DbError>,
) -> Result<Vec<T>, DbError> {
    rows.iter().map(read).collect()
}

fn optional_session(row: &PgRow, target: usize) -> Result<Option<SessionId>, DbError> {
    let bytes = column::<Option<&[u8]>>(row, target)?;
    bytes.map(|bytes| bytes.try_into().map(SessionId::from_bytes).map_err(DbError::row)).transpose()
}

pub(crate) fn session_id(row: &PgRow, target: usize) -> Result<SessionId, DbError> {
    bytes(row, target).map(SessionId::from_bytes)
}

pub(crate) fn bytes<const N: usize>(row: &PgRow, target: usize) -> Result<[u8; N], DbError> {
    let bytes: &[u8] = column(row, target)?;
    bytes.try_into().map_err(DbError::row)
}

pub(crate) fn unsigned(row: &PgRow, target: usize) -> Result<u64, DbError> {
    u64::try_from(column::<i64>(row, target)?).map_err(DbError::row)
}

/// A counter as PostgreSQL keeps it. No counter comes to where the two types differ; what a caller asks for
/// beyond is more than any row has.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn column<'r, T>(row: &'r PgRow, target: usize) -> Result<T, DbError>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    Ok(row.try_get(target)?)
}

pub(crate) fn time(row: &PgRow, target: usize) -> Result<Timestamp, DbError> {
    column(row, target).map(Timestamp::from_millis)
}

fn optional_time(row: &PgRow, target: usize) -> Result<Option<Timestamp>, DbError> {
    column::<Option<i64>>(row, target).map(|time| time.map(Timestamp::from_millis))
}

fn parsed<T>(row: &PgRow, target: usize) -> Result<T, DbError>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    column::<&str>(row, target)?.parse().map_err(DbError::row)
}
/// Where a page of sessions goes on, as the columns are compared; the first page lies behind a place in front
/// of all.
pub(crate) fn session_place(behind: Option<SessionCursor>) -> (i32, i64, i64, Vec<u8>) {
    match behind {
        None => (2, i64::MAX, i64::MAX, Vec::new()),
        Some(target) => (
            i32::from(target.is_open),
            target.last_seen_at.millis(),
            target.created_at.millis(),
            target.id.as_bytes().to_vec(),
        ),
    }
}
