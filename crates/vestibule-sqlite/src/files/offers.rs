//! Shares that wait to be accepted.

use rusqlite::{Connection, params};
use vestibule_core::{id::UserId, name::UserName, time::Timestamp};
use vestibule_site::{
    file::{MAX_SHARES, ShareAccess},
    id::FileId,
    store::{Offer, Shared},
};

use crate::rows;

/// Where somebody of this name has a share already.
pub(crate) const CHANGE_SHARE: &str = "UPDATE shares SET access = ?3 WHERE file_id = ?1 \
     AND user_id = (SELECT id FROM users WHERE username_key = ?2)";

/// Shares and offers to others.
pub(crate) const COUNT: &str = "SELECT (SELECT COUNT(*) FROM shares WHERE file_id = ?1) \
     + (SELECT COUNT(*) FROM offers WHERE file_id = ?1 AND name_key <> ?2)";

/// Where there is such a file.
pub(crate) const MAKE: &str = "INSERT INTO offers (file_id, name_key, name, access, created_at, made_at) \
     SELECT id, ?2, ?3, ?4, created_at, ?5 FROM files WHERE id = ?1 \
     ON CONFLICT (file_id, name_key) DO UPDATE SET name = excluded.name, access = excluded.access, \
     made_at = excluded.made_at";

pub(crate) const ACCEPT: &str = "INSERT INTO shares (file_id, user_id, access, created_at) \
     SELECT offers.file_id, users.id, offers.access, offers.created_at FROM users \
     JOIN offers ON offers.file_id = ?1 AND offers.name_key = users.username_key \
     WHERE users.id = ?2 AND offers.made_at >= users.created_at \
     ON CONFLICT (file_id, user_id) DO UPDATE SET access = excluded.access";

pub(crate) const ACCEPTED: &str = "DELETE FROM offers WHERE file_id = ?1 \
     AND name_key = (SELECT username_key FROM users WHERE id = ?2)";

pub(crate) const WITHDRAW: &str = "DELETE FROM offers WHERE file_id = ?1 AND name_key = ?2";

pub(crate) const OF_FILE: &str =
    "SELECT file_id, name, access FROM offers WHERE file_id = ?1 ORDER BY name_key";

pub(super) fn make(
    connection: &Connection,
    id: FileId,
    to: &UserName,
    access: ShareAccess,
    now: Timestamp,
) -> rusqlite::Result<Shared> {
    let changed = params![id.as_bytes(), to.key(), access.name()];
    if connection.prepare_cached(CHANGE_SHARE)?.execute(changed)? == 1 {
        return Ok(Shared::Done);
    }
    let key = params![id.as_bytes(), to.key()];
    let others: u32 = connection.prepare_cached(COUNT)?.query_row(key, |row| row.get(0))?;
    if others >= MAX_SHARES {
        return Ok(Shared::TooMany);
    }
    let row = params![id.as_bytes(), to.key(), to.as_str(), access.name(), now.millis()];
    let written = connection.prepare_cached(MAKE)?.execute(row)?;
    Ok(if written == 1 { Shared::Done } else { Shared::Nobody })
}

pub(super) fn accept(
    connection: &Connection,
    id: FileId,
    reader: UserId,
) -> rusqlite::Result<bool> {
    let key = params![id.as_bytes(), reader.0];
    if connection.prepare_cached(ACCEPT)?.execute(key)? == 0 {
        return Ok(false);
    }
    connection.prepare_cached(ACCEPTED)?.execute(key)?;
    Ok(true)
}

pub(super) fn withdraw(
    connection: &Connection,
    id: FileId,
    to: &UserName,
) -> rusqlite::Result<bool> {
    let key = params![id.as_bytes(), to.key()];
    Ok(connection.prepare_cached(WITHDRAW)?.execute(key)? == 1)
}

pub(super) fn of(connection: &Connection, files: &[FileId]) -> rusqlite::Result<Vec<Offer>> {
    let mut statement = connection.prepare_cached(OF_FILE)?;
    let mut offers = Vec::new();
    for file in files {
        for offer in statement.query_map([file.as_bytes()], rows::offer)? {
            offers.push(offer?);
        }
    }
    Ok(offers)
}
