//! Files.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use vestibule_core::{
    id::UserId, memory::Accounts, name::UserName, store::StoreResult, time::Timestamp,
    user::UserStatus,
};

use super::MemoryStore;
use crate::{
    file::{
        Blob, BlobKey, Content, File, MAX_SHARES, NewFile, OverQuota, Quota, ShareAccess, Upload,
        Usage,
    },
    id::{FileId, UploadId},
    store::{FileCatalogue, ListPlace, NotKept, Offer, Replacement, SeenFile, Share, Shared},
};

/// The catalogue.
#[derive(Clone, Default)]
pub(super) struct Files {
    pub(super) rows: HashMap<FileId, Row>,
    shares: BTreeMap<(FileId, UserId), ShareAccess>,
    /// By the name as compared.
    offers: BTreeMap<(FileId, String), Offered>,
    pub(super) usages: HashMap<UserId, Usage>,
    pub(super) uploads: HashMap<UploadId, Upload>,
    dropped: BTreeMap<BlobKey, Timestamp>,
    strays: BTreeMap<BlobKey, Timestamp>,
}

#[derive(Clone)]
struct Offered {
    name: String,
    access: ShareAccess,
    made_at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Row {
    pub(super) file: File,
    pub(super) blobs: Vec<Blob>,
}

#[async_trait]
impl FileCatalogue for MemoryStore {
    async fn create_file(
        &self,
        new: &NewFile,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<File, NotKept>> {
        self.with_extension(|site, accounts| {
            if !is_there(accounts, new.owner) {
                return Ok(Err(NotKept::NoOwner));
            }
            let files = &mut site.files;
            let Content { kind, blobs } = &new.content;
            if let Err(over) = files.reserve(new.owner, new.content.size(), quota) {
                return Ok(Err(over.into()));
            }
            let file = File {
                id: new.id,
                owner: new.owner,
                name: new.name.clone(),
                kind: kind.clone(),
                size: new.content.size(),
                digest: new.content.digest(),
                version: 1,
                changed_by: new.owner,
                created_at: now,
                changed_at: now,
            };
            files.rows.insert(file.id, Row { file: file.clone(), blobs: blobs.clone() });
            Ok(Ok(file))
        })
    }

    async fn file(&self, id: FileId, reader: UserId) -> StoreResult<Option<SeenFile>> {
        self.with_extension(|site, accounts| {
            Ok(site.files.row(accounts, id).map(|row| site.files.seen(accounts, &row.file, reader)))
        })
    }

    async fn content(
        &self,
        id: FileId,
        reader: UserId,
    ) -> StoreResult<Option<(SeenFile, Vec<Blob>)>> {
        self.with_extension(|site, accounts| {
            Ok(site
                .files
                .row(accounts, id)
                .map(|row| (site.files.seen(accounts, &row.file, reader), row.blobs.clone())))
        })
    }

    async fn files_of(
        &self,
        owner: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.with_extension(|site, accounts| {
            Ok(site.files.list(accounts, owner, after, limit, |seen| seen.file.owner == owner))
        })
    }

    async fn files_offered_to(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.with_extension(|site, accounts| {
            Ok(site.files.list(accounts, reader, after, limit, |seen| {
                seen.share.is_some() && !site.files.shares.contains_key(&(seen.file.id, reader))
            }))
        })
    }

    async fn files_shared_with(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.with_extension(|site, accounts| {
            Ok(site.files.list(accounts, reader, after, limit, |seen| {
                site.files.shares.contains_key(&(seen.file.id, reader))
            }))
        })
    }

    async fn replace_content(
        &self,
        id: FileId,
        replacement: &Replacement,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<Option<File>, OverQuota>> {
        self.with_extension(|site, accounts| {
            if site.files.row(accounts, id).is_none() {
                return Ok(Ok(None));
            }
            let Files { rows, usages, dropped, .. } = &mut site.files;
            let Some(row) = rows.get_mut(&id).filter(|row| row.file.version == replacement.from)
            else {
                return Ok(Ok(None));
            };
            let usage = usages.entry(row.file.owner).or_default();
            let content = &replacement.content;
            match quota.replace(*usage, row.file.size, content.size()) {
                Ok(after) => *usage = after,
                Err(over) => return Ok(Err(over)),
            }
            dropped.extend(row.blobs.iter().map(|blob| (blob.key, now)));
            row.blobs.clone_from(&content.blobs);
            row.file.kind.clone_from(&content.kind);
            row.file.size = content.size();
            row.file.digest = content.digest();
            row.file.version += 1;
            row.file.changed_by = replacement.by;
            row.file.changed_at = now;
            Ok(Ok(Some(row.file.clone())))
        })
    }

    async fn delete_file(
        &self,
        id: FileId,
        version: Option<u64>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.with_extension(|site, _| {
            let files = &mut site.files;
            let fits = |row: &Row| version.is_none_or(|version| row.file.version == version);
            Ok(files.rows.get(&id).is_some_and(fits) && files.delete(id, now))
        })
    }

    async fn offer_file(
        &self,
        id: FileId,
        to: &UserName,
        access: ShareAccess,
        now: Timestamp,
    ) -> StoreResult<Shared> {
        self.with_extension(|site, accounts| {
            if !site.files.rows.contains_key(&id) {
                return Ok(Shared::Nobody);
            }
            let named = accounts.named(to.key());
            let Files { shares, offers, .. } = &mut site.files;
            if let Some(share) = named.and_then(|user| shares.get_mut(&(id, user))) {
                *share = access;
                return Ok(Shared::Done);
            }
            let key = (id, to.key().to_owned());
            let others = shares.keys().filter(|(file, _)| *file == id).count()
                + offers.keys().filter(|other| other.0 == id && **other != key).count();
            if u32::try_from(others).unwrap_or(u32::MAX) >= MAX_SHARES {
                return Ok(Shared::TooMany);
            }
            let name = to.as_str().to_owned();
            offers.insert(key, Offered { name, access, made_at: now });
            Ok(Shared::Done)
        })
    }

    async fn accept_offer(&self, id: FileId, reader: UserId) -> StoreResult<bool> {
        self.with_extension(|site, accounts| {
            let Some((key, offered)) = site.files.offer(accounts, id, reader) else {
                return Ok(false);
            };
            site.files.offers.remove(&key);
            site.files.shares.insert((id, reader), offered.access);
            Ok(true)
        })
    }

    async fn withdraw_offer(&self, id: FileId, to: &UserName) -> StoreResult<bool> {
        self.with_extension(|site, _| {
            Ok(site.files.offers.remove(&(id, to.key().to_owned())).is_some())
        })
    }

    async fn offers_of(&self, files: &[FileId]) -> StoreResult<Vec<Offer>> {
        self.with_extension(|site, _| {
            let all = || site.files.offers.iter();
            let of = |wanted: &FileId| {
                let wanted = *wanted;
                all().filter(move |((file, _), _)| *file == wanted)
            };
            let offer = |((file, _), offered): (&(FileId, String), &Offered)| Offer {
                file: *file,
                name: offered.name.clone(),
                access: offered.access,
            };
            Ok(files.iter().flat_map(of).map(offer).collect())
        })
    }

    async fn share_file(
        &self,
        id: FileId,
        with: UserId,
        access: ShareAccess,
    ) -> StoreResult<Shared> {
        self.with_extension(|site, accounts| {
            if !is_there(accounts, with) || !site.files.rows.contains_key(&id) {
                return Ok(Shared::Nobody);
            }
            let shares = &mut site.files.shares;
            let others = shares.keys().filter(|(file, user)| *file == id && *user != with).count();
            if u32::try_from(others).unwrap_or(u32::MAX) >= MAX_SHARES {
                return Ok(Shared::TooMany);
            }
            shares.insert((id, with), access);
            Ok(Shared::Done)
        })
    }

    async fn unshare_file(&self, id: FileId, with: UserId) -> StoreResult<bool> {
        self.with_extension(|site, _| Ok(site.files.shares.remove(&(id, with)).is_some()))
    }

    async fn shares_of(&self, files: &[FileId]) -> StoreResult<Vec<Share>> {
        self.with_extension(|site, accounts| {
            let all = || site.files.shares.iter();
            let of = |wanted: &FileId| {
                let wanted = *wanted;
                all().filter(move |((file, _), _)| *file == wanted)
            };
            Ok(files
                .iter()
                .flat_map(of)
                .filter(|((_, user), _)| is_there(accounts, *user))
                .map(|((file, user), access)| Share {
                    file: *file,
                    user: *user,
                    username: name_of(accounts, *user),
                    access: *access,
                })
                .collect())
        })
    }

    async fn file_usage(&self, owner: UserId) -> StoreResult<Usage> {
        self.with_extension(|site, _| {
            Ok(site.files.usages.get(&owner).copied().unwrap_or_default())
        })
    }

    async fn begin_upload(
        &self,
        upload: &Upload,
        quota: &Quota,
    ) -> StoreResult<Result<(), NotKept>> {
        self.with_extension(|site, accounts| {
            if !is_there(accounts, upload.owner) {
                return Ok(Err(NotKept::NoOwner));
            }
            Ok(site.files.begin(upload, quota).map_err(NotKept::from))
        })
    }

    async fn upload(&self, id: UploadId) -> StoreResult<Option<Upload>> {
        self.with_extension(|site, _| Ok(site.files.uploads.get(&id).cloned()))
    }

    async fn append_blob(
        &self,
        id: UploadId,
        offset: u64,
        blob: &Blob,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.with_extension(|site, _| Ok(site.files.append(id, offset, blob, now)))
    }

    async fn finish_upload(
        &self,
        id: UploadId,
        file: FileId,
        kind: &str,
        now: Timestamp,
    ) -> StoreResult<Option<File>> {
        self.with_extension(|site, _| Ok(site.files.finish(id, file, kind, now)))
    }

    async fn abandon_upload(&self, id: UploadId, now: Timestamp) -> StoreResult<bool> {
        self.with_extension(|site, _| Ok(site.files.abandon(id, now)))
    }

    async fn expire_uploads(&self, before: Timestamp, now: Timestamp) -> StoreResult<u64> {
        self.with_extension(|site, _| Ok(site.files.expire(before, now)))
    }

    async fn dropped_blobs(&self, before: Timestamp, limit: u32) -> StoreResult<Vec<BlobKey>> {
        self.with_extension(|site, _| {
            let mut dropped: Vec<_> =
                site.files.dropped.iter().filter(|(_, at)| **at < before).collect();
            dropped.sort_by_key(|(_, at)| **at);
            dropped.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(dropped.into_iter().map(|(key, _)| *key).collect())
        })
    }

    async fn forget_blobs(&self, keys: &[BlobKey]) -> StoreResult<()> {
        self.with_extension(|site, _| {
            for key in keys {
                site.files.dropped.remove(key);
            }
            Ok(())
        })
    }

    async fn known_blobs(&self, keys: &[BlobKey]) -> StoreResult<Vec<BlobKey>> {
        self.with_extension(|site, _| {
            let Files { rows, uploads, dropped, .. } = &site.files;
            let of_files = rows.values().flat_map(|row| &row.blobs);
            let of_uploads = uploads.values().flat_map(|upload| &upload.blobs);
            let held = of_files.chain(of_uploads).map(|blob| blob.key);
            let known = held.chain(dropped.keys().copied());
            Ok(known.filter(|key| keys.contains(key)).collect())
        })
    }

    async fn has_blobs(&self) -> StoreResult<bool> {
        self.with_extension(|site, _| {
            let Files { rows, uploads, dropped, .. } = &site.files;
            let of_files = rows.values().flat_map(|row| &row.blobs);
            let of_uploads = uploads.values().flat_map(|upload| &upload.blobs);
            Ok(of_files.chain(of_uploads).next().is_some() || !dropped.is_empty())
        })
    }

    async fn mark_strays(
        &self,
        keys: &[BlobKey],
        now: Timestamp,
    ) -> StoreResult<Vec<(BlobKey, Timestamp)>> {
        self.with_extension(|site, _| {
            let mark = |key: &BlobKey| (*key, *site.files.strays.entry(*key).or_insert(now));
            Ok(keys.iter().map(mark).collect())
        })
    }

    async fn forget_strays(&self, keys: &[BlobKey]) -> StoreResult<()> {
        self.with_extension(|site, _| {
            for key in keys {
                site.files.strays.remove(key);
            }
            Ok(())
        })
    }
}

impl Files {
    /// Counts another file of this size on the owner's quota.
    pub(super) fn reserve(
        &mut self,
        owner: UserId,
        size: u64,
        quota: &Quota,
    ) -> Result<(), OverQuota> {
        let usage = self.usages.entry(owner).or_default();
        *usage = quota.add(*usage, size)?;
        Ok(())
    }

    /// Takes back what was counted of a file of this size.
    pub(super) fn give_back(&mut self, owner: UserId, size: u64) {
        if let Some(usage) = self.usages.get_mut(&owner) {
            *usage = usage.without(size);
        }
    }

    pub(super) fn drop_blobs(&mut self, blobs: &[Blob], now: Timestamp) {
        self.dropped.extend(blobs.iter().map(|blob| (blob.key, now)));
    }

    fn delete(&mut self, id: FileId, now: Timestamp) -> bool {
        let Some(row) = self.rows.remove(&id) else {
            return false;
        };
        self.shares.retain(|(file, _), _| *file != id);
        self.offers.retain(|(file, _), _| *file != id);
        self.give_back(row.file.owner, row.file.size);
        self.drop_blobs(&row.blobs, now);
        true
    }

    /// Deletes everything of a user.
    pub(super) fn leave(&mut self, user: UserId, name: &str, now: Timestamp) {
        let files = self.rows.values().filter(|row| row.file.owner == user);
        for id in files.map(|row| row.file.id).collect::<Vec<_>>() {
            self.delete(id, now);
        }
        let uploads = self.uploads.values().filter(|upload| upload.owner == user);
        for id in uploads.map(|upload| upload.id).collect::<Vec<_>>() {
            self.abandon(id, now);
        }
        self.shares.retain(|(_, with), _| *with != user);
        self.offers.retain(|(_, to), _| to != name);
        self.usages.remove(&user);
    }

    fn seen(&self, accounts: &Accounts<'_>, file: &File, reader: UserId) -> SeenFile {
        let offered = || self.offer(accounts, file.id, reader).map(|(_, offered)| offered.access);
        SeenFile {
            file: file.clone(),
            owner_name: name_of(accounts, file.owner),
            share: self.shares.get(&(file.id, reader)).copied().or_else(offered),
        }
    }

    /// What is offered to the reader, by the name that they have, and that they had when it was offered.
    fn offer(
        &self,
        accounts: &Accounts<'_>,
        id: FileId,
        reader: UserId,
    ) -> Option<((FileId, String), Offered)> {
        let key = (id, accounts.name_key(reader)?.to_owned());
        let offered = self.offers.get(&key)?;
        let is_theirs = offered.made_at >= accounts.user(reader)?.created_at;
        is_theirs.then(|| (key, offered.clone()))
    }

    /// The file, unless its owner's account is deleted: then it is nobody's to see.
    fn row(&self, accounts: &Accounts<'_>, id: FileId) -> Option<&Row> {
        self.rows.get(&id).filter(|row| is_there(accounts, row.file.owner))
    }

    fn list(
        &self,
        accounts: &Accounts<'_>,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
        wanted: impl Fn(&SeenFile) -> bool,
    ) -> Vec<SeenFile> {
        let there = self.rows.values().filter(|row| is_there(accounts, row.file.owner));
        let files = there.map(|row| self.seen(accounts, &row.file, reader));
        let mut files: Vec<_> = files
            .filter(|seen| wanted(seen) && after.is_none_or(|after| seen.place() < after))
            .collect();
        files.sort_by_key(|seen| std::cmp::Reverse(seen.place()));
        files.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        files
    }
}

fn is_there(accounts: &Accounts<'_>, user: UserId) -> bool {
    accounts.user(user).is_some_and(|user| user.status != UserStatus::Deleted)
}

fn name_of(accounts: &Accounts<'_>, user: UserId) -> String {
    accounts.user(user).map(|user| user.username.clone()).unwrap_or_default()
}
