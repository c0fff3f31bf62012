//! Refusals as pages.

use axum::http::{Method, header};

use super::{House, PASSWORD};

#[tokio::test]
async fn a_refusal_is_a_page_of_the_site() {
    let house = House::open().await;
    let mut browser = house.signed_in("anna").await;
    let answer = browser.get("/nowhere").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.head.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(browser.shows("There is nothing here") && browser.shows("Go back"));
    assert!(browser.shows("<span class=\"who-name\">anna</span>"));
}

#[tokio::test]
async fn a_program_gets_no_page() {
    let house = House::open().await;
    let mut browser = house.browser();
    let answer = browser.get("/api/nowhere").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.head.headers()[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let house = House::open().await;
    let mut browser = house.signed_in("anna").await;
    browser.get("/user/account").await;
    let form = "action=save&username=annika&email=anna%40example.org".to_owned();
    let answer = browser.ask(Method::POST, "/user/account", Some(form)).await;
    assert_eq!(answer.status, 403);
    assert!(browser.shows("Nothing was changed."));
    assert_eq!(browser.ask(Method::POST, "/auth/logout", Some(String::new())).await.status, 403);
    browser.get("/user/account").await;
    assert!(browser.shows("value=\"anna\""));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_before_anything_happens() {
    let house = House::open().await;
    house.signed_in("anna").await;
    let mut browser = house.browser();
    browser.get("/auth/login").await;
    let token = browser.csrf_token();
    let form = format!("csrf_token={token}&login=anna&password=%FF");
    assert_eq!(browser.ask(Method::POST, "/auth/login", Some(form)).await.status, 400);
    let long = format!("csrf_token={token}&login=anna&password={}", "x".repeat(70_000));
    assert_eq!(browser.ask(Method::POST, "/auth/login", Some(long)).await.status, 413);
    assert_eq!(browser.ask(Method::POST, "/auth/login", None).await.status, 415);
}

#[tokio::test]
async fn pages_are_kept_by_nobody_and_assets_by_everybody() {
    let house = House::open().await;
    let mut browser = house.signed_in("anna").await;
    for page in ["/", "/user/account", "/user/sessions", "/nowhere", "/auth/login"] {
        let answer = browser.get(page).await;
        assert_eq!(answer.head.headers()[header::CACHE_CONTROL], "no-store", "{page}");
    }
    browser.get("/").await;
    let start = browser.page.find("/static/style.css?v=").unwrap();
    let style = browser.page[start..].split('"').next().unwrap().to_owned();
    let answer = browser.get(&style).await;
    assert!(answer.head.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
}

#[tokio::test]
async fn a_front_page_without_a_form_sets_no_cookie() {
    let house = House::open().await;
    let mut browser = house.browser();
    for page in ["/", "/nowhere", "/auth/logout"] {
        let answer = browser.get(page).await;
        assert!(!answer.head.headers().contains_key(header::SET_COOKIE), "{page}");
    }
    browser.get("/auth/login?cookies=blocked").await;
    assert!(browser.shows("did not keep our cookies") && browser.jar.contains_key("visitor"));
    assert!(!browser.shows(PASSWORD));
}
