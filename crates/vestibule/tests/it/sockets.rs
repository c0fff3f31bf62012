//! Opening a WebSocket: a GET that is as good as any write, and that a browser sends with cookies from anywhere.

use bytes::Bytes;
use http::{Method, Request};
use vestibule_testkit::visitors::{Browser, Visitor as _, request, with};

use crate::site::{ORIGIN, Site};

const FOREIGN: &str = "https://other.app.test";

async fn site_with_browser() -> (Site, Browser) {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    (site, browser)
}

/// What browsers send to open one, over HTTP/1.1.
fn upgrade(path: &str, headers: &[(&'static str, &str)]) -> Request<Bytes> {
    let request = with(request(Method::GET, path, None), "connection", "Upgrade");
    let request = with(with(request, "upgrade", "websocket"), "sec-websocket-version", "13");
    let request = with(request, "sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    headers.iter().fold(request, |request, (name, value)| with(request, name, value))
}

/// What is left of it behind a reverse proxy that asks on its own connection.
fn forwarded(path: &str, headers: &[(&'static str, &str)]) -> Request<Bytes> {
    let mut request = upgrade(path, headers);
    request.headers_mut().remove("connection");
    request.headers_mut().remove("upgrade");
    request
}

/// The same over HTTP/2 (RFC 8441).
fn connect(path: &str, headers: &[(&'static str, &str)]) -> Request<Bytes> {
    let request = with(request(Method::CONNECT, path, None), "sec-websocket-version", "13");
    headers.iter().fold(request, |request, (name, value)| with(request, name, value))
}

#[tokio::test]
async fn a_page_of_another_origin_opens_no_socket_with_a_users_cookies() {
    let (_site, browser) = site_with_browser().await;
    for path in ["/api/thing", "/api/maybe", "/page", "/auth/verify-request"] {
        for headers in [
            &[("origin", FOREIGN)][..],
            &[("origin", FOREIGN), ("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", ORIGIN)],
            &[("origin", "null")],
            &[],
        ] {
            let answer = browser.send(upgrade(path, headers)).await;
            assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()), "{path} {headers:?}");
            let answer = browser.send(forwarded(path, headers)).await;
            assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()), "{path} {headers:?}");
        }
        let ours = browser.send(upgrade(path, &[("origin", ORIGIN)])).await;
        assert!(ours.status.is_success(), "{path}: {}", ours.status);
        let ours = browser.send(upgrade(path, &[("sec-fetch-site", "same-origin")])).await;
        assert!(ours.status.is_success(), "{path}: {}", ours.status);
    }
    assert_eq!(browser.send(upgrade("/open", &[("origin", FOREIGN)])).await.text(), "nobody");
}

#[tokio::test]
async fn a_socket_over_http_2_needs_our_origin_and_no_value() {
    let (_site, browser) = site_with_browser().await;
    let ours = browser.send(connect("/api/socket", &[("origin", ORIGIN)])).await;
    assert_eq!(ours.status, 200);
    let foreign = browser.send(connect("/api/socket", &[("origin", FOREIGN)])).await;
    assert_eq!(foreign.verdict(), (403, "csrf_failed".to_owned()));
}

#[tokio::test]
async fn a_refused_socket_renews_nothing() {
    let (site, browser) = site_with_browser().await;
    let id = site.row(&browser).await.id.to_string();
    site.outlive_access();
    let refused = browser.send(upgrade("/api/thing", &[("origin", FOREIGN)])).await;
    assert_eq!((refused.status.as_u16(), refused.set_cookies().len()), (403, 0));
    assert_eq!(site.row_of(&id).await.generation, 1);
    let ours = browser.send(upgrade("/api/thing", &[("origin", ORIGIN)])).await;
    assert_eq!((ours.status.as_u16(), ours.text()), (200, "anna"));
    assert_eq!(site.row(&browser).await.generation, 2);
}

#[tokio::test]
async fn an_app_opens_sockets_from_wherever_it_is() {
    let (site, _browser) = site_with_browser().await;
    let app = site.app_of("anna").await;
    for headers in [&[][..], &[("origin", FOREIGN)]] {
        assert_eq!(app.send(upgrade("/api/thing", headers)).await.text(), "anna");
    }
}
