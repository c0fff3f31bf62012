//! Cross-site requests: refused, nothing changed, and the good request right after works.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use vestibule_testkit::visitors::{Browser, Visitor, request, with};

use crate::site::{ORIGIN, PASSWORD, Site, login_body};

async fn site_with_browser() -> (Site, Browser) {
    let site = Site::new().await;
    site.add_user("anna").await;
    site.add_user("bert").await;
    let browser = site.browser_of("anna").await;
    (site, browser)
}

/// A POST with the cookies and these headers alone.
fn bare(headers: &[(&'static str, &str)]) -> Request<Bytes> {
    headers.iter().fold(request(Method::POST, "/api/thing", None), |request, (name, value)| {
        with(request, name, value)
    })
}

async fn refuse(browser: &Browser, request: Request<Bytes>, about: &str) {
    let answer = browser.send(request).await;
    assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()), "{about}");
    assert_eq!(answer.set_cookies(), Vec::<&str>::new(), "{about}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(browser.post_json("/api/thing", json!({})).await.text(), "anna", "{about}");
}

#[tokio::test]
async fn cookies_alone_change_nothing() {
    let (_site, browser) = site_with_browser().await;
    refuse(&browser, bare(&[]), "nothing").await;
    refuse(&browser, bare(&[("sec-fetch-site", "same-origin")]), "only the site").await;
    refuse(&browser, bare(&[("origin", ORIGIN)]), "only the origin").await;
    let csrf = browser.csrf().unwrap();
    refuse(&browser, bare(&[("x-csrf-token", &csrf)]), "only the value").await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        refuse(&browser, request(method, "/api/thing", None), "other methods").await;
    }
}

#[tokio::test]
async fn the_origin_is_ours_to_the_letter() {
    let (_site, browser) = site_with_browser().await;
    let csrf = browser.csrf().unwrap();
    for origin in [
        "https://evil.test",
        "null",
        "",
        "https://app.test.evil.test",
        "https://evilapp.test",
        "http://app.test",
        "https://app.test:8443",
        "https://app.test/",
        "https://app.test@evil.test",
        "app.test",
        "https://app.test https://evil.test",
    ] {
        refuse(&browser, bare(&[("x-csrf-token", &csrf), ("origin", origin)]), origin).await;
        let referer = format!("{origin}/form");
        if origin != "https://app.test/" {
            refuse(&browser, bare(&[("x-csrf-token", &csrf), ("referer", &referer)]), &referer)
                .await;
        }
    }
    for good in [
        bare(&[("x-csrf-token", &csrf), ("origin", ORIGIN)]),
        bare(&[("x-csrf-token", &csrf), ("origin", "https://APP.test:443")]),
        bare(&[("x-csrf-token", &csrf), ("referer", "https://app.test/form?a=1")]),
    ] {
        assert_eq!(browser.send(good).await.status, 200);
    }
    let mut twice = bare(&[("x-csrf-token", &csrf), ("origin", ORIGIN)]);
    twice.headers_mut().append("origin", "https://evil.test".parse().unwrap());
    refuse(&browser, twice, "two origins").await;
}

#[tokio::test]
async fn the_value_is_the_sessions() {
    let (site, browser) = site_with_browser().await;
    let own = browser.csrf().unwrap();
    let other = site.browser_of("bert").await.csrf().unwrap();
    let older = site.browser();
    older.sign_in("anna", PASSWORD).await;
    let older = older.csrf().unwrap();
    let mut off = own.clone().into_bytes();
    off[3] = if off[3] == b'A' { b'B' } else { b'A' };
    let off = String::from_utf8(off).unwrap();
    for wrong in [&other, &older, "", &off, &own[..42], &format!("{own}A"), "x", "null"] {
        let request = bare(&[("origin", ORIGIN), ("x-csrf-token", wrong)]);
        refuse(&browser, request, wrong).await;
    }
    let mut twice = bare(&[("origin", ORIGIN), ("x-csrf-token", &own)]);
    twice.headers_mut().append("x-csrf-token", other.parse().unwrap());
    refuse(&browser, twice, "two values").await;

    let mut in_query = bare(&[("origin", ORIGIN)]);
    *in_query.uri_mut() = format!("/api/thing?csrf_token={own}").parse().unwrap();
    refuse(&browser, in_query, "in the query").await;
    let in_json = request(Method::POST, "/api/thing", Some(&json!({ "csrf_token": own })));
    refuse(&browser, with(in_json, "origin", ORIGIN), "in JSON").await;

    let form = |body: String| {
        let mut request = bare(&[("origin", ORIGIN)]);
        *request.body_mut() = body.into();
        with(request, "content-type", "application/x-www-form-urlencoded")
    };
    refuse(&browser, form(format!("csrf_token={own}&csrf_token={other}")), "two fields").await;
    refuse(&browser, form(format!("csrf_token={other}")), "another's field").await;
    let both = with(form(format!("csrf_token={other}")), "x-csrf-token", &own);
    refuse(&browser, both, "field and header disagree").await;
    assert_eq!(browser.send(form(format!("csrf_token={own}"))).await.status, 200);
}

