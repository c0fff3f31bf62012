//! The catalogue of files.

pub(crate) mod blobs;
pub(crate) mod offers;
pub(crate) mod shares;
pub(crate) mod strays;
pub(crate) mod uploads;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use vestibule_core::{id::UserId, name::UserName, store::StoreResult, time::Timestamp};
use vestibule_site::{
    file::{Blob, BlobKey, Content, File, NewFile, OverQuota, Quota, ShareAccess, Upload, Usage},
    id::{FileId, UploadId},
    store::{FileCatalogue, ListPlace, NotKept, Offer, Replacement, SeenFile, Share, Shared},
};

use crate::{
    SqliteStore,
    rows::{self, named_columns, signed},
};

/// With what the reader, `?2`, may do.
pub(crate) const SELECT: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", COALESCE(shares.access, offers.access) FROM files JOIN users ON users.id = files.owner \
     LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = ?2 \
     LEFT JOIN users AS reader ON reader.id = ?2 \
     LEFT JOIN offers ON offers.file_id = files.id AND offers.name_key = reader.username_key \
     AND offers.made_at >= reader.created_at \
     WHERE files.id = ?1 AND users.status <> 'deleted'"
);

/// One statement, so that file and blobs are those of one moment. A file without blobs is one row as well.
pub(crate) const CONTENT: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", COALESCE(shares.access, offers.access), blobs.key, blobs.size, blobs.digest FROM files JOIN users ON users.id = files.owner \
     LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = ?2 \
     LEFT JOIN users AS reader ON reader.id = ?2 \
     LEFT JOIN offers ON offers.file_id = files.id AND offers.name_key = reader.username_key \
     AND offers.made_at >= reader.created_at \
     LEFT JOIN blobs ON blobs.holder = files.id \
     WHERE files.id = ?1 AND users.status <> 'deleted' ORDER BY blobs.first_byte"
);

pub(crate) const OF_OWNER: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", NULL FROM files JOIN users ON users.id = files.owner \
     WHERE files.owner = ?1 AND users.status <> 'deleted' AND (files.created_at, files.id) < (?2, ?3) \
     ORDER BY files.created_at DESC, files.id DESC LIMIT ?4"
);

pub(crate) const SHARED_WITH: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", shares.access FROM shares CROSS JOIN files ON files.id = shares.file_id \
     JOIN users ON users.id = files.owner \
     WHERE shares.user_id = ?1 AND users.status <> 'deleted' AND (shares.created_at, shares.file_id) < (?2, ?3) \
     ORDER BY shares.created_at DESC, shares.file_id DESC LIMIT ?4"
);

pub(crate) const OFFERED_TO: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", offers.access FROM users AS reader CROSS JOIN offers ON offers.name_key = reader.username_key \
     CROSS JOIN files ON files.id = offers.file_id JOIN users ON users.id = files.owner \
     WHERE reader.id = ?1 AND offers.made_at >= reader.created_at AND files.owner <> reader.id \
     AND users.status <> 'deleted' AND (offers.created_at, offers.file_id) < (?2, ?3) \
     ORDER BY offers.created_at DESC, offers.file_id DESC LIMIT ?4"
);

const INSERT: &str = "INSERT INTO files \
     (id, owner, name, kind, size, digest, version, changed_by, created_at, changed_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

pub(crate) const BY_ID: &str = "SELECT id, owner, name, kind, size, digest, version, changed_by, \
     created_at, changed_at FROM files WHERE id = ?1";

pub(crate) const REPLACE: &str = "UPDATE files SET kind = ?3, size = ?4, digest = ?5, \
     version = version + 1, changed_by = ?6, changed_at = ?7 WHERE id = ?1 AND version = ?2";

pub(crate) const DELETE: &str = "DELETE FROM files WHERE id = ?1";

pub(crate) const USAGE: &str = "SELECT bytes, files FROM usages WHERE owner = ?1";

const SET_USAGE: &str = "INSERT INTO usages (owner, bytes, files) VALUES (?1, ?2, ?3) \
     ON CONFLICT (owner) DO UPDATE SET bytes = excluded.bytes, files = excluded.files";

