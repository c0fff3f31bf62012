//! Uploads that come in pieces.

use sqlx::PgConnection;
use vestibule_core::{id::UserId, time::Timestamp};
use vestibule_site::{
    file::{Blob, File, Quota, Upload, digest_of},
    id::{FileId, UploadId},
    store::NotKept,
};

use super::{blobs, usage};
use crate::{
    error::DbError,
    rows::{self, column, signed, upload_columns},
};

const INSERT: &str = "INSERT INTO uploads (id, owner, name, size, received, created_at, touched_at) \
     VALUES ($1, $2, $3, $4, 0, $5, $6)";

/// One statement, so that upload and blobs are those of one moment.
pub(crate) const SELECT: &str = concat!(
    "SELECT ",
    upload_columns!(),
    ", blobs.key, blobs.size, blobs.digest FROM uploads \
     LEFT JOIN blobs ON blobs.holder = uploads.id WHERE uploads.id = $1 ORDER BY blobs.first_byte"
);

/// Nobody adds to it or gives it up until the end of the transaction.
pub(crate) const HOLD: &str = "SELECT id FROM uploads WHERE id = $1 FOR UPDATE";

pub(crate) const ADVANCE: &str = "UPDATE uploads SET received = received + $3, touched_at = $4 \
     WHERE id = $1 AND received = $2 AND received <= size - $3";

/// Where nothing has arrived since `$2`, if that is said.
pub(crate) const ABANDON: &str = "DELETE FROM uploads \
     WHERE id = $1 AND ($2::bigint IS NULL OR touched_at < $2) RETURNING owner, size";

pub(crate) const DELETE: &str = "DELETE FROM uploads WHERE id = $1";

pub(crate) const TOUCHED_BEFORE: &str = "SELECT id FROM uploads WHERE touched_at < $1";

pub(super) async fn begin(
    connection: &mut PgConnection,
    upload: &Upload,
    quota: &Quota,
) -> Result<Result<(), NotKept>, DbError> {
    if let Err(refused) = usage::reserve(connection, upload.owner, upload.size, quota).await? {
        return Ok(Err(refused));
    }
    sqlx::query(INSERT)
        .bind(&upload.id.as_bytes()[..])
        .bind(upload.owner.0)
        .bind(upload.name.as_str())
        .bind(signed(upload.size))
        .bind(upload.created_at.millis())
        .bind(upload.touched_at.millis())
        .execute(connection)
        .await?;
    Ok(Ok(()))
}

pub(super) async fn read(
    connection: &mut PgConnection,
    id: UploadId,
) -> Result<Option<Upload>, DbError> {
    let found = sqlx::query(SELECT).bind(&id.as_bytes()[..]).fetch_all(connection).await?;
    let Some(first) = found.first() else {
        return Ok(None);
    };
    let mut upload = rows::upload(first)?;
    for row in &found {
        if column::<Option<&[u8]>>(row, rows::UPLOAD_COLUMNS)?.is_some() {
            upload.blobs.push(rows::blob(row, rows::UPLOAD_COLUMNS)?);
        }
    }
    Ok(Some(upload))
}

pub(super) async fn append(
    connection: &mut PgConnection,
    id: UploadId,
    offset: u64,
    blob: &Blob,
    now: Timestamp,
) -> Result<bool, DbError> {
    let advanced = sqlx::query(ADVANCE)
        .bind(&id.as_bytes()[..])
        .bind(signed(offset))
        .bind(signed(blob.size))
        .bind(now.millis())
        .execute(&mut *connection)
        .await?;
    if advanced.rows_affected() == 0 {
        return Ok(false);
    }
    blobs::add(connection, id.as_bytes(), offset, &[*blob]).await?;
    Ok(true)
}

pub(super) async fn finish(
    connection: &mut PgConnection,
    id: UploadId,
    file: FileId,
    kind: &str,
    now: Timestamp,
) -> Result<Option<File>, DbError> {
    let held = sqlx::query(HOLD).bind(&id.as_bytes()[..]);
    if held.fetch_optional(&mut *connection).await?.is_none() {
        return Ok(None);
    }
    let Some(upload) = read(connection, id).await?.filter(Upload::is_whole) else {
        return Ok(None);
    };
    let file = File {
        id: file,
        owner: upload.owner,
        name: upload.name,
        kind: kind.to_owned(),
        size: upload.size,
        digest: digest_of(&upload.blobs),
        version: 1,
        changed_by: upload.owner,
        created_at: now,
        changed_at: now,
    };
    super::insert(connection, &file).await?;
    blobs::hand_over(connection, id.as_bytes(), file.id.as_bytes()).await?;
    // What it takes is counted already.
    sqlx::query(DELETE).bind(&id.as_bytes()[..]).execute(connection).await?;
    Ok(Some(file))
}

/// Gives it up; where `before` is said, only where nothing has arrived since.
pub(super) async fn abandon(
    connection: &mut PgConnection,
    id: UploadId,
    before: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let abandon = sqlx::query(ABANDON).bind(&id.as_bytes()[..]);
    let abandon = abandon.bind(before.map(Timestamp::millis));
    let Some(gone) = abandon.fetch_optional(&mut *connection).await? else {
        return Ok(false);
    };
    blobs::drop_of(connection, id.as_bytes(), now).await?;
    let (owner, size) = (UserId(column(&gone, 0)?), rows::unsigned(&gone, 1)?);
    usage::give_back(connection, owner, size).await?;
    Ok(true)
}

pub(super) async fn touched_before(
    connection: &mut PgConnection,
    before: Timestamp,
) -> Result<Vec<UploadId>, DbError> {
    let old = sqlx::query(TOUCHED_BEFORE).bind(before.millis()).fetch_all(connection).await?;
    rows::all(&old, |row| rows::bytes(row, 0).map(UploadId::from_bytes))
}
