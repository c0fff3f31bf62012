//! A program on one's own machine, asked by names that are none of it: a test, a phone, a container.

use http::{Method, Request};
use serde_json::json;
use vestibule::OurOrigin;
use vestibule_testkit::visitors::{Anonymous, Answer, Transport as _, request, with};

use crate::site::{PASSWORD, Site, login_body};

async fn site() -> Site {
    let site = Site::configured(|config| config.origin = OurOrigin::Loopback).await;
    site.add_user("anna").await;
    site
}

/// As `oneshot` tests send it: without `Host`.
async fn without_host(site: &Site, request: Request<bytes::Bytes>) -> Answer {
    site.transport().send(request).await.into()
}

#[tokio::test]
async fn an_app_signs_in_by_whatever_name_it_found_the_program() {
    let site = site().await;
    for path in ["/api/auth/login", "/api/auth/restore"] {
        let body = login_body("anna", PASSWORD, "header");
        let bare = without_host(&site, request(Method::POST, path, Some(&body))).await;
        assert_eq!(bare.status, 200, "{path}: {}", bare.text());
        for host in ["192.168.1.5:5000", "app", "vestibule:5000", "my-machine.local"] {
            let app = Anonymous::new(site.transport(), host);
            assert_eq!(app.post_json(path, &body).await.status, 200, "{path} {host}");
        }
    }
    let account = json!({ "username": "bert", "email": "b@example.org", "password": PASSWORD });
    let made = request(Method::POST, "/api/auth/register", Some(&account));
    assert_eq!(without_host(&site, made).await.status, 202);
    let out = request(Method::POST, "/api/auth/logout", None);
    assert_eq!(without_host(&site, out).await.status, 204);
}

/// Cookies need to know which origin is ours; the refusal says what to set.
#[tokio::test]
async fn a_browser_at_another_name_is_told_of_public_url() {
    let site = site().await;
    let body = login_body("anna", PASSWORD, "cookie");
    let host = "192.168.1.5:5000";
    for headers in [
        &[("origin", "http://192.168.1.5:5000")][..],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://192.168.1.5:5000")],
        &[],
    ] {
        let ask = request(Method::POST, "/api/auth/login", Some(&body));
        let ask = headers.iter().fold(ask, |ask, (name, value)| with(ask, name, value));
        let refused = Anonymous::new(site.transport(), host).send(ask).await;
        assert_eq!(refused.verdict(), (403, "csrf_failed".to_owned()), "{headers:?}");
        let body = refused.json();
        assert!(body["detail"].as_str().unwrap().contains("`public_url`"), "{body}");
        assert_eq!(body["reason"], "origin_unknown", "{body}");
        assert_eq!(body["facts"]["host"], host, "{body}");
    }
    let ask = request(Method::POST, "/api/auth/login", Some(&body));
    let bare = without_host(&site, with(ask, "origin", "http://app.test")).await;
    assert!(bare.text().contains("`public_url`"), "{}", bare.text());
}

/// A page of another origin gets in by neither carrier, at whatever name.
#[tokio::test]
async fn a_foreign_page_signs_nobody_in_at_another_name() {
    let site = site().await;
    for transport in ["header", "cookie"] {
        let body = login_body("anna", PASSWORD, transport);
        for headers in [("origin", "https://evil.test"), ("sec-fetch-site", "cross-site")] {
            let ask =
                with(request(Method::POST, "/api/auth/login", Some(&body)), headers.0, headers.1);
            assert_eq!(without_host(&site, ask).await.verdict(), (403, "csrf_failed".to_owned()));
        }
    }
}
