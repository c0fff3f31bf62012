//! Blobs that no row names.

use sqlx::PgConnection;
use vestibule_core::time::Timestamp;
use vestibule_site::file::BlobKey;

use super::blobs::keys;
use crate::{error::DbError, rows};

/// A mark that is there is written again as it is, so that it is given as well.
const MARK: &str = "INSERT INTO strays (key, marked_at) SELECT DISTINCT stray.key, $2 \
     FROM unnest($1::bytea[]) AS stray (key) \
     ON CONFLICT (key) DO UPDATE SET marked_at = strays.marked_at RETURNING key, marked_at";

const FORGET: &str = "DELETE FROM strays WHERE key = ANY($1::bytea[])";

pub(super) async fn mark(
    connection: &mut PgConnection,
    found: &[BlobKey],
    now: Timestamp,
) -> Result<Vec<(BlobKey, Timestamp)>, DbError> {
    let marked = sqlx::query(MARK).bind(keys(found)).bind(now.millis());
    rows::all(&marked.fetch_all(connection).await?, |row| {
        Ok((rows::bytes(row, 0).map(BlobKey::from_bytes)?, rows::time(row, 1)?))
    })
}

pub(super) async fn forget(
    connection: &mut PgConnection,
    forgotten: &[BlobKey],
) -> Result<(), DbError> {
    sqlx::query(FORGET).bind(keys(forgotten)).execute(connection).await?;
    Ok(())
}
