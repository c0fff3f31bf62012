//! Mails of two nodes that share one outbox.

use std::collections::BTreeMap;

use serde_json::json;
use vestibule_testkit::{mail_server::MailServer, visitors::Visitor as _, wait};

use super::{Cluster, HEARD_WITHIN};
use crate::{
    house::{PASSWORD, ask_store},
    mail::arrived,
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

/// Somebody new at each node in turn.
async fn register(cluster: &Cluster, name: &str) {
    for number in 0..PEOPLE {
        for node in 0..2 {
            let name = format!("{name}-{number}-{node}");
            let email = format!("{name}@people.test");
            let body = json!({ "username": name, "email": email, "password": PASSWORD });
            let answer = cluster.app(node).post_json("/api/auth/register", body).await;
            assert_eq!(answer.status, 202, "{}", answer.text());
        }
    }
}
