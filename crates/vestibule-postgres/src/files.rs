//! The catalogue of files.
//!
//! Whoever changes something locks, in this order: the row of a user, of a file or an upload, and of a usage.
//! So nobody waits for each other in a circle, and who deletes an account waits for those who add to it.

pub(crate) mod blobs;
pub(crate) mod lists;
pub(crate) mod offers;
pub(crate) mod shares;
mod strays;
pub(crate) mod uploads;
pub(crate) mod usage;

use async_trait::async_trait;
use sqlx::{PgConnection, postgres::PgRow};
use vestibule_core::{id::UserId, name::UserName, store::StoreResult, time::Timestamp};
use vestibule_site::{
    file::{Blob, BlobKey, File, NewFile, OverQuota, Quota, ShareAccess, Upload, Usage},
    id::{FileId, UploadId},
    store::{FileCatalogue, ListPlace, NotKept, Offer, Replacement, SeenFile, Share, Shared},
};

use crate::{
    PostgresStore,
    error::DbError,
    rows::{self, file_columns, named_columns, signed},
};

/// With what the reader, `$2`, may do.
pub(crate) const SELECT: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", COALESCE(shares.access, offers.access) FROM files JOIN users ON users.id = files.owner \
     LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = $2 \
     LEFT JOIN users AS reader ON reader.id = $2 \
     LEFT JOIN offers ON offers.file_id = files.id AND offers.name_key = reader.username_key \
     AND offers.made_at >= reader.created_at \
     WHERE files.id = $1 AND users.status <> 'deleted'"
);

/// One statement, so that file and blobs are those of one moment. A file without blobs is one row as well.
pub(crate) const CONTENT: &str = concat!(
    "SELECT ",
    named_columns!(),
    ", COALESCE(shares.access, offers.access), blobs.key, blobs.size, blobs.digest FROM files JOIN users ON users.id = files.owner \
     LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = $2 \
     LEFT JOIN users AS reader ON reader.id = $2 \
     LEFT JOIN offers ON offers.file_id = files.id AND offers.name_key = reader.username_key \
     AND offers.made_at >= reader.created_at \
     LEFT JOIN blobs ON blobs.holder = files.id \
     WHERE files.id = $1 AND users.status <> 'deleted' ORDER BY blobs.first_byte"
);

const INSERT: &str = concat!(
    "INSERT INTO files (",
    file_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
);

/// Nobody else changes or deletes it until the end of the transaction.
pub(crate) const HOLD: &str =
    concat!("SELECT ", file_columns!(), " FROM files WHERE id = $1 FOR UPDATE");

pub(crate) const REPLACE: &str = concat!(
    "UPDATE files SET kind = $2, size = $3, digest = $4, version = version + 1, changed_by = $5, \
     changed_at = $6 WHERE id = $1 RETURNING ",
    file_columns!()
);

pub(crate) const DELETE: &str = "DELETE FROM files WHERE id = $1";

/// Nobody deletes the account until the end of the transaction; whoever is just doing so is waited for.
pub(crate) const HOLD_USER: &str =
    "SELECT id FROM users WHERE id = $1 AND status <> 'deleted' FOR SHARE";

/// Asked without holding the account, which whoever holds a file must not wait for.
pub(crate) const USER_IS_THERE: &str =
    "SELECT EXISTS (SELECT FROM users WHERE id = $1 AND status <> 'deleted')";

