//! What a store has to do: the contract between the rules and wherever rows are kept.
//!
//! A store executes decisions, it does not make them. For all of its operations:
//!
//! - What is not there is `Ok(None)` or `Ok(false)`, never an error.
//! - An operation that returned `Ok` is durable; one that returned an error may have been carried out
//!   or not, but never by half.
//! - Whatever ends a session or raises a user's version appends to the feed in the same transaction.
//! - A change with everything that belongs to it (the one-time token that it uses up, the sessions that it
//!   ends, its mails, its events) is one [`Commit`]: all of it happens, or nothing does, whatever becomes of
//!   the caller while it waits.
//! - [`StoreError::Unavailable`] means "ask again later". It says nothing about the caller, and is
//!   never turned into a refusal of their tokens.

mod batches;
mod commit;
mod erasure;
mod extension;
mod one_time;
mod sessions;
mod values;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    feed::Epoch,
    id::{SessionId, UserId},
    name::{LoginKey, RoleName},
    password::PasswordHash,
    renewal::{Advance, Outcome},
    ring::StoredKey,
    session::{EndReason, Session},
    time::Timestamp,
    user::{Credentials, NewUser, NotChanged, Taken, User, UserChange, UserStatus},
};

pub use crate::feed::{Change, Changed};

pub use batches::{Owners, UserBatches};
pub use commit::{
    AccountChange, Commit, Commits, Committed, Consequences, EndedSession, Ending, Follow,
    NewSession, Obstacle, RingChange,
};
pub use erasure::Erasure;
pub use extension::{Extension, UnknownExtension};
pub use one_time::OneTimeTokens;
pub use sessions::{SessionBound, SessionCursor, SessionQuery};
pub use values::SiteValues;

/// A store could not do its work.
#[derive(thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is too slow, is full or is locked: later it may work.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row cannot be read by this version.
    #[error("the store contains something that this version cannot read: {0}")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

crate::readable_debug!(StoreError);

impl StoreError {
    /// The store cannot be used right now, because of `cause`.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// A row cannot be read, because of `cause`.
    pub fn unreadable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unreadable(cause.into())
    }
}

/// What a store operation gives.
pub type StoreResult<T> = Result<T, StoreError>;

