//! Registration, signing in and out, confirming, the first super user.

use std::time::Duration;

use axum::http::header;
use vestibule::core::{session::EndReason, store::SessionSelection};

use super::{PASSWORD, TestApp};

#[tokio::test]
async fn somebody_registers_and_signs_in() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    assert_eq!(browser.get("/auth/register").await.status, 200);
    let fields = [("username", "anna"), ("email", "anna@example.org"), ("password", PASSWORD)];
    let answer = browser.send("/auth/register", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login"));
    browser.follow(answer).await;
    assert!(browser.shows("Thank you."));
    browser.get("/auth/login").await;
    assert!(!browser.shows("Thank you."), "a notice is shown once");

    let fields =
        [("login", "ANNA@example.org"), ("password", PASSWORD), ("next", "/user/account?a=1")];
    let answer = browser.send("/auth/login", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/user/account?a=1"));
    browser.follow(answer).await;
    assert!(browser.shows("anna@example.org") && browser.shows("Logout"));
    let answer = browser.get("/auth/login?next=/user/sessions").await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/user/sessions"));
}

#[tokio::test]
async fn whoever_was_signed_out_elsewhere_signs_in_at_once() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let all = SessionSelection::All;
    app.auth.end_sessions(all, EndReason::EndedByAdmin).await.unwrap();
    assert_eq!(browser.sign_in("anna").await.status, 303);
}

#[tokio::test]
async fn a_taken_address_is_answered_like_a_new_one_and_a_taken_name_is_said() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    let mut browser = app.browser();
    browser.get("/auth/register").await;
    let fields = |name, email| [("username", name), ("email", email), ("password", PASSWORD)];
    let new = browser.send("/auth/register", &fields("berta", "b@example.org")).await;
    browser.get("/auth/register").await;
    let taken = browser.send("/auth/register", &fields("carla", "Anna@Example.org")).await;
    assert_eq!(new.head.headers(), taken.head.headers());
    assert_eq!(new.status, taken.status);

    browser.get("/auth/register").await;
    let answer = browser.send("/auth/register", &fields("ANNA", "d@example.org")).await;
    assert_eq!(answer.status, 409);
    assert!(browser.shows("is taken") && browser.shows("value=\"d@example.org\""));
    assert!(!browser.shows(PASSWORD));
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    browser.get("/auth/register").await;
    let fields = [("username", "a b"), ("email", "nowhere"), ("password", "short")];
    assert_eq!(browser.send("/auth/register", &fields).await.status, 422);
    for field in ["username", "email", "password"] {
        assert!(browser.shows(&format!("id=\"{field}-error\"")), "{field}");
    }
    assert!(browser.shows("value=\"a b\"") && !browser.shows("value=\"short\""));
    assert!(browser.shows("<title>Error: "));
}

#[tokio::test]
async fn closed_registration_says_so() {
    let closed = [("VESTIBULE_ACCOUNTS__REGISTRATION", "closed")];
    let close = |config: &mut vestibule::Config| {
        config.registration = vestibule::Registration::Closed;
    };
    let app = TestApp::with(&closed, close).await;
    let mut browser = app.browser();
    browser.get("/auth/register").await;
    assert!(browser.shows("Registration is closed") && !browser.shows("name=\"username\""));
    browser.get("/auth/login").await;
    assert!(!browser.shows("/auth/register"));
    let fields = [("username", "anna"), ("email", "a@example.org"), ("password", PASSWORD)];
    assert_eq!(browser.send("/auth/register", &fields).await.status, 403);
    assert!(browser.shows("Registration is closed"));
}

#[tokio::test]
async fn every_failed_sign_in_looks_the_same() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    let mut pages = Vec::new();
    for (login, password) in [("anna", "wrong"), ("nobody", PASSWORD), ("", "")] {
        let mut browser = app.browser();
        browser.get("/auth/login").await;
        let fields =
            [("login", login), ("password", password), ("next", "/a"), ("remember_me", "on")];
        let answer = browser.send("/auth/login", &fields).await;
        assert_eq!(answer.status, 401);
        assert!(!answer.head.headers().contains_key(header::WWW_AUTHENTICATE));
        assert!(browser.shows("value=\"&#x2f;a\"") && browser.shows(" checked"));
        let token = browser.csrf_token();
        let shown =
            browser.page.replace(&token, "").replace(&format!("value=\"{login}\""), "value=\"\"");
        pages.push(shown);
    }
    assert!(pages[0].contains("is not right"));
    assert!(pages.iter().all(|page| *page == pages[0]));
}

