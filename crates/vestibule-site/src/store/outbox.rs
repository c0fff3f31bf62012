//! Mails that wait to be sent.

use async_trait::async_trait;
use vestibule_core::{id::UserId, store::StoreResult, time::Timestamp};

use crate::outbox::{ClaimedMail, MailId, MailState, Next, OutboxEntry, OutgoingMail};

/// Keeps mails until they are sent (see [`crate::outbox`]).
///
/// Whoever sends a mail claims it first. A claim ends by itself, so that a mail outlives the node that was
/// about to send it; until then nobody else gets it.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Keeps a mail, due at once.
    async fn enqueue_mail(&self, mail: &OutgoingMail) -> StoreResult<()>;

    /// Takes the mail that is due at `now` for the longest time and that nobody holds, for `holder` until
    /// `until`. Its tries are counted from here, also where nobody hears of them any more.
    async fn claim_mail(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<Option<ClaimedMail>>;

    /// The mail server has taken a mail that `holder` holds: its content goes at once.
    ///
    /// `false` where `holder` does not hold it (any more).
    async fn mail_sent(&self, id: MailId, holder: &str, now: Timestamp) -> StoreResult<bool>;

    /// A try failed of a mail that `holder` holds: why, and what follows. A mail that is given up keeps its
    /// content until it is purged.
    ///
    /// `false` where `holder` does not hold it (any more).
    async fn mail_failed(
        &self,
        id: MailId,
        holder: &str,
        reason: &str,
        next: Next,
        now: Timestamp,
    ) -> StoreResult<bool>;

    /// When the next mail is due that nobody holds, or the first claim ends.
    async fn next_mail_at(&self) -> StoreResult<Option<Timestamp>>;

    /// What became of one mail.
    async fn mail(&self, id: MailId) -> StoreResult<Option<OutboxEntry>>;

    /// Mails, the newest first.
    async fn outbox(&self, query: &OutboxQuery) -> StoreResult<Vec<OutboxEntry>>;

    /// Has a mail tried again at once, that waits or was given up, until `gives_up_at`.
    ///
    /// `false` where there is none, it was sent, or it is being tried right now.
    async fn retry_mail(
        &self,
        id: MailId,
        now: Timestamp,
        gives_up_at: Timestamp,
    ) -> StoreResult<bool>;

    /// Gives up all mails that wait, for this reason, and says how many.
    async fn give_up_mails(&self, reason: &str, now: Timestamp) -> StoreResult<u64>;

    /// The contents of mails that have not been sent, as they are sealed, in the order of the mails' ids: those
    /// behind `after`, at most `limit`.
    async fn sealed_mails(
        &self,
        after: Option<MailId>,
        limit: u32,
    ) -> StoreResult<Vec<(MailId, Vec<u8>)>>;

    /// Seals the content of a mail anew, where it is still sealed as `from`; `false` where it is not.
    async fn reseal_mail(&self, id: MailId, from: &[u8], to: &[u8]) -> StoreResult<bool>;

    /// Removes mails that were sent or given up before `before`, and says how many.
    async fn purge_mails(&self, before: Timestamp) -> StoreResult<u64>;
}

/// Which mails to list.
#[derive(Clone, Debug, Default)]
pub struct OutboxQuery {
    /// Only those that came so far.
    pub state: Option<MailState>,
    /// Only those that belong to this account.
    pub user: Option<UserId>,
    /// Only those after this one in the listing: the last one of the page before.
    pub after: Option<(Timestamp, MailId)>,
    /// At most so many.
    pub limit: u32,
}