/// Sessions.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Writes a new session.
    ///
    /// With a `guard`, only where the user is still active and still has exactly this password hash,
    /// checked in the same transaction: a password changed, or a user suspended, while a sign-in was
    /// on its way leaves no session behind. `false` where the guard did not hold.
    async fn create_session(
        &self,
        session: &Session,
        guard: Option<&PasswordHash>,
    ) -> StoreResult<bool>;

    /// The session, also where it has ended.
    async fn session(&self, id: SessionId) -> StoreResult<Option<Session>>;

    /// The session, and how long ago its current generation was handed out.
    ///
    /// A store with a clock of its own tells that by it, and writes the time of a hand-out by it in
    /// [`SessionStore::advance_session`] and [`SessionStore::note_handout`]: the clocks of several nodes differ,
    /// and a request that came a second after another one must not look like one that came a minute later. A
    /// store for one node goes by `now`.
    async fn session_to_renew(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> StoreResult<Option<(Session, Duration)>> {
        let session = self.session(id).await?;
        Ok(session.map(|session| {
            let ago = now.since(session.handed_out_at);
            (session, ago)
        }))
    }

    /// Advances a session by one generation where `step.from` is still current and the session has
    /// not ended: one compare-and-set on one row. It also raises the seen generation to `step.from`.
    ///
    /// `false` where somebody else was faster, or the session has ended.
    async fn advance_session(&self, id: SessionId, step: &Advance) -> StoreResult<bool>;

    /// Notes that `generation`, if it is still current and the session has not ended, is handed out again
    /// at `at`, or at what the store's own clock says; a later time that is known stays.
    ///
    /// `false` where it is no longer so, and the renewal has to be decided again.
    async fn note_handout(
        &self,
        id: SessionId,
        generation: u64,
        at: Timestamp,
    ) -> StoreResult<bool>;

    /// Notes that the person proved themselves again in a session that has not ended.
    async fn confirm_session(
        &self,
        id: SessionId,
        auth_time: Timestamp,
        methods: &[String],
    ) -> StoreResult<bool>;

    /// Ends one session; `false` where there is none or it had ended already.
    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<bool>;

    /// Ends every session of the selection that has not ended yet, and says which. Of everybody at most
    /// [`SESSIONS_AT_ONCE`] in one transaction: where a step fails, those before it stay ended and are in the
    /// feed, and asking again ends the rest.
    async fn end_sessions(
        &self,
        which: SessionSelection,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>>;

    /// Keeps the rows of a user within a bound after `kept` was written: ends sessions that have neither ended
    /// nor expired at `now` beyond `bound.open`, those unused longest first and never `kept`, with
    /// [`EndReason::TooMany`], and removes those over for longest beyond `bound.over`. Both at most
    /// [`SESSIONS_AT_ONCE`]; asking again goes on. Says which it ended.
    async fn bound_sessions(
        &self,
        user: UserId,
        kept: SessionId,
        bound: SessionBound,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>>;

    /// A page of a user's sessions in the order of [`SessionCursor`]: those that have not ended first, and of
    /// either kind the last used.
    async fn sessions_of(&self, query: &SessionQuery) -> StoreResult<Vec<Session>>;

    /// Sessions of all users that have neither ended nor expired at `now`, in the order of their ids, those
    /// behind `after`, at most `limit`.
    async fn active_sessions(
        &self,
        now: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> StoreResult<Vec<Session>>;

    /// Writes what was seen of sessions in use; what is known of a later generation or time stays.
    async fn mark_seen(&self, sightings: &[SessionActivity]) -> StoreResult<()>;

    /// Adds to the sessions' histories what became of presented refresh tokens. What is known of the same
    /// session, generation and outcome is added up; what lies more than [`HISTORY_KEPT`] generations
    /// behind a session's current one goes; a session that is not there is passed over.
    async fn note_renewals(&self, notes: &[RenewalNote]) -> StoreResult<()>;

    /// A session's history, the latest first: by when something last happened, then by generation and
    /// outcome.
    async fn renewals_of(&self, id: SessionId) -> StoreResult<Vec<RenewalNote>>;

    /// Removes sessions that ended or expired before `before`, with their histories, and says how many
    /// sessions.
    async fn purge_sessions(&self, before: Timestamp) -> StoreResult<u64>;
}

/// How many generations behind the current one a session's history goes back.
pub const HISTORY_KEPT: u64 = 20;

/// How many sessions of one selection are ended or removed in one transaction at most, so that nobody's
/// renewal waits long behind them.
pub const SESSIONS_AT_ONCE: u32 = 500;

/// Which sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSelection {
    /// All of one user, but for one if it is named.
    User {
        /// Whose.
        id: UserId,
        /// The one that stays.
        except: Option<SessionId>,
    },
    /// All of everybody.
    All,
}

/// A session was seen in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionActivity {
    /// Which.
    pub session: SessionId,
    /// With a token of which generation.
    pub generation: u64,
    /// When.
    pub at: Timestamp,
    /// From which address.
    pub address: String,
}

/// What became of the refresh token of one generation of a session, however often it was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalNote {
    /// Which session.
    pub session: SessionId,
    /// The generation that was presented.
    pub presented: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// How often.
    pub count: u64,
    /// When for the first time.
    pub first_at: Timestamp,
    /// When for the last time.
    pub last_at: Timestamp,
    /// From which address, the last time.
    pub address: String,
    /// By which `User-Agent`, the last time.
    pub agent: String,
}

impl RenewalNote {
    /// Takes in another note of the same session, generation and outcome.
    pub fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.first_at = self.first_at.min(other.first_at);
        if other.last_at >= self.last_at {
            self.last_at = other.last_at;
            self.address = other.address;
            self.agent = other.agent;
        }
    }
}

/// Users. An application with a user table of its own implements this one over it.
#[async_trait]
pub trait UserStore: Send + Sync + 'static {
    /// The user, also where they are suspended or deleted.
    async fn user(&self, id: UserId) -> StoreResult<Option<User>>;

    /// The user with this name or address, with what their password is checked against.
    async fn credentials(&self, login: &LoginKey) -> StoreResult<Option<Credentials>>;

    /// The user with this number, with what their password is checked against.
    async fn credentials_of(&self, id: UserId) -> StoreResult<Option<Credentials>>;

    /// Makes an account, version 1. Where both names are taken, the user name is reported.
    async fn create_user(&self, new: &NewUser, now: Timestamp) -> StoreResult<Result<User, Taken>>;

    /// Changes an account and gives it as it is then, or `None` where there is none, or where it has another
    /// hash than [`UserChange::instead_of`]. Where [`UserChange::raises_version`], the version grows by one.
    ///
    /// [`UserChange::refusal`] is asked first, in the same transaction: of two super users who take that
    /// right from each other at the same time, one stays.
    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        now: Timestamp,
    ) -> StoreResult<Option<Result<User, NotChanged>>>;

    /// Users in the order of their numbers; with a prefix, first those whose name begins with it in the
    /// order of the names as compared, then those of whom only the address does, in the order of the
    /// addresses.
    async fn users(&self, query: &UserQuery) -> StoreResult<Vec<User>>;

    /// Whether an active super user exists.
    async fn has_super_user(&self) -> StoreResult<bool>;
}

