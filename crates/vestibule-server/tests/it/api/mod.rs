//! The API as an app or a script calls it.

mod account;
mod guessing;
mod tokens;

use std::time::Duration;

use http::Method;
use serde_json::json;
use vestibule_testkit::{
    site::Site,
    visitors::{Answer, App, Visitor as _, request, with},
};

use crate::test_app::{PASSWORD, create_user, place, serve};

/// Longer than any answer takes to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A site with one account, and an app that is signed in to it.
async fn signed_in(site: &Site) -> App {
    let app = site.app();
    let answer = app.sign_in("ada", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    app
}

fn is_guarded(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(!answer.header("x-request-id").is_empty());
    if answer.status.is_client_error() {
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let body = answer.json();
        assert_eq!(body["status"], answer.status.as_u16());
        assert_eq!(body["request_id"], answer.header("x-request-id"));
        for member in ["type", "title", "detail", "code"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        }
    }
}

#[tokio::test]
async fn an_app_registers_signs_in_renews_and_leaves() {
    let place = place();
    let site = serve(&place);
    let app = site.app();
    let account = json!({ "username": "ada", "email": "ada@people.test", "password": PASSWORD });
    let answer = app.post_json("/api/auth/register", account.clone()).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json(), json!({ "username": "ada", "email": "ada@people.test" }));
    assert!(answer.set_cookies().is_empty(), "registering signs nobody in");
    assert_eq!(
        app.post_json("/api/auth/register", account).await.verdict(),
        (409, "conflict".into())
    );

    let signed_in = app.sign_in("ADA@people.test", PASSWORD).await;
    is_guarded(&signed_in);
    assert!(signed_in.set_cookies().is_empty());
    let body = signed_in.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(
        (&body["expires_in"], &body["refresh_expires_in"]),
        (&900.into(), &2_592_000.into())
    );
    assert_eq!(body["user"]["username"], "ada");
    assert_eq!(body["user"]["status"], "active");

    let me = app.get("/api/auth/me").await;
    is_guarded(&me);
    assert_eq!(me.json()["session"]["carrier"], "header");
    assert_eq!(me.json()["session"]["fresh"], true);

    let (first_access, first_refresh) = (app.access_token(), app.refresh_token());
    let renewed = app.refresh().await;
    is_guarded(&renewed);
    assert_eq!(renewed.status, 200);
    assert_eq!(renewed.json().get("user"), None);
    assert_ne!(app.access_token(), first_access);
    assert_ne!(app.refresh_token(), first_refresh);
    assert_eq!(app.get("/api/auth/me").await.json()["session"]["fresh"], false);

    let left = app.sign_out().await;
    assert_eq!(left.status, 204);
    assert_eq!(app.sign_out().await.status, 204, "leaving twice does no harm");
    let after = app.get("/api/auth/me").await;
    is_guarded(&after);
    assert_eq!(after.verdict(), (401, "token_revoked".into()));
    assert_eq!(after.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    assert_eq!(app.refresh().await.verdict(), (401, "session_ended".into()));
    app.hold(None, first_refresh.as_deref());
    assert_eq!(app.refresh().await.verdict(), (401, "session_ended".into()));
    app.hold(first_access.as_deref(), None);
    assert_eq!(app.get("/api/auth/me").await.verdict(), (401, "token_revoked".into()));
}

#[tokio::test]
async fn the_site_says_what_it_is_and_refuses_in_the_same_voice() {
    let place = place();
    create_user(&place, "ada", &["--role", "editor"]);
    let site = serve(&place);
    let nobody = site.anonymous();
    let index = nobody.get("/api/").await.json();
    assert_eq!((&index["name"], &index["status"]), (&"Vestibule".into(), &"running".into()));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(nobody.get(path).await.status, 200, "{path}");
    }
    let keys = nobody.get("/.well-known/jwks.json").await.json();
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["kty"], &key["alg"], &key["crv"]),
        (&"EC".into(), &"ES256".into(), &"P-256".into())
    );
    assert_eq!(key.get("d"), None, "only what is public is published");

    let app = signed_in(&site).await;
    let asked = app.get("/auth/verify-request").await;
    assert_eq!((asked.status.as_u16(), asked.header("x-auth-user")), (204, "ada"));
    assert_eq!((asked.header("x-auth-user-id"), asked.header("x-auth-roles")), ("1", "editor"));
    assert_eq!(nobody.get("/auth/verify-request").await.status, 401);

    let mut half = request(Method::POST, "/api/auth/login", Some(&json!({})));
    *half.body_mut() = r#"{"login": "#.into();
    let refused = [
        (nobody.get("/api/nothing").await, (404, "not_found")),
        (nobody.get("/api/auth/login").await, (405, "method_not_allowed")),
        (nobody.send(half).await, (400, "malformed_request")),
        (nobody.post_json("/api/auth/register", &json!({})).await, (422, "invalid_input")),
        (app.delete("/api/auth/sessions/nonsense").await, (404, "not_found")),
    ];
    for (answer, (status, code)) in refused {
        is_guarded(&answer);
        assert_eq!(answer.verdict(), (status, code.to_owned()));
    }
    let mut text = request(Method::POST, "/api/auth/login", None);
    *text.body_mut() = format!(r#"{{"login":"ada","password":"{PASSWORD}"}}"#).into();
    let text = nobody.send(with(text, "content-type", "text/plain")).await;
    assert_eq!(text.verdict(), (415, "unsupported_media_type".into()));
}
