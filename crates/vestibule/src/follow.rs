//! Following the feed: what every node has to know at once.
//!
//! A notifier wakes the follower within milliseconds; without one, or while it hears nothing, the feed is
//! read twice a second. The sequence numbers have no gaps, so that after any disconnect reading on from the
//! last one misses nothing. Each reading begins with the last entry that is known: where it is another one now,
//! the store went back in time ([`vestibule_core::feed`]). Then the feed counts as lost until everything that is
//! relevant was read again.

use std::{
    sync::{
        Arc, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior};
use vestibule_core::{
    feed::{self, Break, Mark, Position},
    id::SessionId,
    session::EndReason,
    store::{Change, Changed, FeedNotifier, Store, StoreError},
    time::Timestamp,
};

use crate::{auth::Inner, metrics};

/// How often the feed is read without being told.
const TICK: Duration = Duration::from_millis(500);
/// Changes read at once.
const BATCH: u32 = 1000;

/// How far the clocks of two nodes may be apart before one that starts no longer knows what the other has
/// just ended: the feed's entries have the time of the node that made them.
const CLOCKS_DIFFER: Duration = Duration::from_secs(3 * 3600);

/// How old this node's knowledge may be.
///
/// By the clock that the follower's own timer runs on, which is not the library's: a wall clock that jumps makes
/// no knowledge older.
pub(crate) struct FeedAge {
    started: Instant,
    /// Milliseconds after the start at which the last complete reading began.
    read_at: AtomicU64,
    bound: Duration,
    said_lost: AtomicBool,
    /// The store went back in time, and not everything was read again yet.
    torn: AtomicBool,
}

impl FeedAge {
    pub(crate) fn new(bound: Duration) -> Self {
        Self {
            started: Instant::now(),
            read_at: AtomicU64::new(0),
            bound,
            said_lost: AtomicBool::new(false),
            torn: AtomicBool::new(false),
        }
    }

    /// Whether a session may have been ended elsewhere longer ago than the bound without this node knowing.
    pub(crate) fn is_lost(&self) -> bool {
        self.age() > self.bound || self.is_torn()
    }

    fn is_torn(&self) -> bool {
        self.torn.load(Ordering::Acquire)
    }

    fn tear(&self) {
        self.torn.store(true, Ordering::Release);
    }

    fn mend(&self) {
        self.torn.store(false, Ordering::Release);
    }

    fn age(&self) -> Duration {
        let read_at = Duration::from_millis(self.read_at.load(Ordering::Acquire));
        self.started.elapsed().saturating_sub(read_at)
    }

    /// Everything up to `began` is known.
    fn was_read(&self, began: Instant) {
        let at = u64::try_from((began - self.started).as_millis()).unwrap_or(u64::MAX);
        self.read_at.fetch_max(at, Ordering::AcqRel);
    }

    /// Says once when the feed is lost, and once when it is back.
    fn report(&self, notified: Option<bool>) {
        let (age, is_lost) = (self.age(), self.is_lost());
        metrics::feed(age, is_lost, notified);
        match (is_lost, self.said_lost.swap(is_lost, Ordering::AcqRel)) {
            (true, false) => tracing::error!(
                seconds = age.as_secs(),
                "lost the feed of ended sessions: until it is back, every request asks the store"
            ),
            (false, true) => tracing::info!("the feed of ended sessions is back"),
            (true, true) | (false, false) => {}
        }
    }
}

/// Loads what is still relevant, then follows the store until the last `Vestibule` is dropped.
pub(crate) async fn start(auth: &Arc<Inner>) -> Result<(), StoreError> {
    let began = Instant::now();
    let position = auth.read_anew(Timestamp::from_seconds(0)).await?;
    auth.feed_age.was_read(began);
    let follower = Follower {
        auth: Arc::downgrade(auth),
        feed_notifier: auth.feed_notifier.clone(),
        position,
        keys_behind: false,
        has_lost_ends: false,
    };
    tokio::spawn(follower.run());
    Ok(())
}

/// How far the feed of a store has come. Kept somewhere else, it tells later whether the store went back
/// ([`check_history`]).
///
/// # Errors
/// [`StoreError`]
pub async fn feed_position(store: &dyn Store) -> Result<Position, StoreError> {
    let mut position = Position::start(store.epoch().await?);
    let last = store.last_sequence().await?;
    if let Some(last) = store.changes_after(last.saturating_sub(1), 1).await?.first() {
        (position.sequence, position.mark) = (last.sequence, Mark::of(last));
    }
    Ok(position)
}

/// Whether a store goes on from where it was when `seen` was noted ([`feed_position`]).
///
/// # Errors
/// [`StoreError`]
pub async fn check_history(
    store: &dyn Store,
    seen: &Position,
) -> Result<Result<(), Break>, StoreError> {
    let (epoch, last) = (store.epoch().await?, store.last_sequence().await?);
    let entries = store.changes_after(seen.read_behind(), 1).await?;
    Ok(feed::check_history(seen, epoch, last, entries.first()))
}

struct Follower {
    auth: Weak<Inner>,
    feed_notifier: Option<Arc<dyn FeedNotifier>>,
    position: Position,
    keys_behind: bool,
    /// The store may have lost ends that this node has seen.
    has_lost_ends: bool,
}

/// The feed was not read to its end.
#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Break(#[from] Break),
}

