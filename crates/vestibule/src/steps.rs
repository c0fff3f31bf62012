//! Answers whose time must not tell what was done for them.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Longer than a store takes to write a row, and too short for anybody to mind.
const STEP: Duration = Duration::from_millis(50);

/// Carries out `work`, and comes back when a whole number of [`STEP`]s has passed since it began: whether
/// there was a row more or less to write cannot be told from that.
pub(crate) async fn pad_to_quantum<T>(work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    sleep_until(begun + end_of_step(begun.elapsed())).await;
    done
}

/// When the step ends in which `taken` ended.
fn end_of_step(taken: Duration) -> Duration {
    let whole = taken.as_nanos() / STEP.as_nanos();
    STEP.saturating_mul(u32::try_from(whole).unwrap_or(u32::MAX).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_of_different_length_ends_at_the_same_time() {
        for (work, end) in [(0, 50), (1, 50), (49, 50), (50, 100), (51, 100), (120, 150)] {
            let begun = Instant::now();
            let work = async { sleep(Duration::from_millis(work)).await };
            pad_to_quantum(work).await;
            assert_eq!(begun.elapsed(), Duration::from_millis(end));
        }
    }
}
