//! Mails that wait to be sent.

use async_trait::async_trait;
use sqlx::PgConnection;
use vestibule_core::{store::StoreResult, time::Timestamp};
use vestibule_site::{
    outbox::{ClaimedMail, MailId, MailState, Next, OutboxEntry, OutgoingMail},
    store::{Outbox, OutboxQuery},
};

use crate::{PostgresStore, error::DbError, rows};

const INSERT: &str = "INSERT INTO mails (id, kind, user_id, recipient, sealed, state, tries, created_at, \
     gives_up_at, at, held_until) VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $7, $6, 0)";

/// Two nodes that look at once take two mails: neither waits for the other.
pub(crate) const CLAIM: &str = "WITH due AS MATERIALIZED ( \
     SELECT id FROM mails WHERE state = 'waiting' AND at <= $2 AND held_until <= $2 \
     ORDER BY at, id LIMIT 1 FOR UPDATE SKIP LOCKED) \
     UPDATE mails SET holder = $1, held_until = $3, tries = tries + 1 FROM due WHERE mails.id = due.id \
     RETURNING mails.id, kind, user_id, recipient, sealed, created_at, gives_up_at, tries - 1";

pub(crate) const SENT: &str = "UPDATE mails SET state = 'sent', sealed = '', at = $3, holder = NULL, \
     held_until = 0 WHERE id = $1 AND holder = $2";

pub(crate) const FAILED: &str = "UPDATE mails SET state = $3, at = $4, last_error = $5, holder = NULL, \
     held_until = 0 WHERE id = $1 AND holder = $2";

pub(crate) const NEXT: &str =
    "SELECT MIN(GREATEST(at, held_until)) FROM mails WHERE state = 'waiting'";

/// The columns that [`rows::mail`] reads, in its order.
macro_rules! columns {
    () => {
        "id, kind, user_id, recipient, state, tries, last_error, created_at, at"
    };
}

pub(crate) const BY_ID: &str = concat!("SELECT ", columns!(), " FROM mails WHERE id = $1");

/// A page of the listing: of all, or of one user.
pub(crate) const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM mails WHERE (created_at, id) < ($1, $2) AND ($3::text IS NULL OR state = $3) \
     ORDER BY created_at DESC, id DESC LIMIT $4"
);

pub(crate) const LIST_OF_USER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM mails WHERE user_id = $5 AND (created_at, id) < ($1, $2) AND ($3::text IS NULL OR state = $3) \
     ORDER BY created_at DESC, id DESC LIMIT $4"
);

pub(crate) const RETRY: &str = "UPDATE mails SET state = 'waiting', at = $2, gives_up_at = $3, \
     holder = NULL, held_until = 0 WHERE id = $1 AND state <> 'sent' AND held_until <= $2";

const GIVE_UP: &str = "UPDATE mails SET state = 'given_up', at = $2, last_error = $1, holder = NULL, \
     held_until = 0 WHERE state = 'waiting'";

const SEALED: &str =
    "SELECT id, sealed FROM mails WHERE id > $1 AND state <> 'sent' ORDER BY id LIMIT $2";

const RESEAL: &str = "UPDATE mails SET sealed = $3 WHERE id = $1 AND sealed = $2";

pub(crate) const PURGE: &str = "DELETE FROM mails WHERE state <> 'waiting' AND at < $1";

#[async_trait]
impl Outbox for PostgresStore {
    async fn enqueue_mail(&self, mail: &OutgoingMail) -> StoreResult<()> {
        self.write(mail.clone(), |mail, connection| Box::pin(insert(connection, mail))).await
    }

