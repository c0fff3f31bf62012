//! How far an import has come.

use std::time::Duration;

/// Where there is no terminal, it is said after so many rows.
const EVERY: usize = 10_000;
/// On a terminal, this often.
const REDRAWN_AFTER: Duration = Duration::from_millis(200);
const BAR_SIGNS: u64 = 24;

pub(super) struct Progress {
    /// Of the file, in bytes.
    size: Option<u64>,
    began_at: Duration,
    drawn_at: Option<Duration>,
    said: usize,
}

impl Progress {
    /// Begins at `now`, by a clock that nobody sets.
    pub(super) const fn begin(size: Option<u64>, now: Duration) -> Self {
        Self { size, began_at: now, drawn_at: None, said: 0 }
    }

    /// Whether it is time for a line of its own.
    pub(super) const fn is_due_after(&mut self, rows: usize) -> bool {
        let is_due = rows >= self.said + EVERY;
        if is_due {
            self.said = rows;
        }
        is_due
    }

    /// A bar with the rate and, where the file's size is known, the time that is left; unless there was one a
    /// moment ago.
    pub(super) fn bar(&mut self, rows: usize, bytes: u64, now: Duration) -> Option<String> {
        if self.drawn_at.is_some_and(|at| now.saturating_sub(at) < REDRAWN_AFTER) {
            return None;
        }
        self.drawn_at = Some(now);
        let millis = now.saturating_sub(self.began_at).as_millis().max(1);
        let rate = u128::try_from(rows).unwrap_or_default() * 1000 / millis;
        let Some(size) = self.size.filter(|size| *size > 0) else {
            return Some(format!("{rows} rows, {rate} rows/s"));
        };
        let done = bytes.min(size);
        let (percent, filled) = (share(done, 100, size), share(done, BAR_SIGNS, size));
        let bar: String =
            (0..BAR_SIGNS).map(|place| if place < filled { '#' } else { '-' }).collect();
        let left = millis * u128::from(size - done) / u128::from(done.max(1));
        let left = left.div_ceil(1000);
        let left = match (left / 3600, left / 60 % 60, left % 60) {
            (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
            (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
        };
        Some(format!("[{bar}] {percent:3} %  {rows} rows, {rate} rows/s, {left} left"))
    }
}

/// `done` of `size`, as so many of `whole`.
fn share(done: u64, whole: u64, size: u64) -> u64 {
    let share = u128::from(done) * u128::from(whole) / u128::from(size);
    u64::try_from(share).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_rate_and_time_left() {
        let start = Duration::from_secs(5);
        let mut progress = Progress::begin(Some(4000), start);
        let mut bar =
            |rows, bytes, after| progress.bar(rows, bytes, start + Duration::from_millis(after));
        let first = bar(10, 1000, 2000).unwrap();
        assert_eq!(first, "[######------------------]  25 %  10 rows, 5 rows/s, 0:06 left");
        assert_eq!(bar(11, 1100, 2199), None, "a moment ago");
        let last = bar(40, 4000, 8000).unwrap();
        assert_eq!(last, "[########################] 100 %  40 rows, 5 rows/s, 0:00 left");
        let mut slow = Progress::begin(Some(1 << 40), start);
        let hours = slow.bar(1, 1 << 38, start + Duration::from_secs(3600)).unwrap();
        assert!(hours.ends_with("3:00:00 left"), "{hours}");
        let mut unknown = Progress::begin(None, start);
        assert_eq!(unknown.bar(3, 0, start + Duration::from_secs(1)).unwrap(), "3 rows, 3 rows/s");
    }

    #[test]
    fn a_line_is_due_every_ten_thousand_rows() {
        let mut progress = Progress::begin(None, Duration::ZERO);
        let due = (1..=30_000).filter(|rows| progress.is_due_after(*rows)).collect::<Vec<_>>();
        assert_eq!(due, [10_000, 20_000, 30_000]);
    }
}
