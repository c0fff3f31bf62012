//! The site's audit trail: what happens is noted in memory and written in batches.
//!
//! The event of a change is in the store together with the change. No request waits for the others, but those of
//! administrators: what they are refused is in the store before it is answered. A crash loses what was noted
//! within the last half second, which the log has; a batch whose writing was not confirmed may be there twice.
//!
//! What can be asked for again at will is counted (`Event::tally`): one row for each network and minute, which is
//! written when the minute is over, or when somebody reads the trail. It has a place of its own beside the
//! rest, so however much strangers cause, nothing about people is lost for it.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval};
use vestibule::{
    AuditSink, Rounds,
    core::{
        event::{Event, Tally},
        store::StoreResult,
        time::{Clock, Timestamp},
    },
    log_event,
};
use vestibule_site::store::SiteStore;

/// How often what was noted is written.
const WRITES: Duration = Duration::from_millis(500);
/// As much is noted at most while the store is away; each takes about a kilobyte.
const CAPACITY: usize = 20_000;
/// As many kinds of what is refused are counted at most, of strangers and of people each; beyond it networks
/// are not told apart.
const COUNTED: usize = 1_000;
/// As much is written in one transaction at most.
const BATCH: usize = 2_000;
/// How often what is too old is removed.
const ROUNDS: Duration = Duration::from_secs(3600);
/// As much is removed in one transaction at most.
const REMOVED: u32 = 5_000;
/// The lease under which one node at a time does that, until the next time.
const LEASE: &str = "audit";

/// Takes what happens. Cloning is cheap; all clones are the same one.
#[derive(Clone)]
pub(crate) struct AuditLog(Arc<Inner>);

struct Inner {
    store: Arc<dyn SiteStore>,
    clock: Arc<dyn Clock>,
    waiting: Mutex<Waiting>,
    turn: tokio::sync::Mutex<()>,
    rounds: Arc<Rounds>,
    /// Whether somebody waits for a round to read the trail.
    is_read: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    events: Vec<Event>,
    /// How many more there were than could be noted.
    lost: u64,
    /// How many of the events at most are what was counted: these take nobody's place.
    taken: usize,
    /// What is counted of strangers, and of people.
    strangers: Counted,
    people: Counted,
}

/// The first of each kind, and how many there are.
#[derive(Default)]
struct Counted(HashMap<Tally, (Event, u64)>);

impl Counted {
    fn add(&mut self, tally: Tally, event: Event) {
        let count = event.count();
        if let Some((_, counted)) = self.0.get_mut(&tally) {
            *counted += count;
        } else if self.0.len() < COUNTED {
            self.0.insert(tally, (event, count));
        } else {
            let anywhere = Event { address: None, agent: None, request_id: None, ..event };
            self.0.entry(tally.from_anywhere()).or_insert((anywhere, 0)).1 += count;
        }
    }

    /// Takes what began before `before`.
    fn take(&mut self, before: Timestamp) -> Vec<Event> {
        let over = self.0.extract_if(move |_, (event, _)| event.at < before);
        let mut over: Vec<_> = over.map(|(_, (event, count))| event.counted(count)).collect();
        over.sort_by_key(|event| event.at);
        over
    }
}

impl AuditLog {
    /// Starts it: what is noted is written, and what is older than `keep` removed. Must be called within a
    /// tokio runtime; it ends with the last clone.
    pub(crate) fn start(
        store: Arc<dyn SiteStore>,
        clock: Arc<dyn Clock>,
        keep: Duration,
        node: String,
    ) -> Self {
        let inner = Inner {
            store,
            clock: Arc::clone(&clock),
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            rounds: Arc::default(),
            is_read: AtomicBool::new(false),
        };
        let log = Self(Arc::new(inner));
        tokio::spawn(write_often(Arc::downgrade(&log.0)));
        tokio::spawn(go_round(Arc::downgrade(&log.0), clock, keep, node));
        log
    }

    /// Says that something happened, in the log and in the store, and waits for the latter.
    ///
    /// # Errors
    /// Where it could not be written; it is then written with the next batch.
    pub(crate) async fn write_now(&self, event: Event, in_words: &str) -> StoreResult<()> {
        log_event(&event, in_words);
        let written = self.0.store.append_events(std::slice::from_ref(&event)).await;
        if written.is_err() {
            self.note(event);
        }
        written
    }

    /// Waits a moment for what was noted until now to be written, for somebody who reads the trail.
    pub(crate) async fn catch_up(&self) {
        self.0.is_read.store(true, Ordering::SeqCst);
        self.0.rounds.wait().await;
    }

    /// Writes what was noted until now.
    pub(crate) async fn flush(&self) {
        self.0.write(Timestamp::from_millis(i64::MAX)).await;
    }
}

impl AuditSink for AuditLog {
    fn is_in_store(&self) -> bool {
        true
    }

