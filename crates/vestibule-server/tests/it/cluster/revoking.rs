//! What ends or changes on one node, on the others.

use serde_json::json;
use vestibule_testkit::{
    both_carriers,
    visitors::{Carrier, Visitor},
};

use super::{Cluster, becomes, renew, sign_in};
use crate::test_app::{NEW_PASSWORD, PASSWORD, run};

const NODES: usize = 3;

both_carriers!(
    who_signs_out_on_one_node_is_out_on_all,
    a_session_that_is_ended_from_another_device_is_over_on_all,
    a_new_password_ends_other_sessions_on_all,
    suspending_signs_out_of_all,
    other_roles_are_in_the_next_tokens_on_all,
    a_theft_that_one_node_notices_ends_the_session_on_all
);

/// Refused wherever they come, for good.
async fn are_out(everywhere: &[Box<dyn Visitor>]) {
    for visitor in everywhere {
        let refresh = visitor.refresh_token();
        let refused = becomes(&**visitor, |answer| answer.status == 401).await;
        assert_eq!(refused.code(), "token_revoked");
        // A browser has no cookies any more: somebody has kept a copy of them.
        visitor.hold(None, refresh.as_deref());
        assert_eq!(renew(&**visitor).await.verdict(), (401, "session_ended".into()));
    }
}

async fn are_in(everywhere: &[Box<dyn Visitor>]) {
    for visitor in everywhere {
        let answer = visitor.get("/api/auth/me").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

async fn who_signs_out_on_one_node_is_out_on_all(carrier: Carrier) {
    let cluster = Cluster::start(NODES);
    let leaver = cluster.visitor(carrier, 0);
    let bystander = cluster.signed_in(carrier).await;
    sign_in(&*leaver).await;
    let seen = |node| {
        let visitor = cluster.visitor(carrier, node);
        visitor.hold(leaver.access_token().as_deref(), leaver.refresh_token().as_deref());
        visitor
    };
    let everywhere: Vec<_> = (0..NODES).map(seen).collect();
    are_in(&everywhere).await;
    assert_eq!(leaver.sign_out().await.status, 204);
    let at_home = everywhere[0].get("/api/auth/me").await;
    assert_eq!(at_home.code(), "token_revoked", "where it happened it is known at once");
    are_out(&everywhere[1..]).await;
    are_in(&bystander).await;
}

async fn a_session_that_is_ended_from_another_device_is_over_on_all(carrier: Carrier) {
    let cluster = Cluster::start(NODES);
    let lost = cluster.signed_in(carrier).await;
    let other = cluster.app(1);
    sign_in(&other).await;
    let session = lost[2].get("/api/auth/me").await.json()["session"]["id"].clone();
    let path = format!("/api/auth/sessions/{}", session.as_str().unwrap());
    assert_eq!(other.delete(&path).await.status, 204);
    are_out(&lost).await;
    assert_eq!(other.get("/api/auth/me").await.status, 200);
}

async fn a_new_password_ends_other_sessions_on_all(carrier: Carrier) {
    let cluster = Cluster::start(NODES);
    let others = cluster.signed_in(carrier).await;
    let ada = cluster.visitor(carrier, 2);
    sign_in(&*ada).await;
    let change = json!({ "current": PASSWORD, "new": NEW_PASSWORD });
    assert_eq!(ada.put_json("/api/auth/password", change).await.status, 200);
    are_out(&others).await;
    assert_eq!(ada.get("/api/auth/me").await.status, 200, "their own stays");
    let stranger = cluster.visitor(carrier, 0);
    assert_eq!(stranger.sign_in("ada", PASSWORD).await.code(), "invalid_credentials");
    assert_eq!(stranger.sign_in("ada", NEW_PASSWORD).await.status, 200);
}

async fn suspending_signs_out_of_all(carrier: Carrier) {
    let cluster = Cluster::start(NODES);
    let everywhere = cluster.signed_in(carrier).await;
    run(&cluster.places[1], &["user", "suspend", "ada"]);
    are_out(&everywhere).await;
    let again = cluster.visitor(carrier, 2).sign_in("ada", PASSWORD).await;
    assert_eq!(again.verdict(), (401, "invalid_credentials".into()));
}

async fn other_roles_are_in_the_next_tokens_on_all(carrier: Carrier) {
    let cluster = Cluster::start(NODES);
    let everywhere = cluster.signed_in(carrier).await;
    run(&cluster.places[0], &["user", "grant", "ada", "editor"]);
    for visitor in &everywhere {
        if carrier == Carrier::Header {
            becomes(&**visitor, |answer| answer.code() == "token_expired").await;
            assert_eq!(renew(&**visitor).await.status, 200);
        }
        // For a browser the site renews in passing.
        becomes(&**visitor, |answer| answer.header("x-auth-roles") == "editor").await;
    }
}

async fn a_theft_that_one_node_notices_ends_the_session_on_all(carrier: Carrier) {
    let cluster = Cluster::start(NODES);
    let everywhere = cluster.signed_in(carrier).await;
    let stolen = everywhere[0].refresh_token();
    // The owner goes on, on one node and another.
    for owner in &everywhere[..2] {
        owner.hold(None, everywhere[0].refresh_token().as_deref());
        assert_eq!(renew(&**owner).await.status, 200);
        let (access, refresh) = (owner.access_token(), owner.refresh_token());
        everywhere.iter().for_each(|other| other.hold(access.as_deref(), refresh.as_deref()));
        are_in(&everywhere).await;
    }
    let thief = cluster.visitor(carrier, 2);
    thief.hold(None, stolen.as_deref());
    assert_eq!(renew(&*thief).await.verdict(), (401, "session_ended".into()));
    are_out(&everywhere).await;
}
