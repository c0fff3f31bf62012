//! Which routes an application opens, and what it may have beside them.

use axum::{Router, http::StatusCode, routing::get};
use http::Method;
use serde_json::json;
use vestibule::{BuildError, Config, ConfigError, MemoryStore, RouteGroup, SiteSecret, Vestibule};
use vestibule_testkit::visitors::{Anonymous, App, InProcess, Visitor as _, request};

use crate::site::{HOST, ORIGIN, PASSWORD, SECRET, Site};

/// Every route there is, by its group.
const ROUTES: [(&str, &str, Option<RouteGroup>); 15] = [
    ("POST", "/api/auth/login", None),
    ("POST", "/api/auth/refresh", None),
    ("POST", "/api/auth/logout", None),
    ("GET", "/api/auth/me", None),
    ("POST", "/api/auth/confirm", None),
    ("POST", "/api/auth/register", Some(RouteGroup::Registration)),
    ("POST", "/api/auth/restore", Some(RouteGroup::Account)),
    ("PUT", "/api/auth/password", Some(RouteGroup::Account)),
    ("PATCH", "/api/user", Some(RouteGroup::Account)),
    ("DELETE", "/api/user", Some(RouteGroup::Account)),
    ("GET", "/api/auth/sessions", Some(RouteGroup::Sessions)),
    ("DELETE", "/api/auth/sessions", Some(RouteGroup::Sessions)),
    ("GET", "/api/auth/sessions/x", Some(RouteGroup::Sessions)),
    ("GET", "/auth/verify-request", Some(RouteGroup::Proxy)),
    ("GET", "/.well-known/jwks.json", Some(RouteGroup::Keys)),
];

/// Which of them a router has.
async fn open(router: Router) -> Vec<(&'static str, &'static str, Option<RouteGroup>)> {
    let nobody = Anonymous::new(InProcess::new(router), HOST);
    let mut open = Vec::new();
    for route in ROUTES {
        let answer = nobody.send(request(route.0.parse().unwrap(), route.1, None)).await;
        if answer.status != StatusCode::NOT_FOUND {
            open.push(route);
        }
    }
    open
}

#[tokio::test]
async fn nothing_makes_or_changes_an_account_unless_it_was_opened() {
    let site = Site::new().await;
    let layer = || site.auth.layer();
    let smallest = open(site.auth.routes().layer(layer())).await;
    assert!(smallest.iter().all(|(_, _, group)| group.is_none()), "{smallest:?}");
    assert_eq!(smallest.len(), 5);
    for group in RouteGroup::ALL {
        let some = open(site.auth.routes_with([group, group]).layer(layer())).await;
        let expected = ROUTES.iter().filter(|(_, _, of)| of.is_none_or(|of| of == group));
        assert!(some.iter().eq(expected), "{group:?}: {some:?}");
    }
    assert_eq!(open(site.auth.routes_with(RouteGroup::ALL).layer(layer())).await, ROUTES);
}

#[tokio::test]
async fn the_smallest_group_signs_in_and_out() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let app = App::new(InProcess::new(site.auth.routes().layer(site.auth.layer())), HOST);
    assert_eq!(app.sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(app.get("/api/auth/me").await.status, 200);
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.confirm(PASSWORD).await.status, 200);
    assert_eq!(app.sign_out().await.status, 204);
}

/// An application with routes of its own at our paths, and its own word for wrong methods.
#[tokio::test]
async fn a_fallback_of_the_applications_own_goes_beside_our_routes() {
    let site = Site::new().await;
    let own = Router::new()
        .route("/api/auth/login", get(async || "a page of their own"))
        .route("/own", get(async || "own"))
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "not like this"));
    let app = own.merge(site.auth.routes_with(RouteGroup::ALL)).layer(site.auth.layer());
    let nobody = Anonymous::new(InProcess::new(app), HOST);
    assert_eq!(nobody.get("/api/auth/login").await.text(), "a page of their own");
    let wrong = nobody.post_json("/api/auth/login", &json!({})).await;
    assert_eq!(wrong.verdict(), (422, "invalid_input".to_owned()));
    assert_eq!(nobody.post_json("/own", &json!({})).await.text(), "not like this");
    let put = nobody.send(request(Method::PUT, "/api/auth/logout", None)).await;
    assert_eq!(put.verdict(), (405, "method_not_allowed".to_owned()));
    assert_eq!(put.header("allow"), "POST");
}

