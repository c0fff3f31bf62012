//! With whom files are shared.

use rusqlite::{Connection, params};
use vestibule_core::id::UserId;
use vestibule_site::{
    file::{MAX_SHARES, ShareAccess},
    id::FileId,
    store::{Share, Shared},
};

use crate::rows;

/// The others: whoever has a share already keeps a place.
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM shares WHERE file_id = ?1 AND user_id <> ?2";

/// Where there is such a file.
pub(crate) const SET: &str = "INSERT INTO shares (file_id, user_id, access, created_at) \
     SELECT id, ?2, ?3, created_at FROM files WHERE id = ?1 \
     ON CONFLICT (file_id, user_id) DO UPDATE SET access = excluded.access";

pub(crate) const REMOVE: &str = "DELETE FROM shares WHERE file_id = ?1 AND user_id = ?2";

pub(crate) const OF_FILE: &str = "SELECT shares.file_id, shares.user_id, users.username, shares.access \
     FROM shares JOIN users ON users.id = shares.user_id \
     WHERE shares.file_id = ?1 AND users.status <> 'deleted' \
     ORDER BY shares.user_id";

pub(super) fn set(
    connection: &Connection,
    id: FileId,
    with: UserId,
    access: ShareAccess,
) -> rusqlite::Result<Shared> {
    if !super::user_is_there(connection, with)? {
        return Ok(Shared::Nobody);
    }
    let key = params![id.as_bytes(), with.0];
    let others: u32 = connection.prepare_cached(COUNT)?.query_row(key, |row| row.get(0))?;
    if others >= MAX_SHARES {
        return Ok(Shared::TooMany);
    }
    let row = params![id.as_bytes(), with.0, access.name()];
    let written = connection.prepare_cached(SET)?.execute(row)?;
    Ok(if written == 1 { Shared::Done } else { Shared::Nobody })
}

pub(super) fn remove(connection: &Connection, id: FileId, with: UserId) -> rusqlite::Result<bool> {
    let removed = connection.prepare_cached(REMOVE)?.execute(params![id.as_bytes(), with.0])?;
    Ok(removed == 1)
}

pub(super) fn of(connection: &Connection, files: &[FileId]) -> rusqlite::Result<Vec<Share>> {
    let mut statement = connection.prepare_cached(OF_FILE)?;
    let mut shares = Vec::new();
    for file in files {
        for share in statement.query_map([file.as_bytes()], rows::share)? {
            shares.push(share?);
        }
    }
    Ok(shares)
}
