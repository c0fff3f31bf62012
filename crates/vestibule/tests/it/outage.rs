//! The store is away: signed-in people go on, nobody is told that their tokens are bad, and all is well
//! when it comes back.

use http::Method;
use serde_json::json;
use vestibule::Carrier;
use vestibule_testkit::{
    both_carriers,
    visitors::{Answer, Visitor},
};

use crate::site::{PASSWORD, Site};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

fn is_unavailable(answer: &Answer, about: &str) {
    assert_eq!(answer.verdict(), (503, "unavailable".to_owned()), "{about}");
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{about}");
    assert_eq!(answer.set_cookies(), Vec::<&str>::new(), "{about}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn access_tokens_go_on_and_the_rest_waits(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let held = (visitor.access_token(), visitor.refresh_token());
    site.store.set_down(true);
    assert_eq!(visitor.get("/api/thing").await.text(), "anna");
    assert_eq!(visitor.post_json("/api/secret", json!({})).await.status, 200);
    assert_eq!(visitor.get("/page").await.status, 200);
    is_unavailable(&site.visitor(carrier).sign_in("anna", PASSWORD).await, "sign-in");
    is_unavailable(&site.visitor(carrier).sign_in("nobody", PASSWORD).await, "of nobody");
    is_unavailable(&visitor.refresh().await, "refresh");
    is_unavailable(&visitor.sign_out().await, "sign-out");
    is_unavailable(&visitor.confirm(PASSWORD).await, "confirm");
    let change = json!({ "current": PASSWORD, "new": "nine purple kettles" });
    is_unavailable(&visitor.put_json("/api/auth/password", change).await, "password");
    is_unavailable(&visitor.get("/api/auth/sessions").await, "sessions");
    is_unavailable(&visitor.delete("/api/auth/sessions").await, "end others");
    is_unavailable(&visitor.delete("/api/user").await, "delete");
    let new = json!({ "username": "bert", "email": "bert@example.org", "password": PASSWORD });
    is_unavailable(&site.anonymous().post_json("/api/auth/register", &new).await, "register");
    assert_eq!((visitor.access_token(), visitor.refresh_token()), held, "tokens stay");
    assert_eq!(visitor.get("/api/thing").await.status, 200, "not signed out by a 503");

    site.store.set_down(false);
    assert_eq!(visitor.refresh().await.status, 200, "not consumed");
    assert_eq!(visitor.get("/api/thing").await.status, 200);
    assert_eq!(site.app().sign_in("anna", PASSWORD).await.status, 200, "same password");
    assert_eq!(visitor.sign_out().await.status, 204);
    assert_eq!(visitor.get("/api/thing").await.status, 401);
}

both_carriers!(access_tokens_go_on_and_the_rest_waits);

/// An expired cookie that cannot be renewed now is neither nobody nor a sign-in page.
#[tokio::test]
async fn an_expired_cookie_waits_and_goes_on() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let refresh = browser.refresh_token();
    site.outlive_access();
    site.store.set_down(true);
    for path in ["/api/thing", "/api/maybe", "/page", "/open", "/auth/verify-request"] {
        for method in [Method::GET, Method::HEAD] {
            let answer = browser.ask(method.clone(), path, None).await;
            assert_eq!(answer.status, 503, "{method} {path}");
            assert!(answer.set_cookies().is_empty());
        }
    }
    is_unavailable(&browser.post_json("/api/thing", json!({})).await, "POST");
    assert_eq!(browser.refresh_token(), refresh);
    site.store.set_down(false);
    assert_eq!(browser.navigate("/page").await.status, 200);
    assert_eq!(browser.get("/api/thing").await.text(), "anna");
}

/// Failures of the store are not failures of the person: they count for no limit.
#[tokio::test]
async fn an_outage_locks_nobody_out() {
    let site = site().await;
    site.store.set_down(true);
    for _ in 0..150 {
        assert_eq!(site.app().sign_in("anna", PASSWORD).await.status, 503);
    }
    site.store.set_down(false);
    assert_eq!(site.app().sign_in("anna", PASSWORD).await.status, 200);
}

/// What was seen while the store was away is written when it is back.
#[tokio::test(start_paused = true)]
async fn what_was_seen_is_written_later() {
    let site = site().await;
    let app = site.app_of("anna").await;
    app.refresh().await;
    site.store.set_down(true);
    site.pass(5);
    assert_eq!(app.get("/api/thing").await.status, 200);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(site.row(&app).await.seen_generation, 1);
    site.store.set_down(false);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let row = site.row(&app).await;
    assert_eq!((row.seen_generation, row.last_seen_at), (2, site.auth.now()));
}

/// The ends that another node wrote while this one could not read the feed.
#[tokio::test(start_paused = true)]
async fn the_feed_is_caught_up_with() {
    let site = site().await;
    let app = site.app_of("anna").await;
    site.store.set_down(true);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let row = site.row(&app).await;
    {
        use vestibule::core::{session::EndReason, store::SessionStore as _};
        let inner = site.store.inner();
        inner.end_session(row.id, EndReason::EndedByAdmin, site.auth.now()).await.unwrap();
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    site.store.set_down(false);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(app.get("/api/thing").await.verdict(), (401, "token_revoked".to_owned()));
}
