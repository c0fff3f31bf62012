//! The catalogue of files of a store that can be taken away.

use async_trait::async_trait;
use vestibule_core::{
    file::{Blob, BlobKey, File, NewFile, OverQuota, Quota, ShareAccess, Upload, Usage},
    id::{FileId, UploadId, UserId},
    name::UserName,
    store::{
        FileCatalogue, ListPlace, NotKept, Offer, Replacement, SeenFile, Share, Shared, StoreResult,
    },
    time::Timestamp,
};

use super::FailingStore;

#[async_trait]
impl<S: FileCatalogue> FileCatalogue for FailingStore<S> {
    async fn create_file(
        &self,
        new: &NewFile,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<File, NotKept>> {
        self.up()?.create_file(new, quota, now).await
    }

    async fn file(&self, id: FileId, reader: UserId) -> StoreResult<Option<SeenFile>> {
        self.up()?.file(id, reader).await
    }

    async fn content(
        &self,
        id: FileId,
        reader: UserId,
    ) -> StoreResult<Option<(SeenFile, Vec<Blob>)>> {
        self.up()?.content(id, reader).await
    }

    async fn files_of(
        &self,
        owner: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.up()?.files_of(owner, after, limit).await
    }

    async fn files_offered_to(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.up()?.files_offered_to(reader, after, limit).await
    }

    async fn files_shared_with(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>> {
        self.up()?.files_shared_with(reader, after, limit).await
    }

    async fn replace_content(
        &self,
        id: FileId,
        replacement: &Replacement,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<Option<File>, OverQuota>> {
        self.up()?.replace_content(id, replacement, quota, now).await
    }

    async fn delete_file(
        &self,
        id: FileId,
        version: Option<u64>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.up()?.delete_file(id, version, now).await
    }

    async fn offer_file(
        &self,
        id: FileId,
        to: &UserName,
        access: ShareAccess,
        now: Timestamp,
    ) -> StoreResult<Shared> {
        self.up()?.offer_file(id, to, access, now).await
    }

    async fn accept_offer(&self, id: FileId, reader: UserId) -> StoreResult<bool> {
        self.up()?.accept_offer(id, reader).await
    }

    async fn withdraw_offer(&self, id: FileId, to: &UserName) -> StoreResult<bool> {
        self.up()?.withdraw_offer(id, to).await
    }

    async fn offers_of(&self, files: &[FileId]) -> StoreResult<Vec<Offer>> {
        self.up()?.offers_of(files).await
    }

    async fn share_file(
        &self,
        id: FileId,
        with: UserId,
        access: ShareAccess,
    ) -> StoreResult<Shared> {
        self.up()?.share_file(id, with, access).await
    }

    async fn unshare_file(&self, id: FileId, with: UserId) -> StoreResult<bool> {
        self.up()?.unshare_file(id, with).await
    }

    async fn shares_of(&self, files: &[FileId]) -> StoreResult<Vec<Share>> {
        self.up()?.shares_of(files).await
    }

    async fn file_usage(&self, owner: UserId) -> StoreResult<Usage> {
        self.up()?.file_usage(owner).await
    }

    async fn begin_upload(
        &self,
        upload: &Upload,
        quota: &Quota,
    ) -> StoreResult<Result<(), NotKept>> {
        self.up()?.begin_upload(upload, quota).await
    }

    async fn upload(&self, id: UploadId) -> StoreResult<Option<Upload>> {
        self.up()?.upload(id).await
    }

    async fn append_blob(
        &self,
        id: UploadId,
        offset: u64,
        blob: &Blob,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.up()?.append_blob(id, offset, blob, now).await
    }

    async fn finish_upload(
        &self,
        id: UploadId,
        file: FileId,
        kind: &str,
        now: Timestamp,
    ) -> StoreResult<Option<File>> {
        self.up()?.finish_upload(id, file, kind, now).await
    }

    async fn abandon_upload(&self, id: UploadId, now: Timestamp) -> StoreResult<bool> {
        self.up()?.abandon_upload(id, now).await
    }

    async fn expire_uploads(&self, before: Timestamp, now: Timestamp) -> StoreResult<u64> {
        self.up()?.expire_uploads(before, now).await
    }

    async fn dropped_blobs(&self, before: Timestamp, limit: u32) -> StoreResult<Vec<BlobKey>> {
        self.up()?.dropped_blobs(before, limit).await
    }

    async fn forget_blobs(&self, keys: &[BlobKey]) -> StoreResult<()> {
        self.up()?.forget_blobs(keys).await
    }

    async fn known_blobs(&self, keys: &[BlobKey]) -> StoreResult<Vec<BlobKey>> {
        self.up()?.known_blobs(keys).await
    }

    async fn has_blobs(&self) -> StoreResult<bool> {
        self.up()?.has_blobs().await
    }

    async fn mark_strays(
        &self,
        keys: &[BlobKey],
        now: Timestamp,
    ) -> StoreResult<Vec<(BlobKey, Timestamp)>> {
        self.up()?.mark_strays(keys, now).await
    }

    async fn forget_strays(&self, keys: &[BlobKey]) -> StoreResult<()> {
        self.up()?.forget_strays(keys).await
    }
}
