//! What a handler asks for, and what it gets.

use axum::{Router, routing::get};
use http::Method;
use serde_json::json;
use vestibule::{Carrier, Principal};
use vestibule_testkit::{
    both_carriers,
    visitors::{Anonymous, InProcess, Visitor, request, with},
};

use crate::site::{HOST, Site};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

async fn every_method_of_a_protected_route(carrier: Carrier) {
    let site = site().await;
    let visitor = site.visitor(carrier);
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    for method in &methods {
        let answer = visitor.ask(method.clone(), "/api/thing", None).await;
        assert_eq!(answer.verdict(), (401, "token_missing".to_owned()), "{method}");
    }
    let visitor = site.signed_in(carrier).await;
    for method in &methods {
        let answer = visitor.ask(method.clone(), "/api/thing", None).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "anna"), "{method}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

async fn nobody_is_nobody_where_that_is_allowed(carrier: Carrier) {
    let site = site().await;
    let visitor = site.visitor(carrier);
    assert_eq!(visitor.get("/api/maybe").await.text(), "nobody");
    assert_eq!(visitor.post_json("/api/maybe", json!({})).await.text(), "nobody");
    let visitor = site.signed_in(carrier).await;
    assert_eq!(visitor.get("/api/maybe").await.text(), "anna");
    assert_eq!(visitor.get("/open").await.text(), "anna");
    let token = visitor.access_token().unwrap();
    visitor.sign_out().await;
    visitor.hold(Some(&token), None);
    // An app has to learn of it; a page only greets.
    let expected = if carrier == Carrier::Header { 401 } else { 200 };
    assert_eq!(visitor.get("/api/maybe").await.status, expected);
}

both_carriers!(every_method_of_a_protected_route, nobody_is_nobody_where_that_is_allowed);

#[tokio::test]
async fn a_cookie_from_elsewhere_is_refused_where_nobody_would_be_let_in() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let post = with(request(Method::POST, "/api/maybe", None), "origin", "https://evil.test");
    assert_eq!(browser.send(post).await.verdict(), (403, "csrf_failed".to_owned()));
}

#[tokio::test]
async fn outside_of_the_layer_it_is_the_servers_fault() {
    let router = Router::new().route("/api/thing", get(async |_: Principal| ""));
    let nobody = Anonymous::new(InProcess::new(router), HOST);
    let answer = nobody.get_with("/api/thing", &[("authorization", "Bearer x")]).await;
    assert_eq!(answer.verdict(), (500, "internal".to_owned()));
}

#[tokio::test]
async fn a_reverse_proxy_learns_who_it_is() {
    let site = Site::new().await;
    let anna = site.add_user("Änne").await;
    let change = vestibule::core::user::UserChange {
        roles: Some(vestibule_testkit::samples::roles(&["editor", "viewer"])),
        ..Default::default()
    };
    site.auth.change_user(anna.id, change).await.unwrap().unwrap().unwrap();
    let browser = site.browser_of("Änne").await;
    let answer = browser.get("/auth/verify-request").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(answer.header("x-auth-user-id"), "1");
    assert_eq!(answer.header("x-auth-user"), "%C3%84nne");
    assert_eq!(answer.header("x-auth-roles"), "editor,viewer");

    let nobody = site.anonymous();
    let asked = [("accept", "text/html"), ("x-forwarded-uri", "/maps?id=1")];
    let answer = nobody.get_with("/auth/verify-request", &asked).await;
    assert_eq!(answer.verdict(), (401, "token_missing".to_owned()));
    assert_eq!(answer.header("x-auth-redirect"), "/auth/login?next=%2Fmaps%3Fid%3D1");
    let answer = nobody.get("/auth/verify-request").await;
    assert_eq!((answer.status.as_u16(), answer.header("x-auth-redirect")), (401, ""));
}

/// The id that a server gives a request is the one in its refusal; without one, one is drawn.
#[tokio::test]
async fn a_refusal_names_the_request() {
    let site = site().await;
    let one = site.anonymous().get("/api/thing").await.json()["request_id"].clone();
    let two = site.anonymous().get("/api/thing").await.json()["request_id"].clone();
    assert_ne!(one, two);
    let mut named = request(Method::GET, "/api/thing", None);
    named.extensions_mut().insert(vestibule::RequestId("r-17".into()));
    assert_eq!(site.anonymous().send(named).await.json()["request_id"], "r-17");
}
