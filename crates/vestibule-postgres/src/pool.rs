//! Connections, and how operations are run on them.
//!
//! A pool of our own instead of the one of sqlx, because that pings each connection that is given back before the next
//! operation may have it, and tries again for as long as it may take where a connection is refused. Here a connection
//! is closed when an operation was cut off on it, and in front of a database that does not answer only so many
//! operations wait.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
use tracing::Instrument as _;
use vestibule_core::store::StoreResult;

use crate::{
    DEADLINE, PoolOptions,
    error::{DbError, RetryClass},
};

/// How long a connection may take to be made, logged in and set up.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A connection that lay unused for this long is asked whether it still works: the server may have been
/// restarted meanwhile, or something in between may have forgotten it.
const ASK_AFTER: Duration = Duration::from_secs(1);
/// A connection is replaced at this age, so that nodes spread again after a fail-over, and what the server
/// keeps for it does not grow for ever.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// How often an operation is carried out again where others were in the way.
pub(crate) const ATTEMPTS: u32 = 8;
/// Before the second time; doubled for each further one.
const PAUSE: Duration = Duration::from_millis(5);

/// For each connection. The server gives up before we do, so that an operation whose connection was thrown
/// away does not go on for long; and where this program has vanished in the middle of a transaction, its
/// locks are released.
const SETTINGS: &str = "SET statement_timeout = 2500; SET lock_timeout = 2000; \
     SET idle_in_transaction_session_timeout = 5000";

/// What an operation does on its connection.
pub(crate) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send + 'a>>;

/// How an operation is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecMode {
    /// It changes nothing, so it is asked once more where the connection breaks.
    Read,
    /// It is one statement, and so a transaction by itself: one round trip.
    Statement,
    /// Between BEGIN and COMMIT.
    Transaction,
}

/// The connections to one database.
pub(crate) struct Pool {
    options: PgConnectOptions,
    /// One for each operation that runs or waits.
    places: Arc<Semaphore>,
    /// One for each connection in use. Whoever comes first is served first.
    turns: Semaphore,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    connections: Vec<Pooled>,
    /// Counts how often the database was lost. Connections from before are not used again.
    epoch: u64,
}

struct Pooled {
    connection: PgConnection,
    epoch: u64,
    made: Instant,
    used: Instant,
}

impl Pool {
    pub(crate) fn new(options: PgConnectOptions, limits: PoolOptions) -> Self {
        let connections = limits.connections.max(1);
        let places = usize::try_from(connections.saturating_add(limits.waiting));
        let places = places.unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self {
            options,
            places: Arc::new(Semaphore::new(places)),
            turns: Semaphore::new(usize::try_from(connections).unwrap_or(1)),
            idle: Mutex::default(),
        }
    }

    pub(crate) const fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Carries out an operation, and answers within [`DEADLINE`].
    ///
    /// It runs as a task of its own. A handler is dropped at any of its awaits when its client goes away; were
    /// the operation a part of it, the transaction would stay open between two statements, and the connection
    /// in the middle of an answer. The task goes on to the end, or to the deadline; where that cuts it off,
    /// the connection is closed with it, and the server takes back what was not committed.
    pub(crate) async fn run<S, T, W>(
        self: &Arc<Self>,
        way: ExecMode,
        given: S,
        work: W,
    ) -> StoreResult<T>
    where
        S: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a S, &'a mut PgConnection) -> Work<'a, T> + Send + Sync + 'static,
    {
        let target = Arc::clone(&self.places).try_acquire_owned().map_err(|_| DbError::Full)?;
        let pool = Arc::clone(self);
        let task = async move {
            let _place = target;
            let outcome = timeout(DEADLINE, pool.carry_out(way, &given, &work)).await;
            outcome.unwrap_or(Err(DbError::TooSlow))
        };
        let outcome = tokio::spawn(task.in_current_span()).await;
        Ok(outcome.unwrap_or(Err(DbError::GivenUp))?)
    }

