//! The same over a real socket, in plain http, as on one's own machine.

use vestibule::{Config, SiteSecret, Vestibule};
use vestibule_testkit::{
    faults::FailingStore,
    visitors::{Anonymous, App, Browser, CookieNames, Loopback, Visitor},
};

use crate::site::{PASSWORD, SECRET, SharedClock};

#[tokio::test]
async fn browser_and_app_over_loopback() {
    let clock = std::sync::Arc::new(vestibule_testkit::FakeClock::default());
    let secret = SiteSecret::new(SECRET).unwrap();
    let mut config = Config::development("Test site", "127.0.0.1:5000", secret).unwrap();
    config.password_parameters = "m=64,t=1,p=1".parse().unwrap();
    let auth = Vestibule::builder(FailingStore::new(vestibule::MemoryStore::default()))
        .config(config)
        .clock(SharedClock(clock.clone()))
        .build()
        .await
        .unwrap();
    let wire = Loopback::serve(crate::site::router(&auth)).await;
    let host = wire.address().to_string();

    let nobody = Anonymous::new(wire, &host);
    let new = serde_json::json!({
        "username": "anna", "email": "anna@example.org", "password": PASSWORD,
    });
    assert_eq!(nobody.post_json("/api/auth/register", &new).await.status, 202);

    let app = App::new(wire, &host);
    assert_eq!(app.sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(app.get("/api/thing").await.text(), "anna");
    assert_eq!(app.refresh().await.status, 200);

    // Any loopback name is the site's own origin there.
    let port = wire.address().port();
    for origin in [format!("http://{host}"), format!("http://localhost:{port}")] {
        let browser = Browser::new(wire, &origin, CookieNames::plain(), clock.clone());
        assert_eq!(browser.sign_in("anna", PASSWORD).await.status, 200);
        assert_eq!(browser.jar().refused(), Vec::<String>::new());
        assert_eq!(browser.post_json("/api/thing", serde_json::json!({})).await.text(), "anna");
        let sessions = browser.get("/api/auth/sessions").await.json();
        assert_eq!(sessions["sessions"][0]["address"], "127.0.0.1");
        clock.advance(std::time::Duration::from_secs(16 * 60));
        assert_eq!(browser.post_json("/api/thing", serde_json::json!({})).await.text(), "anna");
        assert_eq!(browser.sign_out().await.status, 204);
        let left = browser.jar().header("/").unwrap();
        assert!(left.starts_with("device=") && !left.contains(';'), "{left}");
    }
    let stranger = Browser::new(wire, "http://evil.test", CookieNames::plain(), clock);
    assert_eq!(stranger.sign_in("anna", PASSWORD).await.status, 403);
}

/// HTTP/2 has no `Host`: its `:authority` is what names the site.
#[tokio::test]
async fn without_a_host_the_authority_counts() {
    let secret = SiteSecret::new(SECRET).unwrap();
    let mut config = Config::development("Test site", "127.0.0.1:5000", secret).unwrap();
    config.password_parameters = "m=64,t=1,p=1".parse().unwrap();
    config.client_address = vestibule::ClientAddress::Unknown;
    let auth =
        Vestibule::builder(vestibule::MemoryStore::default()).config(config).build().await.unwrap();
    let body = crate::site::login_body("anna", PASSWORD, "cookie").to_string();
    let send = async |authority: &str| {
        use tower::ServiceExt as _;
        let request = http::Request::post(format!("http://{authority}/api/auth/login"))
            .header("content-type", "application/json")
            .header("origin", "http://localhost:5000")
            .body(axum::body::Body::from(body.clone()))
            .unwrap();
        crate::site::router(&auth).oneshot(request).await.unwrap().status().as_u16()
    };
    assert_eq!(send("localhost:5000").await, 401);
    assert_eq!(send("evil.test").await, 403);
}
