//! Roles and the claims version: what a token says of a user is true, or the token is stale.

use serde_json::json;
use vestibule::{
    Carrier, User,
    core::user::{UserChange, UserStatus},
};
use vestibule_testkit::{both_carriers, samples, visitors::Visitor};

use crate::site::{Site, claims};

async fn site() -> (Site, User) {
    let site = Site::new().await;
    let anna = site.add_user("anna").await;
    (site, anna)
}

async fn give(site: &Site, user: &User, words: &[&str]) {
    let change = UserChange { roles: Some(samples::roles(words)), ..UserChange::default() };
    site.auth.change_user(user.id, change).await.unwrap().unwrap().unwrap();
}

async fn without_the_role_it_is_forbidden(carrier: Carrier) {
    let (site, anna) = site().await;
    give(&site, &anna, &["viewer", "editors", "edito"]).await;
    let visitor = site.signed_in(carrier).await;
    for answer in [visitor.get("/api/edit").await, visitor.post_json("/api/edit", json!({})).await]
    {
        assert_eq!(answer.verdict(), (403, "forbidden".to_owned()));
    }
    assert_eq!(visitor.get("/api/edit-secret").await.status, 403);
    assert_eq!(visitor.get("/page/edit").await.status, 403);
    assert_eq!(visitor.get("/api/thing").await.status, 200);
}

/// A role given or taken holds on the very next request.
async fn a_change_of_roles_makes_tokens_stale(carrier: Carrier) {
    let (site, anna) = site().await;
    let visitor = site.signed_in(carrier).await;
    assert_eq!(visitor.get("/api/edit").await.status, 403);
    for (words, status) in [(&["editor", "viewer"][..], 200), (&["viewer"], 403)] {
        give(&site, &anna, words).await;
        if carrier == Carrier::Header {
            let answer = visitor.get("/api/edit").await;
            assert_eq!(answer.verdict(), (401, "token_expired".to_owned()));
            assert_eq!(visitor.refresh().await.status, 200);
        }
        let answer = visitor.get("/api/edit").await;
        assert_eq!(answer.status, status, "{words:?}");
        assert!(status != 200 || answer.text() == "editor viewer");
        assert_eq!(answer.set_cookies().is_empty(), carrier == Carrier::Header);
        assert_eq!(visitor.get("/api/edit").await.set_cookies().len(), 0, "renewed once");
    }
    assert_eq!(claims(&visitor.access_token().unwrap())["roles"], json!(["viewer"]));
}

/// Another node learns of it from the feed.
#[tokio::test(start_paused = true)]
async fn another_node_knows_within_a_tick() {
    let (site, anna) = site().await;
    let other = site.second_node().await;
    let app = site.app_of("anna").await;
    give(&other, &anna, &["editor"]).await;
    assert_eq!(app.get("/api/thing").await.status, 200);
    tokio::time::sleep(std::time::Duration::from_millis(501)).await;
    assert_eq!(app.get("/api/thing").await.verdict(), (401, "token_expired".to_owned()));
    app.refresh().await;
    assert_eq!(app.get("/api/edit").await.text(), "editor");
}

async fn another_name_holds_from_the_next_token_on(carrier: Carrier) {
    let (site, _) = site().await;
    let visitor = site.signed_in(carrier).await;
    let answer = visitor.patch_json("/api/user", json!({ "username": "Änne" })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["user"]["username"], "Änne");
    if carrier == Carrier::Header {
        assert_eq!(visitor.get("/api/thing").await.status, 401);
        visitor.refresh().await;
    }
    assert_eq!(visitor.get("/api/thing").await.text(), "Änne");
    // What stays as it is makes nobody renew.
    let same = visitor.patch_json("/api/user", json!({ "username": "Änne" })).await;
    assert_eq!(same.status, 200);
    assert_eq!(visitor.get("/api/thing").await.set_cookies().len(), 0);
}

/// A super user is none of the roles, and a role of that name makes nobody one.
async fn a_super_user_is_a_flag_of_its_own(carrier: Carrier) {
    let (site, anna) = site().await;
    give(&site, &anna, &["admin", "is_admin", "super_user"]).await;
    let visitor = site.signed_in(carrier).await;
    assert_eq!(claims(&visitor.access_token().unwrap())["is_admin"], false);
    let change = UserChange { is_super_user: Some(true), ..UserChange::default() };
    site.auth.change_user(anna.id, change).await.unwrap().unwrap().unwrap();
    assert_eq!(visitor.refresh().await.status, 200);
    assert_eq!(claims(&visitor.access_token().unwrap())["is_admin"], true);
    assert_eq!(visitor.get("/api/edit").await.status, 403, "nor does it give every role");
}

async fn suspending_is_not_renewed_away(carrier: Carrier) {
    let (site, anna) = site().await;
    let visitor = site.signed_in(carrier).await;
    let refresh = visitor.refresh_token().unwrap();
    let csrf = site.csrf_of(&*visitor);
    // The status alone, as a process would leave it that died before it ended the sessions.
    let change = UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() };
    site.auth.change_user(anna.id, change).await.unwrap().unwrap().unwrap();
    let answer = visitor.get("/api/thing").await;
    assert_eq!(answer.status, 401);
    let answer = crate::site::refresh_at(site.transport(), carrier, &refresh, csrf).await;
    assert_eq!(answer.verdict(), (401, "session_ended".to_owned()));
    let change = UserChange { status: Some(UserStatus::Active), ..UserChange::default() };
    site.auth.change_user(anna.id, change).await.unwrap().unwrap().unwrap();
    assert_eq!(visitor.refresh().await.status, 401, "an ended session stays ended");
}

both_carriers!(
    without_the_role_it_is_forbidden,
    a_change_of_roles_makes_tokens_stale,
    another_name_holds_from_the_next_token_on,
    a_super_user_is_a_flag_of_its_own,
    suspending_is_not_renewed_away,
);
