//! An `Authorization` header that is not ours: a staging site's `Basic` in front of everything.

use http::Method;
use serde_json::json;
use vestibule_testkit::visitors::{Visitor as _, request, with};

use crate::site::{ORIGIN, PASSWORD, Site};

const BASIC: &str = "Basic c3RhZ2luZzpzZWNyZXQ=";

#[tokio::test]
async fn a_cookie_session_works_behind_somebody_elses_password() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    for other in
        [BASIC, "basic x", "Digest username=\"a\"", "Negotiate abc", "Bearerish x", "x", ""]
    {
        let with_other = |method, path: &str| {
            with(browser.fetch_request(method, path, None), "authorization", other)
        };
        for path in ["/api/thing", "/page", "/open", "/api/maybe"] {
            let answer = browser.send(with_other(Method::GET, path)).await;
            assert_eq!(answer.status, 200, "{other:?} {path}");
            assert!(answer.text().contains("anna"), "{other:?} {path}");
        }
        assert_eq!(browser.send(with_other(Method::POST, "/api/thing")).await.text(), "anna");
        let verified = browser.send(with_other(Method::GET, "/auth/verify-request")).await;
        assert_eq!(verified.status, 204, "{other:?}");
        let renewed = browser.send(with_other(Method::POST, "/api/auth/refresh")).await;
        assert_eq!(renewed.status, 200, "{other:?}");
        // CSRF as ever, by the header and by a form's field.
        let bare = with(request(Method::POST, "/api/thing", None), "authorization", other);
        assert_eq!(browser.send(bare).await.verdict(), (403, "csrf_failed".to_owned()));
        let token = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
        let mut form = with(request(Method::POST, "/form", None), "authorization", other);
        *form.body_mut() = format!("csrf_token={token}").into();
        let form = with(form, "content-type", "application/x-www-form-urlencoded");
        assert_eq!(browser.send(with(form, "origin", ORIGIN)).await.status, 200, "{other:?}");
    }
}

#[tokio::test]
async fn a_stranger_behind_somebody_elses_password_is_shown_the_way_in() {
    let site = Site::new().await;
    let page = site.anonymous().get_with("/page", &[("authorization", BASIC)]).await;
    assert_eq!((page.status.as_u16(), page.location()), (303, "/auth/login?next=%2Fpage"));
    let api = site.anonymous().get_with("/api/thing", &[("authorization", BASIC)]).await;
    assert_eq!(api.verdict(), (401, "token_missing".to_owned()));
    let maybe = site.anonymous().get_with("/api/maybe", &[("authorization", BASIC)]).await;
    assert_eq!(maybe.text(), "nobody");
    let out = request(Method::POST, "/api/auth/logout", None);
    let out = site.anonymous().send(with(out, "authorization", BASIC)).await;
    assert_eq!(out.status, 204);
}

/// A bad token of ours is never rescued by a cookie, however its scheme is spelt and whatever else is there.
#[tokio::test]
async fn a_bad_bearer_token_is_still_never_rescued() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    for bad in ["Bearer x", "bearer x", "BEARER", "Bearer", "Bearer\tx", "bearer,x", " Bearer x"] {
        let answer =
            browser.send(with(request(Method::GET, "/api/thing", None), "authorization", bad));
        assert_eq!(answer.await.verdict(), (401, "token_invalid".to_owned()), "{bad:?}");
    }
    let mut two = with(request(Method::GET, "/api/thing", None), "authorization", BASIC);
    two.headers_mut().append("authorization", "Bearer x".parse().unwrap());
    assert_eq!(browser.send(two).await.verdict(), (401, "token_invalid".to_owned()));
    let app = site.app_of("anna").await;
    let token = format!("Bearer {}", app.access_token().unwrap());
    let mut two = with(request(Method::GET, "/api/thing", None), "authorization", BASIC);
    two.headers_mut().append("authorization", token.parse().unwrap());
    assert_eq!(site.anonymous().send(two).await.text(), "anna");
}

#[tokio::test]
async fn an_app_signs_in_behind_somebody_elses_password() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let body = json!({ "login": "anna", "password": PASSWORD });
    let sign_in = request(Method::POST, "/api/auth/login", Some(&body));
    let answer = site.anonymous().send(with(sign_in, "authorization", BASIC)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
