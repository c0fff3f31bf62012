//! The window is exact, whoever asks, and says nothing to whoever looks.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use redis::{AsyncTypedCommands as _, Script};
use tokio::task::JoinSet;
use vestibule::SiteSecret;
use vestibule_core::limit::{BeginError, Outcome, SharedLimits as _};
use vestibule_redis::RedisOptions;
use vestibule_testkit::SeededEntropy;

use crate::test_app::{AT_MOST, RATE, TestApp, failures, limited, until};

#[tokio::test]
async fn the_rate_is_answered_and_the_next_is_refused_until_the_window_moves_on() {
    let app = TestApp::start();
    let node = app.node(1).await;
    for _ in 0..3 {
        node.fail(&app, "a").await;
        app.pass(10).await;
    }
    let refused = limited(node.begin("a").await);
    assert!(!refused.by_in_flight);
    // Half a minute, less what the test itself has taken.
    let wait = refused.retry_after.as_secs_f32();
    assert!(10.0 < wait && wait <= 30.0, "{wait}");
    assert!(node.begin("b").await.is_ok());
    app.pass(30).await;
    node.fail(&app, "a").await;
    let wait = limited(node.begin("a").await).retry_after;
    assert!(wait <= Duration::from_secs(10), "the next one to leave is another: {wait:?}");
}

#[tokio::test]
async fn tries_in_flight_count_until_they_are_settled() {
    let app = TestApp::start();
    let node = app.node(1).await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.push(node.begin("a").await.ok().unwrap());
    }
    let refused = limited(node.begin("a").await);
    assert!(refused.by_in_flight);
    assert_eq!(refused.retry_after, Duration::from_secs(1));
    begun.pop().unwrap().settle(Outcome::Passed);
    drop(node.begins("a").await);
    begun.pop().unwrap().settle(Outcome::Failed);
    begun.pop().unwrap().settle(Outcome::Failed);
    let mut look = app.look().await;
    until(async || (failures(&mut look).await == 2).then_some(())).await;
    let _last_place = node.begins("a").await;
    assert!(limited(node.begin("a").await).by_in_flight, "two have failed, one is on its way");
}

#[tokio::test]
async fn passed_tries_leave_nothing_behind() {
    let app = TestApp::start();
    let node = app.node(1).await;
    for _ in 0..20 {
        node.begins("a").await.settle(Outcome::Passed);
        drop(node.begins("b").await);
    }
    app.is_empty().await;
}

/// Whoever stops waiting for the answer may have begun a try all the same.
#[tokio::test]
async fn a_begin_that_is_given_up_leaves_nothing_behind() {
    let app = TestApp::start();
    let node = app.node(1).await;
    for _ in 0..10 {
        let mut asks = pin!(node.begin("a"));
        // On its way to Redis, and dropped before an answer can be back.
        assert!(asks.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(node.begins("a").await);
    app.is_empty().await;
}

#[tokio::test]
async fn kinds_keys_and_sites_are_apart() {
    let app = TestApp::start();
    let node = app.node(1).await;
    for _ in 0..3 {
        node.fail(&app, "a").await;
    }
    assert!(node.begin("a").await.is_err());
    assert!(node.begin("b").await.is_ok());
    assert!(node.limits.begin("address", "a", RATE).await.is_ok());
    let other = SiteSecret::new(*b"another secret of thirty-two bytes").unwrap();
    let other = node.redis.limits(&other, &SeededEntropy::new(2));
    assert!(other.begin("account", "a", RATE).await.is_ok());
    let options = RedisOptions { prefix: "other".to_owned(), ..RedisOptions::default() };
    assert!(app.node_with(3, options).await.begin("a").await.is_ok());
}

#[tokio::test]
async fn names_tell_nothing_and_everything_expires() {
    let app = TestApp::start();
    let node = app.node(1).await;
    node.fail(&app, "name anna@example.org").await;
    let _begun = node.begins("name anna@example.org").await;
    let mut look = app.look().await;
    let keys = look.keys("*").await.unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        let (name, what) = key.strip_prefix("vestibule:limit:").unwrap().split_once(':').unwrap();
        assert_eq!(name.len(), 43, "a MAC of 256 bits");
        assert!(["failures", "in-flight"].contains(&what));
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut look).await.unwrap();
        let life = if what == "failures" { 60_000 } else { 30_000 };
        assert!(0 < left && left <= life, "{what}: {left}");
        for (member, _) in look.zrange_withscores(&key, 0, -1).await.unwrap() {
            assert!(!member.contains("anna"), "{member}");
        }
    }
}

#[tokio::test]
async fn a_node_that_dies_frees_its_tries_after_the_lease() {
    let app = TestApp::start();
    let (dies, lives) = (app.node(1).await, app.node(2).await);
    for _ in 0..3 {
        // Never settled, as by a process that is no more.
        std::mem::forget(dies.begin("a").await.ok().unwrap());
    }
    drop(dies);
    assert!(limited(lives.begin("a").await).by_in_flight);
    app.pass(29).await;
    // Unless the test itself was so slow that the lease is over.
    if let Err(BeginError::Limited(limited)) = lives.begin("a").await {
        assert!(limited.by_in_flight);
    }
    app.pass(2).await;
    assert!(lives.begin("a").await.is_ok());
}

/// A try that takes longer than its lease has lost its place, and still counts when it fails.
#[tokio::test]
async fn a_failure_after_the_lease_counts() {
    let app = TestApp::start();
    let node = app.node(1).await;
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(node.begin("a").await.ok().unwrap());
    }
    app.pass(31).await;
    node.fail(&app, "a").await;
    slow.into_iter().for_each(|begun| begun.settle(Outcome::Failed));
    let mut look = app.look().await;
    until(async || (failures(&mut look).await == 4).then_some(())).await;
    assert!(!limited(node.begin("a").await).by_in_flight);
    app.pass(50).await;
    assert!(limited(node.begin("a").await).retry_after <= Duration::from_secs(10));
}

#[tokio::test]
async fn what_is_settled_twice_counts_once() {
    let app = TestApp::start();
    let mut look = app.look().await;
    let settle = Script::new(include_str!("../../src/settle.lua"));
    for _ in 0..2 {
        let mut settling = settle.prepare_invoke();
        settling.key(&["a:failures", "a:in-flight", "b:failures", "b:in-flight"]);
        settling.arg("one").arg(1).arg(60_000).arg("two").arg(0).arg(60_000);
        settling.invoke_async::<()>(&mut look).await.unwrap();
    }
    assert_eq!(look.keys("*").await.unwrap(), ["a:failures"]);
    assert_eq!(failures(&mut look).await, 1);
}

/// Over two nodes: of two hundred at once no more begin than there are places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_tries_on_two_nodes_share_three_places() {
    let app = TestApp::start();
    let nodes = [Arc::new(app.node(1).await), Arc::new(app.node(2).await)];
    let mut racers = JoinSet::new();
    for number in 0..200 {
        let node = Arc::clone(&nodes[number % 2]);
        racers.spawn(async move {
            let begun = node.begin("a").await;
            tokio::task::yield_now().await;
            match begun {
                Ok(begun) => {
                    begun.settle(Outcome::Failed);
                    true
                }
                Err(BeginError::Limited(_)) => false,
                Err(BeginError::Unavailable(error)) => panic!("{error}"),
            }
        });
    }
    let begun = tokio::time::timeout(AT_MOST, racers.join_all()).await.unwrap();
    assert_eq!(begun.into_iter().filter(|begun| *begun).count(), 3);
    let mut look = app.look().await;
    until(async || (failures(&mut look).await == 3).then_some(())).await;
}
