//! A change with everything that belongs to it, as one transaction.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use async_trait::async_trait;

use super::{Extension, StoreError, StoreResult};
use crate::{
    event::Event,
    id::{SessionId, UserId},
    one_time::{OneTime, TokenKey},
    password::PasswordHash,
    renewal::Replacement,
    ring::StoredKey,
    session::{EndReason, Session},
    time::Timestamp,
    user::{NewUser, NotChanged, Taken, User, UserChange},
};

/// Carries out a change with everything that belongs to it.
#[async_trait]
pub trait Commits: Send + Sync + 'static {
    /// Carries out all of `commit` at `now`, or nothing of it, in one transaction and in the order of its
    /// fields. What it changes is what the single operations would change: feed entries are written, tokens
    /// voided and rules asked as they say.
    ///
    /// It is carried out by a task or thread of the store's own: a caller that stops waiting at any moment
    /// leaves either all of it behind or nothing. Where something is in the way of it, nothing has happened
    /// and [`Obstacle`] says what.
    ///
    /// [`Commit::consequences`] is asked last, inside the transaction, and again wherever that is carried out
    /// again. A store that keeps no events or one-time tokens is given none. Of [`Extension`]s it may know some types
    /// and not others: with one that it does not know, nothing is carried out, and the error is
    /// [`StoreError::Unreadable`] with [`UnknownExtension`](super::UnknownExtension).
    async fn commit(
        &self,
        commit: &Commit,
        now: Timestamp,
    ) -> StoreResult<Result<Committed, Obstacle>>;
}

/// What is carried out as a whole. What is `None` or empty is no part of it.
#[derive(Clone, Default)]
pub struct Commit {
    /// The one-time token that this uses up. It goes on to say that it has been used, also where the change
    /// voids all tokens of its user.
    pub token: Option<TokenKey>,
    /// What becomes of an account.
    pub account: Option<AccountChange>,
    /// A session that begins.
    pub session: Option<NewSession>,
    /// Sessions that end. Those that have ended already are passed over.
    pub endings: Vec<Ending>,
    /// The session whose tokens give way to new ones. One that has ended stays as it is.
    pub replacement: Option<Replacement>,
    /// Another key ring.
    pub key_ring: Option<RingChange>,
    /// A change of tables beside those of this crate.
    pub extension: Option<Extension>,
    /// What follows from it ([`Commit::followed_by`]).
    pub follow: Option<Follow>,
}

/// Says by what has been done which rows are written together with it.
pub type Follow = Arc<dyn Fn(&Committed) -> Consequences + Send + Sync>;

impl Commit {
    /// The same, with what follows from it: the rows that are written in the same transaction, by what has
    /// been done. `follow` may be asked more than once, of which the last time counts; it must be quick, since
    /// others wait for the transaction.
    #[must_use]
    pub fn followed_by(
        self,
        follow: impl Fn(&Committed) -> Consequences + Send + Sync + 'static,
    ) -> Self {
        Self { follow: Some(Arc::new(follow)), ..self }
    }

    /// What follows from it now that this has been done. For stores, inside of their transaction.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] where it cannot be said: nothing may be kept then.
    pub fn consequences(&self, done: &Committed) -> StoreResult<Consequences> {
        let Some(follow) = &self.follow else { return Ok(Consequences::default()) };
        // A store's thread outlives a mistake of those who use it.
        catch_unwind(AssertUnwindSafe(|| follow(done)))
            .map_err(|_| StoreError::unreadable(Panicked))
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit").finish_non_exhaustive()
    }
}

/// What follows from a change could not be worked out.
#[derive(Debug, thiserror::Error)]
#[error("a step after a change panicked; the log says where")]
struct Panicked;

/// What becomes of an account.
#[derive(Clone, Debug)]
pub enum AccountChange {
    /// It is made, as by [`UserStore::create_user`](super::UserStore::create_user).
    Create(NewUser),
    /// It is changed, as by [`UserStore::change_user`](super::UserStore::change_user).
    Change {
        /// Which.
        id: UserId,
        /// How.
        change: UserChange,
    },
    /// It was made or changed in a table of the application's own, and this is how it is now.
    Elsewhere {
        /// The account as it was; `None` for a new one.
        before: Option<User>,
        /// The account as it is.
        user: User,
        /// Whether what tokens say of it is no longer true: then it is written to the feed.
        raises_version: bool,
    },
}

/// A session to begin, as by [`SessionStore::create_session`](super::SessionStore::create_session).
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// The hash that its user must still have.
    pub guard: Option<PasswordHash>,
}

/// Sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// One.
    Session {
        /// Which.
        id: SessionId,
        /// Why.
        reason: EndReason,
    },
    /// All of one user, but for one if it is named.
    OfUser {
        /// Whose.
        id: UserId,
        /// The one that stays.
        except: Option<SessionId>,
        /// Why.
        reason: EndReason,
    },
}

/// A key ring to put in the place of another, as by
/// [`KeyStore::replace_key_ring`](super::KeyStore::replace_key_ring).
#[derive(Clone, Debug)]
pub struct RingChange {
    /// The revision whose place it takes.
    pub revision: u64,
    /// The keys.
    pub keys: Vec<StoredKey>,
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// The token that was used up.
    pub token: Option<OneTime>,
    /// The account as it was before; `None` where it was made, or nothing became of any.
    pub before: Option<User>,
    /// The account as it is now; `None` where nothing became of any.
    pub user: Option<User>,
    /// The sessions that this has ended.
    pub ended: Vec<EndedSession>,
    /// What [`Commit::extension`] has changed, if its store says so.
    pub extension: Option<Extension>,
}

/// A session that was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Why.
    pub reason: EndReason,
}

/// Rows that are written together with a change because it was made.
#[derive(Clone, Debug, Default)]
pub struct Consequences {
    /// One-time tokens to keep.
    pub tokens: Vec<OneTime>,
    /// Events for the audit trail.
    pub events: Vec<Event>,
    /// Rows of tables beside those of this crate, mails to send for example.
    pub rows: Vec<Extension>,
}

/// Why nothing of a commit was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// The one-time token has been used, has expired, or never was.
    #[error("this one-time token has expired or was already used; request a new one")]
    TokenSpent,
    /// There is no such account, or it has another hash than
    /// [`UserChange::instead_of`].
    #[error("this account does not exist, or has changed; look it up again")]
    NoAccount,
    /// The account was not changed or made.
    #[error(transparent)]
    Account(#[from] NotChanged),
    /// The user is not active any more, or has another password than [`NewSession::guard`].
    #[error("the account was changed during the sign-in; sign in again")]
    Guard,
    /// The key ring has another revision.
    #[error("the key ring was modified concurrently; list the keys and try again")]
    RingMoved,
    /// What [`Commit::extension`] is about is not there, or not as it has to be.
    #[error("the object does not exist, or has changed; look it up again")]
    Gone,
}

impl From<Taken> for Obstacle {
    fn from(taken: Taken) -> Self {
        Self::Account(taken.into())
    }
}
