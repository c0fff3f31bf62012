//! A store that can be taken away and given back.

mod audit;
mod batches;
mod files;
mod mail;

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
        SessionBound, SessionQuery, SessionSelection, SessionStore, Sighting, SiteValues,
        StoreError, StoreResult, UserQuery, UserStore,
    },
    time::Timestamp,
    user::{Credentials, NewUser, NotChanged, Taken, User, UserChange},
};

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

#[async_trait]
impl<S: SessionStore> SessionStore for FailingStore<S> {
    async fn create_session(
        &self,
        session: &Session,
        guard: Option<&PasswordHash>,
    ) -> StoreResult<bool> {
        self.up()?.create_session(session, guard).await
    }

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

    async fn note_handout(
        &self,
        id: SessionId,
        generation: u64,
        at: Timestamp,
    ) -> StoreResult<bool> {
        self.up()?.note_handout(id, generation, at).await
    }

    async fn confirm_session(
        &self,
        id: SessionId,
        auth_time: Timestamp,
        methods: &[String],
    ) -> StoreResult<bool> {
        self.up()?.confirm_session(id, auth_time, methods).await
    }

    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.up()?.end_session(id, reason, now).await
    }

    async fn end_sessions(
        &self,
        which: SessionSelection,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>> {
        self.up()?.end_sessions(which, reason, now).await
    }

    async fn bound_sessions(
        &self,
        user: UserId,
        kept: SessionId,
        bound: SessionBound,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>> {
        self.up()?.bound_sessions(user, kept, bound, now).await
    }

    async fn sessions_of(&self, query: &SessionQuery) -> StoreResult<Vec<Session>> {
        self.up()?.sessions_of(query).await
    }

    async fn active_sessions(
        &self,
        now: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> StoreResult<Vec<Session>> {
        self.up()?.active_sessions(now, after, limit).await
    }

    async fn mark_seen(&self, sightings: &[Sighting]) -> StoreResult<()> {
        self.up()?.mark_seen(sightings).await
    }

    async fn note_renewals(&self, notes: &[RenewalNote]) -> StoreResult<()> {
        self.up()?.note_renewals(notes).await
    }

    async fn renewals_of(&self, id: SessionId) -> StoreResult<Vec<RenewalNote>> {
        self.up()?.renewals_of(id).await
    }

    async fn purge_sessions(&self, before: Timestamp) -> StoreResult<u64> {
        self.up()?.purge_sessions(before).await
    }
}

#[async_trait]
impl<S: UserStore> UserStore for FailingStore<S> {
    async fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        self.up()?.user(id).await
    }

    async fn credentials(&self, login: &LoginKey) -> StoreResult<Option<Credentials>> {
        self.up()?.credentials(login).await
    }

    async fn credentials_of(&self, id: UserId) -> StoreResult<Option<Credentials>> {
        self.up()?.credentials_of(id).await
    }

    async fn create_user(&self, new: &NewUser, now: Timestamp) -> StoreResult<Result<User, Taken>> {
        self.up()?.create_user(new, now).await
    }

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

    async fn users(&self, query: &UserQuery) -> StoreResult<Vec<User>> {
        self.up()?.users(query).await
    }

    async fn has_super_user(&self) -> StoreResult<bool> {
        self.up()?.has_super_user().await
    }
}

#[async_trait]
impl<S: Commits> Commits for FailingStore<S> {
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

#[async_trait]
impl<S: KeyStore> KeyStore for FailingStore<S> {
    async fn key_ring(&self) -> StoreResult<(u64, Vec<StoredKey>)> {
        self.up()?.key_ring().await
    }

    async fn replace_key_ring(
        &self,
        revision: u64,
        keys: &[StoredKey],
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.up()?.replace_key_ring(revision, keys, now).await
    }
}

#[async_trait]
impl<S: Feed> Feed for FailingStore<S> {
    async fn last_sequence(&self) -> StoreResult<u64> {
        self.feed()?.last_sequence().await
    }

    async fn changes_after(&self, sequence: u64, limit: u32) -> StoreResult<Vec<Change>> {
        self.feed()?.changes_after(sequence, limit).await
    }

    async fn changes_since(&self, since: Timestamp) -> StoreResult<Vec<Change>> {
        self.feed()?.changes_since(since).await
    }

    async fn epoch(&self) -> StoreResult<Epoch> {
        self.feed()?.epoch().await
    }

    async fn begin_epoch(&self, epoch: Epoch) -> StoreResult<()> {
        self.feed()?.begin_epoch(epoch).await
    }

    async fn announce(&self, what: &Changed, now: Timestamp) -> StoreResult<()> {
        self.feed()?.announce(what, now).await
    }

    async fn purge_changes(&self, before: Timestamp) -> StoreResult<u64> {
        self.feed()?.purge_changes(before).await
    }
}

#[async_trait]
impl<S: Leases> Leases for FailingStore<S> {
    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> StoreResult<bool> {
        self.up()?.take_lease(name, holder, now, until).await
    }

    async fn release_lease(&self, name: &str, holder: &str) -> StoreResult<()> {
        self.up()?.release_lease(name, holder).await
    }
}

#[async_trait]
impl<S: SiteValues> SiteValues for FailingStore<S> {
    async fn site_value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.up()?.site_value(name).await
    }

    async fn replace_site_value(
        &self,
        name: &str,
        from: Option<&[u8]>,
        to: &[u8],
    ) -> StoreResult<bool> {
        self.up()?.replace_site_value(name, from, to).await
    }
}
