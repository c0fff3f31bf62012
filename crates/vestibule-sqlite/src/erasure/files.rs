//! The files of an account that is erased, whether or not this program keeps files itself.

use rusqlite::{Connection, params};
use vestibule_core::{id::UserId, time::Timestamp};

/// What blobs belong to.
pub(crate) const HOLDERS: &str = "SELECT id FROM files WHERE owner = ?1 \
     UNION ALL SELECT id FROM uploads WHERE owner = ?1";

pub(crate) const DROP_BLOBS: &str =
    "UPDATE blobs SET holder = NULL, dropped_at = ?2 WHERE holder = ?1";

pub(crate) const FILES: &str = "DELETE FROM files WHERE owner = ?1";

pub(crate) const UPLOADS: &str = "DELETE FROM uploads WHERE owner = ?1";

pub(crate) const SHARES: &str = "DELETE FROM shares WHERE user_id = ?1";

pub(crate) const OFFERS: &str =
    "DELETE FROM offers WHERE name_key = (SELECT username_key FROM users WHERE id = ?1)";

pub(crate) const USAGE: &str = "DELETE FROM usages WHERE owner = ?1";

/// Deletes everything of a user. Their account still has its name.
pub(super) fn erase(connection: &Connection, user: UserId, now: Timestamp) -> rusqlite::Result<()> {
    let holders: Vec<[u8; 16]> = connection
        .prepare_cached(HOLDERS)?
        .query_map([user.0], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for holder in holders {
        connection.prepare_cached(DROP_BLOBS)?.execute(params![holder, now.millis()])?;
    }
    for statement in [FILES, UPLOADS, SHARES, OFFERS, USAGE] {
        connection.prepare_cached(statement)?.execute([user.0])?;
    }
    Ok(())
}