impl Follower {
    async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = heard(self.feed_notifier.as_deref()) => {}
            }
            let Some(auth) = self.auth.upgrade() else {
                return;
            };
            self.look(&auth).await;
            auth.feed_age.report(
                self.feed_notifier.as_ref().map(|feed_notifier| feed_notifier.is_connected()),
            );
            if self.keys_behind {
                self.keys_behind = !auth.tend_keys().await;
            }
        }
    }

    async fn look(&mut self, auth: &Arc<Inner>) {
        let began = Instant::now();
        let read = if auth.feed_age.is_torn() {
            self.begin_anew(auth).await
        } else {
            match self.read_feed(auth).await {
                Ok(()) => Ok(()),
                Err(NotRead::Store(error)) => Err(error),
                Err(NotRead::Break(found)) => {
                    auth.feed_age.tear();
                    metrics::feed_break();
                    self.has_lost_ends |=
                        matches!(found, Break::Behind { .. } | Break::Other { .. });
                    tracing::error!(
                        "{found}; reloading ended sessions, users and keys, and asking the store for \
                         every request until then; if it was restored from a backup, run `vestibule \
                         restored`"
                    );
                    self.begin_anew(auth).await
                }
            }
        };
        match read {
            Ok(()) => auth.feed_age.was_read(began),
            Err(error) => {
                tracing::warn!(%error, "could not read the feed of the store; retrying at once");
            }
        }
    }

    async fn read_feed(&mut self, auth: &Inner) -> Result<(), NotRead> {
        loop {
            let behind = self.position.read_behind();
            let read = auth.store.changes_after(behind, BATCH).await?;
            for change in self.position.advance(&read)? {
                self.keys_behind |= change.what == Changed::Keys;
                auth.apply_change(change);
            }
            if read.len() < BATCH as usize {
                break;
            }
        }
        // Last, so that nobody waits for it to hear of an end.
        self.position.check_epoch(auth.store.epoch().await?)?;
        Ok(())
    }

    /// Reads everything from the history that the store is in now.
    async fn begin_anew(&mut self, auth: &Arc<Inner>) -> Result<(), StoreError> {
        self.position = auth.read_anew(auth.now()).await?;
        // A key that was retired in one history may sign in the other.
        self.keys_behind = !auth.tend_keys().await;
        if !self.keys_behind {
            auth.feed_age.mend();
            if std::mem::take(&mut self.has_lost_ends) {
                tokio::spawn(end_again(Arc::clone(auth)));
            }
        }
        Ok(())
    }
}

