//! A store that can be taken away and given back.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::Barrier;
use vestibule_core::{
    feed::Epoch,
    id::{SessionId, UserId},
    name::LoginKey,
    password::PasswordHash,
    renewal::Advance,
    ring::StoredKey,
    session::{EndReason, Session},
    store::{
        Change, Changed, Commit, Commits, Committed, Feed, KeyStore, Leases, Obstacle, RenewalNote,
        SessionActivity, SessionBound, SessionQuery, SessionSelection, SessionStore, SiteValues,
        StoreError, StoreResult, UserQuery, UserStore,
    },
    time::Timestamp,
    user::{Credentials, NewUser, NotChanged, Taken, User, UserChange},
};

/// Implements a store trait by the store behind, once the named check of [`FailingStore`] has let the call through.
/// Methods that do more are written in full below those that do not.
macro_rules! delegate {
    (
        $store:ident through $check:ident:
        $(fn $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*
        $({ $($in_full:tt)* })?
    ) => {
        #[async_trait]
        impl<S: $store> $store for FailingStore<S> {
            $(async fn $method(&self, $($argument: $kind),*) -> StoreResult<$answer> {
                self.$check()?.$method($($argument),*).await
            })*

            $($($in_full)*)?
        }
    };
}

mod accounts;
#[cfg(feature = "site")]
mod site;

/// A store in front of another one: it counts what is asked of it, and answers
/// [`StoreError::Unavailable`] to everything while it is down. Clones are the same store.
#[derive(Debug)]
pub struct FailingStore<S> {
    inner: Arc<S>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    down: AtomicBool,
    feed_down: AtomicBool,
    changes_down: AtomicBool,
    calls: AtomicU64,
    advances: AtomicU64,
    gathering: Mutex<Option<Arc<Barrier>>>,
}

/// The store was switched off by the test.
#[derive(Clone, Copy, Debug)]
struct SwitchedOff;

impl std::fmt::Display for SwitchedOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the test has switched the store off; switch it on again")
    }
}

impl std::error::Error for SwitchedOff {}

impl<S> FailingStore<S> {
    /// In front of `store`, and up.
    pub fn new(store: S) -> Self {
        Self { inner: Arc::new(store), state: Arc::default() }
    }

    /// Takes the store away (`true`) or gives it back.
    pub fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }

    /// Refuses only changes of accounts (`true`), or takes them again.
    pub fn set_changes_down(&self, down: bool) {
        self.state.changes_down.store(down, Ordering::SeqCst);
    }

    /// Takes only the feed away (`true`) or gives it back.
    pub fn set_feed_down(&self, down: bool) {
        self.state.feed_down.store(down, Ordering::SeqCst);
    }

    /// From now on accounts are changed by so many callers at the same time: nobody before all have come, and
    /// nobody goes on before all are done.
    pub fn gather_changes(&self, count: usize) {
        *self.gathering() = Some(Arc::new(Barrier::new(count)));
    }

    fn gathering(&self) -> MutexGuard<'_, Option<Arc<Barrier>>> {
        self.state.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store behind, which works all the time.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// How often anything but the feed was asked of it, up or down.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// How many sessions were advanced: renewals that were written.
    #[must_use]
    pub fn advances(&self) -> u64 {
        self.state.advances.load(Ordering::SeqCst)
    }

    /// Carries out a change together with as many others as [`FailingStore::gather_changes`] says.
    async fn together<T>(&self, change: impl Future<Output = T>) -> T {
        let gathering = self.gathering().clone();
        if let Some(all) = &gathering {
            all.wait().await;
        }
        let changed = change.await;
        if let Some(all) = &gathering {
            all.wait().await;
        }
        changed
    }

    fn up(&self) -> StoreResult<&S> {
        self.state.calls.fetch_add(1, Ordering::SeqCst);
        if self.state.down.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable(SwitchedOff));
        }
        Ok(&self.inner)
    }

    fn feed(&self) -> StoreResult<&S> {
        let is_down = |switch: &AtomicBool| switch.load(Ordering::SeqCst);
        if is_down(&self.state.down) || is_down(&self.state.feed_down) {
            return Err(StoreError::unavailable(SwitchedOff));
        }
        Ok(&self.inner)
    }
}

impl<S> Clone for FailingStore<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), state: Arc::clone(&self.state) }
    }
}

