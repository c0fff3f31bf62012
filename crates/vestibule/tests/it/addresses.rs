//! Where clients come from, and what becomes of limits where that is not known.

use std::net::SocketAddr;

use async_trait::async_trait;
use axum::{Router, body::Body, extract::connect_info::MockConnectInfo};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;
use vestibule::{ClientAddress, core::limit::Rate};
use vestibule_testkit::visitors::{Anonymous, Answer, Transport, Visitor as _, request, with};

use crate::{
    logs::{keep_log, take_log},
    site::{HOST, PASSWORD, Site, login_body},
};

/// Served without the address of the peer, as `axum::serve(listener, app)` does it.
#[derive(Clone)]
struct Plain(Router);

#[async_trait]
impl Transport for Plain {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let answer = self.0.clone().oneshot(request.map(Body::from)).await.unwrap();
        let (parts, body) = answer.into_parts();
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }
}

fn plain(site: &Site) -> Anonymous {
    Anonymous::new(Plain(site.router.clone()), HOST)
}

async fn register(nobody: &Anonymous, name: &str) -> Answer {
    let email = format!("{name}@example.org");
    let account = json!({ "username": name, "email": email, "password": PASSWORD });
    nobody.post_json("/api/auth/register", &account).await
}

#[tokio::test]
async fn a_forgotten_connect_info_is_said_at_the_first_request_that_is_limited() {
    keep_log();
    let site = Site::new().await;
    site.add_user("anna").await;
    let nobody = plain(&site);
    for path in ["/api/auth/login", "/api/auth/restore"] {
        let answer = nobody.post_json(path, &login_body("anna", PASSWORD, "header")).await;
        assert_eq!(answer.verdict(), (500, "internal".to_owned()), "{path}");
    }
    assert_eq!(register(&nobody, "bert").await.verdict(), (500, "internal".to_owned()));
    let log = take_log();
    assert_eq!(
        log.matches("into_make_service_with_connect_info::<SocketAddr>()").count(),
        3,
        "{log}"
    );
    assert!(log.contains("Config::client_address"), "{log}");

    // Whoever is signed in goes on, and what is open to all is open.
    let app = site.app_of("anna").await;
    let token = format!("Bearer {}", app.access_token().unwrap());
    let known = nobody.get_with("/api/thing", &[("authorization", &token)]).await;
    assert_eq!((known.status.as_u16(), known.text()), (200, "anna"));
    assert_eq!(nobody.get("/api/public").await.status, 200);
    let ask = with(
        request(Method::POST, "/api/auth/confirm", Some(&json!({ "password": "x" }))),
        "authorization",
        &token,
    );
    assert_eq!(nobody.send(ask).await.status, 500, "step-up is limited too");
}

#[tokio::test]
async fn an_application_that_knows_no_addresses_says_so_and_limits_accounts_alone() {
    let rate = |count| Some(Rate { count, window: std::time::Duration::from_secs(900) });
    let site = Site::configured(|config| {
        config.client_address = ClientAddress::Unknown;
        config.limits.address = rate(2);
        config.limits.register = rate(2);
        config.limits.account = rate(3);
    })
    .await;
    site.add_user("anna").await;
    let nobody = plain(&site);
    for number in 0..5 {
        assert_eq!(register(&nobody, &format!("person{number}")).await.status, 202, "{number}");
        let wrong = login_body(&format!("person{number}"), "wrong", "header");
        assert_eq!(nobody.post_json("/api/auth/login", &wrong).await.status, 401, "{number}");
    }
    let signed_in =
        nobody.post_json("/api/auth/login", &login_body("anna", PASSWORD, "header")).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    for _ in 0..3 {
        nobody.post_json("/api/auth/login", &login_body("anna", "wrong", "header")).await;
    }
    let limited = nobody.post_json("/api/auth/login", &login_body("anna", "wrong", "header")).await;
    assert_eq!(limited.status, 429);
}

#[tokio::test]
async fn a_header_that_the_application_names_is_where_clients_come_from() {
    keep_log();
    let name = http::HeaderName::from_static("fly-client-ip");
    let site = Site::configured(|config| {
        config.client_address = ClientAddress::Header(name);
        config.limits.address =
            Some(Rate { count: 2, window: std::time::Duration::from_secs(900) });
    })
    .await;
    site.add_user("anna").await;
    let nobody = plain(&site);
    let try_from = async |address: Option<&str>, password: &str| {
        let body = login_body("anna", password, "header");
        let ask = request(Method::POST, "/api/auth/login", Some(&body));
        let ask = match address {
            Some(address) => with(ask, "fly-client-ip", address),
            None => ask,
        };
        nobody.send(ask).await.status.as_u16()
    };
    assert_eq!(try_from(Some("198.51.100.1"), "wrong").await, 401);
    assert_eq!(try_from(Some("198.51.100.1"), "wrong").await, 401);
    assert_eq!(try_from(Some("198.51.100.1"), PASSWORD).await, 429);
    assert_eq!(try_from(Some("198.51.100.2"), PASSWORD).await, 200);
    assert_eq!(try_from(None, PASSWORD).await, 500);
    assert_eq!(try_from(Some("nonsense"), PASSWORD).await, 500);
    assert!(take_log().contains("fly-client-ip"));
}

/// What axum's own tests put around a router.
#[tokio::test]
async fn a_test_without_a_connection_names_a_peer() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let peer = MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)));
    let nobody = Anonymous::new(Plain(site.router.clone().layer(peer)), HOST);
    let answer = nobody.post_json("/api/auth/login", &login_body("anna", PASSWORD, "header")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
