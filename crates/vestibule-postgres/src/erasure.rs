//! Deleted accounts, some time later.

pub(crate) mod files;

use async_trait::async_trait;
use sqlx::PgConnection;
use vestibule_core::{
    id::UserId,
    store::{Erasure, StoreResult},
    time::Timestamp,
};

use crate::{
    PostgresStore,
    error::DbError,
    rows::{self, erased_key},
};

/// Held until they are erased: of two nodes that do it at once, the second finds them done. Whoever is just
/// finishing an upload, and so refers to one of them, is not kept from it, but waited for.
pub(crate) const DUE: &str = "SELECT id FROM users WHERE status = 'deleted' AND email <> '' AND deleted_at < $1 \
     ORDER BY deleted_at LIMIT $2 FOR NO KEY UPDATE";

/// No address is empty, or compared like this; nor is a name (`erased_key` in core).
pub(crate) const ERASE: &str = concat!(
    "UPDATE users SET username = 'deleted-' || id, email = '', \
     email_key = 'erased ' || id, username_key = ",
    erased_key!("username_key"),
    ", \
     email_verified_at = NULL, password_hash = NULL, is_super_user = false, \
     roles = '', locale = NULL, updated_at = $2 WHERE id = ANY($1)"
);

pub(crate) const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = ANY($1)";

pub(crate) const MAILS: &str = "DELETE FROM mails WHERE user_id = ANY($1)";

pub(crate) const TOKENS: &str = "DELETE FROM one_time WHERE user_id = ANY($1)";

pub(crate) const FEEDBACK: &str = "UPDATE feedback SET user_id = NULL, email = NULL, address = '', agent = '' \
     WHERE user_id = ANY($1)";

/// As `Event::forget_origin`.
pub(crate) const EVENTS: &str = "UPDATE events SET address = NULL, agent = NULL, \
     details = CASE name WHEN 'authn_token_reuse' THEN '{}' ELSE details END \
     WHERE subject = ANY($1) OR actor = ANY($1)";

#[async_trait]
impl Erasure for PostgresStore {
    async fn erase_deleted(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Vec<UserId>> {
        self.transact((before, limit, now), |(before, limit, now), connection| {
            Box::pin(erase(connection, *before, *limit, *now))
        })
        .await
    }
}

async fn erase(
    connection: &mut PgConnection,
    before: Timestamp,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<UserId>, DbError> {
    let due = sqlx::query(DUE).bind(before.millis()).bind(i64::from(limit));
    let due = due.fetch_all(&mut *connection).await?;
    let ids = rows::all(&due, |row| rows::column::<i64>(row, 0))?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    for user in &ids {
        files::erase(connection, UserId(*user), now).await?;
    }
    sqlx::query(ERASE).bind(&ids).bind(now.millis()).execute(&mut *connection).await?;
    for statement in [SESSIONS, MAILS, TOKENS, FEEDBACK, EVENTS] {
        sqlx::query(statement).bind(&ids).execute(&mut *connection).await?;
    }
    Ok(ids.into_iter().map(UserId).collect())
}