delegate! {
    SessionStore through up:
    fn create_session(session: &Session, guard: Option<&PasswordHash>) -> bool;
    fn note_handout(id: SessionId, generation: u64, at: Timestamp) -> bool;
    fn confirm_session(id: SessionId, auth_time: Timestamp, methods: &[String]) -> bool;
    fn end_session(id: SessionId, reason: EndReason, now: Timestamp) -> bool;
    fn end_sessions(which: SessionSelection, reason: EndReason, now: Timestamp) -> Vec<SessionId>;
    fn bound_sessions(user: UserId, kept: SessionId, bound: SessionBound, now: Timestamp) -> Vec<SessionId>;
    fn sessions_of(query: &SessionQuery) -> Vec<Session>;
    fn active_sessions(now: Timestamp, after: Option<SessionId>, limit: u32) -> Vec<Session>;
    fn mark_seen(sightings: &[SessionActivity]) -> ();
    fn note_renewals(notes: &[RenewalNote]) -> ();
    fn renewals_of(id: SessionId) -> Vec<RenewalNote>;
    fn purge_sessions(before: Timestamp) -> u64;

    {
        async fn session(&self, id: SessionId) -> StoreResult<Option<Session>> {
            let found = self.up()?.session(id).await;
            // Everybody who races for the row gets to read it before anybody writes.
            tokio::task::yield_now().await;
            found
        }

        async fn session_to_renew(
            &self,
            id: SessionId,
            now: Timestamp,
        ) -> StoreResult<Option<(Session, Duration)>> {
            let found = self.up()?.session_to_renew(id, now).await;
            // Here too.
            tokio::task::yield_now().await;
            found
        }

        async fn advance_session(&self, id: SessionId, step: &Advance) -> StoreResult<bool> {
            let advanced = self.up()?.advance_session(id, step).await?;
            self.state.advances.fetch_add(u64::from(advanced), Ordering::SeqCst);
            Ok(advanced)
        }
    }
}

delegate! {
    UserStore through up:
    fn user(id: UserId) -> Option<User>;
    fn credentials(login: &LoginKey) -> Option<Credentials>;
    fn credentials_of(id: UserId) -> Option<Credentials>;
    fn create_user(new: &NewUser, now: Timestamp) -> Result<User, Taken>;
    fn users(query: &UserQuery) -> Vec<User>;
    fn has_super_user() -> bool;

    {
        async fn change_user(
            &self,
            id: UserId,
            change: &UserChange,
            now: Timestamp,
        ) -> StoreResult<Option<Result<User, NotChanged>>> {
            let store = self.up()?;
            if self.state.changes_down.load(Ordering::SeqCst) {
                return Err(StoreError::unavailable(SwitchedOff));
            }
            self.together(store.change_user(id, change, now)).await
        }
    }
}

delegate! {
    Commits through up:

    {
        async fn commit(
            &self,
            commit: &Commit,
            now: Timestamp,
        ) -> StoreResult<Result<Committed, Obstacle>> {
            let store = self.up()?;
            // Whoever hangs up may do so between the question and its answer.
            tokio::task::yield_now().await;
            match commit.account {
                Some(_) => self.together(store.commit(commit, now)).await,
                None => store.commit(commit, now).await,
            }
        }
    }
}

delegate! {
    KeyStore through up:
    fn key_ring() -> (u64, Vec<StoredKey>);
    fn replace_key_ring(revision: u64, keys: &[StoredKey], now: Timestamp) -> bool;
}

delegate! {
    Feed through feed:
    fn last_sequence() -> u64;
    fn changes_after(sequence: u64, limit: u32) -> Vec<Change>;
    fn changes_since(since: Timestamp) -> Vec<Change>;
    fn epoch() -> Epoch;
    fn begin_epoch(epoch: Epoch) -> ();
    fn announce(what: &Changed, now: Timestamp) -> ();
    fn purge_changes(before: Timestamp) -> u64;
}

delegate! {
    Leases through up:
    fn take_lease(name: &str, holder: &str, now: Timestamp, until: Timestamp) -> bool;
    fn release_lease(name: &str, holder: &str) -> ();
}

delegate! {
    SiteValues through up:
    fn site_value(name: &str) -> Option<Vec<u8>>;
    fn replace_site_value(name: &str, from: Option<&[u8]>, to: &[u8]) -> bool;
}