    async fn carry_out<S, T, W>(&self, way: ExecMode, given: &S, work: &W) -> Result<T, DbError>
    where
        W: for<'a> Fn(&'a S, &'a mut PgConnection) -> Work<'a, T>,
    {
        let _turn = self.turns.acquire().await.map_err(|_| DbError::GivenUp)?;
        let mut attempt = 0;
        loop {
            let mut pooled = self.take().await?;
            let outcome = attempt_once(way, &mut pooled.connection, given, work).await;
            let trouble = match outcome {
                Ok(done) => {
                    self.give_back(pooled);
                    return Ok(done);
                }
                Err(trouble) => trouble,
            };
            let again = match trouble.verdict() {
                RetryClass::Final => {
                    self.give_back(pooled);
                    false
                }
                RetryClass::Again => {
                    self.give_back(pooled);
                    true
                }
                RetryClass::Lost => {
                    self.forget(&pooled);
                    way == ExecMode::Read && attempt == 0
                }
            };
            attempt += 1;
            if !again || attempt == ATTEMPTS {
                return Err(trouble);
            }
            sleep(PAUSE * 2_u32.saturating_pow(attempt - 1)).await;
        }
    }

    /// A connection that works, as far as can be known.
    async fn take(&self) -> Result<Pooled, DbError> {
        while let Some(mut pooled) = self.last_used() {
            if pooled.made.elapsed() >= LIFE {
                continue;
            }
            if pooled.used.elapsed() < ASK_AFTER || pooled.connection.ping().await.is_ok() {
                return Ok(pooled);
            }
            self.forget(&pooled);
        }
        let epoch = self.idle().epoch;
        let connection = connect(&self.options).await?;
        let now = Instant::now();
        Ok(Pooled { connection, epoch, made: now, used: now })
    }

    fn last_used(&self) -> Option<Pooled> {
        self.idle().connections.pop()
    }

    fn give_back(&self, mut pooled: Pooled) {
        pooled.used = Instant::now();
        let mut idle = self.idle();
        if pooled.epoch == idle.epoch {
            idle.connections.push(pooled);
        }
    }

    /// Where one connection broke, those that were made before are not tried one by one.
    fn forget(&self, lost: &Pooled) {
        let mut idle = self.idle();
        if lost.epoch == idle.epoch {
            idle.epoch += 1;
            idle.connections.clear();
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection for what is done once, without the limits of an operation.
pub(crate) async fn connect_patiently(options: &PgConnectOptions) -> Result<PgConnection, DbError> {
    let connecting = PgConnection::connect_with(options);
    Ok(timeout(DEADLINE, connecting).await.map_err(|_| DbError::NoConnection)??)
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, DbError> {
    let connecting = async {
        let mut connection = PgConnection::connect_with(options).await?;
        sqlx::raw_sql(SETTINGS).execute(&mut connection).await?;
        Ok(connection)
    };
    timeout(CONNECT_WITHIN, connecting).await.unwrap_or(Err(DbError::NoConnection))
}

async fn attempt_once<S, T, W>(
    way: ExecMode,
    connection: &mut PgConnection,
    given: &S,
    work: &W,
) -> Result<T, DbError>
where
    W: for<'a> Fn(&'a S, &'a mut PgConnection) -> Work<'a, T>,
{
    if way != ExecMode::Transaction {
        return work(given, connection).await;
    }
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    match work(given, connection).await {
        Ok(done) => {
            sqlx::raw_sql("COMMIT").execute(connection).await?;
            Ok(done)
        }
        Err(trouble) if trouble.verdict() == RetryClass::Lost => Err(trouble),
        Err(trouble) => {
            // A connection that cannot even do that is lost, whatever came before.
            sqlx::raw_sql("ROLLBACK").execute(connection).await?;
            Err(trouble)
        }
    }
}