    fn note(&self, event: Event) {
        let mut waiting = self.0.lock();
        if let Some(tally) = event.tally() {
            let is_of_strangers = tally.is_of_strangers();
            let Waiting { strangers, people, .. } = &mut *waiting;
            let counted = if is_of_strangers { strangers } else { people };
            counted.add(tally, event);
        } else if waiting.events.len() < CAPACITY + waiting.taken {
            waiting.events.push(event);
        } else {
            waiting.lost += 1;
        }
    }
}

impl Inner {
    /// Writes what was noted, and what began to be counted before `before`.
    async fn write(&self, before: Timestamp) {
        // One at a time, so that a batch that cannot be written is not passed by the next one.
        let _turn = self.turn.lock().await;
        loop {
            let (batch, lost) = self.take(before);
            if lost > 0 {
                tracing::error!(lost, "too many events to store: this one is in the log only");
            }
            if batch.is_empty() {
                return;
            }
            // Whoever gives up while it is written has it written all the same, or put back.
            let batch = Batch { inner: self, events: batch };
            if let Err(error) = self.store.append_events(&batch.events).await {
                let events = batch.events.len();
                tracing::warn!(%error, events, "could not write the audit trail; retrying");
                return;
            }
            batch.forget();
        }
    }

    fn take(&self, before: Timestamp) -> (Vec<Event>, u64) {
        let mut waiting = self.lock();
        if waiting.events.is_empty() {
            waiting.taken = 0;
        }
        // Behind what waits already. While the store is away, what is counted stays where it is: there it takes
        // no more room however often it happens.
        if waiting.events.len() < BATCH {
            let mut counted = waiting.people.take(before);
            counted.extend(waiting.strangers.take(before));
            waiting.taken += counted.len();
            waiting.events.append(&mut counted);
        }
        let size = waiting.events.len().min(BATCH);
        let rest = waiting.events.split_off(size);
        (mem::replace(&mut waiting.events, rest), mem::take(&mut waiting.lost))
    }

    async fn purge(&self, clock: &dyn Clock, keep: Duration, node: &str) -> StoreResult<()> {
        let now = clock.now();
        if !self.store.take_lease(LEASE, node, now, now + ROUNDS).await? {
            return Ok(());
        }
        let mut removed = 0;
        loop {
            let some = self.store.purge_events(now - keep, REMOVED).await?;
            removed += some;
            if some < u64::from(REMOVED) {
                break;
            }
        }
        if removed > 0 {
            tracing::info!(removed, "removed old events from the audit trail");
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes back to what waits unless it was written.
struct Batch<'a> {
    inner: &'a Inner,
    events: Vec<Event>,
}

impl Batch<'_> {
    fn forget(mut self) {
        self.events.clear();
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !self.events.is_empty() {
            let mut waiting = self.inner.lock();
            let later = mem::replace(&mut waiting.events, mem::take(&mut self.events));
            waiting.events.extend(later);
        }
    }
}

async fn write_often(inner: Weak<Inner>) {
    let mut tick = interval(WRITES);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let Some(wanted) = inner.upgrade().map(|inner| Arc::clone(&inner.rounds)) else { return };
        tokio::select! {
            _ = tick.tick() => {}
            () = wanted.wanted() => {}
        }
        let Some(inner) = inner.upgrade() else { return };
        // What is counted is written when its minute is over, or somebody wants to read it.
        let before = match inner.is_read.swap(false, Ordering::SeqCst) {
            true => Timestamp::from_millis(i64::MAX),
            false => inner.clock.now() - Tally::WINDOW,
        };
        inner.rounds.run(inner.write(before)).await;
    }
}

async fn go_round(inner: Weak<Inner>, clock: Arc<dyn Clock>, keep: Duration, node: String) {
    let mut tick = interval(ROUNDS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = inner.purge(&*clock, keep, &node).await {
            tracing::warn!(%error, "could not remove old events from the audit trail; retrying");
        }
    }
}

#[cfg(test)]
mod tests {
    use vestibule::{
        SystemClock,
        core::{event::EventName, id::UserId},
    };
    use vestibule_site::{
        memory::MemoryStore,
        store::{AuditTrail as _, EventQuery},
    };

    use super::*;

    const KEEP: Duration = Duration::from_secs(10);

    fn log(store: &MemoryStore) -> AuditLog {
        let clock = Arc::new(SystemClock::start());
        AuditLog::start(Arc::new(store.clone()), clock, KEEP, "node".to_owned())
    }

    fn event(seconds: i64) -> Event {
        Event::new(EventName::SysStartup, Timestamp::from_seconds(seconds))
    }

