//! The traits of a site's store, for a store that can be taken away.

use async_trait::async_trait;
use vestibule_core::{
    event::Event, id::UserId, name::UserName, store::StoreResult, time::Timestamp,
};
use vestibule_site::{
    file::{Blob, BlobKey, File, NewFile, OverQuota, Quota, ShareAccess, Upload, Usage},
    id::{FileId, UploadId},
    outbox::{ClaimedMail, MailId, Next, OutboxEntry, OutgoingMail},
    store::{
        AuditTrail, DayCount, EventQuery, Feedback, FeedbackBox, FeedbackQuery, Figures,
        FileCatalogue, KeptEvent, ListPlace, NewFeedback, NotKept, Offer, Outbox, OutboxQuery,
        Replacement, SeenFile, Share, Shared,
    },
};

use super::FailingStore;

delegate! {
    Outbox through up:
    fn enqueue_mail(mail: &OutgoingMail) -> ();
    fn claim_mail(holder: &str, now: Timestamp, until: Timestamp) -> Option<ClaimedMail>;
    fn mail_sent(id: MailId, holder: &str, now: Timestamp) -> bool;
    fn mail_failed(id: MailId, holder: &str, reason: &str, next: Next, now: Timestamp) -> bool;
    fn next_mail_at() -> Option<Timestamp>;
    fn mail(id: MailId) -> Option<OutboxEntry>;
    fn outbox(query: &OutboxQuery) -> Vec<OutboxEntry>;
    fn retry_mail(id: MailId, now: Timestamp, gives_up_at: Timestamp) -> bool;
    fn give_up_mails(reason: &str, now: Timestamp) -> u64;
    fn sealed_mails(after: Option<MailId>, limit: u32) -> Vec<(MailId, Vec<u8>)>;
    fn reseal_mail(id: MailId, from: &[u8], to: &[u8]) -> bool;
    fn purge_mails(before: Timestamp) -> u64;
}

delegate! {
    FileCatalogue through up:
    fn create_file(new: &NewFile, quota: &Quota, now: Timestamp) -> Result<File, NotKept>;
    fn file(id: FileId, reader: UserId) -> Option<SeenFile>;
    fn content(id: FileId, reader: UserId) -> Option<(SeenFile, Vec<Blob>)>;
    fn files_of(owner: UserId, after: Option<ListPlace>, limit: u32) -> Vec<SeenFile>;
    fn files_offered_to(reader: UserId, after: Option<ListPlace>, limit: u32) -> Vec<SeenFile>;
    fn files_shared_with(reader: UserId, after: Option<ListPlace>, limit: u32) -> Vec<SeenFile>;
    fn replace_content(id: FileId, replacement: &Replacement, quota: &Quota, now: Timestamp)
        -> Result<Option<File>, OverQuota>;
    fn delete_file(id: FileId, version: Option<u64>, now: Timestamp) -> bool;
    fn offer_file(id: FileId, to: &UserName, access: ShareAccess, now: Timestamp) -> Shared;
    fn accept_offer(id: FileId, reader: UserId) -> bool;
    fn withdraw_offer(id: FileId, to: &UserName) -> bool;
    fn offers_of(files: &[FileId]) -> Vec<Offer>;
    fn share_file(id: FileId, with: UserId, access: ShareAccess) -> Shared;
    fn unshare_file(id: FileId, with: UserId) -> bool;
    fn shares_of(files: &[FileId]) -> Vec<Share>;
    fn file_usage(owner: UserId) -> Usage;
    fn begin_upload(upload: &Upload, quota: &Quota) -> Result<(), NotKept>;
    fn upload(id: UploadId) -> Option<Upload>;
    fn append_blob(id: UploadId, offset: u64, blob: &Blob, now: Timestamp) -> bool;
    fn finish_upload(id: UploadId, file: FileId, kind: &str, now: Timestamp) -> Option<File>;
    fn abandon_upload(id: UploadId, now: Timestamp) -> bool;
    fn expire_uploads(before: Timestamp, now: Timestamp) -> u64;
    fn dropped_blobs(before: Timestamp, limit: u32) -> Vec<BlobKey>;
    fn forget_blobs(keys: &[BlobKey]) -> ();
    fn known_blobs(keys: &[BlobKey]) -> Vec<BlobKey>;
    fn has_blobs() -> bool;
    fn mark_strays(keys: &[BlobKey], now: Timestamp) -> Vec<(BlobKey, Timestamp)>;
    fn forget_strays(keys: &[BlobKey]) -> ();
}

delegate! {
    AuditTrail through up:
    fn append_events(events: &[Event]) -> ();
    fn events(query: &EventQuery) -> Vec<KeptEvent>;
    fn event_counts(from: i64, to: i64) -> Vec<DayCount>;
    fn figures(now: Timestamp) -> Figures;
    fn purge_events(before: Timestamp, limit: u32) -> u64;
}

delegate! {
    FeedbackBox through up:
    fn add_feedback(new: &NewFeedback, now: Timestamp) -> Feedback;
    fn feedback(query: &FeedbackQuery) -> Vec<Feedback>;
    fn feedback_of(user: UserId, before: Option<i64>, limit: u32) -> Vec<Feedback>;
    fn settle_feedback(id: i64, is_done: bool, now: Timestamp) -> Option<Feedback>;
    fn waiting_feedback() -> u64;
}