#[async_trait]
impl FileCatalogue for PostgresStore {
    async fn create_file(
        &self,
        new: &NewFile,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<File, NotKept>> {
        self.transact((new.clone(), *quota, now), |(new, quota, now), connection| {
            Box::pin(create(connection, new, quota, *now))
        })
        .await
    }

    async fn file(&self, id: FileId, reader: UserId) -> StoreResult<Option<SeenFile>> {
        self.read((id, reader), |(id, reader), connection| {
            Box::pin(async move {
                let wanted = sqlx::query(SELECT).bind(&id.as_bytes()[..]).bind(reader.0);
                wanted.fetch_optional(connection).await?.as_ref().map(rows::seen_file).transpose()
            })
        })
        .await
    }

    async fn content(
        &self,
        id: FileId,
        reader: UserId,
    ) -> StoreResult<Option<(SeenFile, Vec<Blob>)>> {
        self.read((id, reader), |(id, reader), connection| {
            Box::pin(async move {
                let wanted = sqlx::query(CONTENT).bind(&id.as_bytes()[..]).bind(reader.0);
                content(&wanted.fetch_all(connection).await?)
            })
        })
        .await
    }

    async fn files_of(
        &self,
        owner: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.list(lists::OF_OWNER, owner, after, limit).await
    }

    async fn files_offered_to(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.list(lists::OFFERED_TO, reader, after, limit).await
    }

    async fn files_shared_with(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.list(lists::SHARED_WITH, reader, after, limit).await
    }

    async fn replace_content(
        &self,
        id: FileId,
        replacement: &Replacement,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<Option<File>, OverQuota>> {
        let given = (id, replacement.clone(), *quota, now);
        self.transact(given, |(id, replacement, quota, now), connection| {
            Box::pin(replace(connection, *id, replacement, quota, *now))
        })
        .await
    }

    async fn delete_file(
        &self,
        id: FileId,
        version: Option<u64>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.transact((id, version, now), |(id, version, now), connection| {
            Box::pin(delete(connection, *id, *version, *now))
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
        self.transact((id, to.clone(), access, now), |(id, to, access, now), connection| {
            Box::pin(offers::make(connection, *id, to, *access, *now))
        })
        .await
    }

    async fn accept_offer(&self, id: FileId, reader: UserId) -> StoreResult<bool> {
        self.transact((id, reader), |(id, reader), connection| {
            Box::pin(offers::accept(connection, *id, *reader))
        })
        .await
    }

    async fn withdraw_offer(&self, id: FileId, to: &UserName) -> StoreResult<bool> {
        self.write((id, to.clone()), |(id, to), connection| {
            Box::pin(offers::withdraw(connection, *id, to))
        })
        .await
    }

    async fn offers_of(&self, files: &[FileId]) -> StoreResult<Vec<Offer>> {
        self.read(files.to_vec(), |files, connection| Box::pin(offers::of(connection, files))).await
    }

    async fn share_file(
        &self,
        id: FileId,
        with: UserId,
        access: ShareAccess,
    ) -> StoreResult<Shared> {
        self.transact((id, with, access), |(id, with, access), connection| {
            Box::pin(shares::set(connection, *id, *with, *access))
        })
        .await
    }

    async fn unshare_file(&self, id: FileId, with: UserId) -> StoreResult<bool> {
        self.write((id, with), |(id, with), connection| {
            Box::pin(shares::remove(connection, *id, *with))
        })
        .await
    }

    async fn shares_of(&self, files: &[FileId]) -> StoreResult<Vec<Share>> {
        self.read(files.to_vec(), |files, connection| Box::pin(shares::of(connection, files))).await
    }

    async fn file_usage(&self, owner: UserId) -> StoreResult<Usage> {
        self.read(owner, |owner, connection| Box::pin(usage::read(connection, usage::READ, *owner)))
            .await
    }

    async fn begin_upload(
        &self,
        upload: &Upload,
        quota: &Quota,
    ) -> StoreResult<Result<(), NotKept>> {
        self.transact((upload.clone(), *quota), |(upload, quota), connection| {
            Box::pin(uploads::begin(connection, upload, quota))
        })
        .await
    }

    async fn upload(&self, id: UploadId) -> StoreResult<Option<Upload>> {
        self.read(id, |id, connection| Box::pin(uploads::read(connection, *id))).await
    }

    async fn append_blob(
        &self,
        id: UploadId,
        offset: u64,
        blob: &Blob,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.transact((id, offset, *blob, now), |(id, offset, blob, now), connection| {
            Box::pin(uploads::append(connection, *id, *offset, blob, *now))
        })
        .await
    }

    async fn finish_upload(
        &self,
        id: UploadId,
        file: FileId,
        kind: &str,
        now: Timestamp,
    ) -> StoreResult<Option<File>> {
        self.transact((id, file, kind.to_owned(), now), |(id, file, kind, now), connection| {
            Box::pin(uploads::finish(connection, *id, *file, kind, *now))
        })
        .await
    }

    async fn abandon_upload(&self, id: UploadId, now: Timestamp) -> StoreResult<bool> {
        self.transact((id, now), |(id, now), connection| {
            Box::pin(uploads::abandon(connection, *id, None, *now))
        })
        .await
    }

    async fn expire_uploads(&self, before: Timestamp, now: Timestamp) -> StoreResult<u64> {
        let old = self.read(before, |before, connection| {
            Box::pin(uploads::touched_before(connection, *before))
        });
        let mut count = 0;
        // One by one: somebody may be adding to one of them, or giving it up.
        for id in old.await? {
            let given_up = self.transact((id, before, now), |(id, before, now), connection| {
                Box::pin(uploads::abandon(connection, *id, Some(*before), *now))
            });
            count += u64::from(given_up.await?);
        }
        Ok(count)
    }

    async fn dropped_blobs(&self, before: Timestamp, limit: u32) -> StoreResult<Vec<BlobKey>> {
        self.read((before, limit), |(before, limit), connection| {
            Box::pin(blobs::dropped(connection, *before, *limit))
        })
        .await
    }

    async fn forget_blobs(&self, keys: &[BlobKey]) -> StoreResult<()> {
        self.write(keys.to_vec(), |keys, connection| Box::pin(blobs::forget(connection, keys)))
            .await
    }

    async fn known_blobs(&self, keys: &[BlobKey]) -> StoreResult<Vec<BlobKey>> {
        self.read(keys.to_vec(), |keys, connection| Box::pin(blobs::known(connection, keys))).await
    }

    async fn has_blobs(&self) -> StoreResult<bool> {
        self.read((), |(), connection| Box::pin(blobs::any(connection))).await
    }

    async fn mark_strays(
        &self,
        keys: &[BlobKey],
        now: Timestamp,
    ) -> StoreResult<Vec<(BlobKey, Timestamp)>> {
        self.write((keys.to_vec(), now), |(keys, now), connection| {
            Box::pin(strays::mark(connection, keys, *now))
        })
        .await
    }

    async fn forget_strays(&self, keys: &[BlobKey]) -> StoreResult<()> {
        self.write(keys.to_vec(), |keys, connection| Box::pin(strays::forget(connection, keys)))
            .await
    }
}

async fn create(
    connection: &mut PgConnection,
    new: &NewFile,
    quota: &Quota,
    now: Timestamp,
) -> Result<Result<File, NotKept>, DbError> {
    if let Err(refused) = usage::reserve(connection, new.owner, new.content.size(), quota).await? {
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
    insert(connection, &file).await?;
    blobs::add(connection, file.id.as_bytes(), 0, &new.content.blobs).await?;
    Ok(Ok(file))
}

async fn insert(connection: &mut PgConnection, file: &File) -> Result<(), DbError> {
    sqlx::query(INSERT)
        .bind(&file.id.as_bytes()[..])
        .bind(file.owner.0)
        .bind(file.name.as_str())
        .bind(&*file.kind)
        .bind(signed(file.size))
        .bind(&file.digest[..])
        .bind(signed(file.version))
        .bind(file.changed_by.0)
        .bind(file.created_at.millis())
        .bind(file.changed_at.millis())
        .execute(connection)
        .await?;
    Ok(())
}

/// What the rows of [`CONTENT`] say.
fn content(rows: &[PgRow]) -> Result<Option<(SeenFile, Vec<Blob>)>, DbError> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut blobs = Vec::new();
    for row in rows {
        if rows::column::<Option<&[u8]>>(row, rows::SEEN_COLUMNS)?.is_some() {
            blobs.push(rows::blob(row, rows::SEEN_COLUMNS)?);
        }
    }
    Ok(Some((rows::seen_file(first)?, blobs)))
}

async fn replace(
    connection: &mut PgConnection,
    id: FileId,
    replacement: &Replacement,
    quota: &Quota,
    now: Timestamp,
) -> Result<Result<Option<File>, OverQuota>, DbError> {
    let Some(before) = hold(connection, id).await?.filter(|file| file.version == replacement.from)
    else {
        return Ok(Ok(None));
    };
    let is_there = sqlx::query(USER_IS_THERE).bind(before.owner.0);
    if !rows::column(&is_there.fetch_one(&mut *connection).await?, 0)? {
        return Ok(Ok(None));
    }
    let (content, size) = (&replacement.content, replacement.content.size());
    let usage = usage::read(connection, usage::HOLD, before.owner).await?;
    match quota.replace(usage, before.size, size) {
        Ok(after) => usage::set(connection, before.owner, after).await?,
        Err(over) => return Ok(Err(over)),
    }
    blobs::drop_of(connection, id.as_bytes(), now).await?;
    blobs::add(connection, id.as_bytes(), 0, &content.blobs).await?;
    let replaced = sqlx::query(REPLACE)
        .bind(&id.as_bytes()[..])
        .bind(&*content.kind)
        .bind(signed(size))
        .bind(&content.digest()[..])
        .bind(replacement.by.0)
        .bind(now.millis())
        .fetch_one(connection)
        .await?;
    Ok(Ok(Some(rows::file(&replaced)?)))
}

async fn delete(
    connection: &mut PgConnection,
    id: FileId,
    version: Option<u64>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let fits = |file: &File| version.is_none_or(|version| file.version == version);
    let Some(file) = hold(connection, id).await?.filter(fits) else {
        return Ok(false);
    };
    blobs::drop_of(connection, id.as_bytes(), now).await?;
    sqlx::query(DELETE).bind(&id.as_bytes()[..]).execute(&mut *connection).await?;
    usage::give_back(connection, file.owner, file.size).await?;
    Ok(true)
}

async fn hold(connection: &mut PgConnection, id: FileId) -> Result<Option<File>, DbError> {
    let held = sqlx::query(HOLD).bind(&id.as_bytes()[..]).fetch_optional(connection).await?;
    held.as_ref().map(rows::file).transpose()
}

async fn hold_user(connection: &mut PgConnection, user: UserId) -> Result<bool, DbError> {
    let held = sqlx::query(HOLD_USER).bind(user.0).fetch_optional(connection).await?;
    Ok(held.is_some())
}
