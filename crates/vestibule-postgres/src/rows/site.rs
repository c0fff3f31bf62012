//! Rows of the site's tables.

use sqlx::postgres::PgRow;
use vestibule_core::{event::Event, id::UserId};
use vestibule_site::{
    file::{Blob, BlobKey, File, FileName, Upload},
    id::{FileId, UploadId},
    outbox::{ClaimedMail, MailId, OutboxEntry, OutgoingMail},
    store::{DayCount, Feedback, KeptEvent, NewFeedback, Offer, SeenFile, Share},
};

use super::{bytes, column, optional_session, optional_time, parsed, time, unsigned};
use crate::error::DbError;

/// The columns that [`feedback`] reads, in its order.
macro_rules! feedback_columns {
    () => {
        "id, at, user_id, email, text, address, agent, done_at"
    };
}

/// The columns that [`event`] reads, in its order.
macro_rules! event_columns {
    () => {
        "sequence, at, name, outcome, actor, subject, session_id, address, agent, request_id, details"
    };
}

/// The columns that [`upload`] reads, in its order.
macro_rules! upload_columns {
    () => {
        "uploads.id, uploads.owner, uploads.name, uploads.size, uploads.created_at, uploads.touched_at"
    };
}

/// How many columns [`upload`] reads.
pub(crate) const UPLOAD_COLUMNS: usize = 6;

/// The columns that [`seen_file`] reads, in its order, but for the last one, the reader's share: those of a file,
/// and its owner's name.
macro_rules! named_columns {
    () => {
        "files.id, files.owner, files.name, files.kind, files.size, files.digest, files.version, \
         files.changed_by, files.created_at, files.changed_at, users.username"
    };
}

/// How many columns [`seen_file`] reads.
pub(crate) const SEEN_COLUMNS: usize = 12;

/// The columns that [`file`] reads, in its order.
macro_rules! file_columns {
    () => {
        "id, owner, name, kind, size, digest, version, changed_by, created_at, changed_at"
    };
}

pub(crate) fn file(row: &PgRow) -> Result<File, DbError> {
    Ok(File {
        id: bytes(row, 0).map(FileId::from_bytes)?,
        owner: UserId(column(row, 1)?),
        name: file_name(row, 2)?,
        kind: column(row, 3)?,
        size: unsigned(row, 4)?,
        digest: bytes(row, 5)?,
        version: unsigned(row, 6)?,
        changed_by: UserId(column(row, 7)?),
        created_at: time(row, 8)?,
        changed_at: time(row, 9)?,
    })
}

pub(crate) fn seen_file(row: &PgRow) -> Result<SeenFile, DbError> {
    let share = column::<Option<&str>>(row, 11)?.map(str::parse).transpose();
    Ok(SeenFile {
        file: file(row)?,
        owner_name: column(row, 10)?,
        share: share.map_err(DbError::row)?,
    })
}

/// Reads `file_id, user_id, username, access`.
pub(crate) fn share(row: &PgRow) -> Result<Share, DbError> {
    Ok(Share {
        file: bytes(row, 0).map(FileId::from_bytes)?,
        user: UserId(column(row, 1)?),
        username: column(row, 2)?,
        access: parsed(row, 3)?,
    })
}

pub(crate) fn offer(row: &PgRow) -> Result<Offer, DbError> {
    Ok(Offer {
        file: bytes(row, 0).map(FileId::from_bytes)?,
        name: column(row, 1)?,
        access: parsed(row, 2)?,
    })
}

/// What has arrived lies elsewhere.
pub(crate) fn upload(row: &PgRow) -> Result<Upload, DbError> {
    Ok(Upload {
        id: bytes(row, 0).map(UploadId::from_bytes)?,
        owner: UserId(column(row, 1)?),
        name: file_name(row, 2)?,
        size: unsigned(row, 3)?,
        created_at: time(row, 4)?,
        touched_at: time(row, 5)?,
        blobs: Vec::new(),
    })
}

/// Reads `key, size, digest`, from the column `first` on.
pub(crate) fn blob(row: &PgRow, first: usize) -> Result<Blob, DbError> {
    Ok(Blob {
        key: bytes(row, first).map(BlobKey::from_bytes)?,
        size: unsigned(row, first + 1)?,
        digest: bytes(row, first + 2)?,
    })
}

pub(crate) fn event(row: &PgRow) -> Result<KeptEvent, DbError> {
    let user = |target| column::<Option<i64>>(row, target).map(|id| id.map(UserId));
    let event = Event {
        at: time(row, 1)?,
        name: parsed(row, 2)?,
        outcome: parsed(row, 3)?,
        actor: user(4)?,
        subject: user(5)?,
        session: optional_session(row, 6)?,
        address: column(row, 7)?,
        agent: column(row, 8)?,
        request_id: column(row, 9)?,
        details: serde_json::from_str(column(row, 10)?).map_err(DbError::row)?,
    };
    Ok(KeptEvent { sequence: unsigned(row, 0)?, event })
}

/// Reads `day, name, cause, count`.
pub(crate) fn day_count(row: &PgRow) -> Result<DayCount, DbError> {
    Ok(DayCount {
        day: column(row, 0)?,
        name: parsed(row, 1)?,
        cause: column(row, 2)?,
        count: unsigned(row, 3)?,
    })
}

pub(crate) fn feedback(row: &PgRow) -> Result<Feedback, DbError> {
    Ok(Feedback {
        id: column(row, 0)?,
        at: time(row, 1)?,
        content: NewFeedback {
            user: column::<Option<i64>>(row, 2)?.map(UserId),
            email: column(row, 3)?,
            text: column(row, 4)?,
            address: column(row, 5)?,
            agent: column(row, 6)?,
        },
        done_at: optional_time(row, 7)?,
    })
}

/// Reads `id, kind, user_id, recipient, sealed, created_at, gives_up_at` and the tries before this one.
pub(crate) fn claimed_mail(row: &PgRow) -> Result<ClaimedMail, DbError> {
    let mail = OutgoingMail {
        id: mail_id(row, 0)?,
        kind: column(row, 1)?,
        user: column::<Option<i64>>(row, 2)?.map(UserId),
        recipient: column(row, 3)?,
        sealed: column(row, 4)?,
        created_at: time(row, 5)?,
        gives_up_at: time(row, 6)?,
    };
    Ok(ClaimedMail { mail, tries: count(row, 7)? })
}

/// Reads `id, kind, user_id, recipient, state, tries, last_error, created_at, at`.
pub(crate) fn mail(row: &PgRow) -> Result<OutboxEntry, DbError> {
    Ok(OutboxEntry {
        id: mail_id(row, 0)?,
        kind: column(row, 1)?,
        user: column::<Option<i64>>(row, 2)?.map(UserId),
        recipient: column(row, 3)?,
        state: parsed(row, 4)?,
        tries: count(row, 5)?,
        last_error: column(row, 6)?,
        created_at: time(row, 7)?,
        at: time(row, 8)?,
    })
}

fn file_name(row: &PgRow, target: usize) -> Result<FileName, DbError> {
    FileName::parse(column(row, target)?).map_err(DbError::row)
}

fn mail_id(row: &PgRow, target: usize) -> Result<MailId, DbError> {
    bytes(row, target).map(MailId::from_bytes)
}

fn count(row: &PgRow, target: usize) -> Result<u32, DbError> {
    u32::try_from(column::<i32>(row, target)?).map_err(DbError::row)
}

pub(crate) use {event_columns, feedback_columns, file_columns, named_columns, upload_columns};
