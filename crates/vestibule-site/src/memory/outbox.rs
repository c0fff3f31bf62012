//! Mails that wait to be sent.

use std::cmp::Reverse;

use async_trait::async_trait;
use vestibule_core::{store::StoreResult, time::Timestamp};

use super::{MemoryStore, SiteTables};
use crate::{
    outbox::{ClaimedMail, MailId, MailState, Next, OutboxEntry, OutgoingMail},
    store::{Outbox, OutboxQuery},
};

#[derive(Clone)]
pub(super) struct Row {
    pub(super) mail: OutgoingMail,
    state: MailState,
    tries: u32,
    last_error: Option<String>,
    at: Timestamp,
    claim: Option<(String, Timestamp)>,
}

impl Row {
    fn is_claimed(&self, now: Timestamp) -> bool {
        self.claim.as_ref().is_some_and(|(_, until)| now < *until)
    }

    fn is_held_by(&self, holder: &str) -> bool {
        self.claim.as_ref().is_some_and(|(held_by, _)| held_by == holder)
    }

    fn end(&mut self, state: MailState, now: Timestamp) {
        self.state = state;
        self.at = now;
        self.claim = None;
    }

    fn entry(&self) -> OutboxEntry {
        OutboxEntry {
            id: self.mail.id,
            kind: self.mail.kind.clone(),
            user: self.mail.user,
            recipient: self.mail.recipient.clone(),
            state: self.state,
            tries: self.tries,
            last_error: self.last_error.clone(),
            created_at: self.mail.created_at,
            at: self.at,
        }
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn enqueue_mail(&self, mail: &OutgoingMail) -> StoreResult<()> {
        self.with_extension(|site, _| site.enqueue_mail(mail.clone()));
        Ok(())
    }

    async fn claim_mail(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<Option<ClaimedMail>> {
        self.with_extension(|site, _| {
            let due = site.mails.values_mut().filter(|row| {
                row.state == MailState::Waiting && row.at <= now && !row.is_claimed(now)
            });
            Ok(due.min_by_key(|row| (row.at, row.mail.id)).map(|row| {
                row.claim = Some((holder.to_owned(), until));
                row.tries += 1;
                ClaimedMail { mail: row.mail.clone(), tries: row.tries - 1 }
            }))
        })
    }

    async fn mail_sent(&self, id: MailId, holder: &str, now: Timestamp) -> StoreResult<bool> {
        self.with_extension(|site, _| {
            let Some(row) = site.mails.get_mut(&id).filter(|row| row.is_held_by(holder)) else {
                return Ok(false);
            };
            row.end(MailState::Sent, now);
            row.mail.sealed = Vec::new();
            Ok(true)
        })
    }

    async fn mail_failed(
        &self,
        id: MailId,
        holder: &str,
        reason: &str,
        next: Next,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.with_extension(|site, _| {
            let Some(row) = site.mails.get_mut(&id).filter(|row| row.is_held_by(holder)) else {
                return Ok(false);
            };
            match next {
                Next::TryAt(at) => row.end(MailState::Waiting, at),
                Next::GiveUp => row.end(MailState::GivenUp, now),
            }
            row.last_error = Some(reason.to_owned());
            Ok(true)
        })
    }

    async fn next_mail_at(&self) -> StoreResult<Option<Timestamp>> {
        self.with_extension(|site, _| {
            let waiting = site.mails.values().filter(|row| row.state == MailState::Waiting);
            let when =
                |row: &Row| row.claim.as_ref().map_or(row.at, |(_, until)| row.at.max(*until));
            Ok(waiting.map(when).min())
        })
    }

    async fn mail(&self, id: MailId) -> StoreResult<Option<OutboxEntry>> {
        Ok(self.with_extension(|site, _| site.mails.get(&id).map(Row::entry)))
    }

    async fn outbox(&self, query: &OutboxQuery) -> StoreResult<Vec<OutboxEntry>> {
        self.with_extension(|site, _| {
            let place = |row: &Row| (row.mail.created_at, row.mail.id);
            let mut rows: Vec<_> = site
                .mails
                .values()
                .filter(|row| query.state.is_none_or(|state| row.state == state))
                .filter(|row| query.user.is_none_or(|user| row.mail.user == Some(user)))
                .filter(|row| query.after.is_none_or(|after| place(row) < after))
                .collect();
            rows.sort_by_key(|row| Reverse(place(row)));
            let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
            Ok(rows.into_iter().take(limit).map(Row::entry).collect())
        })
    }

    async fn retry_mail(
        &self,
        id: MailId,
        now: Timestamp,
        gives_up_at: Timestamp,
    ) -> StoreResult<bool> {
        Ok(self.with_extension(|site, _| site.retry_mail(id, now, gives_up_at)))
    }

    async fn give_up_mails(&self, reason: &str, now: Timestamp) -> StoreResult<u64> {
        self.with_extension(|site, _| {
            let mut count = 0;
            for row in site.mails.values_mut() {
                if row.state == MailState::Waiting {
                    row.end(MailState::GivenUp, now);
                    row.last_error = Some(reason.to_owned());
                    count += 1;
                }
            }
            Ok(count)
        })
    }

    async fn sealed_mails(
        &self,
        after: Option<MailId>,
        limit: u32,
    ) -> StoreResult<Vec<(MailId, Vec<u8>)>> {
        self.with_extension(|site, _| {
            let mut sealed: Vec<_> = site
                .mails
                .values()
                .filter(|row| {
                    row.state != MailState::Sent && after.is_none_or(|after| row.mail.id > after)
                })
                .map(|row| (row.mail.id, row.mail.sealed.clone()))
                .collect();
            sealed.sort_unstable();
            sealed.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(sealed)
        })
    }

    async fn reseal_mail(&self, id: MailId, from: &[u8], to: &[u8]) -> StoreResult<bool> {
        self.with_extension(|site, _| {
            let Some(row) = site.mails.get_mut(&id).filter(|row| row.mail.sealed == from) else {
                return Ok(false);
            };
            row.mail.sealed = to.to_vec();
            Ok(true)
        })
    }

    async fn purge_mails(&self, before: Timestamp) -> StoreResult<u64> {
        self.with_extension(|site, _| {
            let count = site.mails.len();
            site.mails.retain(|_, row| row.state == MailState::Waiting || row.at >= before);
            Ok((count - site.mails.len()) as u64)
        })
    }
}

impl SiteTables {
    pub(super) fn enqueue_mail(&mut self, mail: OutgoingMail) {
        let row = Row {
            state: MailState::Waiting,
            tries: 0,
            last_error: None,
            at: mail.created_at,
            claim: None,
            mail,
        };
        self.mails.insert(row.mail.id, row);
    }

    /// Has a mail tried again, if it was not sent and nobody is sending it.
    pub(super) fn retry_mail(
        &mut self,
        id: MailId,
        now: Timestamp,
        gives_up_at: Timestamp,
    ) -> bool {
        let can_retry = |row: &&mut Row| row.state != MailState::Sent && !row.is_claimed(now);
        let Some(row) = self.mails.get_mut(&id).filter(can_retry) else { return false };
        row.end(MailState::Waiting, now);
        row.mail.gives_up_at = gives_up_at;
        true
    }
}
