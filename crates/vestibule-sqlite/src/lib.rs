//! The embedded store of Vestibule: one SQLite file, no other process.
//!
//! It keeps the contract of [`vestibule_core::store`], for a site on one machine.
//!
//! - **Durable**: write-ahead log, `synchronous=FULL`. A change is answered after it is on the disk.
//! - **One writer**: a thread of its own takes everything that waits, runs each change inside a
//!   savepoint of one `BEGIN IMMEDIATE` transaction, and answers all of them after the commit. Many
//!   changes share one flush of the disk, a change that fails takes back only itself, and a caller that
//!   goes away cuts nothing in half.
//! - **Readers beside it**: a few threads with read-only connections; they see a change from the moment
//!   in which it was answered.
//! - **Never stuck**: every operation is answered within [`DEADLINE`], and at once where too many wait,
//!   with [`StoreError::Unavailable`](vestibule_core::store::StoreError::Unavailable).
//!
//! The command line may work on the file beside a running server; what it changes reaches the server by
//! the feed. Two *servers* on one file are kept apart by [`lock_for_serving`].
//!
//! ```
//! use vestibule_sqlite::{OpenOptions, SqliteStore};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("vestibule.db");
//! let store = SqliteStore::open(&path, OpenOptions { create: true, migrate: true })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It keeps no copy: a backup is the site owner's, with SQLite's own `.backup` while the site runs, or
//! of all files of the database while it does not. It does not work on a network file system, where
//! the write-ahead log cannot share its index.

mod audit;
mod batches;
mod commit;
mod erasure;
mod error;
mod extension;
mod feed;
#[cfg(feature = "site")]
mod feedback;
#[cfg(feature = "site")]
mod files;
mod history;
mod keys;
mod leases;
mod listing;
mod lock;
mod one_time;
mod open;
#[cfg(feature = "site")]
mod outbox;
mod reader;
mod rows;
mod schema;
mod sessions;
mod users;
mod values;
mod writer;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use rusqlite::Connection;
use vestibule_core::store::StoreResult;

pub use lock::{LockError, ServerLock, lock_for_serving};
pub use open::{OpenError, OpenOptions};
pub use schema::SchemaState;

/// After this time every operation is answered: done, or unavailable.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// The store in one SQLite file. Clones are handles of the same one.
///
/// When the last handle is dropped, what was accepted is still written, the write-ahead log is folded
/// into the file, and the file is closed; the drop waits for that.
#[derive(Clone)]
pub struct SqliteStore {
    threads: Arc<Threads>,
}

/// Dropped in this order: the writer's connection is the last one, and leaves no log behind.
struct Threads {
    readers: reader::Readers,
    writer: writer::Writer,
}

impl SqliteStore {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.threads.readers.run(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> StoreResult<T> {
        self.threads.writer.run(work).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
