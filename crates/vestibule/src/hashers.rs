//! Password hashing on a bounded pool with a bounded queue.
//!
//! As many hashers as may work at once are made, and each keeps its block of memory: however many
//! sign-ins arrive, the memory is that of the pool.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Semaphore;
use vestibule_core::password::{HashError, PasswordHasher, PasswordParameters};

use crate::problem::Problem;

pub(crate) struct Hashers {
    idle: Arc<Mutex<Vec<PasswordHasher>>>,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
}

impl Hashers {
    pub(crate) fn new(parameters: PasswordParameters, parallel: usize, queue: usize) -> Self {
        let parallel = parallel.max(1);
        let first = PasswordHasher::new(parameters);
        let idle = (1..parallel).map(|_| first.another()).collect::<Vec<_>>();
        let idle = idle.into_iter().chain([first]).collect();
        Self {
            idle: Arc::new(Mutex::new(idle)),
            turns: Arc::new(Semaphore::new(parallel)),
            waiting: AtomicUsize::new(0),
            queue,
        }
    }

    /// Runs `work` on a hasher of the pool, on a thread that may block.
    ///
    /// Work that has begun is finished also when nobody waits for it any more: a hasher is never lost.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut PasswordHasher) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = match Arc::clone(&self.turns).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => {
                let _place = Place::take(&self.waiting, self.queue).ok_or_else(busy)?;
                Arc::clone(&self.turns).acquire_owned().await.map_err(|_| busy())?
            }
        };
        let idle = Arc::clone(&self.idle);
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let hasher = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut hasher = hasher?;
            let outcome = work(&mut hasher);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(hasher);
            Some(outcome)
        });
        match done.await {
            Ok(Some(Ok(value))) => Ok(value),
            Ok(Some(Err(error))) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(Problem::new(vestibule_core::error::ErrorCode::Internal))
            }
            Ok(None) | Err(_) => Err(busy()),
        }
    }
}

fn busy() -> Problem {
    Problem::unavailable(Duration::from_secs(2))
}

/// A place in the queue, given back when dropped.
struct Place<'q>(&'q AtomicUsize);

impl<'q> Place<'q> {
    fn take(waiting: &'q AtomicUsize, queue: usize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        // Made before the check, so that a place that is not given is taken back as well.
        let place = Self(waiting);
        (before < queue).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
