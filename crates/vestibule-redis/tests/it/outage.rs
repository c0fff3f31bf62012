//! Redis goes away and comes back: nobody waits for it, and nothing has to be started again.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use vestibule_core::limit::Outcome;
use vestibule_redis::{Redis, RedisOptions};
use vestibule_testkit::SeededEntropy;

use crate::test_app::{TestApp, failures, is_unavailable, secret, until, within};

const DEADLINE: Duration = Duration::from_millis(250);

#[tokio::test]
async fn a_black_hole_keeps_nobody_and_is_left_again() {
    let app = TestApp::start();
    let node = Arc::new(app.node_with(1, RedisOptions::default()).await);
    drop(node.begins("a").await);
    app.server.stop();
    let mut racers = JoinSet::new();
    for _ in 0..100 {
        let node = Arc::clone(&node);
        racers.spawn(async move { is_unavailable(&node.begin("a").await) });
    }
    assert!(within(racers.join_all()).await.into_iter().all(|unavailable| unavailable));
    assert!(!node.redis.is_connected());
    app.server.cont();
    drop(node.begins("a").await);
    // Those that have begun without an answer are settled as well.
    app.is_empty().await;
}

/// A new connection may work where the old one never will: what stands between has forgotten it, or leads elsewhere now.
/// The client's own manager keeps the old one, since nothing has closed it.
#[tokio::test]
async fn a_connection_that_fell_silent_is_replaced() {
    let app = TestApp::start();
    let (fallen, port) = silenced_later(app.server.port()).await;
    let url = format!("redis://:{}@127.0.0.1:{port}", app.server.password());
    let redis = Redis::open(&url, RedisOptions::default()).unwrap();
    let limits = redis.limits(&secret(), &SeededEntropy::new(1));
    let node = crate::test_app::Node { redis, limits };
    drop(node.begins("a").await);
    fallen.notify_waiters();
    until(async || is_unavailable(&node.begin("a").await).then_some(())).await;
    drop(node.begins("a").await);
}

/// What it says to a new connection may be true no longer later: a user is missing, its data are still read. The client's
/// own manager takes every answer but a broken connection for final.
#[tokio::test]
async fn one_that_refuses_a_new_connection_is_asked_again() {
    let app = TestApp::start();
    let url = format!("redis://ann:gooseberry@127.0.0.1:{}", app.server.port());
    let redis = Redis::open(&url, RedisOptions::default()).unwrap();
    let limits = redis.limits(&secret(), &SeededEntropy::new(1));
    let node = crate::test_app::Node { redis, limits };
    assert!(is_unavailable(&node.begin("a").await));
    let mut look = app.look().await;
    let mut add = redis::cmd("ACL");
    add.arg("SETUSER").arg("ann").arg("on").arg(">gooseberry");
    add.arg("allkeys").arg("allchannels").arg("allcommands");
    add.exec_async(&mut look).await.unwrap();
    drop(node.begins("a").await);
}

/// A way to Redis: every connection through it falls silent when that is told, and later ones work.
async fn silenced_later(redis: u16) -> (Arc<Notify>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let fallen = Arc::new(Notify::new());
    let told = Arc::clone(&fallen);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let fallen = Arc::clone(&told);
            tokio::spawn(async move {
                let mut far = TcpStream::connect(("127.0.0.1", redis)).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    () = fallen.notified() => std::future::pending().await,
                }
            });
        }
    });
    (fallen, port)
}

/// One that was not answered in time takes the connection down: whoever comes next is answered at once.
#[tokio::test]
async fn only_the_first_waits_for_the_deadline() {
    let app = TestApp::start();
    let node = app.node_with(1, RedisOptions::default()).await;
    app.server.stop();
    // From here on time passes where everybody waits for it, and only there.
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    assert!(is_unavailable(&node.begin("a").await));
    let first = before.elapsed();
    assert!(DEADLINE <= first && first < 2 * DEADLINE, "{first:?}");
    for _ in 0..10 {
        assert!(is_unavailable(&node.begin("a").await));
    }
    assert_eq!(before.elapsed(), first);
}

#[tokio::test]
async fn a_crash_is_survived() {
    let app = TestApp::start();
    let node = app.node_with(1, RedisOptions::default()).await;
    for _ in 0..3 {
        node.fail(&app, "a").await;
    }
    assert!(!is_unavailable(&node.begin("a").await));
    app.server.kill();
    until(async || is_unavailable(&node.begin("a").await).then_some(())).await;
    app.server.restart();
    drop(node.begins("a").await);
}

/// A node may start before its Redis does.
#[tokio::test]
async fn it_need_not_be_there_at_the_start() {
    let app = TestApp::start();
    app.server.kill();
    let redis = Redis::open(&app.server.url(), RedisOptions::default()).unwrap();
    let limits = redis.limits(&secret(), &SeededEntropy::new(1));
    let node = crate::test_app::Node { redis, limits };
    assert!(is_unavailable(&node.begin("a").await));
    app.server.restart();
    drop(node.begins("a").await);
}

#[tokio::test]
async fn a_try_in_flight_when_it_went_away_is_settled_when_it_is_back() {
    let app = TestApp::start();
    let node = app.node_with(1, RedisOptions::default()).await;
    let (fails, passes) = (node.begins("a").await, node.begins("b").await);
    app.server.stop();
    fails.settle(Outcome::Failed);
    passes.settle(Outcome::Passed);
    until(async || (!node.redis.is_connected()).then_some(())).await;
    app.server.cont();
    let mut look = app.look().await;
    until(async || (failures(&mut look).await == 1).then_some(())).await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut look).await.unwrap();
    assert!(keys.iter().all(|key| key.ends_with(":failures")), "{keys:?}");
}

/// A Redis that says no is there: that is no reason to connect again.
#[tokio::test]
async fn one_that_refuses_is_not_away() {
    let app = TestApp::start();
    let node = app.node(1).await;
    let mut look = app.look().await;
    for (right, is_refused) in [("-evalsha", true), ("+evalsha", false)] {
        let mut change = redis::cmd("ACL");
        change.arg("SETUSER").arg("default").arg(right);
        change.exec_async(&mut look).await.unwrap();
        assert_eq!(is_unavailable(&node.begin("a").await), is_refused);
        assert!(node.redis.is_connected());
    }
}