pub(crate) const USER_IS_THERE: &str =
    "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND status <> 'deleted')";

#[async_trait]
impl FileCatalogue for SqliteStore {
    async fn create_file(
        &self,
        new: &NewFile,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<File, NotKept>> {
        let (new, quota) = (new.clone(), *quota);
        self.write(move |connection| create(connection, &new, &quota, now)).await
    }

    async fn file(&self, id: FileId, reader: UserId) -> StoreResult<Option<SeenFile>> {
        self.read(move |connection| {
            let wanted = params![id.as_bytes(), reader.0];
            connection.prepare_cached(SELECT)?.query_row(wanted, rows::seen_file).optional()
        })
        .await
    }

    async fn content(
        &self,
        id: FileId,
        reader: UserId,
    ) -> StoreResult<Option<(SeenFile, Vec<Blob>)>> {
        self.read(move |connection| content(connection, id, reader)).await
    }

    async fn files_of(
        &self,
        owner: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.read(move |connection| list(connection, OF_OWNER, owner, after, limit)).await
    }

    async fn files_offered_to(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.read(move |connection| list(connection, OFFERED_TO, reader, after, limit)).await
    }

    async fn files_shared_with(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.read(move |connection| list(connection, SHARED_WITH, reader, after, limit)).await
    }

    async fn replace_content(
        &self,
        id: FileId,
        replacement: &Replacement,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<Option<File>, OverQuota>> {
        let (replacement, quota) = (replacement.clone(), *quota);
        self.write(move |connection| replace(connection, id, &replacement, &quota, now)).await
    }

    async fn delete_file(
        &self,
        id: FileId,
        version: Option<u64>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.write(move |connection| {
            let fits = |file: &File| version.is_none_or(|version| file.version == version);
            match by_id(connection, id)?.filter(fits) {
                Some(file) => delete(connection, &file, now).map(|()| true),
                None => Ok(false),
            }
        })
        .await
    }

    async fn offer_file(
        &self,
        id: FileId,
        to: &UserName,
        access: ShareAccess,
        now: Timestamp,
    ) -> StoreResult<Shared> {
        let to = to.clone();
        self.write(move |connection| offers::make(connection, id, &to, access, now)).await
    }

    async fn accept_offer(&self, id: FileId, reader: UserId) -> StoreResult<bool> {
        self.write(move |connection| offers::accept(connection, id, reader)).await
    }

    async fn withdraw_offer(&self, id: FileId, to: &UserName) -> StoreResult<bool> {
        let to = to.clone();
        self.write(move |connection| offers::withdraw(connection, id, &to)).await
    }

    async fn offers_of(&self, files: &[FileId]) -> StoreResult<Vec<Offer>> {
        let files = files.to_vec();
        self.read(move |connection| offers::of(connection, &files)).await
    }

    async fn share_file(
        &self,
        id: FileId,
        with: UserId,
        access: ShareAccess,
    ) -> StoreResult<Shared> {
        self.write(move |connection| shares::set(connection, id, with, access)).await
    }

    async fn unshare_file(&self, id: FileId, with: UserId) -> StoreResult<bool> {
        self.write(move |connection| shares::remove(connection, id, with)).await
    }

    async fn shares_of(&self, files: &[FileId]) -> StoreResult<Vec<Share>> {
        let files = files.to_vec();
        self.read(move |connection| shares::of(connection, &files)).await
    }

    async fn file_usage(&self, owner: UserId) -> StoreResult<Usage> {
        self.read(move |connection| usage(connection, owner)).await
    }

    async fn begin_upload(
        &self,
        upload: &Upload,
        quota: &Quota,
    ) -> StoreResult<Result<(), NotKept>> {
        let (upload, quota) = (upload.clone(), *quota);
        self.write(move |connection| uploads::begin(connection, &upload, &quota)).await
    }

    async fn upload(&self, id: UploadId) -> StoreResult<Option<Upload>> {
        self.read(move |connection| uploads::read(connection, id)).await
    }

    async fn append_blob(
        &self,
        id: UploadId,
        offset: u64,
        blob: &Blob,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let blob = *blob;
        self.write(move |connection| uploads::append(connection, id, offset, &blob, now)).await
    }

    async fn finish_upload(
        &self,
        id: UploadId,
        file: FileId,
        kind: &str,
        now: Timestamp,
    ) -> StoreResult<Option<File>> {
        let kind = kind.to_owned();
        self.write(move |connection| uploads::finish(connection, id, file, &kind, now)).await
    }

    async fn abandon_upload(&self, id: UploadId, now: Timestamp) -> StoreResult<bool> {
        self.write(move |connection| uploads::abandon(connection, id, now)).await
    }

    async fn expire_uploads(&self, before: Timestamp, now: Timestamp) -> StoreResult<u64> {
        self.write(move |connection| uploads::expire(connection, before, now)).await
    }

    async fn dropped_blobs(&self, before: Timestamp, limit: u32) -> StoreResult<Vec<BlobKey>> {
        self.read(move |connection| blobs::dropped(connection, before, limit)).await
    }

    async fn forget_blobs(&self, keys: &[BlobKey]) -> StoreResult<()> {
        let keys = keys.to_vec();
        self.write(move |connection| blobs::forget(connection, &keys)).await
    }

    async fn known_blobs(&self, keys: &[BlobKey]) -> StoreResult<Vec<BlobKey>> {
        let keys = keys.to_vec();
        self.read(move |connection| blobs::known(connection, keys)).await
    }

    async fn has_blobs(&self) -> StoreResult<bool> {
        self.read(|connection| {
            connection.prepare_cached(blobs::ANY)?.query_row([], |row| row.get(0))
        })
        .await
    }

    async fn mark_strays(
        &self,
        keys: &[BlobKey],
        now: Timestamp,
    ) -> StoreResult<Vec<(BlobKey, Timestamp)>> {
        let keys = keys.to_vec();
        self.write(move |connection| strays::mark(connection, &keys, now)).await
    }

    async fn forget_strays(&self, keys: &[BlobKey]) -> StoreResult<()> {
        let keys = keys.to_vec();
        self.write(move |connection| strays::forget(connection, &keys)).await
    }
}

fn create(
    connection: &Connection,
    new: &NewFile,
    quota: &Quota,
    now: Timestamp,
) -> rusqlite::Result<Result<File, NotKept>> {
    if let Err(refused) = reserve(connection, new.owner, new.content.size(), quota)? {
        return Ok(Err(refused));
    }
    let file = File {
        id: new.id,
        owner: new.owner,
        name: new.name.clone(),
        kind: new.content.kind.clone(),
        size: new.content.size(),
        digest: new.content.digest(),
        version: 1,
        changed_by: new.owner,
        created_at: now,
        changed_at: now,
    };
    insert(connection, &file)?;
    blobs::add(connection, file.id.as_bytes(), &new.content.blobs)?;
    Ok(Ok(file))
}

fn insert(connection: &Connection, file: &File) -> rusqlite::Result<()> {
    let row = params![
        file.id.as_bytes(),
        file.owner.0,
        file.name.as_str(),
        file.kind,
        signed(file.size),
        file.digest,
        signed(file.version),
        file.changed_by.0,
        file.created_at.millis(),
        file.changed_at.millis(),
    ];
    connection.prepare_cached(INSERT)?.execute(row).map(|_| ())
}

fn content(
    connection: &Connection,
    id: FileId,
    reader: UserId,
) -> rusqlite::Result<Option<(SeenFile, Vec<Blob>)>> {
    let mut statement = connection.prepare_cached(CONTENT)?;
    let mut found = statement.query(params![id.as_bytes(), reader.0])?;
    let mut content: Option<(SeenFile, Vec<Blob>)> = None;
    while let Some(row) = found.next()? {
        let (_, blobs) = match &mut content {
            Some(content) => content,
            None => content.insert((rows::seen_file(row)?, Vec::new())),
        };
        blobs.extend(joined_blob(row)?);
    }
    Ok(content)
}

/// The blob of a row of [`CONTENT`], if it has one.
fn joined_blob(row: &Row<'_>) -> rusqlite::Result<Option<Blob>> {
    let first = rows::SEEN_COLUMNS;
    let is_there = row.get_ref(first)?.as_blob_or_null()?.is_some();
    is_there.then(|| rows::blob(row, first)).transpose()
}

fn list(
    connection: &Connection,
    statement: &str,
    user: UserId,
    after: Option<ListPlace>,
    limit: u32,
) -> rusqlite::Result<Vec<SeenFile>> {
    // Nothing is later than the end of time.
    let (time, id) = after
        .map_or((i64::MAX, [0xff; 16]), |place| (place.created_at.millis(), *place.id.as_bytes()));
    connection
        .prepare_cached(statement)?
        .query_map(params![user.0, time, id, limit], rows::seen_file)?
        .collect()
}

fn replace(
    connection: &Connection,
    id: FileId,
    replacement: &Replacement,
    quota: &Quota,
    now: Timestamp,
) -> rusqlite::Result<Result<Option<File>, OverQuota>> {
    let Some(before) = by_id(connection, id)?.filter(|file| file.version == replacement.from)
    else {
        return Ok(Ok(None));
    };
    if !user_is_there(connection, before.owner)? {
        return Ok(Ok(None));
    }
    let Content { kind, blobs } = &replacement.content;
    let size = replacement.content.size();
    match quota.replace(usage(connection, before.owner)?, before.size, size) {
        Ok(after) => set_usage(connection, before.owner, after)?,
        Err(over) => return Ok(Err(over)),
    }
    connection.prepare_cached(REPLACE)?.execute(params![
        id.as_bytes(),
        signed(replacement.from),
        kind,
        signed(size),
        replacement.content.digest(),
        replacement.by.0,
        now.millis(),
    ])?;
    blobs::drop_of(connection, id.as_bytes(), now)?;
    blobs::add(connection, id.as_bytes(), blobs)?;
    by_id(connection, id).map(Ok)
}

fn by_id(connection: &Connection, id: FileId) -> rusqlite::Result<Option<File>> {
    connection.prepare_cached(BY_ID)?.query_row([id.as_bytes()], rows::file).optional()
}

fn delete(connection: &Connection, file: &File, now: Timestamp) -> rusqlite::Result<()> {
    blobs::drop_of(connection, file.id.as_bytes(), now)?;
    connection.prepare_cached(DELETE)?.execute([file.id.as_bytes()])?;
    give_back(connection, file.owner, file.size)
}

/// Counts another file of this size on the owner's quota.
fn reserve(
    connection: &Connection,
    owner: UserId,
    size: u64,
    quota: &Quota,
) -> rusqlite::Result<Result<(), NotKept>> {
    if !user_is_there(connection, owner)? {
        return Ok(Err(NotKept::NoOwner));
    }
    match quota.add(usage(connection, owner)?, size) {
        Ok(after) => set_usage(connection, owner, after).map(Ok),
        Err(over) => Ok(Err(over.into())),
    }
}

/// Takes back what was counted of a file of this size.
fn give_back(connection: &Connection, owner: UserId, size: u64) -> rusqlite::Result<()> {
    let after = usage(connection, owner)?.without(size);
    set_usage(connection, owner, after)
}

fn usage(connection: &Connection, owner: UserId) -> rusqlite::Result<Usage> {
    let read = |row: &Row<'_>| {
        Ok(Usage { bytes: rows::unsigned(row, 0)?, files: rows::unsigned(row, 1)? })
    };
    let found = connection.prepare_cached(USAGE)?.query_row([owner.0], read).optional()?;
    Ok(found.unwrap_or_default())
}

fn set_usage(connection: &Connection, owner: UserId, usage: Usage) -> rusqlite::Result<()> {
    let row = params![owner.0, signed(usage.bytes), signed(usage.files)];
    connection.prepare_cached(SET_USAGE)?.execute(row).map(|_| ())
}

fn user_is_there(connection: &Connection, user: UserId) -> rusqlite::Result<bool> {
    connection.prepare_cached(USER_IS_THERE)?.query_row([user.0], |row| row.get(0))
}
