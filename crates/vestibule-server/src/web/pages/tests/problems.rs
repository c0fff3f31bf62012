//! Refusals as pages.

use std::time::Duration;

use axum::http::{Method, header};

use super::{PASSWORD, TestApp};

const SIGNED_IN: &str = "<span class=\"who-name\">anna</span>";

#[tokio::test]
async fn a_refusal_is_a_page_of_the_site() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let answer = browser.get("/nowhere").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.head.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(browser.shows("There is nothing here") && browser.shows("Go back"));
    assert!(browser.shows("<span class=\"who-name\">anna</span>"));
}

#[tokio::test]
async fn a_program_gets_no_page() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    let answer = browser.get("/api/nowhere").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.head.headers()[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
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
async fn a_signed_in_visitor_is_signed_in_on_every_page_about_a_refusal() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let form = || Some("login=anna".to_owned());
    let refused = [
        (Method::GET, "/nowhere", None, 404),
        (Method::GET, "/admin", None, 403),
        (Method::POST, "/user/account", form(), 403),
        (Method::POST, "/auth/login", form(), 403),
        (Method::POST, "/auth/forgot", form(), 403),
        (Method::DELETE, "/user/account", None, 405),
        (Method::POST, "/nowhere", form(), 404),
    ];
    for (method, path, form, status) in refused.clone() {
        let answer = browser.ask(method.clone(), path, form).await;
        assert_eq!(answer.status, status, "{method} {path}");
        // The framework's own 405 becomes a page around these routes.
        assert!(status == 405 || browser.shows(SIGNED_IN), "{method} {path}: {}", browser.page);
        assert!(!browser.shows("class=\"button\" href=\"/auth/login\""), "{method} {path}");
    }
    // A form is refused before anything is renewed, and whoever has sent it is known all the same.
    app.clock.pass(Duration::from_secs(20 * 60));
    for (method, path, form, status) in refused {
        if method == Method::POST {
            let answer = browser.ask(method, path, form).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(browser.shows(SIGNED_IN), "{path}: {}", browser.page);
        }
    }
    // After the sign-out there is nobody, whatever a copy of the cookies says.
    let mut copy = app.browser();
    copy.jar.clone_from(&browser.jar);
    browser.get("/user/account").await;
    browser.send("/auth/logout", &[]).await;
    copy.ask(Method::POST, "/user/account", form()).await;
    assert!(!copy.shows(SIGNED_IN));
}

#[tokio::test]
async fn a_request_of_another_site_leaves_no_cookie_behind() {
    let app = TestApp::open().await;
    let signed_in = app.signed_in("anna").await;
    for path in [
        "/auth/login",
        "/auth/logout",
        "/auth/register",
        "/auth/confirm",
        "/auth/forgot",
        "/auth/reset",
        "/auth/verify",
        "/auth/verify/again",
        "/auth/restore",
        "/user/account",
        "/user/password",
        "/user/sessions/end-others",
        "/uploads",
        "/language",
        "/feedback",
        "/admin/users/1",
    ] {
        for source in ["cross-site", "same-site", "none"] {
            // Browsers keep `SameSite` cookies back, and a notice that was there before stays for its page.
            let (mut stranger, mut known) = (app.browser(), app.browser());
            known.jar.clone_from(&signed_in.jar);
            for browser in [&mut stranger, &mut known] {
                browser.jar.insert("flash".to_owned(), "saved.x".to_owned());
                browser.origin = source.to_owned();
                let form = "login=anna&language=de&next=%2F".to_owned();
                let answer = browser.ask(Method::POST, path, Some(form)).await;
                let left: Vec<_> =
                    answer.head.headers().get_all(header::SET_COOKIE).iter().collect();
                assert!(left.is_empty(), "{source} {path}: {left:?}");
            }
        }
    }
}

#[tokio::test]
async fn blocked_cookies_end_at_the_page_that_says_so() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let path = "/auth/login?next=%2Fuser%2Faccount&cookies=blocked";
    // With an access token that has arrived all is well.
    assert_eq!(browser.get(path).await.location, "/user/account");
    // Without one a renewal would not arrive either.
    browser.jar.remove("access");
    let answer = browser.get(path).await;
    assert_eq!(answer.status, 200);
    assert!(browser.shows("Cookies are blocked") && !browser.jar.contains_key("access"));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_before_anything_happens() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    let mut browser = app.browser();
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
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
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
    let app = TestApp::open().await;
    let mut browser = app.browser();
    for page in ["/", "/nowhere", "/auth/logout"] {
        let answer = browser.get(page).await;
        assert!(!answer.head.headers().contains_key(header::SET_COOKIE), "{page}");
    }
    browser.get("/auth/login?cookies=blocked").await;
    assert!(browser.shows("Cookies are blocked") && browser.jar.contains_key("visitor"));
    assert!(!browser.shows(PASSWORD));
}
