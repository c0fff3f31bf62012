//! Asking on behalf of a reverse proxy: what counts is the request that stands behind the question.

use http::Method;
use vestibule::Carrier;
use vestibule_testkit::visitors::{Answer, Browser, Visitor, request, with};

use crate::site::{ORIGIN, Site};

async fn site_with_browser() -> (Site, Browser) {
    let site = Site::new().await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    (site, browser)
}

async fn verify(visitor: &dyn Visitor, headers: &[(&'static str, &str)]) -> Answer {
    let ask = request(Method::GET, "/auth/verify-request", None);
    let ask = headers.iter().fold(ask, |request, (name, value)| with(request, name, value));
    visitor.send(ask).await
}

#[tokio::test]
async fn an_unsafe_method_behind_the_question_needs_what_any_unsafe_request_needs() {
    let (site, browser) = site_with_browser().await;
    let csrf = browser.csrf().unwrap();
    for header in ["x-forwarded-method", "x-original-method"] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE", "get", "", "GET, POST"] {
            let about = format!("{header}: {method}");
            for headers in [
                &[(header, method)][..],
                &[(header, method), ("origin", ORIGIN)],
                &[(header, method), ("x-csrf-token", &csrf)],
                &[(header, method), ("x-csrf-token", &csrf), ("origin", "https://evil.test")],
                &[(header, method), ("x-csrf-token", "x"), ("sec-fetch-site", "same-origin")],
            ] {
                let answer = verify(&browser, headers).await;
                assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()), "{about}");
                assert_eq!(answer.header("x-auth-user-id"), "", "{about}");
            }
            let own = [(header, method), ("x-csrf-token", csrf.as_str()), ("origin", ORIGIN)];
            assert_eq!(verify(&browser, &own).await.status, 204, "{about}");
        }
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(verify(&browser, &[(header, method)]).await.status, 204, "{method}");
        }
    }
    let app = site.signed_in(Carrier::Header).await;
    assert_eq!(verify(&*app, &[("x-forwarded-method", "POST")]).await.status, 204);
}

#[tokio::test]
async fn one_unsafe_method_among_several_headers_is_enough() {
    let (_site, browser) = site_with_browser().await;
    let both = [("x-forwarded-method", "GET"), ("x-original-method", "POST")];
    assert_eq!(verify(&browser, &both).await.status, 403);
    let mut twice = request(Method::GET, "/auth/verify-request", None);
    twice.headers_mut().append("x-forwarded-method", "GET".parse().unwrap());
    twice.headers_mut().append("x-forwarded-method", "DELETE".parse().unwrap());
    assert_eq!(browser.send(twice).await.status, 403);
}

/// The page is on the public origin, whatever name the proxy calls us by.
#[tokio::test]
async fn the_request_is_judged_by_the_public_origin_and_not_by_the_proxys_host() {
    let (_site, browser) = site_with_browser().await;
    let csrf = browser.csrf().unwrap();
    let asked = [("x-forwarded-method", "POST"), ("x-csrf-token", csrf.as_str())];
    let inner = [&asked[..], &[("host", "vestibule:5000"), ("origin", ORIGIN)]].concat();
    assert_eq!(verify(&browser, &inner).await.status, 204);
    let inner = [&asked[..], &[("host", "vestibule:5000"), ("origin", "https://vestibule:5000")]];
    assert_eq!(verify(&browser, &inner.concat()).await.status, 403);
}

#[tokio::test]
async fn a_refused_question_renews_nothing() {
    let (site, browser) = site_with_browser().await;
    let id = site.row(&browser).await.id.to_string();
    site.outlive_access();
    let refused = verify(&browser, &[("x-forwarded-method", "POST")]).await;
    assert_eq!((refused.status.as_u16(), refused.set_cookies().len()), (403, 0));
    assert_eq!(site.row_of(&id).await.generation, 1);
}

/// A proxy that hands on the body hands on a form's own value.
#[tokio::test]
async fn a_forwarded_form_brings_its_value() {
    let (_site, browser) = site_with_browser().await;
    let token = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
    let mut ask = request(Method::GET, "/auth/verify-request", None);
    *ask.body_mut() = format!("a=1&csrf_token={token}").into();
    let ask = with(ask, "content-type", "application/x-www-form-urlencoded");
    let ask = with(with(ask, "x-forwarded-method", "POST"), "origin", ORIGIN);
    assert_eq!(browser.send(ask).await.status, 204);
}
