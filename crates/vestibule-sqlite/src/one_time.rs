//! One-time tokens.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use vestibule_core::{
    id::UserId,
    one_time::{OneTime, Purpose, TokenKey, TokenState},
    store::{OneTimeTokens, StoreResult},
    time::Timestamp,
};

use crate::{SqliteStore, rows, sessions};

/// The columns that [`rows::one_time`] reads, in its order.
macro_rules! columns {
    () => {
        "hash, purpose, user_id, email, created_at, expires_at, used_at, session_id"
    };
}

pub(crate) const PUT: &str = concat!(
    "INSERT OR REPLACE INTO one_time (",
    columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
);

pub(crate) const BY_KEY: &str =
    concat!("SELECT ", columns!(), " FROM one_time WHERE hash = ?1 AND purpose = ?2");

pub(crate) const OF_USER: &str =
    concat!("SELECT ", columns!(), " FROM one_time WHERE user_id = ?1 AND purpose = ?2");

pub(crate) const USE: &str = concat!(
    "UPDATE one_time SET used_at = ?3 \
     WHERE hash = ?1 AND purpose = ?2 AND used_at IS NULL RETURNING ",
    columns!()
);

pub(crate) const DROP: &str = "DELETE FROM one_time WHERE user_id = ?1";

const DROP_ALL: &str = "DELETE FROM one_time";

pub(crate) const VOID: &str = "DELETE FROM one_time WHERE user_id = ?1 AND purpose = ?2";

pub(crate) const PURGE: &str = "DELETE FROM one_time WHERE expires_at < ?1";

#[async_trait]
impl OneTimeTokens for SqliteStore {
    async fn put_one_time(&self, token: &OneTime) -> StoreResult<()> {
        let token = token.clone();
        self.write(move |connection| put(connection, &token)).await
    }

    async fn one_time(&self, key: &TokenKey) -> StoreResult<Option<OneTime>> {
        let key = *key;
        self.read(move |connection| by_key(connection, &key)).await
    }

    async fn one_time_of(&self, user: UserId, purpose: Purpose) -> StoreResult<Option<OneTime>> {
        self.read(move |connection| {
            let mut select = connection.prepare_cached(OF_USER)?;
            select.query_row(params![user.0, purpose.name()], rows::one_time).optional()
        })
        .await
    }

    async fn use_one_time(&self, key: &TokenKey, now: Timestamp) -> StoreResult<Option<OneTime>> {
        let key = *key;
        self.write(move |connection| use_up(connection, &key, now)).await
    }

    async fn drop_one_time(&self, user: UserId) -> StoreResult<()> {
        self.write(move |connection| drop_of(connection, user)).await
    }

    async fn drop_all_one_time(&self) -> StoreResult<u64> {
        self.write(move |connection| {
            connection.prepare_cached(DROP_ALL)?.execute([]).map(|count| count as u64)
        })
        .await
    }

    async fn purge_one_time(&self, before: Timestamp) -> StoreResult<u64> {
        self.write(move |connection| {
            connection.prepare_cached(PURGE)?.execute([before.millis()]).map(|count| count as u64)
        })
        .await
    }
}

fn by_key(connection: &Connection, key: &TokenKey) -> rusqlite::Result<Option<OneTime>> {
    let token = params![key.hash().as_bytes(), key.purpose().name()];
    connection.prepare_cached(BY_KEY)?.query_row(token, rows::one_time).optional()
}

pub(crate) fn use_up(
    connection: &Connection,
    key: &TokenKey,
    now: Timestamp,
) -> rusqlite::Result<Option<OneTime>> {
    let Some(kept) = by_key(connection, key)? else {
        return Ok(None);
    };
    let session = match kept.session {
        Some(session) => sessions::read(connection, session)?,
        None => None,
    };
    if kept.standing(session.as_ref(), now) != TokenState::Open {
        return Ok(None);
    }
    let token = params![key.hash().as_bytes(), key.purpose().name(), now.millis()];
    connection.prepare_cached(USE)?.query_row(token, rows::one_time).optional()
}

pub(crate) fn put(connection: &Connection, token: &OneTime) -> rusqlite::Result<()> {
    let row = params![
        token.hash.as_bytes(),
        token.purpose.name(),
        token.user.0,
        token.email,
        token.created_at.millis(),
        token.expires_at.millis(),
        token.used_at.map(Timestamp::millis),
        token.session.map(|session| *session.as_bytes()),
    ];
    connection.prepare_cached(PUT)?.execute(row).map(|_| ())
}

/// Removes all of a user's.
pub(crate) fn drop_of(connection: &Connection, user: UserId) -> rusqlite::Result<()> {
    connection.prepare_cached(DROP)?.execute([user.0]).map(|_| ())
}

/// Removes those of a user that were made for one of these purposes.
pub(crate) fn void(
    connection: &Connection,
    user: UserId,
    purposes: &[Purpose],
) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached(VOID)?;
    for purpose in purposes {
        delete.execute(params![user.0, purpose.name()])?;
    }
    Ok(())
}
