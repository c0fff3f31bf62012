//! Renewals that meet on several nodes.

use std::sync::Arc;

use vestibule_testkit::{
    both_carriers,
    visitors::{Carrier, Visitor},
};

use super::{Cluster, renew};
use crate::test_app::renewals;

const NODES: usize = 3;
/// Renewals that arrive together at each node.
const RACERS: usize = 12;

both_carriers!(
    a_session_is_renewed_by_whichever_node_is_asked,
    parallel_renewals_on_all_nodes_have_one_successor
);

async fn a_session_is_renewed_by_whichever_node_is_asked(carrier: Carrier) {
    let cluster = Cluster::start(NODES);
    let wanderer = super::visitor(&cluster.ways, carrier);
    super::sign_in(&*wanderer).await;
    for round in 1..=2 * NODES {
        let before = wanderer.refresh_token();
        assert_eq!(renew(&*wanderer).await.status, 200);
        assert_ne!(wanderer.refresh_token(), before);
        assert_eq!(wanderer.get("/api/auth/me").await.status, 200);
        assert_eq!(renewals(&cluster.places[0]), i64::try_from(round).unwrap());
    }
}

async fn parallel_renewals_on_all_nodes_have_one_successor(carrier: Carrier) {
    let cluster = Cluster::start(NODES);
    let everywhere = cluster.signed_in(carrier).await;
    let mut presented = everywhere[0].refresh_token();
    for round in 1..=3 {
        let racers: Vec<_> = (0..NODES * RACERS)
            .map(|number| {
                let racer: Arc<dyn Visitor> = cluster.visitor(carrier, number % NODES).into();
                racer.hold(None, presented.as_deref());
                tokio::spawn(async move {
                    let answer = renew(&*racer).await;
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    racer.refresh_token()
                })
            })
            .collect();
        let mut successors = Vec::new();
        for racer in racers {
            successors.push(racer.await.unwrap());
        }
        assert_ne!(successors[0], presented);
        assert!(successors.iter().all(|successor| *successor == successors[0]));
        assert_eq!(renewals(&cluster.places[0]), round, "one for all of them");
        presented.clone_from(&successors[0]);
    }
}
