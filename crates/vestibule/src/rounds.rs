//! Rounds of writing that one task carries out, and that requests wait for, but not for long.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

/// How long a request waits for a round. It then reads what the store has, which is a second old at the most while the
/// store works, and otherwise cannot be read either.
const PATIENCE: Duration = Duration::from_millis(500);

/// What was noticed in memory is written in rounds, by one task. A request that wants to see all of it asks for a round
/// and waits a moment.
///
/// However many wait, and however long the store takes: each of them waits for at most half a second, and none for another
/// one's turn.
#[derive(Debug)]
pub struct Rounds {
    begun: AtomicU64,
    finished: watch::Sender<u64>,
    wanted: Notify,
}

impl Rounds {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { begun: AtomicU64::new(0), finished: watch::Sender::new(0), wanted: Notify::new() }
    }

    /// For the task that writes: carries one round out.
    pub async fn run(&self, round: impl Future<Output = ()>) {
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        round.await;
        self.finished.send_replace(number);
    }

    /// For the task that writes: waits until a request wants a round. May be dropped at any time.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// For a request: waits until a round that begins from here on is finished, or for half a second.
    pub async fn wait(&self) {
        let before = self.begun.load(Ordering::SeqCst);
        let mut finished = self.finished.subscribe();
        self.wanted.notify_one();
        // The sender lives as long as this does; beyond the time the request goes on without.
        let _ = timeout(PATIENCE, finished.wait_for(|number| *number > before)).await;
    }
}

impl Default for Rounds {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{task::JoinSet, time::Instant};

    use super::*;

    /// Writes whenever it is asked, which takes `each`.
    fn writer(each: Duration) -> Arc<Rounds> {
        let rounds = Arc::new(Rounds::new());
        let writing = Arc::clone(&rounds);
        tokio::spawn(async move {
            loop {
                writing.wanted().await;
                writing.run(tokio::time::sleep(each)).await;
            }
        });
        rounds
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_noticed_before_is_written_after_waiting() {
        let rounds = writer(Duration::from_millis(10));
        rounds.wait().await;
        assert_eq!(*rounds.finished.borrow(), 1);
        // A round that has begun already may have passed over what was noticed a moment ago.
        let first = tokio::spawn({
            let rounds = Arc::clone(&rounds);
            async move { rounds.wait().await }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        rounds.wait().await;
        assert_eq!(*rounds.finished.borrow(), 3);
        first.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_anothers_turn() {
        let rounds = writer(Duration::from_secs(3));
        let began = Instant::now();
        let mut waiting = JoinSet::new();
        for _ in 0..25 {
            let rounds = Arc::clone(&rounds);
            waiting.spawn(async move { rounds.wait().await });
        }
        waiting.join_all().await;
        assert_eq!(began.elapsed(), PATIENCE);
    }
}
