//! Blobs that no row names.

use rusqlite::{Connection, params};
use vestibule_core::time::Timestamp;
use vestibule_site::file::BlobKey;

const MARK: &str = "INSERT INTO strays (key, marked_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

pub(crate) const SINCE: &str = "SELECT marked_at FROM strays WHERE key = ?1";

pub(crate) const FORGET: &str = "DELETE FROM strays WHERE key = ?1";

pub(super) fn mark(
    connection: &Connection,
    keys: &[BlobKey],
    now: Timestamp,
) -> rusqlite::Result<Vec<(BlobKey, Timestamp)>> {
    let mut mark = connection.prepare_cached(MARK)?;
    let mut since = connection.prepare_cached(SINCE)?;
    let marked = keys.iter().map(|key| {
        mark.execute(params![key.as_bytes(), now.millis()])?;
        let since = since.query_row([key.as_bytes()], |row| row.get(0))?;
        Ok((*key, Timestamp::from_millis(since)))
    });
    marked.collect()
}

pub(super) fn forget(connection: &Connection, keys: &[BlobKey]) -> rusqlite::Result<()> {
    let mut forget = connection.prepare_cached(FORGET)?;
    keys.iter().try_for_each(|key| forget.execute([key.as_bytes()]).map(|_| ()))
}
