//! The files of an account that is erased, whether or not this program keeps files itself.

use sqlx::PgConnection;
use vestibule_core::{id::UserId, time::Timestamp};

use crate::error::DbError;

pub(crate) const HOLD_FILES: &str = "SELECT id FROM files WHERE owner = $1 ORDER BY id FOR UPDATE";

pub(crate) const HOLD_UPLOADS: &str =
    "SELECT id FROM uploads WHERE owner = $1 ORDER BY id FOR UPDATE";

pub(crate) const DROP_BLOBS: &str = "UPDATE blobs SET holder = NULL, dropped_at = $2 \
     WHERE holder IN (SELECT id FROM files WHERE owner = $1 \
     UNION ALL SELECT id FROM uploads WHERE owner = $1)";

pub(crate) const FILES: &str = "DELETE FROM files WHERE owner = $1";

pub(crate) const UPLOADS: &str = "DELETE FROM uploads WHERE owner = $1";

pub(crate) const SHARES: &str = "DELETE FROM shares WHERE user_id = $1";

pub(crate) const OFFERS: &str =
    "DELETE FROM offers WHERE name_key = (SELECT username_key FROM users WHERE id = $1)";

pub(crate) const USAGE: &str = "DELETE FROM usages WHERE owner = $1";

/// Deletes everything of a user. Their account still has its name.
pub(super) async fn erase(
    connection: &mut PgConnection,
    user: UserId,
    now: Timestamp,
) -> Result<(), DbError> {
    // Whoever is just writing a content is waited for: its blobs go along.
    sqlx::query(HOLD_FILES).bind(user.0).fetch_all(&mut *connection).await?;
    sqlx::query(HOLD_UPLOADS).bind(user.0).fetch_all(&mut *connection).await?;
    let drop = sqlx::query(DROP_BLOBS).bind(user.0).bind(now.millis());
    drop.execute(&mut *connection).await?;
    for statement in [FILES, UPLOADS, SHARES, OFFERS, USAGE] {
        sqlx::query(statement).bind(user.0).execute(&mut *connection).await?;
    }
    Ok(())
}
