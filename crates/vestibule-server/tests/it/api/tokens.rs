//! Tokens: wrong ones, expired ones, and those that travel as cookies.

use http::Method;
use serde_json::json;
use vestibule_testkit::{
    visitors::{Visitor as _, request, with},
    wait,
};

use super::{PATIENCE, is_guarded, signed_in};
use crate::test_app::{PASSWORD, clock, create_user, place, renewals, serve};

#[tokio::test]
async fn every_wrong_token_looks_the_same() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = signed_in(&site).await;
    let (access, refresh) = (app.access_token().unwrap(), app.refresh_token().unwrap());
    let (head, signature) = access.rsplit_once('.').unwrap();
    let (header, claims) = head.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let flipped = if signature.starts_with('A') { 'B' } else { 'A' };
    let wrong = [
        "x".to_owned(),
        refresh.clone(),
        head.to_owned(),
        format!("{head}."),
        format!("{head}.{flipped}{}", &signature[1..]),
        format!("{head}.{}", "A".repeat(86)),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{header}.{claims}.{signature}.x"),
        format!("\"{access}\""),
        "A".repeat(10_000),
        ".".repeat(30_000),
    ];
    for token in wrong {
        app.hold(Some(&token), None);
        let answer = app.get("/api/auth/me").await;
        is_guarded(&answer);
        assert_eq!(answer.verdict(), (401, "token_invalid".into()), "{token}");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        let mut body = answer.json();
        body["request_id"].take();
        assert_eq!(body["title"], "The token is invalid");
    }
    app.hold(None, Some(&access));
    assert_eq!(app.refresh().await.verdict(), (401, "token_invalid".into()));
    app.hold(None, None);
    let missing = app.get("/api/auth/me").await;
    is_guarded(&missing);
    assert_eq!(missing.verdict(), (401, "token_missing".into()));
    assert_eq!(missing.header("www-authenticate"), "Bearer");

    app.hold(Some(&access), Some(&refresh));
    assert_eq!(app.get("/api/auth/me").await.status, 200, "all of it did the session no harm");
    assert_eq!(app.refresh().await.status, 200);
}

#[tokio::test]
async fn an_expired_token_says_so_and_is_renewed() {
    let place =
        place().with("VESTIBULE_TOKENS__ACCESS_TTL", "3s").with("VESTIBULE_TOKENS__LEEWAY", "0s");
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = signed_in(&site).await;
    let expired = async || {
        let answer = app.get("/api/auth/me").await;
        (answer.status != 200).then_some(answer)
    };
    let expired = wait::until_async(PATIENCE, expired).await.expect("it expires");
    is_guarded(&expired);
    assert_eq!(expired.verdict(), (401, "token_expired".into()));
    let challenge = expired.header("www-authenticate");
    assert_eq!(challenge, "Bearer error=\"invalid_token\", error_description=\"expired\"");
    assert_eq!(app.refresh().await.status, 200);
    assert_eq!(app.get("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn sixteen_requests_with_one_expired_cookie_are_renewed_as_one() {
    let place =
        place().with("VESTIBULE_TOKENS__ACCESS_TTL", "1s").with("VESTIBULE_TOKENS__LEEWAY", "0s");
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let browser = site.browser(clock());
    assert_eq!(browser.sign_in("ada", PASSWORD).await.status, 200);
    let old = [browser.access_token().unwrap(), browser.refresh_token().unwrap()];
    let is_over = async || {
        let ask = request(Method::GET, "/api/auth/me", None);
        let ask = with(ask, "authorization", &format!("Bearer {}", old[0]));
        (site.anonymous().send(ask).await.code() == "token_expired").then_some(())
    };
    wait::until_async(PATIENCE, is_over).await.expect("the access token expires");

    let cookies = format!("access={}; refresh={}", old[0], old[1]);
    let racers: Vec<_> = (0..16)
        .map(|_| {
            let ask = with(request(Method::GET, "/api/auth/me", None), "cookie", &cookies);
            let nobody = site.anonymous();
            tokio::spawn(async move { nobody.send(ask).await })
        })
        .collect();
    let mut handed_out = Vec::new();
    for racer in racers {
        let answer = racer.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let lines = answer.set_cookies();
        let refresh = lines.iter().find_map(|line| line.strip_prefix("refresh="));
        handed_out.push(refresh.expect("each of them gets the cookie").to_owned());
        assert!(!lines.iter().any(|line| line.contains("Max-Age=0")), "{lines:?}");
    }
    // The value; how many seconds it still lives may differ by one.
    let value = |line: &String| line.split(';').next().unwrap_or_default().to_owned();
    assert!(handed_out.iter().all(|line| value(line) == value(&handed_out[0])), "{handed_out:?}");
    assert_ne!(value(&handed_out[0]), old[1]);
    assert_eq!(renewals(&place), 1);
}

#[tokio::test]
async fn cookies_say_all_that_they_have_to_and_bodies_hold_no_token() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let browser = site.browser(clock());
    let answer = browser.sign_in("ada", PASSWORD).await;
    is_guarded(&answer);
    let body = answer.json();
    assert_eq!((body.get("access_token"), body.get("refresh_token")), (None, None));
    assert_eq!(body["csrf_token"], json!(browser.csrf()));
    for line in answer.set_cookies() {
        let name = line.split('=').next().unwrap_or_default();
        assert!(line.contains("; Path=/;") && line.contains("; SameSite=Lax"), "{line}");
        assert!(line.contains("; Max-Age=") && !line.contains("Domain"), "{line}");
        assert_eq!(line.contains("; HttpOnly"), name != "csrf", "{line}");
        assert!(line.len() < 4096, "{line}");
    }
    for token in [browser.access_token(), browser.refresh_token()] {
        assert!(!answer.text().contains(&token.unwrap()));
    }
    let mut unproven = browser.fetch_request(Method::POST, "/api/auth/refresh", None);
    unproven.headers_mut().remove("x-csrf-token");
    assert_eq!(browser.send(unproven).await.verdict(), (403, "csrf_failed".into()));
    let foreign = browser.fetch_request(Method::POST, "/api/auth/logout", None);
    let foreign =
        with(with(foreign, "sec-fetch-site", "cross-site"), "origin", "https://evil.test");
    assert_eq!(browser.send(foreign).await.verdict(), (403, "csrf_failed".into()));
    assert_eq!(renewals(&place), 0, "what was refused changed nothing");
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.sign_out().await.status, 204);
    assert_eq!(browser.access_token(), None);
}
