//! Other nodes hear at once, and nobody waits for that.

use std::time::Duration;

use redis::AsyncTypedCommands as _;
use vestibule_core::store::FeedNotifier as _;
use vestibule_redis::{RedisNotifier, RedisOptions};

use crate::test_app::{AT_MOST, Node, TestApp, until, within};

/// A notifier that has heard of its own connection already.
async fn settled(node: &Node) -> RedisNotifier {
    let notifier = node.redis.notifier();
    // Made before the node was connected or after: what is already there is taken away.
    while tokio::time::timeout(Duration::from_millis(50), notifier.notified()).await.is_ok() {}
    notifier
}

/// How often something was published since the server started.
async fn published(app: &TestApp) -> usize {
    let mut look = app.look().await;
    let statistics: String =
        redis::cmd("INFO").arg("commandstats").query_async(&mut look).await.unwrap();
    let line = statistics.lines().find_map(|line| line.strip_prefix("cmdstat_publish:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn others_are_woken_and_each_of_them() {
    let app = TestApp::start();
    let (one, two, three) = (app.node(1).await, app.node(2).await, app.node(3).await);
    let [one, two, three] = [settled(&one).await, settled(&two).await, settled(&three).await];
    assert!(one.is_connected());
    for _ in 0..3 {
        one.notify().await;
        within(two.notified()).await;
        within(three.notified()).await;
    }
}

#[tokio::test]
async fn other_prefixes_are_left_in_peace() {
    let app = TestApp::start();
    let node = app.node(1).await;
    let options = RedisOptions { prefix: "other".to_owned(), ..RedisOptions::default() };
    let other = app.node_with(2, options).await;
    let (one, other) = (settled(&node).await, settled(&other).await);
    one.notify().await;
    within(one.notified()).await;
    let heard = tokio::time::timeout(Duration::from_millis(50), other.notified()).await;
    assert!(heard.is_err());
}

#[tokio::test]
async fn whoever_stops_waiting_loses_nothing() {
    let app = TestApp::start();
    let (one, two) = (app.node(1).await, app.node(2).await);
    let (one, two) = (settled(&one).await, settled(&two).await);
    for _ in 0..20 {
        let waits = tokio::time::timeout(Duration::ZERO, two.notified());
        assert!(waits.await.is_err());
    }
    one.notify().await;
    // As long as it has not arrived, every look ends with nothing; the one that finds it has found it.
    let mut looks = 0;
    until(async || {
        looks += 1;
        tokio::time::timeout(Duration::ZERO, two.notified()).await.ok()
    })
    .await;
    let again = tokio::time::timeout(Duration::from_millis(50), two.notified()).await;
    assert!(again.is_err(), "one notification wakes once");
}

#[tokio::test]
async fn a_thousand_at_once_are_published_twice_at_most() {
    let app = TestApp::start();
    let node = app.node(1).await;
    let notifier = settled(&node).await;
    app.server.stop();
    for _ in 0..1000 {
        within(notifier.notify()).await;
        tokio::task::yield_now().await;
    }
    app.server.cont();
    until(async || (published(&app).await == 2).then_some(())).await;
    for _ in 0..20 {
        assert_eq!(published(&app).await, 2);
    }
}

#[tokio::test]
async fn a_new_connection_wakes() {
    let app = TestApp::start();
    let node = app.node(1).await;
    let notifier = settled(&node).await;
    let mut look = app.look().await;
    for kind in ["normal", "pubsub"] {
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("TYPE").arg(kind);
        let _: usize = kill.query_async(&mut look).await.unwrap();
    }
    within(notifier.notified()).await;
    assert!(notifier.is_connected());
}

#[tokio::test]
async fn a_black_hole_is_noticed_without_any_call_and_left_again() {
    let app = TestApp::start();
    let node = app.node_with(1, RedisOptions::default()).await;
    let notifier = settled(&node).await;
    app.server.stop();
    until(async || (!notifier.is_connected()).then_some(())).await;
    within(notifier.notify()).await;
    app.server.cont();
    within(notifier.notified()).await;
    assert!(notifier.is_connected());
    until(async || (published(&app).await > 0).then_some(())).await;
}

#[tokio::test]
async fn a_crash_is_noticed_and_survived() {
    let app = TestApp::start();
    let node = app.node(1).await;
    let notifier = settled(&node).await;
    app.server.kill();
    until(async || (!notifier.is_connected()).then_some(())).await;
    within(notifier.notify()).await;
    app.server.restart();
    within(notifier.notified()).await;
    let mut look = app.look().await;
    let subscribed: Vec<(String, usize)> = redis::cmd("PUBSUB")
        .arg("NUMSUB")
        .arg("vestibule:feed")
        .query_async(&mut look)
        .await
        .unwrap();
    assert_eq!(subscribed, [("vestibule:feed".to_owned(), 1)]);
    assert!(look.keys("*").await.unwrap().is_empty());
    let heard = tokio::time::timeout(AT_MOST, notifier.notified()).await;
    assert!(heard.is_ok(), "what was wished meanwhile is published");
}