/// A script that sends a page's form adds the header too: two spellings of one value, both good.
#[tokio::test]
async fn a_masked_field_and_the_plain_header_are_one_value() {
    let (_site, browser) = site_with_browser().await;
    let masked = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
    let plain = browser.csrf().unwrap();
    assert_ne!(masked, plain);
    let mut request = bare(&[("origin", ORIGIN), ("x-csrf-token", &plain)]);
    *request.body_mut() = format!("csrf_token={masked}").into();
    let request = with(request, "content-type", "application/x-www-form-urlencoded");
    assert_eq!(browser.send(request).await.status, 200);
}

#[tokio::test]
async fn nothing_changes_by_a_safe_method() {
    let (site, browser) = site_with_browser().await;
    for path in ["login", "register", "refresh", "logout", "confirm", "password"] {
        let path = format!("/api/auth/{path}");
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            for (name, value) in [
                ("x-http-method-override", "POST"),
                ("x-method-override", "DELETE"),
                ("accept", "application/json"),
            ] {
                let request = browser.fetch_request(method.clone(), &path, None);
                let answer = browser.send(with(request, name, value)).await;
                assert_eq!(answer.status, 405, "{method} {path}");
                assert!(!answer.header("allow").is_empty(), "{method} {path}");
            }
        }
        let get = browser.get(&format!("{path}?_method=POST")).await;
        assert_eq!(get.verdict(), (405, "method_not_allowed".to_owned()), "{path}");
        assert_eq!(get.header("content-type"), "application/problem+json");
        assert_eq!(get.header("cache-control"), "no-store");
        assert_eq!(get.header("x-content-type-options"), "nosniff");
    }
    // What can be read as well as ended is read, whatever else the request says.
    let own = format!("/api/auth/sessions/{}", site.row(&browser).await.id);
    for name in ["x-http-method-override", "x-method-override"] {
        let request = browser.fetch_request(Method::GET, &own, None);
        assert_eq!(browser.send(with(request, name, "DELETE")).await.status, 200);
    }
    assert_eq!(browser.get(&format!("{own}?_method=DELETE")).await.status, 200);
    assert_eq!(site.row(&browser).await.end, None);
    assert_eq!(site.row(&browser).await.generation, 1);
}

#[tokio::test]
async fn fetch_metadata_decides_where_it_is_known() {
    let (_site, browser) = site_with_browser().await;
    let csrf = browser.csrf().unwrap();
    for site in ["cross-site", "same-site", "none"] {
        let headers = [("sec-fetch-site", site), ("origin", ORIGIN), ("x-csrf-token", &csrf)];
        refuse(&browser, bare(&headers), site).await;
    }
    for (site, origin, status) in [
        ("same-origin", ORIGIN, 200),
        ("same-origin", "", 200),
        ("new-value", ORIGIN, 200),
        ("new-value", "https://evil.test", 403),
        ("Same-Origin", "https://evil.test", 403),
    ] {
        let mut request = bare(&[("sec-fetch-site", site), ("x-csrf-token", &csrf)]);
        if !origin.is_empty() {
            request = with(request, "origin", origin);
        }
        assert_eq!(browser.send(request).await.status, status, "{site} {origin}");
    }
    // A link from anywhere is a navigation, and reading changes nothing.
    for site in ["none", "cross-site"] {
        let get = with(request(Method::GET, "/api/thing", None), "sec-fetch-site", site);
        assert_eq!(browser.send(get).await.status, 200);
    }
}

