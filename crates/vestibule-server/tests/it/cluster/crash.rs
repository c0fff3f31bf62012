//! A node that is killed amid renewals.

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
use crate::test_app::serve_again;

const CLIENTS: usize = 8;
/// Renewals, all clients together.
const RENEWALS: usize = 1000;
/// How often a node is killed meanwhile.
const CRASHES: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_renewals_amid_crashes_each_client_has_one_chain_that_works() {
    let mut cluster = Cluster::start(2);
    let leaver = cluster.app(0);
    sign_in(&leaver).await;
    assert_eq!(leaver.sign_out().await.status, 204);
    let (renewed, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let carrier = if number % 2 == 0 { Carrier::Header } else { Carrier::Cookie };
        let client: Arc<dyn Visitor> = visitor(&cluster.ways, carrier).into();
        sign_in(&*client).await;
        let (renewed, is_over) = (Arc::clone(&renewed), Arc::clone(&is_over));
        clients.push(tokio::spawn(async move {
            let mut held = vec![client.refresh_token()];
            while !is_over.load(Ordering::Relaxed) {
                let answer = renew(&*client).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
                assert_ne!(Some(&client.refresh_token()), held.last());
                held.push(client.refresh_token());
                renewed.fetch_add(1, Ordering::Relaxed);
            }
            (client, held)
        }));
    }
    for crash in 1..=CRASHES {
        reach(&renewed, crash * RENEWALS / (CRASHES + 1)).await;
        let address = cluster.sites[0].address();
        cluster.sites.remove(0).kill();
        cluster.sites.insert(0, serve_again(&cluster.places[0], address));
    }
    reach(&renewed, RENEWALS).await;
    is_over.store(true, Ordering::Relaxed);

    for client in clients {
        let (client, held) = client.await.expect("every renewal was answered well");
        assert_eq!(client.get("/api/auth/me").await.status, 200);
        assert_eq!(renew(&*client).await.status, 200, "the newest one works");
        let newest = (client.access_token(), client.refresh_token());
        client.hold(None, held[held.len() - 3].as_deref());
        let used = renew(&*client).await;
        assert_eq!(used.verdict(), (401, "session_ended".into()), "a used one stays used");
        client.hold(newest.0.as_deref(), newest.1.as_deref());
        assert_eq!(renew(&*client).await.code(), "session_ended", "and there is no second chain");
    }
    assert_eq!(leaver.get("/api/auth/me").await.verdict(), (401, "token_revoked".into()));
    assert_eq!(leaver.refresh().await.verdict(), (401, "session_ended".into()));
}

async fn reach(renewed: &AtomicUsize, count: usize) {
    let is_reached = async || (renewed.load(Ordering::Relaxed) >= count).then_some(());
    wait::until_async(Duration::from_secs(60), is_reached).await.expect("renewals go on");
}