#[tokio::test]
async fn guessing_is_stopped_with_the_form_at_hand() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    let mut browser = app.browser();
    browser.get("/auth/login").await;
    for _ in 0..10 {
        let fields = [("login", "anna"), ("password", "wrong")];
        assert_eq!(browser.send("/auth/login", &fields).await.status, 401);
    }
    let answer = browser.send("/auth/login", &[("login", "anna"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 429);
    assert!(answer.head.headers().contains_key(header::RETRY_AFTER));
    assert!(browser.shows("15 minutes") && browser.shows("value=\"anna\""));
}

#[tokio::test]
async fn an_unverified_address_is_told_to_those_who_know_the_password() {
    let app = TestApp::with(&[], |config| config.require_verified_email = true).await;
    let mut browser = app.signed_in("anna").await;
    assert!(browser.shows("not verified yet"));
    browser.get("/auth/login").await;
    let answer = browser.send("/auth/login", &[("login", "anna"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 403);
    let answer = browser.send("/auth/login", &[("login", "anna"), ("password", "wrong")]).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_form_without_its_cookie_comes_back_and_works_then() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    let mut browser = app.browser();
    browser.get("/auth/login").await;
    // The cookie lives for four hours.
    app.clock.pass(Duration::from_secs(5 * 3600));
    browser.jar.clear();
    let fields = [("login", "anna"), ("password", PASSWORD)];
    assert_eq!(browser.send("/auth/login", &fields).await.status, 403);
    assert!(browser.shows("open for a while") && browser.shows("value=\"anna\""));
    assert!(!browser.jar.contains_key("access"));
    assert_eq!(browser.send("/auth/login", &fields).await.status, 303);
}

#[tokio::test]
async fn a_browser_that_blocks_cookies_is_told_so() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    let mut browser = app.browser();
    for (page, path) in [
        ("/auth/login", "/auth/login"),
        ("/auth/register", "/auth/register"),
        ("/auth/forgot", "/auth/forgot"),
        ("/feedback", "/feedback"),
    ] {
        browser.get(page).await;
        browser.jar.clear();
        let fields = [("login", "anna"), ("username", "anna"), ("password", PASSWORD)];
        assert_eq!(browser.send(path, &fields).await.status, 403, "{path}");
        let said = if path == "/auth/login" { "Cookies are blocked" } else { "blocks cookies" };
        assert!(browser.shows(said) && !browser.shows("open for a while"), "{path}");
        assert!(!browser.shows(PASSWORD), "{path}");
    }
    browser.get("/auth/login").await;
    browser.jar.clear();
    browser.send("/auth/login", &[("login", "anna"), ("password", "x")]).await;
    assert!(browser.shows("value=\"anna\""), "what was typed is kept");
    // Another site's form is none that was open here.
    browser.jar.clear();
    browser.origin = "cross-site".to_owned();
    browser.send("/auth/login", &[("login", "anna"), ("password", PASSWORD)]).await;
    assert!(!browser.shows("Cookies are blocked"));
}

#[tokio::test]
async fn accounts_are_made_by_our_own_forms_only() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    let link = app.setup.link().unwrap();
    let token = link.split_once('=').unwrap().1;
    for page in ["/auth/register", link.as_str()] {
        browser.get(page).await;
        browser.jar.clear();
        let fields = [
            ("token", token),
            ("username", "anna"),
            ("email", "a@example.org"),
            ("password", PASSWORD),
        ];
        let path = page.split('?').next().unwrap();
        assert_eq!(browser.send(path, &fields).await.status, 403, "{page}");
        assert!(browser.shows("value=\"anna\"") && !browser.shows(PASSWORD));
    }
    assert_eq!(browser.sign_in("anna").await.status, 401);
    assert!(app.setup.link().is_some());
}

#[tokio::test]
async fn next_never_leaves_the_site() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    for next in ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)"] {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        assert_eq!(browser.get(&format!("/auth/login?{query}")).await.location, "/");
        let mut other = app.browser();
        other.get(&format!("/auth/login?{query}")).await;
        assert!(!other.shows("evil") && !other.shows("javascript:"));
        let fields = [("login", "anna"), ("password", PASSWORD), ("next", next)];
        assert_eq!(other.send("/auth/login", &fields).await.location, "/");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_can_be_repeated() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    browser.get("/auth/logout").await;
    assert!(browser.shows("Log out?"));
    let before = browser.jar.clone();
    for _ in 0..2 {
        let answer = browser.send("/auth/logout", &[]).await;
        assert_eq!((answer.status, answer.location.as_str()), (303, "/"));
    }
    assert!(!browser.jar.contains_key("access") && !browser.jar.contains_key("refresh"));
    browser.get("/").await;
    assert!(browser.shows("You are logged out."));
    browser.get("/auth/logout").await;
    assert!(browser.shows("You are signed out"));

    browser.jar = before;
    let answer = browser.get("/user/account").await;
    assert_eq!(answer.location, "/auth/login?next=%2Fuser%2Faccount");
}

