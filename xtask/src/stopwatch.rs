//! How long things take, for people who wait.

use std::fmt;
use std::time::{Duration, Instant};

/// Runs from the moment it is made.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one clock of a command that nothing but a person waits for"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Elapsed {
        Elapsed(self.0.elapsed())
    }
}

/// A duration as `4m07s`, in whole seconds.
pub(crate) struct Elapsed(Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        f.pad(&format!("{}m{:02}s", seconds / 60, seconds % 60))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Elapsed;

    #[test]
    fn elapsed_reads_as_minutes_and_seconds() {
        assert_eq!(Elapsed(Duration::from_millis(247_999)).to_string(), "4m07s");
        assert_eq!(format!("{:>7}", Elapsed(Duration::ZERO)), "  0m00s");
    }
}