    async fn kept(store: &MemoryStore) -> Vec<i64> {
        let query = EventQuery { limit: u32::MAX, ..EventQuery::default() };
        let events = store.events(&query).await.unwrap();
        events.iter().map(|kept| kept.event.at.seconds()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_noted_is_written_within_a_second() {
        let store = MemoryStore::new();
        let log = log(&store);
        tokio::time::sleep(Duration::from_millis(10)).await;
        for number in 0..i64::try_from(BATCH).unwrap() + 5 {
            log.note(event(number));
        }
        assert!(kept(&store).await.is_empty());
        tokio::time::sleep(Duration::from_millis(990)).await;
        assert_eq!(kept(&store).await.len(), BATCH + 5);
    }

    #[tokio::test]
    async fn what_was_not_written_waits_in_its_order() {
        let store = MemoryStore::new();
        let log = log(&store);
        log.note(event(1));
        let (events, _) = log.0.take(Timestamp::default());
        log.note(event(2));
        drop(Batch { inner: &log.0, events });
        let (events, _) = log.0.take(Timestamp::default());
        assert_eq!(events.iter().map(|event| event.at.seconds()).collect::<Vec<_>>(), [1, 2]);
    }

    #[tokio::test]
    async fn what_cannot_be_noted_is_counted() {
        let store = MemoryStore::new();
        let log = log(&store);
        (0..CAPACITY + 3).for_each(|_| log.note(event(1)));
        assert_eq!(log.0.lock().lost, 3);
        log.flush().await;
        assert_eq!(kept(&store).await.len(), CAPACITY);
    }

    fn refused(number: u32, user: Option<UserId>) -> Event {
        let address = Some(format!("192.0.{}.{}", number / 256 % 256, number % 256));
        let at = SystemClock::start().now();
        let event = Event { address, ..Event::new(EventName::MaliciousCsrf, at) };
        user.into_iter().fold(event, Event::of)
    }

    async fn counts(store: &MemoryStore) -> Vec<u64> {
        let query = EventQuery { limit: u32::MAX, ..EventQuery::default() };
        store.events(&query).await.unwrap().iter().map(|kept| kept.event.count()).collect()
    }

    #[tokio::test]
    async fn what_strangers_are_refused_is_one_row_of_a_network() {
        let store = MemoryStore::new();
        let log = log(&store);
        (0..1_000).for_each(|_| log.note(refused(7, None)));
        (0..10).for_each(|_| log.note(refused(8, None)));
        (0..5).for_each(|_| log.note(refused(7, Some(UserId(1)))));
        log.0.write(log.0.clock.now() - Tally::WINDOW).await;
        assert_eq!(counts(&store).await, [0_u64; 0], "the minute is not over");
        log.flush().await;
        let mut counts = counts(&store).await;
        counts.sort_unstable();
        assert_eq!(counts, [5, 10, 1_000]);
        let day = SystemClock::start().now().seconds() / 86_400;
        let days = store.event_counts(day - 1, day + 2).await.unwrap();
        assert_eq!(days.iter().map(|day| day.count).sum::<u64>(), 1_015);
    }

    #[tokio::test]
    async fn a_minute_that_is_over_is_written() {
        let store = MemoryStore::new();
        let log = log(&store);
        log.note(Event { at: Timestamp::from_seconds(1), ..refused(7, None) });
        log.0.write(log.0.clock.now() - Tally::WINDOW).await;
        assert_eq!(counts(&store).await, [1]);
    }

    #[tokio::test]
    async fn however_many_networks_refuse_nothing_about_people_is_lost() {
        let store = MemoryStore::new();
        let log = log(&store);
        (0..60_000).for_each(|number| log.note(refused(number, None)));
        (0..10).for_each(|number| log.note(event(number)));
        let waiting = log.0.lock().strangers.0.len();
        assert_eq!(waiting, COUNTED + 1);
        log.flush().await;
        assert_eq!(log.0.lock().lost, 0);
        let counts = counts(&store).await;
        assert_eq!(counts.len(), COUNTED + 1 + 10);
        assert_eq!(counts.iter().sum::<u64>(), 60_010);
    }

    #[tokio::test]
    async fn what_is_old_goes_and_only_one_node_sees_to_it() {
        struct At(i64);
        impl Clock for At {
            fn now(&self) -> Timestamp {
                Timestamp::from_seconds(self.0)
            }
            fn monotonic(&self) -> Duration {
                Duration::ZERO
            }
        }
        let store = MemoryStore::new();
        let log = log(&store);
        store.append_events(&[event(100), event(101), event(102)]).await.unwrap();
        log.0.purge(&At(111), KEEP, "this").await.unwrap();
        assert_eq!(kept(&store).await, [102, 101]);
        log.0.purge(&At(112), KEEP, "other").await.unwrap();
        assert_eq!(kept(&store).await, [102, 101]);
        log.0.purge(&At(112), KEEP, "this").await.unwrap();
        assert_eq!(kept(&store).await, [102]);
    }
}
