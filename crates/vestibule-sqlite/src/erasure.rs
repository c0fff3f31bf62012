//! Deleted accounts, some time later.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use vestibule_core::{
    id::UserId,
    store::{Erasure, StoreResult},
    time::Timestamp,
};

use crate::{SqliteStore, files, one_time};

pub(crate) const DUE: &str = "SELECT id FROM users WHERE status = 'deleted' AND email <> '' AND deleted_at < ?1 \
     ORDER BY deleted_at LIMIT ?2";

/// No address is empty, or compared like this.
pub(crate) const ERASE: &str = "UPDATE users SET username = 'deleted-' || id, email = '', \
     email_key = 'erased ' || id, email_verified_at = NULL, password_hash = NULL, is_super_user = 0, roles = '', locale = NULL, \
     updated_at = ?2 WHERE id = ?1";

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
    let due: Vec<UserId> = connection
        .prepare_cached(DUE)?
        .query_map(params![before.millis(), limit], |row| row.get(0).map(UserId))?
        .collect::<Result<_, _>>()?;
    for user in &due {
        connection.prepare_cached(ERASE)?.execute(params![user.0, now.millis()])?;
        connection.prepare_cached(SESSIONS)?.execute([user.0])?;
        connection.prepare_cached(MAILS)?.execute([user.0])?;
        connection.prepare_cached(FEEDBACK)?.execute([user.0])?;
        connection.prepare_cached(EVENTS)?.execute([user.0])?;
        one_time::drop_of(connection, *user)?;
        files::leave(connection, *user, now)?;
    }
    Ok(due)
}
