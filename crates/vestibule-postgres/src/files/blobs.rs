//! The pieces of contents.

use sqlx::PgConnection;
use vestibule_core::time::Timestamp;
use vestibule_site::file::{Blob, BlobKey};

use crate::{
    error::DbError,
    rows::{self, signed},
};

const INSERT: &str = "INSERT INTO blobs (key, holder, first_byte, size, digest) \
     SELECT blob.key, $1, blob.first_byte, blob.size, blob.digest \
     FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[]) \
     AS blob (key, first_byte, size, digest)";

pub(crate) const HAND_OVER: &str = "UPDATE blobs SET holder = $2 WHERE holder = $1";

pub(crate) const DROP: &str = "UPDATE blobs SET holder = NULL, dropped_at = $2 WHERE holder = $1";

pub(crate) const DROPPED: &str =
    "SELECT key FROM blobs WHERE dropped_at < $1 ORDER BY dropped_at LIMIT $2";

pub(crate) const FORGET: &str =
    "DELETE FROM blobs WHERE key = ANY($1::bytea[]) AND dropped_at IS NOT NULL";

pub(crate) const KNOWN: &str = "SELECT key FROM blobs WHERE key = ANY($1::bytea[])";

const ANY: &str = "SELECT EXISTS (SELECT FROM blobs)";

/// Adds blobs of which the first begins at `offset`.
pub(super) async fn add(
    connection: &mut PgConnection,
    holder: &[u8; 16],
    offset: u64,
    blobs: &[Blob],
) -> Result<(), DbError> {
    let mut next = offset;
    let mut begin = |blob: &Blob| {
        let begin = next;
        next = next.saturating_add(blob.size);
        signed(begin)
    };
    let begins: Vec<_> = blobs.iter().map(&mut begin).collect();
    sqlx::query(INSERT)
        .bind(&holder[..])
        .bind(keys(blobs.iter().map(|blob| &blob.key)))
        .bind(begins)
        .bind(blobs.iter().map(|blob| signed(blob.size)).collect::<Vec<_>>())
        .bind(blobs.iter().map(|blob| &blob.digest[..]).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn hand_over(
    connection: &mut PgConnection,
    from: &[u8; 16],
    to: &[u8; 16],
) -> Result<(), DbError> {
    sqlx::query(HAND_OVER).bind(&from[..]).bind(&to[..]).execute(connection).await?;
    Ok(())
}

pub(super) async fn drop_of(
    connection: &mut PgConnection,
    holder: &[u8; 16],
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(DROP).bind(&holder[..]).bind(now.millis()).execute(connection).await?;
    Ok(())
}

pub(super) async fn dropped(
    connection: &mut PgConnection,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<BlobKey>, DbError> {
    let dropped = sqlx::query(DROPPED).bind(before.millis()).bind(i64::from(limit));
    rows::all(&dropped.fetch_all(connection).await?, key)
}

pub(super) async fn forget(
    connection: &mut PgConnection,
    forgotten: &[BlobKey],
) -> Result<(), DbError> {
    sqlx::query(FORGET).bind(keys(forgotten)).execute(connection).await?;
    Ok(())
}

pub(super) async fn known(
    connection: &mut PgConnection,
    wanted: &[BlobKey],
) -> Result<Vec<BlobKey>, DbError> {
    let known = sqlx::query(KNOWN).bind(keys(wanted)).fetch_all(connection).await?;
    rows::all(&known, key)
}

pub(super) async fn any(connection: &mut PgConnection) -> Result<bool, DbError> {
    rows::column(&sqlx::query(ANY).fetch_one(connection).await?, 0)
}

pub(super) fn keys<'k>(keys: impl IntoIterator<Item = &'k BlobKey>) -> Vec<&'k [u8]> {
    keys.into_iter().map(|key| &key.as_bytes()[..]).collect()
}

fn key(row: &sqlx::postgres::PgRow) -> Result<BlobKey, DbError> {
    rows::bytes(row, 0).map(BlobKey::from_bytes)
}
