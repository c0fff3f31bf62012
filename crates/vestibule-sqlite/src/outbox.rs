//! Mails that wait to be sent.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use vestibule_core::{store::StoreResult, time::Timestamp};
use vestibule_site::{
    outbox::{ClaimedMail, MailId, MailState, Next, OutboxEntry, OutgoingMail},
    store::{Outbox, OutboxQuery},
};

use crate::{SqliteStore, rows};

const INSERT: &str = "INSERT INTO mails (id, kind, user_id, recipient, sealed, state, tries, created_at, \
     gives_up_at, at, held_until) VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', 0, ?6, ?7, ?6, 0)";

pub(crate) const CLAIM: &str = "UPDATE mails SET holder = ?1, held_until = ?3, tries = tries + 1 WHERE id = \
     (SELECT id FROM mails WHERE state = 'waiting' AND at <= ?2 AND held_until <= ?2 ORDER BY at, id LIMIT 1) \
     RETURNING id, kind, user_id, recipient, sealed, created_at, gives_up_at, tries - 1";

pub(crate) const SENT: &str = "UPDATE mails SET state = 'sent', sealed = x'', at = ?3, holder = NULL, \
     held_until = 0 WHERE id = ?1 AND holder = ?2";

pub(crate) const FAILED: &str = "UPDATE mails SET state = ?3, at = ?4, last_error = ?5, holder = NULL, \
     held_until = 0 WHERE id = ?1 AND holder = ?2";

pub(crate) const NEXT: &str = "SELECT MIN(MAX(at, held_until)) FROM mails WHERE state = 'waiting'";

/// The columns that [`rows::mail`] reads, in its order.
macro_rules! columns {
    () => {
        "id, kind, user_id, recipient, state, tries, last_error, created_at, at"
    };
}

pub(crate) const BY_ID: &str = concat!("SELECT ", columns!(), " FROM mails WHERE id = ?1");

/// A page of the listing: of all, or of one user.
pub(crate) const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM mails WHERE (created_at, id) < (?1, ?2) AND (?3 IS NULL OR state = ?3) \
     ORDER BY created_at DESC, id DESC LIMIT ?4"
);

pub(crate) const LIST_OF_USER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM mails WHERE user_id = ?5 AND (created_at, id) < (?1, ?2) AND (?3 IS NULL OR state = ?3) \
     ORDER BY created_at DESC, id DESC LIMIT ?4"
);

pub(crate) const RETRY: &str = "UPDATE mails SET state = 'waiting', at = ?2, gives_up_at = ?3, \
     holder = NULL, held_until = 0 WHERE id = ?1 AND state <> 'sent' AND held_until <= ?2";

const GIVE_UP: &str = "UPDATE mails SET state = 'given_up', at = ?2, last_error = ?1, holder = NULL, \
     held_until = 0 WHERE state = 'waiting'";

pub(crate) const SEALED: &str =
    "SELECT id, sealed FROM mails WHERE id > ?1 AND state <> 'sent' ORDER BY id LIMIT ?2";

pub(crate) const RESEAL: &str = "UPDATE mails SET sealed = ?3 WHERE id = ?1 AND sealed = ?2";

pub(crate) const PURGE: &str = "DELETE FROM mails WHERE state <> 'waiting' AND at < ?1";

#[async_trait]
impl Outbox for SqliteStore {
    async fn enqueue_mail(&self, mail: &OutgoingMail) -> StoreResult<()> {
        let mail = mail.clone();
        self.write(move |connection| insert(connection, &mail)).await
    }