/// A form with files whose value comes behind them is told what is wrong with it.
#[tokio::test]
async fn a_form_with_files_says_that_the_value_comes_first() {
    let (_site, browser) = site_with_browser().await;
    let token = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
    let part = |name: &str, value: &str| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = |parts: &[String]| {
        let mut request = bare(&[("origin", ORIGIN)]);
        *request.body_mut() = format!("{}--XX--\r\n", parts.concat()).into();
        with(request, "content-type", "Multipart/form-data; boundary=XX")
    };
    let (own, file) = (part("csrf_token", &token), part("file", "content"));
    let late = browser.send(form(&[file.clone(), own.clone()])).await;
    assert_eq!(late.verdict(), (403, "csrf_failed".to_owned()));
    assert_eq!(late.json()["reason"], "csrf_not_first");
    assert!(late.text().contains("first field"), "{}", late.text());
    let early = browser.send(form(&[own, file.clone()])).await;
    assert_eq!(early.status, 200, "{}", early.text());
    let wrong = browser.send(form(&[part("csrf_token", "x"), file])).await;
    assert_eq!(wrong.json().get("reason"), None, "its value is wrong, not its place");
}

/// What a foreign page can send without asking first is not JSON.
#[tokio::test]
async fn json_says_that_it_is_json() {
    let (site, browser) = site_with_browser().await;
    let body = json!({ "password": PASSWORD });
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "Application/JSON; x",
        "application/json+x",
        "application/json; charset=utf-16",
        "text/json",
    ] {
        let request = browser.fetch_request(Method::POST, "/api/auth/confirm", Some(&body));
        let answer = browser.send(with(request, "content-type", content_type)).await;
        let expected = (415, "unsupported_media_type".to_owned());
        assert_eq!(answer.verdict(), expected, "{content_type}");
        let login = login_body("anna", PASSWORD, "header").to_string();
        let mut sign_in = request_with_text("/api/auth/login", login);
        sign_in = with(sign_in, "content-type", content_type);
        let answer = site.anonymous().send(sign_in).await;
        assert_eq!(answer.verdict(), expected, "{content_type}");
    }
    let mut twice = browser.fetch_request(Method::POST, "/api/auth/confirm", Some(&body));
    twice.headers_mut().append("content-type", "text/plain".parse().unwrap());
    assert_eq!(browser.send(twice).await.status, 415);
    assert_eq!(browser.confirm(PASSWORD).await.status, 200);
}

fn request_with_text(path: &str, body: String) -> Request<Bytes> {
    let mut request = request(Method::POST, path, None);
    *request.body_mut() = body.into();
    request
}

/// The value has to be the session's, whatever the readable cookie says.
#[tokio::test]
async fn a_planted_pair_of_cookie_and_header_is_worth_nothing() {
    let (site, browser) = site_with_browser().await;
    let attacker = site.browser_of("bert").await;
    for planted in [attacker.csrf().unwrap(), "A".repeat(43), "x".to_owned()] {
        let victim = browser.copy();
        victim.jar().plant("__Host-csrf", &planted);
        let answer = victim.post_json("/api/thing", json!({})).await;
        assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()));
    }
    // With a planted visitor cookie too, whose value anybody can get from the sign-in page.
    let form = attacker.copy();
    form.jar().remove("__Host-access");
    form.jar().remove("__Host-refresh");
    let visitors = form.navigate("/auth/login").await.hidden_field("csrf_token").unwrap();
    let victim = browser.copy();
    victim.jar().plant("__Host-visitor", &form.jar().value("__Host-visitor").unwrap());
    let request = bare(&[("origin", ORIGIN), ("x-csrf-token", &visitors)]);
    assert_eq!(victim.send(request).await.status, 403);
}