/// Ends in the store what this node has seen end, where the store has lost that: an ended session stays ended.
/// Who ended it, and why, is lost.
async fn end_again(auth: Arc<Inner>) {
    let sessions = auth.revocations.read().unwrap_or_else(PoisonError::into_inner).ended();
    let mut count = 0_u64;
    for session in sessions {
        match auth.end_where_open(session).await {
            Ok(ended) => count += u64::from(ended),
            Err(error) => {
                tracing::error!(%error, "could not end all sessions again whose end the database has lost");
                break;
            }
        }
    }
    if count > 0 {
        tracing::warn!(count, "ended sessions again whose end the database had lost");
        auth.notify_peers().await;
    }
}

async fn heard(feed_notifier: Option<&dyn FeedNotifier>) {
    match feed_notifier {
        Some(feed_notifier) => feed_notifier.notified().await,
        None => std::future::pending().await,
    }
}

impl Inner {
    /// Takes in a change that this node made itself, without waiting for the feed to bring it, and tells
    /// the other nodes.
    pub(crate) async fn apply_and_notify(&self, what: Changed) {
        self.apply_local(what);
        self.notify_peers().await;
    }

    /// The same for a change that is not in the feed yet.
    pub(crate) fn apply_local(&self, what: Changed) {
        self.remember(&what, self.clock.moment());
    }

    /// Tells the other nodes that the feed has something new.
    pub(crate) async fn notify_peers(&self) {
        if let Some(feed_notifier) = &self.feed_notifier {
            feed_notifier.notify().await;
        }
    }

    /// Reads what is relevant of the store's present history, and gives up to where. Tokens from before
    /// `since` are renewed before they count.
    async fn read_anew(&self, since: Timestamp) -> Result<Position, StoreError> {
        // First: a change between the two reads is then seen twice, which does no harm.
        let position = feed_position(&*self.store).await?;
        let relevant = self.now() - self.config.lifetimes.access_memory() - CLOCKS_DIFFER;
        let changes = self.store.changes_since(relevant).await?;
        let mut revocations = self.revocations.write().unwrap_or_else(PoisonError::into_inner);
        revocations.begin_anew(since.max(position.epoch.began_at));
        drop(revocations);
        self.known_users.clear();
        for change in &changes {
            self.apply_change(change);
        }
        Ok(position)
    }

    /// Ends a session that the store takes for open. It is asked first: most are not, and a question costs less.
    async fn end_where_open(&self, id: SessionId) -> Result<bool, StoreError> {
        match self.store.session(id).await? {
            Some(session) if session.end.is_none() => {
                self.store.end_session(id, EndReason::EndedByAdmin, self.now()).await
            }
            _ => Ok(false),
        }
    }

    fn apply_change(&self, change: &Change) {
        let mut now = self.clock.moment();
        // Of a node whose clock is ahead: its tokens live by that clock.
        now.wall = now.wall.max(change.at);
        self.remember(&change.what, now);
    }

    fn remember(&self, what: &Changed, now: vestibule_core::time::Moment) {
        if let Changed::User { id, .. } = what {
            self.known_users.forget(*id);
        }
        let forget_at = now + self.config.lifetimes.access_memory();
        self.revocations.write().unwrap_or_else(PoisonError::into_inner).apply(what, forget_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn knowledge_ages_from_when_its_reading_began() {
        let age = FeedAge::new(Duration::from_secs(5));
        let pass = |seconds| tokio::time::advance(Duration::from_secs(seconds));
        pass(5).await;
        assert!(!age.is_lost());
        let began = Instant::now();
        pass(3).await;
        age.was_read(began);
        assert_eq!(age.age(), Duration::from_secs(3));
        pass(3).await;
        assert!(age.is_lost());
        age.was_read(began);
        assert!(age.is_lost(), "an old reading is no news");
        age.was_read(Instant::now());
        assert!(!age.is_lost());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_torn_is_lost_until_it_is_mended_however_often_it_is_read() {
        let age = FeedAge::new(Duration::from_secs(5));
        age.tear();
        assert!(age.is_lost());
        age.was_read(Instant::now());
        assert!(age.is_lost());
        age.mend();
        assert!(!age.is_lost());
    }
}
