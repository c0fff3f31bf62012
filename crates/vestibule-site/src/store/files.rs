//! The catalogue of files: which there are, whose they are, and which blobs they consist of.

use async_trait::async_trait;
use vestibule_core::{id::UserId, name::UserName, store::StoreResult, time::Timestamp};

use crate::{
    file::{
        Access, Blob, BlobKey, Content, File, NewFile, OverQuota, Quota, ShareAccess, Upload,
        Usage, access,
    },
    id::{FileId, UploadId},
};

/// The catalogue of files. It lies where the users lie: it gives their names. The files of an account that is
/// deleted, and what is shared with it, are there for nobody until the account comes back; where it is erased
/// ([`Erasure`](vestibule_core::store::Erasure)), the same transaction deletes them.
///
/// What an operation takes away from a file or an upload becomes a *dropped* blob: it stays in the catalogue
/// until it has been removed from where it lies ([`FileCatalogue::dropped_blobs`],
/// [`FileCatalogue::forget_blobs`]).
#[async_trait]
pub trait FileCatalogue: Send + Sync + 'static {
    /// Writes a new file, version 1, where its owner is not deleted and their quota admits it, which is
    /// checked in the same transaction.
    async fn create_file(
        &self,
        new: &NewFile,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<File, NotKept>>;

    /// The file, with what `reader` may do with it.
    async fn file(&self, id: FileId, reader: UserId) -> StoreResult<Option<SeenFile>>;

    /// The same with the blobs of its present content, in their order, as they are at one moment.
    async fn content(
        &self,
        id: FileId,
        reader: UserId,
    ) -> StoreResult<Option<(SeenFile, Vec<Blob>)>>;

    /// A person's own files, the latest first: by when they were made, then by their ids, both downwards.
    /// Those behind `after`, at most `limit`.
    async fn files_of(
        &self,
        owner: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>>;

    /// The files that others have offered to share with `reader` and that they have not accepted yet, in the same
    /// order.
    async fn files_offered_to(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>>;

    /// The files that others share with `reader`, in the same order.
    async fn files_shared_with(
        &self,
        reader: UserId,
        after: Option<ListPlace>,
        limit: u32,
    ) -> StoreResult<Vec<SeenFile>>;

    /// Puts another content in the place of that of version [`Replacement::from`], where that is still the
    /// present one and the owner's quota admits it: one compare-and-set on one row. The version grows by one.
    ///
    /// `None` where it is no longer so, or there is no such file.
    async fn replace_content(
        &self,
        id: FileId,
        replacement: &Replacement,
        quota: &Quota,
        now: Timestamp,
    ) -> StoreResult<Result<Option<File>, OverQuota>>;

    /// Deletes a file with its shares; where a version is given, only while that is the present one. `false`
    /// where it is not, or there is no such file.
    async fn delete_file(
        &self,
        id: FileId,
        version: Option<u64>,
        now: Timestamp,
    ) -> StoreResult<bool>;

    /// Offers to share a file with whoever has this user name, or nobody, or changes for what. Until it is
    /// accepted it is in no list of theirs; whoever knows the file's id sees it already. An account that is
    /// younger than the offer has none by it. A share with somebody of that name is changed instead.
    ///
    /// Whether the name is somebody's makes no difference to what is done and given.
    async fn offer_file(
        &self,
        id: FileId,
        to: &UserName,
        access: ShareAccess,
        now: Timestamp,
    ) -> StoreResult<Shared>;

    /// Makes a share of an offer; `false` where there is none to `reader`.
    async fn accept_offer(&self, id: FileId, reader: UserId) -> StoreResult<bool>;

    /// Takes an offer to this name back; `false` where there is none.
    async fn withdraw_offer(&self, id: FileId, to: &UserName) -> StoreResult<bool>;

    /// To whom these files are offered, in the order of the files and then of the names as compared.
    async fn offers_of(&self, files: &[FileId]) -> StoreResult<Vec<Offer>>;

    /// Shares a file with a user other than its owner who is not deleted, or changes for what it is shared with
    /// them.
    async fn share_file(
        &self,
        id: FileId,
        with: UserId,
        access: ShareAccess,
    ) -> StoreResult<Shared>;

    /// Shares a file no longer with a user; `false` where it was not.
    async fn unshare_file(&self, id: FileId, with: UserId) -> StoreResult<bool>;

    /// With whom these files are shared, in the order of the files and then of the users' numbers.
    async fn shares_of(&self, files: &[FileId]) -> StoreResult<Vec<Share>>;

    /// What a person's files and uploads take together.
    async fn file_usage(&self, owner: UserId) -> StoreResult<Usage>;

    /// Begins an upload to which nothing has arrived yet, where its owner is not deleted and their quota
    /// admits its whole size.
    async fn begin_upload(
        &self,
        upload: &Upload,
        quota: &Quota,
    ) -> StoreResult<Result<(), NotKept>>;

    /// The upload.
    async fn upload(&self, id: UploadId) -> StoreResult<Option<Upload>>;

    /// Adds a blob to an upload, where exactly `offset` bytes have arrived and it does not go beyond the
    /// size: one compare-and-set on one row. `false` where it is not so.
    async fn append_blob(
        &self,
        id: UploadId,
        offset: u64,
        blob: &Blob,
        now: Timestamp,
    ) -> StoreResult<bool>;

    /// Makes a file of an upload to which everything has arrived. `None` where it has not, or there is no
    /// such upload.
    async fn finish_upload(
        &self,
        id: UploadId,
        file: FileId,
        kind: &str,
        now: Timestamp,
    ) -> StoreResult<Option<File>>;

    /// Gives up an upload; `false` where there is none.
    async fn abandon_upload(&self, id: UploadId, now: Timestamp) -> StoreResult<bool>;

    /// Gives up the uploads to which nothing has arrived since `before`, and says how many.
    async fn expire_uploads(&self, before: Timestamp, now: Timestamp) -> StoreResult<u64>;

    /// Blobs that were dropped before `before`, those that were dropped first, at most `limit`.
    async fn dropped_blobs(&self, before: Timestamp, limit: u32) -> StoreResult<Vec<BlobKey>>;

    /// Forgets dropped blobs that have been removed from where they lay. One that is not dropped stays.
    async fn forget_blobs(&self, keys: &[BlobKey]) -> StoreResult<()>;

    /// Those of these blobs that the catalogue knows, dropped ones included, in no order.
    async fn known_blobs(&self, keys: &[BlobKey]) -> StoreResult<Vec<BlobKey>>;

    /// Whether the catalogue knows any blob, dropped ones included.
    async fn has_blobs(&self) -> StoreResult<bool>;

    /// Notes that these blobs were found at `now` where contents lie, and are not known. A mark that is there
    /// stays. Gives since when each of them is marked, in no order.
    async fn mark_strays(
        &self,
        keys: &[BlobKey],
        now: Timestamp,
    ) -> StoreResult<Vec<(BlobKey, Timestamp)>>;

    /// Takes marks away.
    async fn forget_strays(&self, keys: &[BlobKey]) -> StoreResult<()>;
}

/// A file was not taken into the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// Its owner's files would take more than they may.
    #[error(transparent)]
    OverQuota(#[from] OverQuota),
    /// Its owner is deleted, or was never there.
    #[error("the account that would own the file is deleted")]
    NoOwner,
}

/// A file as somebody comes to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFile {
    /// The file.
    pub file: File,
    /// The present user name of its owner.
    pub owner_name: String,
    /// For what it is shared with the reader, or offered to them; `None` for its owner.
    pub share: Option<ShareAccess>,
}

impl SeenFile {
    /// What `reader`, for whom it was read, may do with it.
    #[must_use]
    pub fn access(&self, reader: UserId) -> Option<Access> {
        access(self.file.owner, reader, self.share)
    }

    /// Where it stands in a list.
    #[must_use]
    pub const fn place(&self) -> ListPlace {
        ListPlace { created_at: self.file.created_at, id: self.file.id }
    }
}

/// Where a file stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListPlace {
    /// When it was made.
    pub created_at: Timestamp,
    /// Which.
    pub id: FileId,
}

/// Another content for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The version whose place it takes.
    pub from: u64,
    /// The content.
    pub content: Content,
    /// Who wrote it.
    pub by: UserId,
}

/// What became of sharing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// It is shared.
    Done,
    /// There is no such file or user.
    Nobody,
    /// It is shared with [`crate::file::MAX_SHARES`] others already.
    TooMany,
}

/// To whom a file is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which file.
    pub file: FileId,
    /// The user name as typed, whether it is somebody's or not.
    pub name: String,
    /// For what.
    pub access: ShareAccess,
}

/// With whom a file is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which file.
    pub file: FileId,
    /// With whom.
    pub user: UserId,
    /// Their present user name.
    pub username: String,
    /// For what.
    pub access: ShareAccess,
}