#[tokio::test]
async fn without_a_page_to_sign_in_on_nobody_is_sent_to_one() {
    let site = Site::configured(|config| {
        config.sign_in_path = None;
        config.confirm_path = None;
    })
    .await;
    site.add_user("anna").await;
    let page = site.anonymous().get_with("/page", &[("accept", "text/html")]).await;
    assert_eq!(page.verdict(), (401, "token_missing".to_owned()));
    let asked = [("accept", "text/html"), ("sec-fetch-mode", "navigate")];
    let proxy = site.anonymous().get_with("/auth/verify-request", &asked).await;
    assert_eq!((proxy.status.as_u16(), proxy.header("x-auth-redirect")), (401, ""));
    let browser = site.browser_of("anna").await;
    site.pass(11 * 60);
    let stale = browser.navigate("/page/secret").await;
    assert_eq!(stale.verdict(), (401, "fresh_token_required".to_owned()));
}

#[tokio::test]
async fn a_prefix_of_all_paths_is_one_and_a_slash_at_its_end_is_nothing() {
    let site = Site::configured(|config| config.api_prefixes = vec!["/".to_owned()]).await;
    let page = site.anonymous().get("/page").await;
    assert_eq!(page.verdict(), (401, "token_missing".to_owned()));
    let site = Site::configured(|config| config.api_prefixes = vec!["/page/".to_owned()]).await;
    assert_eq!(site.anonymous().get("/page").await.status, 401);
    assert_eq!(site.anonymous().get("/page/secret").await.status, 401);
    assert_eq!(site.anonymous().get("/form").await.status, 303);
}

/// What would be found out at the first visitor is found out at the start, and a program that returns it from
/// `main` prints a sentence.
#[tokio::test]
async fn paths_that_cannot_be_are_refused_at_the_start() {
    let config = || Config::new("Site", ORIGIN, SiteSecret::new(SECRET).unwrap()).unwrap();
    type Change = fn(&mut Config);
    let set: [(&str, Change); 5] = [
        ("sign_in_path", |config| config.sign_in_path = Some("auth/login".to_owned())),
        ("sign_in_path", |config| config.sign_in_path = Some("//evil.test".to_owned())),
        ("confirm_path", |config| config.confirm_path = Some("https://evil.test/".to_owned())),
        ("api_prefixes", |config| config.api_prefixes = vec!["api".to_owned()]),
        ("api_prefixes", |config| config.api_prefixes = vec!["/api".to_owned(), String::new()]),
    ];
    for (name, change) in set {
        let mut config = config();
        change(&mut config);
        let refused = Vestibule::builder(MemoryStore::default()).config(config).build().await;
        let Err(error) = refused else { panic!("{name} was taken") };
        assert!(
            matches!(&error, BuildError::Config(ConfigError::Path { field, .. }) if *field == name)
        );
        let text = format!("{error:?}");
        assert!(text.contains(&format!("`Config::{name}`")) && !text.contains('{'), "{text}");
    }
}

#[tokio::test]
async fn errors_read_like_sentences_where_main_returns_them() {
    let missing = Vestibule::builder(MemoryStore::default()).build().await;
    let errors: Vec<Box<dyn std::error::Error>> = vec![
        Box::new(missing.err().unwrap()),
        Box::new(SiteSecret::new("0".repeat(48)).unwrap_err()),
        Box::new(
            Config::new("Site", "app.test/path", SiteSecret::new(SECRET).unwrap()).unwrap_err(),
        ),
        Box::new(vestibule::core::store::StoreError::unavailable("the disk is full")),
    ];
    for error in errors {
        let (debug, display) = (format!("{error:?}"), error.to_string());
        assert!(debug.starts_with(&display) && debug.contains(' '), "{debug}");
        assert!(!debug.contains('{'), "{debug}");
    }
}