    async fn claim_mail(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<Option<ClaimedMail>> {
        self.write((holder.to_owned(), now, until), |(holder, now, until), connection| {
            Box::pin(async move {
                let claim = sqlx::query(CLAIM).bind(holder).bind(now.millis()).bind(until.millis());
                let row = claim.fetch_optional(connection).await?;
                row.as_ref().map(rows::claimed_mail).transpose()
            })
        })
        .await
    }

    async fn mail_sent(&self, id: MailId, holder: &str, now: Timestamp) -> StoreResult<bool> {
        self.write((id, holder.to_owned(), now), |(id, holder, now), connection| {
            Box::pin(async move {
                let sent = sqlx::query(SENT).bind(&id.as_bytes()[..]).bind(holder);
                let done = sent.bind(now.millis()).execute(connection).await?;
                Ok(done.rows_affected() == 1)
            })
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
        let (state, at) = match next {
            Next::TryAt(at) => (MailState::Waiting, at),
            Next::GiveUp => (MailState::GivenUp, now),
        };
        let given = (id, holder.to_owned(), state, at, reason.to_owned());
        self.write(given, |(id, holder, state, at, reason), connection| {
            Box::pin(async move {
                let failed = sqlx::query(FAILED).bind(&id.as_bytes()[..]).bind(holder);
                let failed = failed.bind(state.name()).bind(at.millis()).bind(reason);
                Ok(failed.execute(connection).await?.rows_affected() == 1)
            })
        })
        .await
    }

    async fn next_mail_at(&self) -> StoreResult<Option<Timestamp>> {
        self.read((), |(), connection| {
            Box::pin(async move {
                let row = sqlx::query(NEXT).fetch_one(connection).await?;
                let at: Option<i64> = rows::column(&row, 0)?;
                Ok(at.map(Timestamp::from_millis))
            })
        })
        .await
    }

    async fn mail(&self, id: MailId) -> StoreResult<Option<OutboxEntry>> {
        self.read(id, |id, connection| {
            Box::pin(async move {
                let found = sqlx::query(BY_ID).bind(&id.as_bytes()[..]);
                found.fetch_optional(connection).await?.as_ref().map(rows::mail).transpose()
            })
        })
        .await
    }

    async fn outbox(&self, query: &OutboxQuery) -> StoreResult<Vec<OutboxEntry>> {
        self.read(query.clone(), |query, connection| {
            Box::pin(async move {
                // Without a place to go on from, before everything: nothing comes after these.
                let end = (Timestamp::from_millis(i64::MAX), MailId::from_bytes([u8::MAX; 16]));
                let (at, id) = query.after.unwrap_or(end);
                let listed = sqlx::query(if query.user.is_some() { LIST_OF_USER } else { LIST })
                    .bind(at.millis())
                    .bind(id.as_bytes().to_vec())
                    .bind(query.state.map(MailState::name))
                    .bind(i64::from(query.limit));
                let listed = match query.user {
                    None => listed,
                    Some(user) => listed.bind(user.0),
                };
                rows::all(&listed.fetch_all(connection).await?, rows::mail)
            })
        })
        .await
    }

    async fn retry_mail(
        &self,
        id: MailId,
        now: Timestamp,
        gives_up_at: Timestamp,
    ) -> StoreResult<bool> {
        self.write((id, now, gives_up_at), |(id, now, gives_up_at), connection| {
            Box::pin(retry(connection, *id, *now, *gives_up_at))
        })
        .await
    }

    async fn give_up_mails(&self, reason: &str, now: Timestamp) -> StoreResult<u64> {
        self.write((reason.to_owned(), now), |(reason, now), connection| {
            Box::pin(async move {
                let give_up = sqlx::query(GIVE_UP).bind(&**reason).bind(now.millis());
                Ok(give_up.execute(connection).await?.rows_affected())
            })
        })
        .await
    }

    async fn sealed_mails(
        &self,
        after: Option<MailId>,
        limit: u32,
    ) -> StoreResult<Vec<(MailId, Vec<u8>)>> {
        self.read((after, limit), |(after, limit), connection| {
            Box::pin(async move {
                // No bytes at all come before every id.
                let after = after.map_or(Vec::new(), |id| id.as_bytes().to_vec());
                let sealed = sqlx::query(SEALED).bind(after).bind(i64::from(*limit));
                rows::all(&sealed.fetch_all(connection).await?, |row| {
                    Ok((rows::bytes(row, 0).map(MailId::from_bytes)?, rows::column(row, 1)?))
                })
            })
        })
        .await
    }

    async fn reseal_mail(&self, id: MailId, from: &[u8], to: &[u8]) -> StoreResult<bool> {
        self.write((id, from.to_vec(), to.to_vec()), |(id, from, to), connection| {
            Box::pin(async move {
                let reseal = sqlx::query(RESEAL).bind(&id.as_bytes()[..]);
                let reseal = reseal.bind(&from[..]).bind(&to[..]);
                Ok(reseal.execute(connection).await?.rows_affected() == 1)
            })
        })
        .await
    }

    async fn purge_mails(&self, before: Timestamp) -> StoreResult<u64> {
        self.write(before, |before, connection| {
            Box::pin(async move {
                let purge = sqlx::query(PURGE).bind(before.millis());
                Ok(purge.execute(connection).await?.rows_affected())
            })
        })
        .await
    }
}

pub(crate) async fn insert(
    connection: &mut PgConnection,
    mail: &OutgoingMail,
) -> Result<(), DbError> {
    sqlx::query(INSERT)
        .bind(&mail.id.as_bytes()[..])
        .bind(&mail.kind)
        .bind(mail.user.map(|user| user.0))
        .bind(&mail.recipient)
        .bind(&mail.sealed)
        .bind(mail.created_at.millis())
        .bind(mail.gives_up_at.millis())
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn retry(
    connection: &mut PgConnection,
    id: MailId,
    now: Timestamp,
    gives_up_at: Timestamp,
) -> Result<bool, DbError> {
    let retry = sqlx::query(RETRY).bind(&id.as_bytes()[..]);
    let retry = retry.bind(now.millis()).bind(gives_up_at.millis());
    Ok(retry.execute(connection).await?.rows_affected() == 1)
}