#[tokio::test]
async fn confirming_makes_fresh_and_leads_back() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    app.clock.pass(Duration::from_secs(11 * 60));
    let answer = browser.get("/user/password").await;
    assert_eq!(answer.location, "/auth/confirm?next=%2Fuser%2Fpassword");
    browser.follow(answer).await;
    let fields = [("password", "wrong"), ("next", "/user/password")];
    assert_eq!(browser.send("/auth/confirm", &fields).await.status, 401);
    assert!(
        browser.shows("not your password") && browser.shows("value=\"&#x2f;user&#x2f;password\"")
    );
    let fields = [("password", PASSWORD), ("next", "/user/password")];
    let answer = browser.send("/auth/confirm", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/user/password"));
    assert_eq!(browser.follow(answer).await.status, 200);
}

#[tokio::test]
async fn the_first_super_user_is_made_once() {
    let app = TestApp::open().await;
    let mut browser = app.browser();
    let link = app.setup.link().unwrap();
    for wrong in ["/auth/setup", "/auth/setup?token=", "/auth/setup?token=x"] {
        assert_eq!(browser.get(wrong).await.status, 403, "{wrong}");
        assert!(browser.shows("does not open the door"));
    }
    assert_eq!(browser.get(&link).await.status, 200);
    let token = link.split_once('=').unwrap().1;
    let bad = [("token", token), ("username", "root"), ("email", "x"), ("password", PASSWORD)];
    assert_eq!(browser.send("/auth/setup", &bad).await.status, 422);
    let good = [
        ("token", token),
        ("username", "root"),
        ("email", "root@example.org"),
        ("password", PASSWORD),
    ];
    let answer = browser.send("/auth/setup", &good).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login"));
    assert_eq!(app.setup.link(), None);
    assert_eq!(browser.get(&link).await.status, 403);
    assert!(app.auth.users().has_super_user().await.unwrap());
    browser.sign_in("root").await;
    browser.get("/user/account").await;
    assert!(browser.shows("Super user") && browser.shows("E-mail verified"));
}

#[tokio::test]
async fn whoever_comes_with_a_session_that_had_a_copy_is_told_so() {
    let told = "somebody else had a copy of it";
    let app = TestApp::open().await;
    for (first, last) in [("/user/account", "/user/sessions"), ("/", "/"), ("/auth/login", "/")] {
        let name = format!("anna{}", first.len() + last.len());
        let mut victim = app.signed_in(&name).await;
        let mut thief = app.browser();
        thief.jar.clone_from(&victim.jar);
        app.clock.pass(Duration::from_secs(3600));
        for _ in 0..2 {
            assert_eq!(thief.get("/user/account").await.status, 200);
        }
        app.clock.pass(Duration::from_secs(60));
        // By the refresh token that was used twice, and by an access token of the session that ended.
        for (browser, path) in [(&mut victim, first), (&mut thief, last)] {
            let answer = browser.get(path).await;
            let answer = browser.follow(answer).await;
            assert_eq!(answer.status, 200);
            assert!(browser.shows(told), "{path}: {}", browser.page);
            assert!(browser.shows("notice-warning"), "{}", browser.page);
            browser.get("/auth/login").await;
            assert!(!browser.shows(told), "once");
        }
    }
}
