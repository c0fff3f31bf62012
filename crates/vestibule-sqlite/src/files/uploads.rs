//! Uploads that come in pieces.

use rusqlite::{Connection, OptionalExtension as _, params};
use vestibule_core::time::Timestamp;
use vestibule_site::{
    file::{Blob, File, Quota, Upload, digest_of},
    id::{FileId, UploadId},
    store::NotKept,
};

use super::blobs;
use crate::rows::{self, signed};

const INSERT: &str = "INSERT INTO uploads (id, owner, name, size, received, created_at, touched_at) \
     VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)";

pub(crate) const SELECT: &str =
    "SELECT id, owner, name, size, created_at, touched_at FROM uploads WHERE id = ?1";

pub(crate) const ADVANCE: &str = "UPDATE uploads SET received = received + ?3, touched_at = ?4 \
     WHERE id = ?1 AND received = ?2 AND received <= size - ?3";

pub(crate) const DELETE: &str = "DELETE FROM uploads WHERE id = ?1";

pub(crate) const TOUCHED_BEFORE: &str = "SELECT id FROM uploads WHERE touched_at < ?1";

pub(super) fn begin(
    connection: &Connection,
    upload: &Upload,
    quota: &Quota,
) -> rusqlite::Result<Result<(), NotKept>> {
    if let Err(refused) = super::reserve(connection, upload.owner, upload.size, quota)? {
        return Ok(Err(refused));
    }
    let row = params![
        upload.id.as_bytes(),
        upload.owner.0,
        upload.name.as_str(),
        signed(upload.size),
        upload.created_at.millis(),
        upload.touched_at.millis(),
    ];
    connection.prepare_cached(INSERT)?.execute(row).map(|_| Ok(()))
}

pub(super) fn read(connection: &Connection, id: UploadId) -> rusqlite::Result<Option<Upload>> {
    // One snapshot: a blob may be added between the two.
    let snapshot = connection.unchecked_transaction()?;
    read_within(&snapshot, id)
}

fn read_within(connection: &Connection, id: UploadId) -> rusqlite::Result<Option<Upload>> {
    let found =
        connection.prepare_cached(SELECT)?.query_row([id.as_bytes()], rows::upload).optional()?;
    let Some(upload) = found else {
        return Ok(None);
    };
    Ok(Some(Upload { blobs: blobs::of(connection, id.as_bytes())?, ..upload }))
}

pub(super) fn append(
    connection: &Connection,
    id: UploadId,
    offset: u64,
    blob: &Blob,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let step = params![id.as_bytes(), signed(offset), signed(blob.size), now.millis()];
    if connection.prepare_cached(ADVANCE)?.execute(step)? == 0 {
        return Ok(false);
    }
    blobs::add_at(connection, id.as_bytes(), offset, blob).map(|()| true)
}

pub(super) fn finish(
    connection: &Connection,
    id: UploadId,
    file: FileId,
    kind: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<File>> {
    let Some(upload) = read_within(connection, id)?.filter(Upload::is_whole) else {
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
    super::insert(connection, &file)?;
    blobs::hand_over(connection, id.as_bytes(), file.id.as_bytes())?;
    // What it takes is counted already.
    connection.prepare_cached(DELETE)?.execute([id.as_bytes()])?;
    Ok(Some(file))
}

pub(super) fn abandon(
    connection: &Connection,
    id: UploadId,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let found =
        connection.prepare_cached(SELECT)?.query_row([id.as_bytes()], rows::upload).optional()?;
    let Some(upload) = found else {
        return Ok(false);
    };
    blobs::drop_of(connection, id.as_bytes(), now)?;
    connection.prepare_cached(DELETE)?.execute([id.as_bytes()])?;
    super::give_back(connection, upload.owner, upload.size).map(|()| true)
}

pub(super) fn expire(
    connection: &Connection,
    before: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<u64> {
    let old = ids(connection, TOUCHED_BEFORE, before.millis())?;
    for id in &old {
        abandon(connection, *id, now)?;
    }
    Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
}

fn ids(connection: &Connection, statement: &str, of: i64) -> rusqlite::Result<Vec<UploadId>> {
    connection
        .prepare_cached(statement)?
        .query_map([of], |row| row.get(0).map(UploadId::from_bytes))?
        .collect()
}
