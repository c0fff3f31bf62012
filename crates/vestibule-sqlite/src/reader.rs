//! The threads that read.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;
use vestibule_core::store::StoreResult;

use crate::error::{DbError, answer};

/// How many reads may wait. Beyond, callers are told at once instead of after the deadline.
const QUEUE: usize = 1024;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the reading threads. Dropping it waits until they have closed their connections.
pub(crate) struct Readers {
    queue: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Gives each connection to a thread of its own; they share one queue.
    pub(crate) fn start(connections: Vec<Connection>) -> io::Result<Self> {
        let (queue, jobs) = mpsc::sync_channel::<Job>(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut readers = Self { queue: Some(queue), threads: Vec::new() };
        for connection in connections {
            let jobs = Arc::clone(&jobs);
            let thread = std::thread::Builder::new()
                .name("sqlite-reader".to_owned())
                .spawn(move || serve(&connection, &jobs))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Has `work` carried out on one of the connections.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreResult<T> {
        let (caller, outcome) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Nobody waits for it any more: the next one is served the sooner.
            if !caller.is_closed() {
                let _ = caller.send(work(connection).map_err(DbError::statement));
            }
        });
        let queue = self.queue.as_ref().ok_or(DbError::Closed)?;
        queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => DbError::QueueFull,
            TrySendError::Disconnected(_) => DbError::Closed,
        })?;
        answer(outcome).await
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(connection: &Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        // One thread waits inside the lock, the others for the lock: either way one of them wakes.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        job(connection);
    }
}
