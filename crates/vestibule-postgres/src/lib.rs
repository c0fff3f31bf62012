//! The PostgreSQL store of Vestibule: any number of equal nodes on one database.
//!
//! It keeps the contract of [`vestibule_core::store`].
//!
//! - **Durable**: a change is answered after its commit, which waits for the disk as the server's own
//!   `synchronous_commit` says.
//! - **Small**: what is frequent is a few statements, each on one row by its primary key and in one round trip. A
//!   renewal is three of them, and touches no index.
//! - **Whole**: each operation is a task of its own. A caller that goes away cuts nothing in half.
//! - **Never stuck**: every operation is answered within [`DEADLINE`], and at once where too many wait, with
//!   [`StoreError::Unavailable`](vestibule_core::store::StoreError::Unavailable). A connection on which
//!   the deadline has passed is thrown away. When the database is back, so is the store.
//!
//! A node that changed something tells the others by a [`PostgresNotifier`], for speed; what they go by is
//! the feed.
//!
//! ```no_run
//! use vestibule_postgres::{PoolOptions, PostgresStore};
//!
//! # async fn start() -> Result<(), vestibule_postgres::OpenError> {
//! let url = "postgres://vestibule:secret@db.example.org/vestibule?sslmode=verify-full";
//! PostgresStore::migrate(url).await?;
//! let store = PostgresStore::connect(url, PoolOptions::default()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it needs
//!
//! A primary that takes writes, encoded in UTF-8, with sessions of its own for each connection: a pooler in
//! between has to pool by session, because settings and prepared statements belong to the connection.
//!
//! # What it does not do
//!
//! It makes no database, no copy and no fail-over: those are the database's. It reads from no replica,
//! because an ended session must not come back for as long as the replica is behind.

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
mod notifier;
mod one_time;
mod open;
#[cfg(feature = "site")]
mod outbox;
mod pool;
mod pooled;
mod rows;
mod schema;
mod sessions;
mod target;
mod users;
mod values;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use sqlx::PgConnection;
use vestibule_core::store::StoreResult;

use pool::{ExecMode, Pool, Work};

pub use notifier::PostgresNotifier;
pub use open::OpenError;
pub use schema::SchemaState;

/// After this time every operation is answered: done, or unavailable. What is done in many steps, as purging
/// is, has it for each step.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// How much of the database one node may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// How many connections at most. They are made when they are needed.
    pub connections: u32,
    /// How many operations may wait for one of them. Further ones are unavailable at once.
    pub waiting: u32,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { connections: 10, waiting: 250 }
    }
}

/// The store in a PostgreSQL database. Clones share their connections, which are closed with the last one.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Arc<Pool>,
}

impl PostgresStore {
    async fn read<S, T, W>(&self, given: S, work: W) -> StoreResult<T>
    where
        S: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a S, &'a mut PgConnection) -> Work<'a, T> + Send + Sync + 'static,
    {
        self.pool.run(ExecMode::Read, given, work).await
    }

    /// For work that is one statement.
    async fn write<S, T, W>(&self, given: S, work: W) -> StoreResult<T>
    where
        S: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a S, &'a mut PgConnection) -> Work<'a, T> + Send + Sync + 'static,
    {
        self.pool.run(ExecMode::Statement, given, work).await
    }

    /// For work of several statements. It may be carried out again from its beginning.
    async fn transact<S, T, W>(&self, given: S, work: W) -> StoreResult<T>
    where
        S: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a S, &'a mut PgConnection) -> Work<'a, T> + Send + Sync + 'static,
    {
        self.pool.run(ExecMode::Transaction, given, work).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