/// Which users to list.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// Only those whose name or address, as compared, begins with this.
    pub prefix: Option<String>,
    /// Only those with this status.
    pub status: Option<UserStatus>,
    /// Only those with this role.
    pub role: Option<RoleName>,
    /// Only those who run the site, active or not.
    pub super_users: bool,
    /// Only those behind this one, the last of the page before. With a prefix, nothing is behind one that it
    /// does not find (any more).
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: u32,
}

/// The shared key ring.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// All keys, and the revision of the ring; revision 0 where there is none yet.
    async fn key_ring(&self) -> StoreResult<(u64, Vec<StoredKey>)>;

    /// Replaces the ring where its revision is still `revision`, and raises that by one.
    async fn replace_key_ring(
        &self,
        revision: u64,
        keys: &[StoredKey],
        now: Timestamp,
    ) -> StoreResult<bool>;
}

/// The feed: what every node has to know at once, in an order without gaps. An entry never changes: whoever
/// finds another one under a number that it has read knows that the store went back ([`crate::feed`]).
#[async_trait]
pub trait Feed: Send + Sync + 'static {
    /// The sequence number of the last change; 0 where there was none.
    async fn last_sequence(&self) -> StoreResult<u64>;

    /// The changes after `sequence`, in order, at most `limit`.
    async fn changes_after(&self, sequence: u64, limit: u32) -> StoreResult<Vec<Change>>;

    /// The changes at or after `since`, in order.
    async fn changes_since(&self, since: Timestamp) -> StoreResult<Vec<Change>>;

    /// The epoch that the store is in. Every store is born with one of its own.
    async fn epoch(&self) -> StoreResult<Epoch>;

    /// Begins another epoch, because the store was taken back to an earlier state: every node reads
    /// everything anew.
    async fn begin_epoch(&self, epoch: Epoch) -> StoreResult<()>;

    /// Appends a change that the store did not make itself, as that of a user in a table of the
    /// application's own.
    async fn announce(&self, what: &Changed, now: Timestamp) -> StoreResult<()>;

    /// Removes changes before `before`, but never the last one, and says how many.
    async fn purge_changes(&self, before: Timestamp) -> StoreResult<u64>;
}

/// Leases: of all nodes, one at a time does a certain piece of work.
///
/// A lease only saves work: a clock that is wrong by more than the lease's length lets two nodes hold it,
/// so the work itself has to bear being done twice.
#[async_trait]
pub trait Leases: Send + Sync + 'static {
    /// Takes the lease `name` for `holder` until `until`, where at `now` nobody else holds it; whoever
    /// holds it already keeps it until then.
    ///
    /// `false` where somebody else holds it.
    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<bool>;

    /// Gives the lease back, where `holder` holds it.
    async fn release_lease(&self, name: &str, holder: &str) -> StoreResult<()>;
}

/// Tells nodes that the feed has something new. For speed only: the truth is the feed, which every node
/// reads by itself twice a second.
#[async_trait]
pub trait FeedNotifier: Send + Sync + 'static {
    /// Tells the others, once the change is committed. Returns at once; what goes wrong is logged, since
    /// the others find the change without it.
    async fn notify(&self);

    /// Waits until there may be something new: somebody has notified, or the connection to where
    /// notifications come from was made anew. May be dropped at any time without losing one.
    async fn notified(&self);

    /// Whether notifications can be expected to arrive right now.
    fn is_connected(&self) -> bool;
}

#[async_trait]
impl<T: FeedNotifier + ?Sized> FeedNotifier for Arc<T> {
    async fn notify(&self) {
        (**self).notify().await;
    }

    async fn notified(&self) {
        (**self).notified().await;
    }

    fn is_connected(&self) -> bool {
        (**self).is_connected()
    }
}

/// Everything a site needs of its store.
pub trait Store:
    SessionStore + UserStore + KeyStore + Feed + Leases + SiteValues + Commits
{
}

impl<T: SessionStore + UserStore + KeyStore + Feed + Leases + SiteValues + Commits> Store for T {}

/// The roles as one text, sorted, separated by spaces: how stores may keep them.
#[must_use]
pub fn join_roles(roles: &BTreeSet<RoleName>) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ")
}

/// Reads what [`join_roles`] wrote.
///
/// # Errors
/// [`StoreError::Unreadable`] where a word is no role.
pub fn split_roles(text: &str) -> StoreResult<BTreeSet<RoleName>> {
    text.split_ascii_whitespace()
        .map(|word| RoleName::parse(word).map_err(StoreError::unreadable))
        .collect()
}
