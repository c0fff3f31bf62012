//! Every node is restarted in turn, and nobody notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use vestibule_testkit::{
    visitors::{Carrier, Visitor},
    wait,
};

use super::{Cluster, renew, sign_in, visitor};
use crate::test_app::{PASSWORD, serve_again};

const NODES: usize = 3;
const CLIENTS: usize = 6;
/// Rounds of all clients together between two restarts.
const ROUNDS: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_request_and_signs_nobody_out() {
    let mut cluster = Cluster::start(NODES);
    let (rounds, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let carrier = if number % 2 == 0 { Carrier::Header } else { Carrier::Cookie };
            let client: Arc<dyn Visitor> = visitor(&cluster.ways, carrier).into();
            let passer_by: Arc<dyn Visitor> = visitor(&cluster.ways, carrier).into();
            let (rounds, is_over) = (Arc::clone(&rounds), Arc::clone(&is_over));
            tokio::spawn(async move {
                sign_in(&*client).await;
                while !is_over.load(Ordering::Relaxed) {
                    go_round(&*client, &*passer_by).await;
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
                client
            })
        })
        .collect();
    for node in 0..NODES {
        let before = rounds.load(Ordering::Relaxed);
        let enough = async || (rounds.load(Ordering::Relaxed) >= before + ROUNDS).then_some(());
        wait::until_async(Duration::from_secs(60), enough).await.expect("rounds go on");
        let address = cluster.sites[node].address();
        // Ends well, and in time.
        cluster.sites.remove(node).stop();
        cluster.sites.insert(node, serve_again(&cluster.places[node], address));
    }
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        let client = client.await.expect("no request failed");
        assert_eq!(client.get("/api/auth/me").await.status, 200, "and nobody was signed out");
    }
}

/// What people do all day; each of it has to work.
async fn go_round(client: &dyn Visitor, passer_by: &dyn Visitor) {
    let answers = [
        client.get("/api/auth/me").await,
        renew(client).await,
        client.get("/user/account").await,
        passer_by.sign_in("ada", PASSWORD).await,
        passer_by.get("/api/auth/sessions").await,
        passer_by.sign_out().await,
    ];
    for answer in answers {
        assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
    }
}
