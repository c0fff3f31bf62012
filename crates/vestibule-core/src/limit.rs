//! Limits on failures: an exact sliding window for each key.
//!
//! `N/window` means: N failures within the window are answered, the next try is refused until the
//! window has moved on. Tries in flight count as failures until they are settled, so that a burst of
//! parallel tries is evaluated no more often than one after the other.
//!
//! Times are of a monotonic clock: setting the wall clock frees nobody.
//!
//! One node keeps its windows itself ([`SlidingWindow`]). Several may keep them together
//! ([`SharedLimits`]); each then keeps its own ones beside that, for the time when what they share is away.

mod shared;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::Duration,
};

pub use shared::{BeginError, LimitsUnavailable, SharedLimits, SharedTry};

/// A rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many failures are answered within the window.
    pub count: u32,
    /// The window's length.
    pub window: Duration,
}

impl Rate {
    /// What a node allows by itself while it cannot reach what it shares with the others: half, so that
    /// an outage is no allowance for whoever goes from node to node, but at least one where there was one.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { count: (self.count / 2).max(1).min(self.count), ..self }
    }
}

/// Failures by key, in bounded memory.
#[derive(Debug)]
pub struct SlidingWindow<K> {
    rate: Rate,
    capacity: usize,
    entries: HashMap<K, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    failures: VecDeque<Duration>,
    in_flight: u32,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counts.
    Failed,
    /// It does not.
    Passed,
}

/// The key has used up its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {} seconds", retry_after.as_secs())]
pub struct Limited {
    /// When the next try may be answered; never less than a second.
    pub retry_after: Duration,
    /// Whether only tries in flight stand in the way: once they are settled, and passed, the next one may
    /// be answered after all.
    pub by_in_flight: bool,
}

impl<K: Eq + Hash + Clone> SlidingWindow<K> {
    /// No failures yet; at most `capacity` keys are remembered.
    #[must_use]
    pub fn new(rate: Rate, capacity: usize) -> Self {
        Self { rate, capacity, entries: HashMap::new() }
    }

    /// Begins a try. Every `Ok` must be followed by one [`SlidingWindow::settle`] of the same key.
    ///
    /// # Errors
    /// [`Limited`] where the rate is used up.
    pub fn begin(&mut self, key: &K, now: Duration) -> Result<(), Limited> {
        self.begin_within(self.rate.count, key, now)
    }

    /// Begins a try where fewer than `count` others have failed or are in flight; otherwise as
    /// [`SlidingWindow::begin`].
    ///
    /// # Errors
    /// [`Limited`] where so many are used up.
    pub fn begin_within(&mut self, count: u32, key: &K, now: Duration) -> Result<(), Limited> {
        let window = self.rate.window;
        if !self.entries.contains_key(key) && self.entries.len() >= self.capacity {
            self.make_room(now);
        }
        let entry = self.entries.entry(key.clone()).or_default();
        entry.forget(now, window);
        let failures = u32::try_from(entry.failures.len()).unwrap_or(u32::MAX);
        if failures.saturating_add(entry.in_flight) >= count {
            let by_in_flight = failures < count && entry.in_flight > 0;
            // There may be more failures than `count`: as many as are too many have to leave.
            let last_to_leave = entry.failures.get(failures.saturating_sub(count) as usize);
            let wait = match last_to_leave {
                Some(last) if !by_in_flight => (*last + window).saturating_sub(now),
                Some(_) | None => Duration::ZERO,
            };
            return Err(Limited { retry_after: wait.max(Duration::from_secs(1)), by_in_flight });
        }
        entry.in_flight += 1;
        Ok(())
    }

    /// Ends a try.
    pub fn settle(&mut self, key: &K, outcome: Outcome, now: Duration) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        entry.in_flight = entry.in_flight.saturating_sub(1);
        if outcome == Outcome::Failed {
            entry.failures.push_back(now);
        }
        if entry.is_empty() {
            self.entries.remove(key);
        }
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody has failed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forgets what has left the window and, where that is not enough, the tenth of the keys whose
    /// last failure is the oldest.
    fn make_room(&mut self, now: Duration) {
        let window = self.rate.window;
        self.entries.retain(|_, entry| {
            entry.forget(now, window);
            !entry.is_empty()
        });
        if self.entries.len() < self.capacity {
            return;
        }
        let mut ages: Vec<_> =
            self.entries.values().filter_map(|entry| entry.failures.back().copied()).collect();
        let tenth = ages.len() / 10;
        if ages.is_empty() {
            return;
        }
        let (_, limit, _) = ages.select_nth_unstable(tenth);
        let limit = *limit;
        self.entries.retain(|_, entry| {
            entry.in_flight > 0 || entry.failures.back().is_none_or(|last| *last > limit)
        });
    }
}

impl Entry {
    fn forget(&mut self, now: Duration, window: Duration) {
        while self.failures.front().is_some_and(|at| *at + window <= now) {
            self.failures.pop_front();
        }
    }

    fn is_empty(&self) -> bool {
        self.failures.is_empty() && self.in_flight == 0
    }
}
