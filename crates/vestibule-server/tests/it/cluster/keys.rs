//! The key ring that all nodes share, changed while they serve.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::json;
use vestibule_testkit::{
    site::Site,
    visitors::{App, Carrier, Visitor as _},
    wait,
};

use super::{Cluster, HEARD_WITHIN, Ways, sign_in, visitor};
use crate::{
    command_line::kid,
    test_app::{run, run_json, serve},
};

const NODES: usize = 3;
/// Requests of everybody together between two changes.
const REQUESTS: usize = 60;

/// People on all nodes who renew all the time; whose tokens one node makes and the next one reads.
struct Load {
    requests: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    people: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    async fn begin(cluster: &Cluster) -> Self {
        let (requests, is_over) = (Arc::default(), Arc::default());
        let mut load = Self { requests, is_over, people: Vec::new() };
        for carrier in [Carrier::Header, Carrier::Cookie] {
            let person: Arc<dyn vestibule_testkit::visitors::Visitor> =
                visitor(&cluster.ways, carrier).into();
            sign_in(&*person).await;
            let (requests, is_over) = (Arc::clone(&load.requests), Arc::clone(&load.is_over));
            load.people.push(tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    for answer in [
                        super::renew(&*person).await,
                        person.get("/api/auth/me").await,
                        person.get("/api/auth/me").await,
                    ] {
                        assert_eq!(answer.status, 200, "{}", answer.text());
                        requests.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }));
        }
        load
    }

    async fn go_on(&self) {
        let before = self.requests.load(Ordering::Relaxed);
        let enough =
            async || (self.requests.load(Ordering::Relaxed) >= before + REQUESTS).then_some(());
        wait::until_async(4 * HEARD_WITHIN, enough).await.expect("everything is answered well");
    }

    async fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        for person in self.people {
            person.await.expect("no good token was refused");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_refuses_no_good_token_and_a_retired_key_opens_nothing_on_any_node() {
    let cluster = Cluster::start(NODES);
    let old: Vec<App> = (0..NODES).map(|node| cluster.app(node)).collect();
    for app in &old {
        sign_in(app).await;
    }
    let first = kid(&old[0]);
    let load = Load::begin(&cluster).await;
    load.go_on().await;
    run(&cluster.places[0], &["key", "rotate"]);
    load.go_on().await;
    for (node, app) in old.iter().enumerate() {
        assert_eq!(app.get("/api/auth/me").await.status, 200, "what is out stays good");
        let newcomer = cluster.app(node);
        let signs_anew = async || {
            sign_in(&newcomer).await;
            (kid(&newcomer) != first).then_some(())
        };
        let signs = wait::until_async(HEARD_WITHIN, signs_anew).await;
        assert!(signs.is_some(), "node {node} signs with the new key");
    }
    let keys = run_json(&cluster.places[2], &["key", "list", "--json"]);
    let states: Vec<_> = keys.as_array().unwrap().iter().map(|key| &key["state"]).collect();
    assert!(states.contains(&&json!("retiring")), "{states:?}");
    load.end().await;

    run(&cluster.places[1], &["key", "retire", &first]);
    let young = cluster.app(0);
    sign_in(&young).await;
    for (node, app) in old.iter().enumerate() {
        let is_refused =
            async || (app.get("/api/auth/me").await.code() == "token_invalid").then_some(());
        let refused = wait::until_async(HEARD_WITHIN, is_refused).await;
        assert!(refused.is_some(), "node {node} refuses what the retired key has signed");
        assert_eq!(app.refresh().await.status, 200, "nobody has to sign in again for it");
        assert_eq!(app.get("/api/auth/me").await.status, 200);
    }
    assert_eq!(young.get("/api/auth/me").await.status, 200);
}

/// As while the setting is changed node by node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_with_different_algorithms_share_one_ring_and_leave_it_alone() {
    let mut cluster = Cluster::start(2);
    let before = run_json(&cluster.places[0], &["key", "list", "--json"]);
    drop(cluster.sites.pop());
    cluster.places[1].set("VESTIBULE_TOKENS__ALGORITHM", "EdDSA");
    cluster.sites.push(serve(&cluster.places[1]));
    cluster.ways = Ways::to(cluster.sites.iter().map(Site::address), cluster.places[0].secrets());
    assert!(cluster.places[1].log().contains("key rotate --algorithm EdDSA"));
    for node in 0..2 {
        let app = cluster.app(node);
        sign_in(&app).await;
        let seen = cluster.app(1 - node);
        seen.hold(app.access_token().as_deref(), app.refresh_token().as_deref());
        assert_eq!(seen.get("/api/auth/me").await.status, 200);
    }
    let after = run_json(&cluster.places[1], &["key", "list", "--json"]);
    assert_eq!(after, before);
}
