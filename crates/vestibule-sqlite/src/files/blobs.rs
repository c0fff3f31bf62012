//! The pieces of contents.

use rusqlite::{Connection, params};
use vestibule_core::time::Timestamp;
use vestibule_site::file::{Blob, BlobKey};

use crate::rows::{self, signed};

const INSERT: &str =
    "INSERT INTO blobs (key, holder, first_byte, size, digest) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(crate) const OF_HOLDER: &str =
    "SELECT key, size, digest FROM blobs WHERE holder = ?1 ORDER BY first_byte";

pub(crate) const HAND_OVER: &str = "UPDATE blobs SET holder = ?2 WHERE holder = ?1";

pub(crate) const DROP: &str = "UPDATE blobs SET holder = NULL, dropped_at = ?2 WHERE holder = ?1";

pub(crate) const DROPPED: &str =
    "SELECT key FROM blobs WHERE dropped_at < ?1 ORDER BY dropped_at LIMIT ?2";

pub(crate) const FORGET: &str = "DELETE FROM blobs WHERE key = ?1 AND dropped_at IS NOT NULL";

pub(crate) const KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM blobs WHERE key = ?1)";

pub(crate) const ANY: &str = "SELECT EXISTS (SELECT 1 FROM blobs)";

pub(super) fn add(
    connection: &Connection,
    holder: &[u8; 16],
    blobs: &[Blob],
) -> rusqlite::Result<()> {
    let mut offset = 0_u64;
    for blob in blobs {
        add_at(connection, holder, offset, blob)?;
        offset = offset.saturating_add(blob.size);
    }
    Ok(())
}

pub(super) fn add_at(
    connection: &Connection,
    holder: &[u8; 16],
    offset: u64,
    blob: &Blob,
) -> rusqlite::Result<()> {
    let row = params![blob.key.as_bytes(), holder, signed(offset), signed(blob.size), blob.digest];
    connection.prepare_cached(INSERT)?.execute(row).map(|_| ())
}

pub(super) fn of(connection: &Connection, holder: &[u8; 16]) -> rusqlite::Result<Vec<Blob>> {
    connection.prepare_cached(OF_HOLDER)?.query_map([holder], |row| rows::blob(row, 0))?.collect()
}

pub(super) fn hand_over(
    connection: &Connection,
    from: &[u8; 16],
    to: &[u8; 16],
) -> rusqlite::Result<()> {
    connection.prepare_cached(HAND_OVER)?.execute(params![from, to]).map(|_| ())
}

pub(super) fn drop_of(
    connection: &Connection,
    holder: &[u8; 16],
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection.prepare_cached(DROP)?.execute(params![holder, now.millis()]).map(|_| ())
}

pub(super) fn dropped(
    connection: &Connection,
    before: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<BlobKey>> {
    connection
        .prepare_cached(DROPPED)?
        .query_map(params![before.millis(), limit], |row| row.get(0).map(BlobKey::from_bytes))?
        .collect()
}

pub(super) fn forget(connection: &Connection, keys: &[BlobKey]) -> rusqlite::Result<()> {
    let mut forget = connection.prepare_cached(FORGET)?;
    keys.iter().try_for_each(|key| forget.execute([key.as_bytes()]).map(|_| ()))
}

pub(super) fn known(
    connection: &Connection,
    mut keys: Vec<BlobKey>,
) -> rusqlite::Result<Vec<BlobKey>> {
    let mut is_known = connection.prepare_cached(KNOWN)?;
    let mut failure = None;
    keys.retain(|key| {
        let known = is_known.query_row([key.as_bytes()], |row| row.get(0));
        known.unwrap_or_else(|error| {
            failure.get_or_insert(error);
            false
        })
    });
    failure.map_or(Ok(keys), Err)
}
