//! Renewal in the same request: a page opened after lunch and a form posted after an hour simply work.

use http::Method;
use serde_json::json;
use vestibule::Carrier;
use vestibule_testkit::visitors::{Visitor, request, with};

use crate::site::{ORIGIN, PASSWORD, Site, claims};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

#[tokio::test]
async fn an_expired_cookie_is_renewed_and_the_handler_runs() {
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let site = site().await;
        let browser = site.browser_of("anna").await;
        let before = (browser.access_token(), browser.refresh_token(), browser.csrf());
        site.outlive_access();
        let answer = browser.ask(method.clone(), "/api/thing", None).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "anna"), "{method}");
        assert_eq!(answer.set_cookies().len(), 3);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_ne!(browser.access_token(), before.0);
        assert_ne!(browser.refresh_token(), before.1);
        assert_eq!(browser.csrf(), before.2, "the second tab's form still works");
        let next = browser.get("/api/thing").await;
        assert_eq!((next.text(), next.set_cookies().len()), ("anna", 0));
        assert_eq!(site.row(&browser).await.generation, 2);
    }
}

#[tokio::test]
async fn a_missing_or_unreadable_access_cookie_is_renewed_like_an_expired_one() {
    for access in [None, Some(""), Some("x"), Some("a.b.c"), Some("%%%")] {
        let site = site().await;
        let browser = site.browser_of("anna").await;
        let refresh = browser.refresh_token().unwrap();
        browser.hold(access, Some(&refresh));
        assert_eq!(browser.get("/api/thing").await.text(), "anna", "{access:?}");
        assert_eq!(site.row(&browser).await.generation, 2);
    }
}

/// Lazily: whoever asks for nobody renews nobody.
#[tokio::test]
async fn a_route_that_asks_for_nobody_costs_nothing() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    site.outlive_access();
    let calls = site.store.calls();
    let answer = browser.get("/api/public").await;
    assert_eq!((answer.text(), answer.set_cookies().len()), ("public", 0));
    assert_eq!(answer.header("cache-control"), "");
    assert_eq!(site.store.calls(), calls);
}

#[tokio::test]
async fn a_form_opened_an_hour_ago_is_saved() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    browser.navigate("/form").await;
    site.pass(3600);
    let other_tab = browser.clone();
    assert_eq!(other_tab.get("/api/thing").await.status, 200);
    site.pass(3600);
    let answer = browser.submit("/form", &[("text", "a & b = \u{e9}\n"), ("text", "2")]).await;
    assert_eq!(answer.status, 200);
    let fields: Vec<_> = form_urlencoded::parse(&answer.body)
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(fields[1..], ["text=a & b = \u{e9}\n", "text=2"], "the body arrives whole");
}

#[tokio::test]
async fn a_multipart_form_arrives_whole() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let token = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
    site.outlive_access();
    let part = |name: &str, value: &str| {
        format!("--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = "0123456789abcdef".repeat(8 * 1024);
    let first = format!("{}{}--XyZ--\r\n", part("csrf_token", &token), part("file", &file));
    let late = format!("{}{}--XyZ--\r\n", part("file", "x"), part("csrf_token", &token));
    for (body, status) in [(first, 200), (late, 403)] {
        let mut post = request(Method::POST, "/form", None);
        *post.body_mut() = body.clone().into();
        let post = with(post, "content-type", "multipart/form-data; boundary=XyZ");
        let answer = browser.send(with(post, "origin", ORIGIN)).await;
        assert_eq!(answer.status, status);
        assert!(status != 200 || answer.body == body.as_bytes());
    }
}

/// A form that is larger than what is looked at for the CSRF field.
#[tokio::test]
async fn a_large_form_arrives_whole() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    browser.navigate("/form").await;
    let text = "x".repeat(1024 * 1024);
    let answer = browser.submit("/form", &[("text", &text)]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().ends_with(&text));
}

#[tokio::test]
async fn apps_are_told_and_renew_themselves() {
    let site = site().await;
    let app = site.app_of("anna").await;
    site.outlive_access();
    let answer = app.get("/api/thing").await;
    assert_eq!(answer.verdict(), (401, "token_expired".to_owned()));
    assert!(answer.header("www-authenticate").contains("invalid_token"));
    assert_eq!(site.store.advances(), 0);
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.get("/api/thing").await.text(), "anna");
}

#[tokio::test]
async fn what_is_still_true_stays_and_the_rest_is_read_again() {
    for carrier in [Carrier::Cookie, Carrier::Header] {
        let site = site().await;
        let visitor = site.signed_in(carrier).await;
        let before = claims(&visitor.access_token().unwrap());
        site.outlive_access();
        assert_eq!(visitor.refresh().await.status, 200);
        let after = claims(&visitor.access_token().unwrap());
        for same in
            ["iss", "aud", "sub", "sid", "auth_time", "amr", "username", "csrf", "ver", "type"]
        {
            assert_eq!(after.get(same), before.get(same), "{same}");
        }
        for other in ["jti", "iat", "exp", "gen"] {
            assert_ne!(after[other], before[other], "{other}");
        }
        assert_eq!(
            (&before["fresh"], &after["fresh"]),
            (&json!(before["auth_time"].as_i64().unwrap() + 600), &json!(false))
        );
    }
}

#[tokio::test]
async fn a_session_ends_by_not_being_used_and_after_its_longest_life() {
    for carrier in [Carrier::Cookie, Carrier::Header] {
        const DAY: u64 = 24 * 3600;
        let site = site().await;
        let visitor = site.signed_in(carrier).await;
        site.pass(30 * DAY - 1);
        assert_eq!(visitor.refresh().await.status, 200);
        for _ in 0..5 {
            site.pass(29 * DAY);
            assert_eq!(visitor.refresh().await.status, 200);
        }
        // 174 days and more have passed: the last tokens end with the session.
        let row = site.row(&*visitor).await;
        assert_eq!(row.expires_at, row.ends_at);
        site.pass(6 * DAY);
        let expected = if carrier == Carrier::Cookie {
            // The cookies ended with their tokens.
            (401, "token_missing".to_owned())
        } else {
            (401, "session_ended".to_owned())
        };
        assert_eq!(visitor.refresh().await.verdict(), expected);

        let idle = site.signed_in(carrier).await;
        let (access, refresh) = (idle.access_token().unwrap(), idle.refresh_token().unwrap());
        let csrf = site.csrf_of(&*idle);
        site.pass(30 * DAY);
        let answer = crate::site::refresh_at(site.transport(), carrier, &refresh, csrf).await;
        assert_eq!(answer.verdict(), (401, "session_ended".to_owned()));
        let bearer = format!("Bearer {access}");
        let answer = site.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await;
        assert_eq!(answer.verdict(), (401, "token_expired".to_owned()));
    }
}

/// The wall clock jumps back two hours: nobody is signed out for good, and nothing lives longer.
#[tokio::test]
async fn a_clock_that_was_set_back_signs_nobody_out_for_good() {
    for carrier in [Carrier::Cookie, Carrier::Header] {
        let site = site().await;
        let visitor = site.signed_in(carrier).await;
        let two_hours = std::time::Duration::from_secs(2 * 3600);
        site.clock.set(site.auth.now() - two_hours);
        // Made in the future, so not good now; renewing gives one that is.
        assert_eq!(visitor.refresh().await.status, 200);
        assert_eq!(visitor.get("/api/thing").await.status, 200);
        assert_eq!(visitor.sign_in("anna", PASSWORD).await.status, 200);
        assert_eq!(visitor.get("/api/thing").await.status, 200);
    }
}
