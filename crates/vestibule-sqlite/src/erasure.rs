//! Deleted accounts, some time later.

pub(crate) mod files;

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use vestibule_core::{
    id::UserId,
    name::erased_key,
    store::{Erasure, StoreResult},
    time::Timestamp,
};

use crate::{SqliteStore, one_time, users};

pub(crate) const DUE: &str = "SELECT id, username_key FROM users WHERE status = 'deleted' AND email <> '' AND deleted_at < ?1 \
     ORDER BY deleted_at LIMIT ?2";

/// No address is empty, or compared like this.
pub(crate) const ERASE: &str = "UPDATE users SET username = 'deleted-' || id, email = '', \
     email_key = 'erased ' || id, username_key = ?3, email_verified_at = NULL, password_hash = NULL, is_super_user = 0, roles = '', locale = NULL, \
     updated_at = ?2 WHERE id = ?1";

pub(crate) const OLDER: &str = "SELECT id, username_key FROM users WHERE status = 'deleted' AND email = '' \
     AND username_key NOT LIKE 'erased %' LIMIT ?1";

pub(crate) const ERASE_NAME: &str = "UPDATE users SET username_key = ?2 WHERE id = ?1";

pub(crate) const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = ?1";

pub(crate) const MAILS: &str = "DELETE FROM mails WHERE user_id = ?1";

pub(crate) const FEEDBACK: &str =
    "UPDATE feedback SET user_id = NULL, email = NULL, address = '', agent = '' WHERE user_id = ?1";

/// As `Event::forget_origin`.
pub(crate) const EVENTS: &str = "UPDATE events SET address = NULL, agent = NULL, \
     details = CASE name WHEN 'authn_token_reuse' THEN '{}' ELSE details END \
     WHERE subject = ?1 OR actor = ?1";

#[async_trait]
impl Erasure for SqliteStore {
    async fn erase_deleted(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Vec<UserId>> {
        self.write(move |connection| erase(connection, before, limit, now)).await
    }
}

fn erase(
    connection: &Connection,
    before: Timestamp,
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<Vec<UserId>> {
    let secret = users::name_secret(connection)?;
    erase_older_names(connection, limit, &secret)?;
    let due: Vec<(UserId, String)> = connection
        .prepare_cached(DUE)?
        .query_map(params![before.millis(), limit], named)?
        .collect::<Result<_, _>>()?;
    for (user, name) in &due {
        // First: offers are found by the name.
        files::erase(connection, *user, now)?;
        let name = erased_key(&secret, name);
        connection.prepare_cached(ERASE)?.execute(params![user.0, now.millis(), name])?;
        connection.prepare_cached(SESSIONS)?.execute([user.0])?;
        connection.prepare_cached(MAILS)?.execute([user.0])?;
        connection.prepare_cached(FEEDBACK)?.execute([user.0])?;
        connection.prepare_cached(EVENTS)?.execute([user.0])?;
        one_time::drop_of(connection, *user)?;
    }
    Ok(due.into_iter().map(|(user, _)| user).collect())
}

/// Accounts that an earlier version has erased still have their names.
fn erase_older_names(
    connection: &Connection,
    limit: u32,
    secret: &[u8; 32],
) -> rusqlite::Result<()> {
    let older: Vec<(UserId, String)> =
        connection.prepare_cached(OLDER)?.query_map([limit], named)?.collect::<Result<_, _>>()?;
    for (user, name) in older {
        let erased = params![user.0, erased_key(secret, &name)];
        connection.prepare_cached(ERASE_NAME)?.execute(erased)?;
    }
    Ok(())
}

fn named(row: &Row<'_>) -> rusqlite::Result<(UserId, String)> {
    Ok((UserId(row.get(0)?), row.get(1)?))
}
