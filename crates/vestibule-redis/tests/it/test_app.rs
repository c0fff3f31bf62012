//! A Redis of one test, and the nodes that use it.

use std::time::Duration;

use redis::{AsyncTypedCommands as _, aio::MultiplexedConnection};
use vestibule::SiteSecret;
use vestibule_core::limit::{BeginError, Limited, Outcome, Rate, SharedLimits as _, SharedTry};
use vestibule_redis::{Redis, RedisLimits, RedisOptions};
use vestibule_testkit::{SeededEntropy, redis::Redis as Server, wait};

/// What is to happen happens within this time, or never. On a machine that has other things to do it may be
/// late; nothing here is sooner for waiting longer.
pub(crate) const AT_MOST: Duration = Duration::from_secs(20);

/// Three in a minute.
pub(crate) const RATE: Rate = Rate { count: 3, window: Duration::from_secs(60) };

pub(crate) type Begun = Result<Box<dyn SharedTry>, BeginError>;

pub(crate) struct TestApp {
    pub(crate) server: Server,
}

/// One node's connection, and the limits it shares.
pub(crate) struct Node {
    pub(crate) redis: Redis,
    pub(crate) limits: RedisLimits,
}

impl TestApp {
    pub(crate) fn start() -> Self {
        Self { server: Server::start() }
    }

    /// A node that waits for Redis for as long as it takes: for tests of what Redis says, not of when.
    pub(crate) async fn node(&self, number: u64) -> Node {
        self.node_with(number, RedisOptions { deadline: AT_MOST, ..RedisOptions::default() }).await
    }

    pub(crate) async fn node_with(&self, number: u64, options: RedisOptions) -> Node {
        let redis = Redis::open(&self.server.url(), options).unwrap();
        let limits = redis.limits(&secret(), &SeededEntropy::new(number));
        until(async || redis.is_connected().then_some(())).await;
        Node { redis, limits }
    }

    /// A connection for a test's own questions.
    pub(crate) async fn look(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.server.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Lets time pass in Redis, by moving all it knows into the past.
    pub(crate) async fn pass(&self, seconds: u32) {
        let mut look = self.look().await;
        for key in look.keys("*").await.unwrap() {
            for (member, _) in look.zrange_withscores(&key, 0, -1).await.unwrap() {
                let back = f64::from(seconds) * -1000.0;
                look.zincr(&key, member, back).await.unwrap();
            }
        }
    }

    /// Waits until Redis holds nothing.
    pub(crate) async fn is_empty(&self) {
        let mut look = self.look().await;
        until(async || look.keys("*").await.unwrap().is_empty().then_some(())).await;
    }
}

impl Node {
    pub(crate) async fn begin(&self, key: &str) -> Begun {
        self.limits.begin("account", key, RATE).await
    }

    /// A try that fails, once Redis knows it.
    pub(crate) async fn fail(&self, app: &TestApp, key: &str) {
        let begun = self.begin(key).await.map_err(|error| error.to_string()).unwrap();
        let mut look = app.look().await;
        let before = failures(&mut look).await;
        begun.settle(Outcome::Failed);
        until(async || (failures(&mut look).await > before).then_some(())).await;
    }

    /// Waits until a try begins.
    pub(crate) async fn begins(&self, key: &str) -> Box<dyn SharedTry> {
        until(async || self.begin(key).await.ok()).await
    }
}

/// How many failures Redis knows, of all limits.
pub(crate) async fn failures(look: &mut MultiplexedConnection) -> usize {
    let mut sum = 0;
    for key in look.keys("*:failures").await.unwrap() {
        sum += look.zcard(key).await.unwrap();
    }
    sum
}

pub(crate) fn secret() -> SiteSecret {
    SiteSecret::new(*b"a secret of thirty-two bytes or more").unwrap()
}

pub(crate) fn limited(begun: Begun) -> Limited {
    match begun {
        Err(BeginError::Limited(limited)) => limited,
        Err(BeginError::Unavailable(error)) => panic!("{error}"),
        Ok(_) => panic!("a try has begun that should have been refused"),
    }
}

pub(crate) fn is_unavailable(begun: &Begun) -> bool {
    matches!(begun, Err(BeginError::Unavailable(_)))
}

/// Waits for a condition, with an end.
pub(crate) async fn until<T>(look: impl AsyncFnMut() -> Option<T>) -> T {
    wait::until_async(AT_MOST, look).await.expect("it has not happened")
}

/// Waits for something, with an end.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(AT_MOST, what).await.expect("it takes too long")
}
