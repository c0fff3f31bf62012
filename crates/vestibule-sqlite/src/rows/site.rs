//! Rows of the site's tables.

use rusqlite::Row;
use vestibule_core::{
    event::Event,
    id::{SessionId, UserId},
};
use vestibule_site::{
    file::{Blob, BlobKey, File, FileName, Upload},
    id::{FileId, UploadId},
    outbox::{ClaimedMail, MailId, OutboxEntry, OutgoingMail},
    store::{DayCount, Feedback, KeptEvent, NewFeedback, Offer, SeenFile, Share},
};

use super::{optional_time, parsed, time, unreadable, unsigned};

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

/// The columns that [`seen_file`] reads, in its order, but for the last one, the reader's share: those of a file,
/// and its owner's name.
macro_rules! named_columns {
    () => {
        "files.id, files.owner, files.name, files.kind, files.size, files.digest, files.version, \
         files.changed_by, files.created_at, files.changed_at, users.username"
    };
}

/// How many they are.
pub(crate) const SEEN_COLUMNS: usize = 12;

/// Reads `id, owner, name, kind, size, digest, version, changed_by, created_at, changed_at`.
pub(crate) fn file(row: &Row<'_>) -> rusqlite::Result<File> {
    Ok(File {
        id: row.get(0).map(FileId::from_bytes)?,
        owner: UserId(row.get(1)?),
        name: file_name(row, 2)?,
        kind: row.get(3)?,
        size: unsigned(row, 4)?,
        digest: row.get(5)?,
        version: unsigned(row, 6)?,
        changed_by: UserId(row.get(7)?),
        created_at: time(row, 8)?,
        changed_at: time(row, 9)?,
    })
}

pub(crate) fn seen_file(row: &Row<'_>) -> rusqlite::Result<SeenFile> {
    let share = row.get_ref(11)?.as_str_or_null()?.map(str::parse).transpose();
    Ok(SeenFile {
        file: file(row)?,
        owner_name: row.get(10)?,
        share: share.map_err(|cause| unreadable(11, cause))?,
    })
}

/// Reads `file_id, user_id, username, access`.
pub(crate) fn share(row: &Row<'_>) -> rusqlite::Result<Share> {
    Ok(Share {
        file: row.get(0).map(FileId::from_bytes)?,
        user: UserId(row.get(1)?),
        username: row.get(2)?,
        access: parsed(row, 3)?,
    })
}

/// Reads `file_id, name, access`.
pub(crate) fn offer(row: &Row<'_>) -> rusqlite::Result<Offer> {
    Ok(Offer {
        file: row.get(0).map(FileId::from_bytes)?,
        name: row.get(1)?,
        access: parsed(row, 2)?,
    })
}

/// Reads `id, owner, name, size, created_at, touched_at`; what has arrived lies elsewhere.
pub(crate) fn upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: row.get(0).map(UploadId::from_bytes)?,
        owner: UserId(row.get(1)?),
        name: file_name(row, 2)?,
        size: unsigned(row, 3)?,
        created_at: time(row, 4)?,
        touched_at: time(row, 5)?,
        blobs: Vec::new(),
    })
}

/// Reads `key, size, digest`, from the column `first` on.
pub(crate) fn blob(row: &Row<'_>, first: usize) -> rusqlite::Result<Blob> {
    Ok(Blob {
        key: row.get(first).map(BlobKey::from_bytes)?,
        size: unsigned(row, first + 1)?,
        digest: row.get(first + 2)?,
    })
}

pub(crate) fn event(row: &Row<'_>) -> rusqlite::Result<KeptEvent> {
    let user = |column| row.get::<_, Option<i64>>(column).map(|id| id.map(UserId));
    let event = Event {
        name: parsed(row, 2)?,
        at: time(row, 1)?,
        outcome: parsed(row, 3)?,
        actor: user(4)?,
        subject: user(5)?,
        session: row.get::<_, Option<[u8; 16]>>(6)?.map(SessionId::from_bytes),
        address: row.get(7)?,
        agent: row.get(8)?,
        request_id: row.get(9)?,
        details: serde_json::from_str(row.get_ref(10)?.as_str()?)
            .map_err(|cause| unreadable(10, cause))?,
    };
    Ok(KeptEvent { sequence: unsigned(row, 0)?, event })
}

/// Reads `day, name, cause, count`.
pub(crate) fn day_count(row: &Row<'_>) -> rusqlite::Result<DayCount> {
    Ok(DayCount {
        day: row.get(0)?,
        name: parsed(row, 1)?,
        cause: row.get(2)?,
        count: unsigned(row, 3)?,
    })
}

pub(crate) fn feedback(row: &Row<'_>) -> rusqlite::Result<Feedback> {
    Ok(Feedback {
        id: row.get(0)?,
        at: time(row, 1)?,
        content: NewFeedback {
            user: row.get::<_, Option<i64>>(2)?.map(UserId),
            email: row.get(3)?,
            text: row.get(4)?,
            address: row.get(5)?,
            agent: row.get(6)?,
        },
        done_at: optional_time(row, 7)?,
    })
}

/// Reads `id, kind, user_id, recipient, sealed, created_at, gives_up_at` and the tries before this one.
pub(crate) fn claimed_mail(row: &Row<'_>) -> rusqlite::Result<ClaimedMail> {
    let mail = OutgoingMail {
        id: row.get(0).map(MailId::from_bytes)?,
        kind: row.get(1)?,
        user: row.get::<_, Option<i64>>(2)?.map(UserId),
        recipient: row.get(3)?,
        sealed: row.get(4)?,
        created_at: time(row, 5)?,
        gives_up_at: time(row, 6)?,
    };
    Ok(ClaimedMail { mail, tries: row.get(7)? })
}

/// Reads `id, kind, user_id, recipient, state, tries, last_error, created_at, at`.
pub(crate) fn mail(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    Ok(OutboxEntry {
        id: row.get(0).map(MailId::from_bytes)?,
        kind: row.get(1)?,
        user: row.get::<_, Option<i64>>(2)?.map(UserId),
        recipient: row.get(3)?,
        state: parsed(row, 4)?,
        tries: row.get(5)?,
        last_error: row.get(6)?,
        created_at: time(row, 7)?,
        at: time(row, 8)?,
    })
}

fn file_name(row: &Row<'_>, column: usize) -> rusqlite::Result<FileName> {
    FileName::parse(row.get_ref(column)?.as_str()?).map_err(|cause| unreadable(column, cause))
}

pub(crate) use {event_columns, feedback_columns, named_columns};
