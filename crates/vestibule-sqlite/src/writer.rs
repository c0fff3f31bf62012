//! The one thread that writes.

use std::{
    io,
    sync::mpsc::{self, Receiver, SyncSender, TrySendError},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::oneshot;
use vestibule_core::store::StoreResult;

use crate::error::{DbError, answer};

/// How many changes may wait. Beyond, callers are told at once instead of after the deadline.
pub(crate) const QUEUE: usize = 1024;

/// How many changes share one transaction: enough for one flush of the disk to carry many, few enough
/// for the first of them not to wait long.
const GROUP: usize = 256;

/// The way to the writing thread. Dropping it waits until everything accepted is written.
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Gives the connection to a thread of its own.
    pub(crate) fn start(connection: Connection) -> io::Result<Self> {
        let (queue, jobs) = mpsc::sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(connection, &jobs))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Has `work` carried out inside a transaction, and answers once that is on the disk.
    ///
    /// It is carried out whole or not at all, also where the caller stops waiting.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreResult<T> {
        let (caller, outcome) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(DbError::Closed)?;
        let change = Change { work: Some(work), outcome: None, caller };
        queue.try_send(Box::new(change)).map_err(|refused| match refused {
            TrySendError::Full(_) => DbError::QueueFull,
            TrySendError::Disconnected(_) => DbError::Closed,
        })?;
        answer(outcome).await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing more to say: its callers have been told everything.
            let _ = thread.join();
        }
    }
}

/// A change, whatever it gives.
trait Job: Send {
    /// Carries it out, or leaves no trace of it; otherwise the transaction must not be committed.
    fn carry_out(&mut self, connection: &Connection) -> Result<(), TransactionAborted>;

    /// Tells the caller what became of it, now that the transaction has ended so.
    fn answer(self: Box<Self>, written: Result<(), DbError>);
}

/// The transaction holds the half of a change, or is over.
struct TransactionAborted;

struct Change<W, T> {
    work: Option<W>,
    outcome: Option<rusqlite::Result<T>>,
    caller: oneshot::Sender<Result<T, DbError>>,
}

impl<W, T> Job for Change<W, T>
where
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn carry_out(&mut self, connection: &Connection) -> Result<(), TransactionAborted> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let outcome = execute(connection, "SAVEPOINT change").and_then(|()| work(connection));
        let kept = match &outcome {
            Ok(_) => execute(connection, "RELEASE change"),
            // SQLite itself takes back everything where the disk is full or fails.
            Err(_) if connection.is_autocommit() => return self.spoilt(outcome),
            Err(_) => execute(connection, "ROLLBACK TO change")
                .and_then(|()| execute(connection, "RELEASE change")),
        };
        if kept.is_err() {
            return self.spoilt(outcome);
        }
        self.outcome = Some(outcome);
        Ok(())
    }

    fn answer(self: Box<Self>, written: Result<(), DbError>) {
        let answer = match (written, self.outcome) {
            (_, Some(Err(cause))) => Err(DbError::statement(cause)),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(trouble), _) => Err(trouble),
            (Ok(()), None) => Err(DbError::TakenBack),
        };
        // A caller who went away wants no answer.
        let _ = self.caller.send(answer);
    }
}

impl<W, T> Change<W, T> {
    fn spoilt(&mut self, outcome: rusqlite::Result<T>) -> Result<(), TransactionAborted> {
        self.outcome = Some(outcome);
        Err(TransactionAborted)
    }
}

fn serve(connection: Connection, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let written = write(&connection, &mut group);
        for job in group {
            job.answer(written.clone());
        }
    }
    close(connection);
}

fn write(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), DbError> {
    let written = transaction(connection, group);
    if written.is_err() && !connection.is_autocommit() {
        // Where this fails as well, the next transaction begins with it.
        let _ = execute(connection, "ROLLBACK");
    }
    if let Err(trouble) = &written {
        tracing::warn!(error = %trouble, changes = group.len(), "could not write a transaction");
    }
    written
}

fn transaction(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), DbError> {
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK").map_err(DbError::transaction)?;
    }
    execute(connection, "BEGIN IMMEDIATE").map_err(DbError::transaction)?;
    for job in group {
        job.carry_out(connection).map_err(|TransactionAborted| DbError::TakenBack)?;
    }
    execute(connection, "COMMIT").map_err(DbError::transaction)
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(|_| ())
}

/// Folds the write-ahead log into the file, so that what is left is one file that can be copied.
fn close(connection: Connection) {
    let folded = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    let closed = folded.and_then(|()| connection.close().map_err(|(_, cause)| cause));
    if let Err(cause) = closed {
        // Nothing is lost by that: the next one to open the file reads the log.
        tracing::warn!(error = %cause, "the database was closed without a final checkpoint of its write-ahead log");
    }
}
