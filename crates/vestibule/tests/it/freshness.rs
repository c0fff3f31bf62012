//! Freshness: proven not long ago, by this very token.

use serde_json::json;
use vestibule::Carrier;
use vestibule_testkit::{both_carriers, visitors::Visitor};

use crate::site::{PASSWORD, Site, claims};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

fn stale() -> (u16, String) {
    (401, "fresh_token_required".to_owned())
}

async fn a_sign_in_is_fresh_for_ten_minutes(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let me = visitor.get("/api/auth/me").await.json();
    assert_eq!(me["session"]["fresh"], true);
    assert_eq!(me["session"]["fresh_until"], me["session"]["auth_time"].as_i64().unwrap() + 600);
    site.pass(599);
    assert_eq!(visitor.get("/api/secret").await.status, 200);
    site.pass(1);
    let answer = visitor.get("/api/secret").await;
    assert_eq!(answer.verdict(), stale());
    assert_eq!(answer.header("www-authenticate").is_empty(), carrier == Carrier::Cookie);
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    assert_eq!(visitor.get("/api/auth/me").await.json()["session"]["fresh"], false);
}

async fn a_renewed_token_is_stale_however_young(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let old = visitor.access_token().unwrap();
    assert_eq!(visitor.refresh().await.status, 200);
    assert_eq!(visitor.get("/api/secret").await.verdict(), stale());
    assert_eq!(visitor.post_json("/api/secret", json!({})).await.verdict(), stale());
    assert_eq!(claims(&visitor.access_token().unwrap())["auth_time"], claims(&old)["auth_time"]);
}

async fn confirming_makes_it_fresh_again_in_the_same_session(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let before = claims(&visitor.access_token().unwrap());
    site.outlive_access();
    visitor.refresh().await;
    assert_eq!(visitor.get("/api/secret").await.verdict(), stale());
    let wrong = visitor.confirm("not the password").await;
    assert_eq!(wrong.verdict(), (401, "invalid_credentials".to_owned()));
    assert_eq!(visitor.get("/api/secret").await.verdict(), stale());
    let answer = visitor.confirm(PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(visitor.get("/api/secret").await.status, 200);
    let after = claims(&visitor.access_token().unwrap());
    assert_eq!(after["sid"], before["sid"]);
    assert_eq!(after["auth_time"], site.auth.now().seconds());
    assert_eq!(after["fresh"], site.auth.now().seconds() + 600);
    assert_eq!(after.get("csrf"), before.get("csrf"));
    site.pass(600);
    assert_eq!(visitor.get("/api/secret").await.verdict(), stale());
    // The session goes on as if nothing had been.
    assert_eq!(visitor.refresh().await.status, 200);
    assert_eq!(visitor.get("/api/thing").await.status, 200);
}

/// The proof was made and its answer lost: the session goes on, and one proves oneself once more.
async fn a_lost_confirmation_signs_nobody_out(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    visitor.refresh().await;
    let body = Some(json!({ "password": PASSWORD }));
    let lost = visitor.lose(http::Method::POST, "/api/auth/confirm", body).await;
    assert_eq!(lost.status, 200);
    site.pass(3600);
    assert_eq!(visitor.refresh().await.status, 200);
    assert_eq!(visitor.get("/api/secret").await.verdict(), stale());
    assert_eq!(visitor.confirm(PASSWORD).await.status, 200);
    assert_eq!(visitor.get("/api/secret").await.status, 200);
}

async fn a_lifetime_of_zero_is_never_fresh(carrier: Carrier) {
    let site = Site::configured(|config| config.lifetimes.fresh = std::time::Duration::ZERO).await;
    site.add_user("anna").await;
    let visitor = site.signed_in(carrier).await;
    assert_eq!(visitor.get("/api/secret").await.verdict(), stale());
}

/// What decides who gets into an account is not for whoever finds a session open.
async fn another_name_or_address_asks_for_a_proof(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    site.pass(600);
    for change in [
        json!({ "email": "thief@example.org" }),
        json!({ "username": "thief" }),
        json!({ "username": "thief", "email": "anna@example.org" }),
        json!({ "email": "thief@example.org", "locale": "de" }),
    ] {
        assert_eq!(visitor.patch_json("/api/user", change.clone()).await.verdict(), stale());
        let me = visitor.get("/api/auth/me").await.json();
        assert_eq!(
            (&me["user"]["username"], &me["user"]["locale"]),
            (&json!("anna"), &json!(null))
        );
    }
    assert!(site.told.all().is_empty());
    // To keep what there is takes nothing from anybody.
    let same = json!({ "username": "anna", "email": "anna@example.org", "locale": "de" });
    assert_eq!(visitor.patch_json("/api/user", same).await.status, 200);
    assert_eq!(site.told.all(), [("keep address", "anna".to_owned())]);
    assert_eq!(visitor.confirm(PASSWORD).await.status, 200);
    let change = json!({ "username": "annika", "email": "annika@example.org" });
    assert_eq!(visitor.patch_json("/api/user", change).await.status, 200);
    assert_eq!(site.told.all().last(), Some(&("change address", "annika".to_owned())));
}

both_carriers!(
    another_name_or_address_asks_for_a_proof,
    a_sign_in_is_fresh_for_ten_minutes,
    a_renewed_token_is_stale_however_young,
    confirming_makes_it_fresh_again_in_the_same_session,
    a_lost_confirmation_signs_nobody_out,
    a_lifetime_of_zero_is_never_fresh,
);

#[tokio::test]
async fn a_page_leads_to_the_confirmation_and_back() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    assert_eq!(browser.navigate("/page/secret?a=1&b=2").await.status, 200);
    site.pass(600);
    let answer = browser.navigate("/page/secret?a=1&b=2").await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location(), "/auth/confirm?next=%2Fpage%2Fsecret%3Fa%3D1%26b%3D2");
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// Confirming by cookie moves the session on: whoever copied its refresh token is left behind.
#[tokio::test]
async fn a_copied_refresh_token_does_not_survive_the_confirmation() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let thief = browser.copy();
    assert_eq!(browser.confirm(PASSWORD).await.status, 200);
    assert_ne!(browser.refresh_token(), thief.refresh_token());
    assert_eq!(browser.get("/api/thing").await.status, 200);
    site.outlive_access();
    assert_eq!(thief.get("/api/thing").await.verdict(), (401, "session_ended".to_owned()));
}

/// Every door of a session counts: confirmation and password change.
#[tokio::test]
async fn guesses_at_the_confirmation_are_counted_by_session() {
    let site = site().await;
    let app = site.app_of("anna").await;
    for _ in 0..5 {
        assert_eq!(app.confirm("wrong").await.status, 401);
        let change = json!({ "current": "wrong", "new": "nine purple kettles" });
        assert_eq!(app.put_json("/api/auth/password", change).await.status, 401);
    }
    for answer in [
        app.confirm(PASSWORD).await,
        app.put_json("/api/auth/password", json!({ "current": PASSWORD, "new": "x" })).await,
    ] {
        assert_eq!(answer.verdict(), (429, "rate_limited".to_owned()));
    }
    assert_eq!(site.app_of("anna").await.confirm(PASSWORD).await.status, 200);
    assert_eq!(app.get("/api/thing").await.status, 200, "who is signed in stays so");
}
