//! A clock that stands still until it is told to move.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use vestibule_core::time::{Clock, Timestamp};

use crate::samples;

/// A clock for tests. It starts at [`samples::START`].
#[derive(Debug)]
pub struct FakeClock {
    hands: Mutex<Hands>,
}

#[derive(Debug)]
struct Hands {
    wall: Timestamp,
    monotonic: Duration,
}

impl FakeClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { hands: Mutex::new(Hands { wall: now, monotonic: Duration::ZERO }) }
    }

    /// Lets time pass: both the wall clock and the monotonic one move.
    pub fn advance(&self, duration: Duration) {
        let mut hands = self.hands();
        hands.wall = hands.wall + duration;
        hands.monotonic += duration;
    }

    /// Sets the wall clock, as an administrator or a time service does, also backwards. No time
    /// passes by that: the monotonic clock stays.
    pub fn set(&self, now: Timestamp) {
        self.hands().wall = now;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::at(samples::START)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.hands().wall
    }

    fn monotonic(&self) -> Duration {
        self.hands().monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_on_both_clocks_and_setting_moves_only_the_wall() {
        let clock = FakeClock::default();
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now(), samples::START + Duration::from_millis(1500));
        clock.set(Timestamp::from_seconds(5));
        assert_eq!(clock.now(), Timestamp::from_seconds(5));
        assert_eq!(clock.monotonic(), Duration::from_millis(1500));
    }
}
