//! The one-time tokens, the mails and the erasure of a store that can be taken away.

use async_trait::async_trait;
use vestibule_core::{
    id::UserId,
    one_time::{OneTime, Purpose, TokenKey},
    outbox::{ClaimedMail, MailId, Next, OutboxEntry, OutgoingMail},
    store::{Erasure, OneTimeTokens, Outbox, OutboxQuery, StoreResult},
    time::Timestamp,
};

use super::FailingStore;

#[async_trait]
impl<S: OneTimeTokens> OneTimeTokens for FailingStore<S> {
    async fn put_one_time(&self, token: &OneTime) -> StoreResult<()> {
        self.up()?.put_one_time(token).await
    }

    async fn one_time(&self, key: &TokenKey) -> StoreResult<Option<OneTime>> {
        self.up()?.one_time(key).await
    }

    async fn one_time_of(&self, user: UserId, purpose: Purpose) -> StoreResult<Option<OneTime>> {
        self.up()?.one_time_of(user, purpose).await
    }

    async fn use_one_time(&self, key: &TokenKey, now: Timestamp) -> StoreResult<Option<OneTime>> {
        self.up()?.use_one_time(key, now).await
    }

    async fn drop_one_time(&self, user: UserId) -> StoreResult<()> {
        self.up()?.drop_one_time(user).await
    }

    async fn drop_all_one_time(&self) -> StoreResult<u64> {
        self.up()?.drop_all_one_time().await
    }

    async fn purge_one_time(&self, before: Timestamp) -> StoreResult<u64> {
        self.up()?.purge_one_time(before).await
    }
}

#[async_trait]
impl<S: Outbox> Outbox for FailingStore<S> {
    async fn enqueue_mail(&self, mail: &OutgoingMail) -> StoreResult<()> {
        self.up()?.enqueue_mail(mail).await
    }

    async fn claim_mail(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<Option<ClaimedMail>> {
        self.up()?.claim_mail(holder, now, until).await
    }

    async fn mail_sent(&self, id: MailId, holder: &str, now: Timestamp) -> StoreResult<bool> {
        self.up()?.mail_sent(id, holder, now).await
    }

    async fn mail_failed(
        &self,
        id: MailId,
        holder: &str,
        reason: &str,
        next: Next,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.up()?.mail_failed(id, holder, reason, next, now).await
    }

    async fn next_mail_at(&self) -> StoreResult<Option<Timestamp>> {
        self.up()?.next_mail_at().await
    }

    async fn mail(&self, id: MailId) -> StoreResult<Option<OutboxEntry>> {
        self.up()?.mail(id).await
    }

    async fn outbox(&self, query: &OutboxQuery) -> StoreResult<Vec<OutboxEntry>> {
        self.up()?.outbox(query).await
    }

    async fn retry_mail(
        &self,
        id: MailId,
        now: Timestamp,
        gives_up_at: Timestamp,
    ) -> StoreResult<bool> {
        self.up()?.retry_mail(id, now, gives_up_at).await
    }

    async fn give_up_mails(&self, reason: &str, now: Timestamp) -> StoreResult<u64> {
        self.up()?.give_up_mails(reason, now).await
    }

    async fn sealed_mails(
        &self,
        after: Option<MailId>,
        limit: u32,
    ) -> StoreResult<Vec<(MailId, Vec<u8>)>> {
        self.up()?.sealed_mails(after, limit).await
    }

    async fn reseal_mail(&self, id: MailId, from: &[u8], to: &[u8]) -> StoreResult<bool> {
        self.up()?.reseal_mail(id, from, to).await
    }

    async fn purge_mails(&self, before: Timestamp) -> StoreResult<u64> {
        self.up()?.purge_mails(before).await
    }
}

#[async_trait]
impl<S: Erasure> Erasure for FailingStore<S> {
    async fn erase_deleted(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Vec<UserId>> {
        self.up()?.erase_deleted(before, limit, now).await
    }
}
