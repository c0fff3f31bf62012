//! Time as an argument.
//!
//! Nothing in this crate reads a clock. Every rule takes `now`, so that a test of an expiry is exact
//! and instant. The programs around it own a [`Clock`].

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// A moment, as whole milliseconds since the Unix epoch (UTC, leap seconds not counted).
///
/// Tokens carry whole seconds (RFC 7519 section 2, `NumericDate`), see [`Timestamp::seconds`]; the
/// store keeps milliseconds, because the grace of a renewal is measured against them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `milliseconds` after the Unix epoch.
    #[must_use]
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// The moment `seconds` after the Unix epoch.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down, as tokens carry them.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long ago `earlier` was; zero where it lies in the future (a clock that was set back must
    /// not turn into a huge age).
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        let difference = self.0.saturating_sub(earlier.0);
        if difference <= 0 {
            Duration::ZERO
        } else {
            Duration::from_millis(difference.unsigned_abs())
        }
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(duration)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.seconds(), self.0.rem_euclid(1000))
    }
}

fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A moment by both clocks. What has to be remembered for a while is forgotten when both say so: a wall
/// clock that jumps ahead and back again makes nobody forget too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the wall clock.
    pub wall: Timestamp,
    /// By the clock that never goes backwards.
    pub monotonic: Duration,
}

impl Moment {
    /// Whether both clocks have reached `other`.
    #[must_use]
    pub fn has_reached(self, other: Self) -> bool {
        self.wall >= other.wall && self.monotonic >= other.monotonic
    }

    /// The later of both, clock by clock.
    #[must_use]
    pub fn latest(self, other: Self) -> Self {
        Self { wall: self.wall.max(other.wall), monotonic: self.monotonic.max(other.monotonic) }
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self { wall: self.wall + duration, monotonic: self.monotonic.saturating_add(duration) }
    }
}

/// Where the programs around this crate get the time from.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock. It may jump; token and session lifetimes follow it.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start that never goes backwards. Lock-outs follow it, so that setting
    /// the wall clock frees nobody and locks out nobody.
    fn monotonic(&self) -> Duration;

    /// Now by both.
    fn moment(&self) -> Moment {
        Moment { wall: self.now(), monotonic: self.monotonic() }
    }
}
