//! Mails of two nodes that share one outbox.

use std::collections::BTreeMap;

use serde_json::json;
use vestibule_testkit::{
    mail_server::MailServer, redis::Redis, site::Place, visitors::Visitor as _, wait,
};

use super::{Cluster, HEARD_WITHIN};
use crate::{
    mail::arrived,
    test_app::{PASSWORD, ask_store, email},
};

/// People who register at each node, before and after the mail server goes.
const PEOPLE: usize = 10;

#[tokio::test]
async fn two_nodes_send_each_mail_once_while_the_mail_server_comes_and_goes() {
    let mut server = MailServer::start();
    let url = format!("smtp://{}", server.address());
    let many = [("VESTIBULE_MAIL__URL", &*url), ("VESTIBULE_LIMITS__REGISTER", "1000/1h")];
    let cluster = Cluster::start_with(2, &many);
    register(&cluster, "early").await;
    arrived(&server, 2 * PEOPLE).await;

    server.kill();
    register(&cluster, "late").await;
    let waiting = || ask_store(&cluster.places[0], "SELECT id FROM mails WHERE state = 'waiting'");
    let all_wait = async || (waiting().len() == 2 * PEOPLE).then_some(());
    wait::until_async(4 * HEARD_WITHIN, all_wait).await.expect("all are in the store");
    server.start_again();

    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for mail in arrived(&server, 4 * PEOPLE).await {
        *sent.entry(mail.to.join(" ")).or_default() += 1;
    }
    assert_eq!(sent.len(), 4 * PEOPLE, "everybody got one: {sent:?}");
    let no_more = async || waiting().is_empty().then_some(());
    wait::until_async(4 * HEARD_WITHIN, no_more).await.expect("all are marked as sent");
    assert_eq!(server.mails().len(), 4 * PEOPLE, "and nobody two");
}

#[tokio::test]
async fn nobody_gets_more_mails_because_there_are_more_nodes() {
    let redis = Redis::start();
    let settings = [("VESTIBULE_LIMITS__MAIL", "3/1h"), ("REDIS_URL", &redis.url())];
    let cluster = Cluster::start_with(2, &settings);
    // Until then each of them counts for itself.
    let shares = |place: &Place| place.log().contains("connected to Redis");
    let all_share = async || cluster.places.iter().all(shares).then_some(());
    wait::until_async(4 * HEARD_WITHIN, all_share).await.expect("both nodes are connected");
    for number in 0..3 {
        for node in 0..2 {
            register_at(&cluster, node, &format!("ada-{number}-{node}"), &email("ada")).await;
        }
    }
    // Each node takes one after the other, so those of Ada came before.
    for node in 0..2 {
        let last = format!("last-{node}");
        register_at(&cluster, node, &last, &email(&last)).await;
    }
    let mails = |kind: &str| {
        ask_store(&cluster.places[0], &format!("SELECT id FROM mails WHERE kind = '{kind}'")).len()
    };
    let all_came = async || (mails("verify address") == 2).then_some(());
    wait::until_async(4 * HEARD_WITHIN, all_came).await.expect("the last ones are in the store");
    assert_eq!(mails("registered again"), 3);
}

/// Somebody new at each node in turn.
async fn register(cluster: &Cluster, name: &str) {
    for number in 0..PEOPLE {
        for node in 0..2 {
            let name = format!("{name}-{number}-{node}");
            register_at(cluster, node, &name, &email(&name)).await;
        }
    }
}

async fn register_at(cluster: &Cluster, node: usize, name: &str, email: &str) {
    let body = json!({ "username": name, "email": email, "password": PASSWORD });
    let answer = cluster.app(node).post_json("/api/auth/register", body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}
