//! Redis goes away and comes back: nobody waits for it, and nothing has to be started again.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use vestibule_core::limit::Outcome;
use vestibule_redis::{Redis, RedisOptions};
use vestibule_testkit::SeededEntropy;

use crate::house::{House, failures, is_unavailable, secret, until, within};

const DEADLINE: Duration = Duration::from_millis(250);

#[tokio::test]
async fn a_black_hole_keeps_nobody_and_is_left_again() {
    let house = House::start();
    let node = Arc::new(house.node_with(1, RedisOptions::default()).await);
    drop(node.begins("a").await);
    house.server.stop();
    let mut racers = JoinSet::new();
    for _ in 0..100 {
        let node = Arc::clone(&node);
        racers.spawn(async move { is_unavailable(&node.begin("a").await) });
    }
    assert!(within(racers.join_all()).await.into_iter().all(|unavailable| unavailable));
    assert!(!node.redis.is_connected());
    house.server.cont();
    drop(node.begins("a").await);
    // Those that have begun without an answer are settled as well.
    house.is_empty().await;
}

/// One that was not answered in time takes the connection down: whoever comes next is answered at once.
#[tokio::test]
async fn only_the_first_waits_for_the_deadline() {
    let house = House::start();
    let node = house.node_with(1, RedisOptions::default()).await;
    house.server.stop();
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
    let house = House::start();
    let node = house.node_with(1, RedisOptions::default()).await;
    for _ in 0..3 {
        node.fail(&house, "a").await;
    }
    assert!(!is_unavailable(&node.begin("a").await));
    house.server.kill();
    until(async || is_unavailable(&node.begin("a").await).then_some(())).await;
    house.server.restart();
    drop(node.begins("a").await);
}

/// A node may start before its Redis does.
#[tokio::test]
async fn it_need_not_be_there_at_the_start() {
    let house = House::start();
    house.server.kill();
    let redis = Redis::open(&house.server.url(), RedisOptions::default()).unwrap();
    let limits = redis.limits(&secret(), &SeededEntropy::new(1));
    let node = crate::house::Node { redis, limits };
    assert!(is_unavailable(&node.begin("a").await));
    house.server.restart();
    drop(node.begins("a").await);
}

#[tokio::test]
async fn a_try_in_flight_when_it_went_away_is_settled_when_it_is_back() {
    let house = House::start();
    let node = house.node_with(1, RedisOptions::default()).await;
    let (fails, passes) = (node.begins("a").await, node.begins("b").await);
    house.server.stop();
    fails.settle(Outcome::Failed);
    passes.settle(Outcome::Passed);
    until(async || (!node.redis.is_connected()).then_some(())).await;
    house.server.cont();
    let mut look = house.look().await;
    until(async || (failures(&mut look).await == 1).then_some(())).await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut look).await.unwrap();
    assert!(keys.iter().all(|key| key.ends_with(":failures")), "{keys:?}");
}

/// A Redis that says no is there: that is no reason to connect again.
#[tokio::test]
async fn one_that_refuses_is_not_away() {
    let house = House::start();
    let node = house.node(1).await;
    let mut look = house.look().await;
    for (right, is_refused) in [("-evalsha", true), ("+evalsha", false)] {
        let mut change = redis::cmd("ACL");
        change.arg("SETUSER").arg("default").arg(right);
        change.exec_async(&mut look).await.unwrap();
        assert_eq!(is_unavailable(&node.begin("a").await), is_refused);
        assert!(node.redis.is_connected());
    }
}