#[tokio::test]
async fn nobody_is_signed_in_out_or_renewed_from_elsewhere() {
    let (site, browser) = site_with_browser().await;
    let foreign: [&[(&'static str, &str)]; 5] = [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://sister.app.test")],
        &[("origin", "https://evil.test")],
        &[("origin", "null")],
        &[],
    ];
    let anna = site.auth.users().user(vestibule::core::id::UserId(1)).await.unwrap().unwrap();
    let sessions = site.living_sessions(&anna).await;
    for headers in foreign {
        let sent = |path: &str, body: Option<&Value>| {
            headers.iter().fold(request(Method::POST, path, body), |request, (name, value)| {
                with(request, name, value)
            })
        };
        let body = login_body("anna", PASSWORD, "cookie");
        let answer = browser.send(sent("/api/auth/login", Some(&body))).await;
        assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()), "sign-in {headers:?}");
        for path in ["/api/auth/logout", "/api/auth/refresh", "/api/auth/confirm"] {
            let answer = browser.send(sent(path, None)).await;
            assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()), "{path} {headers:?}");
            assert_eq!(answer.set_cookies(), Vec::<&str>::new());
        }
        let mut form = sent("/auth/login", None);
        *form.body_mut() = format!("login=anna&password={PASSWORD}").into();
        let form = with(form, "content-type", "application/x-www-form-urlencoded");
        assert_eq!(browser.send(form).await.status, 403, "page sign-in {headers:?}");
    }
    assert_eq!(site.living_sessions(&anna).await, sessions);
    // A header sign-in from a foreign page neither, unless its origin may call the API.
    let body = login_body("anna", PASSWORD, "header");
    let from_elsewhere =
        with(request(Method::POST, "/api/auth/login", Some(&body)), "origin", "https://evil.test");
    assert_eq!(site.anonymous().send(from_elsewhere).await.status, 403);
    let answer = browser.get("/api/auth/login?login=anna&password=x").await;
    assert_eq!(answer.status, 405);

    // An expired session is not renewed by a request from elsewhere either.
    site.outlive_access();
    let answer = browser.send(bare(&[("origin", "https://evil.test")])).await;
    assert_eq!(answer.status, 403);
    assert_eq!(site.store.advances(), 0);
    assert_eq!(browser.post_json("/api/thing", json!({})).await.status, 200);
    assert_eq!(site.store.advances(), 1);
}

#[tokio::test]
async fn an_origin_on_the_list_may_call_with_a_header_token_and_without_cookies() {
    let other = "https://maps.test";
    let site = Site::configured(|config| {
        config.cors_origins = vec![vestibule::core::csrf::Origin::parse(other).unwrap()];
    })
    .await;
    site.add_user("anna").await;
    let from_there = |transport: &str| {
        let body = login_body("anna", PASSWORD, transport);
        let request = request(Method::POST, "/api/auth/login", Some(&body));
        with(with(request, "origin", other), "sec-fetch-site", "cross-site")
    };
    assert_eq!(site.anonymous().send(from_there("header")).await.status, 200);
    let cookies = site.anonymous().send(from_there("cookie")).await;
    assert_eq!(cookies.verdict(), (403, "csrf_failed".to_owned()));
}

/// The sign-in form: a value that belongs to this browser, and no other.
#[tokio::test]
async fn the_sign_in_form_belongs_to_its_browser() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let fields = [("login", "anna"), ("password", PASSWORD)];
    let browser = site.browser();
    browser.navigate("/auth/login").await;
    let stranger = browser.copy();
    let other = site.browser();
    let value = other.navigate("/auth/login").await.hidden_field("csrf_token").unwrap();

    let form = |token: &str| {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf_token", token).extend_pairs(fields);
        let mut request = request(Method::POST, "/auth/login", None);
        *request.body_mut() = body.finish().into();
        let request = with(request, "content-type", "application/x-www-form-urlencoded");
        with(request, "origin", ORIGIN)
    };
    for wrong in ["", "x", &value] {
        assert_eq!(stranger.send(form(wrong)).await.status, 403, "{wrong}");
    }
    let answer = browser.submit("/auth/login", &fields).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"));
    assert_eq!(browser.get("/api/thing").await.text(), "anna");
}

/// Opened in good time, the form works until four hours have passed since it was opened last.
#[tokio::test]
async fn a_form_opened_again_counts_from_then() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser();
    browser.navigate("/auth/login").await;
    site.pass(4 * 3600 - 60);
    browser.navigate("/auth/login").await;
    site.clock.advance(Duration::from_secs(120));
    let answer = browser.submit("/auth/login", &[("login", "anna"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303);
}

/// No two pages hold the same text for the same value (BREACH).
#[tokio::test]
async fn every_page_masks_the_value_anew() {
    let (_site, browser) = site_with_browser().await;
    let one = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
    let two = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
    assert_ne!(one, two);
    for page in [one, two] {
        let request = bare(&[("origin", ORIGIN), ("x-csrf-token", &page)]);
        assert_eq!(browser.send(request).await.status, 200);
    }
}
