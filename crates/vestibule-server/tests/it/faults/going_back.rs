//! PostgreSQL goes back in time under two running nodes.

use vestibule_testkit::{
    postgres::{Durability, Postgres},
    visitors::{App, Visitor as _},
    wait,
};

use super::{BACK_WITHIN, at_last, figure_becomes};
use crate::{
    cluster::{Cluster, VERIFY, Ways, becomes, place_of_node, sign_in},
    test_app::{create_user, serve},
};

/// Two nodes on a server of the test's own.
fn begin() -> (Postgres, Cluster) {
    let server = Postgres::start(Durability::None);
    let first = place_of_node(&server.url("postgres"), &[]);
    first.secrets().add(server.password());
    let second = place_of_node(&server.url("postgres"), &[]).sharing(first.secrets());
    let places = vec![first, second];
    create_user(&places[0], "ada", &[]);
    let sites: Vec<_> = places.iter().map(serve).collect();
    let ways = Ways::to(sites.iter().map(|site| site.address()), places[0].secrets());
    (server, Cluster { sites, places, ways })
}

/// Somebody, as the two nodes see them.
async fn person(cluster: &Cluster) -> [App; 2] {
    let everywhere = [cluster.app(0), cluster.app(1)];
    sign_in(&everywhere[0]).await;
    let (access, refresh) = (everywhere[0].access_token(), everywhere[0].refresh_token());
    everywhere[1].hold(access.as_deref(), refresh.as_deref());
    everywhere
}

/// Between `before` and `after` two sessions end, and the database forgets that.
async fn goes_back<B>(
    before: impl FnOnce(&Postgres) -> B,
    after: impl FnOnce(Postgres, B) -> Postgres,
) {
    let (server, cluster) = begin();
    let lost = [person(&cluster).await, person(&cluster).await];
    let (later, bystander) = (person(&cluster).await, person(&cluster).await);
    let kept = before(&server);
    for [here, there] in &lost {
        assert_eq!(here.sign_out().await.status, 204);
        becomes(there, |answer| answer.code() == "token_revoked").await;
    }
    let _server = after(server, kept);
    for place in &cluster.places {
        figure_becomes(place, "vestibule_feed_breaks_total", 1.0).await;
        figure_becomes(place, "vestibule_feed_lost", 0.0).await;
        assert!(place.log().contains("the database went back in time"), "{}", place.log());
    }
    // The next end has a number that both nodes have read before.
    at_last(async || later[0].refresh().await).await;
    let tokens = (later[0].access_token(), later[0].refresh_token());
    later[1].hold(tokens.0.as_deref(), tokens.1.as_deref());
    assert_eq!(later[1].get(VERIFY).await.status, 204);
    assert_eq!(later[0].sign_out().await.status, 204);
    becomes(&later[1], |answer| answer.code() == "token_revoked").await;
    for [here, there] in &lost {
        for seen in [here, there] {
            assert_eq!(seen.get(VERIFY).await.status, 401, "what a node has heard stays");
        }
        // The database has lost it, and is told again.
        let renew = async || Some(there.refresh().await).filter(|answer| answer.status == 401);
        let refused = wait::until_async(BACK_WITHIN, renew).await.expect("it ends again");
        assert_eq!(refused.code(), "session_ended");
    }
    assert_eq!(bystander[0].refresh().await.status, 200);
    assert_eq!(bystander[0].get(VERIFY).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_is_heard_after_a_dump_was_put_back_under_running_nodes() {
    goes_back(
        |server| server.dump("postgres"),
        |server, dump| {
            server.restore("postgres", &dump);
            server
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_is_heard_after_a_lagging_replica_was_promoted() {
    goes_back(Postgres::replica, |server, replica| {
        server.kill();
        replica.restart();
        replica.promote();
        replica
    })
    .await;
}
