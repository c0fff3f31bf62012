//! Waking the other nodes, by LISTEN and NOTIFY.
//!
//! A notification carries nothing: whoever hears it reads the feed. It is sent outside of the transaction
//! that made the change (see [`crate::feed`] for why), so it may be lost between the two, which costs the
//! others half a second.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{
    sync::Notify,
    task::AbortHandle,
    time::{sleep, timeout},
};
use vestibule_core::store::{FeedNotifier, StoreResult};

use crate::{
    DEADLINE, PostgresStore,
    pool::{ExecMode, Pool},
};

const CHANNEL: &str = "vestibule_feed";

const NOTIFY: &str = "SELECT pg_notify('vestibule_feed', '')";

/// How long to make the connection that listens.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A connection on which nothing came for this long is asked whether it is still there: one that merely
/// listens notices by itself neither a black hole nor a firewall that has forgotten it.
const ASK_AFTER: Duration = Duration::from_secs(5);
/// Between two attempts to connect: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Wakes the other nodes on the same database, and is woken by them. Its task ends when it is dropped.
pub struct PostgresNotifier {
    pool: Arc<Pool>,
    sending: Arc<Mutex<Sending>>,
    /// Whether the last notification could not be sent, so that a long outage is one line of the log.
    failing: Arc<AtomicBool>,
    ear: Arc<Ear>,
    listening: AbortHandle,
}

/// However many changes are made meanwhile, one notification is on its way and one more comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Nothing,
    One,
    AndOneMore,
}

#[derive(Default)]
struct Ear {
    news: Notify,
    is_connected: AtomicBool,
}

impl PostgresStore {
    /// What wakes the other nodes on this database. It has a connection of its own, which it makes by itself
    /// and again whenever it is lost.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn notifier(&self) -> PostgresNotifier {
        let ear = Arc::new(Ear::default());
        let listen = listen(self.pool.options().clone(), Arc::clone(&ear));
        PostgresNotifier {
            pool: Arc::clone(&self.pool),
            sending: Arc::new(Mutex::new(Sending::Nothing)),
            failing: Arc::default(),
            ear,
            listening: tokio::spawn(listen).abort_handle(),
        }
    }
}

#[async_trait]
impl FeedNotifier for PostgresNotifier {
    async fn notify(&self) {
        {
            let mut sending = lock(&self.sending);
            let was = *sending;
            *sending = if was == Sending::Nothing { Sending::One } else { Sending::AndOneMore };
            if was != Sending::Nothing {
                return;
            }
        }
        let (pool, sending) = (Arc::clone(&self.pool), Arc::clone(&self.sending));
        let failing = Arc::clone(&self.failing);
        tokio::spawn(async move {
            loop {
                tell(send(&pool).await, &failing);
                let mut sending = lock(&sending);
                if *sending == Sending::One {
                    *sending = Sending::Nothing;
                    return;
                }
                *sending = Sending::One;
            }
        });
    }

    async fn notified(&self) {
        self.ear.news.notified().await;
    }

    fn is_connected(&self) -> bool {
        self.ear.is_connected.load(Ordering::Relaxed)
    }
}

impl Drop for PostgresNotifier {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl fmt::Debug for PostgresNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresNotifier")
            .field("is_connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

async fn send(pool: &Arc<Pool>) -> StoreResult<()> {
    let send = pool.run(ExecMode::Statement, (), |(), connection| {
        Box::pin(async move {
            sqlx::query(NOTIFY).execute(connection).await?;
            Ok(())
        })
    });
    send.await
}

fn tell(sent: StoreResult<()>, failing: &AtomicBool) {
    let was_failing = failing.swap(sent.is_err(), Ordering::Relaxed);
    match sent {
        Err(error) if !was_failing => {
            tracing::warn!(%error, "cannot notify other nodes of changes; they find them by polling");
        }
        Ok(()) if was_failing => tracing::info!("other nodes are notified of changes again"),
        Err(_) | Ok(()) => {}
    }
}

fn lock(sending: &Mutex<Sending>) -> std::sync::MutexGuard<'_, Sending> {
    sending.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens for ever, on one connection after the other.
async fn listen(options: PgConnectOptions, ear: Arc<Ear>) {
    let (first, longest) = PAUSE;
    let mut pause = first;
    let mut is_known_to_fail = false;
    loop {
        match connect(&options).await {
            Ok(listener) => {
                (pause, is_known_to_fail) = (first, false);
                ear.is_connected.store(true, Ordering::Relaxed);
                // Whatever was sent in between was missed.
                ear.news.notify_one();
                hear(listener, &ear).await;
                ear.is_connected.store(false, Ordering::Relaxed);
            }
            Err(error) if !is_known_to_fail => {
                is_known_to_fail = true;
                tracing::warn!(%error, "cannot receive notifications of changes by other nodes; polling instead");
            }
            Err(_) => {}
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    // Listening goes by a pool, here of one connection: another one would not be listening.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_WITHIN)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.clone());
    let listening = async {
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    };
    timeout(DEADLINE, listening).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Passes on what is heard until the connection is lost.
async fn hear(mut listener: PgListener, ear: &Ear) {
    loop {
        match timeout(ASK_AFTER, listener.try_recv()).await {
            Ok(Ok(Some(_))) => ear.news.notify_one(),
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => {
                let asked = timeout(DEADLINE, sqlx::query("SELECT 1").execute(&mut listener)).await;
                if !matches!(asked, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}
