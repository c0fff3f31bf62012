//! Password hashing on a bounded pool with a bounded queue.
//!
//! As many hashers as may work at once are made, and each keeps its block of memory: however many
//! sign-ins arrive, the memory is that of the pool. Each has a thread of its own, since an allocator keeps memory for
//! each thread that ever took any, and scrypt takes its own. The blocking threads of tokio are up to 512.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tokio::sync::{Semaphore, oneshot};
use vestibule_core::password::{HashError, PasswordHasher, PasswordParameters};

use crate::problem::Problem;

type Job = Box<dyn FnOnce(&mut PasswordHasher) + Send>;

pub(crate) struct Hashers {
    /// The threads end with it.
    jobs: mpsc::Sender<Job>,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
}

impl Hashers {
    pub(crate) fn new(parameters: PasswordParameters, parallel: usize, queue: usize) -> Self {
        let parallel = parallel.max(1);
        let first = PasswordHasher::new(parameters);
        let (jobs, next) = mpsc::channel();
        let next = Arc::new(Mutex::new(next));
        for _ in 0..parallel {
            let (hasher, next) = (first.another(), Arc::clone(&next));
            let thread = thread::Builder::new().name("passwords".to_owned());
            if let Err(error) = thread.spawn(move || work_off(&next, hasher)) {
                tracing::error!(%error, "cannot start a thread for password hashing");
            }
        }
        Self {
            jobs,
            turns: Arc::new(Semaphore::new(parallel)),
            waiting: AtomicUsize::new(0),
            queue,
        }
    }

    /// Runs `work` on a hasher of the pool, on that hasher's thread.
    ///
    /// Work that has begun is finished also if its caller is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut PasswordHasher) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = match Arc::clone(&self.turns).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => {
                let _place = QueueSlot::take(&self.waiting, self.queue).ok_or_else(busy)?;
                Arc::clone(&self.turns).acquire_owned().await.map_err(|_| busy())?
            }
        };
        let (answer, answered) = oneshot::channel();
        let job = move |hasher: &mut PasswordHasher| {
            let outcome = work(hasher);
            drop(turn);
            // The caller may be gone.
            let _ = answer.send(outcome);
        };
        self.jobs.send(Box::new(job)).map_err(|_| busy())?;
        // Waits on a blocking thread, so that a paused clock does not run ahead while a hash is computed. No more
        // than the pool has hashers wait at once.
        match tokio::task::spawn_blocking(move || answered.blocking_recv()).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => {
                tracing::error!(%error, "cannot hash a password");
                Err(Problem::new(vestibule_core::error::ErrorCode::Internal))
            }
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}

fn work_off(jobs: &Mutex<mpsc::Receiver<Job>>, mut hasher: PasswordHasher) {
    loop {
        // One waits for the next job, and the others wait for that one.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // The thread outlives a job that panics; its caller is told that the site is busy.
        if catch_unwind(AssertUnwindSafe(|| job(&mut hasher))).is_err() {
            tracing::error!("hashing a password panicked");
        }
    }
}

fn busy() -> Problem {
    Problem::unavailable(Duration::from_secs(2))
}

/// A place in the queue, given back when dropped.
struct QueueSlot<'q>(&'q AtomicUsize);

impl<'q> QueueSlot<'q> {
    fn take(waiting: &'q AtomicUsize, queue: usize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        // Made before the check, so that a place that is not given is taken back as well.
        let place = Self(waiting);
        (before < queue).then_some(place)
    }
}

impl Drop for QueueSlot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_takes_no_thread_with_it() {
        let hashers = Hashers::new(PasswordParameters::default(), 1, 1);
        for _ in 0..3 {
            assert!(
                hashers.run(|_| -> Result<(), HashError> { panic!("on purpose") }).await.is_err()
            );
        }
        assert_eq!(hashers.run(|_| Ok(7)).await.ok(), Some(7));
    }
}
