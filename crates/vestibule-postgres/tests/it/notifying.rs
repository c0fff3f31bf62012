//! Waking the other nodes.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::time::timeout;
use vestibule_core::store::FeedNotifier as _;
use vestibule_postgres::{PostgresNotifier, PostgresStore};
use vestibule_testkit::{
    postgres::{Durability, Postgres},
    wait,
};

use crate::target::{self, FEW};

/// Longer than any notification takes, and than a connection takes to be made anew.
const SOON: Duration = Duration::from_secs(10);
/// Long enough that what comes has come.
const A_WHILE: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_wakes_the_others() {
    let (store, database) = target::store().await;
    let other = PostgresStore::connect(&database.url(), FEW).await.unwrap();
    let nodes = [store.notifier(), other.notifier()];
    for node in &nodes {
        // That the connection was made counts as news.
        timeout(SOON, node.notified()).await.unwrap();
        assert!(node.is_connected());
    }
    nodes[0].notify().await;
    for node in &nodes {
        timeout(SOON, node.notified()).await.unwrap();
    }
    assert!(timeout(A_WHILE, nodes[1].notified()).await.is_err(), "nothing more has happened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_are_not_lost_by_somebody_who_stops_waiting() {
    let (store, _database) = target::store().await;
    let node = store.notifier();
    timeout(SOON, node.notified()).await.unwrap();
    for _ in 0..20 {
        node.notify().await;
        let impatiently = async || timeout(Duration::from_micros(50), node.notified()).await.ok();
        wait::until_async(SOON, impatiently).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_changes_are_few_notifications() {
    let (store, database) = target::store().await;
    let node = store.notifier();
    let mut listener = PgListener::connect(&database.url()).await.unwrap();
    listener.listen("vestibule_feed").await.unwrap();
    for _ in 0..1000 {
        node.notify().await;
    }
    timeout(SOON, listener.recv()).await.unwrap().unwrap();
    let mut sent = 1;
    while timeout(A_WHILE, listener.recv()).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 100, "{sent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_an_outage_it_listens_again_and_says_so() {
    let server = Postgres::start(Durability::None);
    let url = server.url("postgres");
    let store = PostgresStore::unconnected(&url, FEW).unwrap();
    let node = store.notifier();
    timeout(SOON, node.notified()).await.unwrap();
    server.kill();
    is_connected(&node, false).await;
    // Nothing can be sent, which does no harm.
    node.notify().await;
    server.restart();
    is_connected(&node, true).await;
    timeout(SOON, node.notified()).await.unwrap();
    wakes(&node).await;
    // A black hole is noticed as well.
    server.stop();
    is_connected(&node, false).await;
    server.cont();
    is_connected(&node, true).await;
    wakes(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_it_ends_its_connection() {
    let (store, database) = target::store().await;
    let node = store.notifier();
    timeout(SOON, node.notified()).await.unwrap();
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    assert_eq!(database.sql(listening), "1");
    drop(node);
    let gone = async || (database.sql(listening) == "0").then_some(());
    wait::until_async(SOON, gone).await.unwrap();
}

async fn is_connected(node: &PostgresNotifier, expected: bool) {
    let is_so = async || (node.is_connected() == expected).then_some(());
    wait::until_async(SOON * 2, is_so).await.unwrap();
}

async fn wakes(node: &PostgresNotifier) {
    // What is left from before, if anything is.
    let _ = timeout(A_WHILE, node.notified()).await;
    node.notify().await;
    timeout(SOON, node.notified()).await.unwrap();
}