    async fn claim_mail(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<Option<ClaimedMail>> {
        let holder = holder.to_owned();
        self.write(move |connection| {
            let claim = params![holder, now.millis(), until.millis()];
            connection.prepare_cached(CLAIM)?.query_row(claim, rows::claimed_mail).optional()
        })
        .await
    }

    async fn mail_sent(&self, id: MailId, holder: &str, now: Timestamp) -> StoreResult<bool> {
        let holder = holder.to_owned();
        self.write(move |connection| {
            let sent = params![id.as_bytes(), holder, now.millis()];
            Ok(connection.prepare_cached(SENT)?.execute(sent)? == 1)
        })
        .await
    }

    async fn mail_failed(
        &self,
        id: MailId,
        holder: &str,
        reason: &str,
        next: Next,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let (holder, reason) = (holder.to_owned(), reason.to_owned());
        let (state, at) = match next {
            Next::TryAt(at) => (MailState::Waiting, at),
            Next::GiveUp => (MailState::GivenUp, now),
        };
        self.write(move |connection| {
            let failed = params![id.as_bytes(), holder, state.name(), at.millis(), reason];
            Ok(connection.prepare_cached(FAILED)?.execute(failed)? == 1)
        })
        .await
    }

    async fn next_mail_at(&self) -> StoreResult<Option<Timestamp>> {
        self.read(|connection| {
            let at = connection.prepare_cached(NEXT)?.query_row([], |row| row.get(0));
            at.map(|at: Option<i64>| at.map(Timestamp::from_millis))
        })
        .await
    }

    async fn mail(&self, id: MailId) -> StoreResult<Option<OutboxEntry>> {
        self.read(move |connection| {
            connection.prepare_cached(BY_ID)?.query_row([id.as_bytes()], rows::mail).optional()
        })
        .await
    }

    async fn outbox(&self, query: &OutboxQuery) -> StoreResult<Vec<OutboxEntry>> {
        let query = query.clone();
        self.read(move |connection| list(connection, &query)).await
    }

    async fn retry_mail(
        &self,
        id: MailId,
        now: Timestamp,
        gives_up_at: Timestamp,
    ) -> StoreResult<bool> {
        self.write(move |connection| retry(connection, id, now, gives_up_at)).await
    }

    async fn give_up_mails(&self, reason: &str, now: Timestamp) -> StoreResult<u64> {
        let reason = reason.to_owned();
        self.write(move |connection| {
            let given = params![reason, now.millis()];
            connection.prepare_cached(GIVE_UP)?.execute(given).map(|count| count as u64)
        })
        .await
    }

    async fn sealed_mails(
        &self,
        after: Option<MailId>,
        limit: u32,
    ) -> StoreResult<Vec<(MailId, Vec<u8>)>> {
        self.read(move |connection| {
            // No bytes at all come before every id.
            let after = after.map_or(Vec::new(), |id| id.as_bytes().to_vec());
            connection
                .prepare_cached(SEALED)?
                .query_map(params![after, limit], |row| {
                    Ok((MailId::from_bytes(row.get(0)?), row.get(1)?))
                })?
                .collect()
        })
        .await
    }

    async fn reseal_mail(&self, id: MailId, from: &[u8], to: &[u8]) -> StoreResult<bool> {
        let (from, to) = (from.to_vec(), to.to_vec());
        self.write(move |connection| {
            let given = params![id.as_bytes(), from, to];
            Ok(connection.prepare_cached(RESEAL)?.execute(given)? == 1)
        })
        .await
    }

    async fn purge_mails(&self, before: Timestamp) -> StoreResult<u64> {
        self.write(move |connection| {
            connection.prepare_cached(PURGE)?.execute([before.millis()]).map(|count| count as u64)
        })
        .await
    }
}

pub(crate) fn retry(
    connection: &Connection,
    id: MailId,
    now: Timestamp,
    gives_up_at: Timestamp,
) -> rusqlite::Result<bool> {
    let row = params![id.as_bytes(), now.millis(), gives_up_at.millis()];
    Ok(connection.prepare_cached(RETRY)?.execute(row)? == 1)
}

pub(crate) fn insert(connection: &Connection, mail: &OutgoingMail) -> rusqlite::Result<()> {
    let row = params![
        mail.id.as_bytes(),
        mail.kind,
        mail.user.map(|user| user.0),
        mail.recipient,
        mail.sealed,
        mail.created_at.millis(),
        mail.gives_up_at.millis(),
    ];
    connection.prepare_cached(INSERT)?.execute(row).map(|_| ())
}

fn list(connection: &Connection, query: &OutboxQuery) -> rusqlite::Result<Vec<OutboxEntry>> {
    // Without a place to go on from, before everything: no time and no id comes after these.
    let end = (Timestamp::from_millis(i64::MAX), MailId::from_bytes([u8::MAX; 16]));
    let (at, id) = query.after.unwrap_or(end);
    let state = query.state.map(MailState::name);
    match query.user {
        None => connection
            .prepare_cached(LIST)?
            .query_map(params![at.millis(), id.as_bytes(), state, query.limit], rows::mail)?
            .collect(),
        Some(user) => {
            let page = params![at.millis(), id.as_bytes(), state, query.limit, user.0];
            connection.prepare_cached(LIST_OF_USER)?.query_map(page, rows::mail)?.collect()
        }
    }
}
