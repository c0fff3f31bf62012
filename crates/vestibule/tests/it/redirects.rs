//! Where pages lead: to paths of the site and nowhere else.

use http::Method;
use vestibule_testkit::visitors::{Visitor, request, with};

use crate::site::{ORIGIN, PASSWORD, Site};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

const ELSEWHERE: [&str; 24] = [
    "https://evil.test",
    "https://evil.test/path",
    "//evil.test",
    "///evil.test",
    "////",
    "\\\\evil.test",
    "/\\evil.test",
    "\\/evil.test",
    "https:evil.test",
    "https:/evil.test",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "https://app.test@evil.test",
    "app.test.evil.test",
    "evilapp.test",
    "https://app.test.evil.test",
    "/%2fevil.test",
    "/%5cevil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "/%00",
    "/..//evil.test",
    " //evil.test",
];

#[tokio::test]
async fn a_page_leads_to_the_sign_in_and_back() {
    let site = site().await;
    let browser = site.browser();
    let answer = browser.navigate("/page?a=1&b=%C3%BC").await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location(), "/auth/login?next=%2Fpage%3Fa%3D1%26b%3D%25C3%25BC");
    assert_eq!(answer.header("cache-control"), "no-store");
    let (path, _) = browser.visit("/page?a=1").await;
    assert_eq!(path, "/auth/login?next=%2Fpage%3Fa%3D1");
    let fields = [("login", "anna"), ("password", PASSWORD), ("next", "/page?a=1")];
    let answer = browser.submit("/auth/login", &fields).await;
    assert_eq!(answer.location(), "/page?a=1");
    assert_eq!(browser.navigate("/page?a=1").await.status, 200);
}

/// R1, R2, R3: `next` after a sign-in.
#[tokio::test]
async fn next_never_leaves_the_site() {
    let site = site().await;
    for next in ELSEWHERE {
        let browser = site.browser();
        browser.navigate("/auth/login").await;
        let fields = [("login", "anna"), ("password", PASSWORD), ("next", next)];
        let answer = browser.submit("/auth/login", &fields).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"), "{next:?}");
    }
}

/// A request line, or a `Referer`, that looks like another site.
#[tokio::test]
async fn what_was_asked_for_is_not_believed_either() {
    let site = site().await;
    let nobody = site.anonymous();
    for referer in ELSEWHERE {
        let referer = referer.replace(['\t', '\n'], "");
        let post = with(request(Method::POST, "/form", None), "referer", &referer);
        let answer = nobody.send(post).await;
        assert_eq!(answer.status, 303, "{referer}");
        assert_eq!(answer.location(), "/auth/login?next=%2Fform", "{referer}");
    }
    let browser = site.browser_of("anna").await;
    site.outlive_access();
    browser.sign_out().await;
    let proxied = with(
        request(Method::GET, "/auth/verify-request", None),
        "x-forwarded-uri",
        "https://evil.test/",
    );
    let answer = browser.send(with(proxied, "accept", "text/html")).await;
    assert_eq!(answer.header("x-auth-redirect"), "/auth/login?next=%2F");
}

/// A form post that needs sign-in saves nothing, and the person lands on the form's page afterwards.
#[tokio::test]
async fn a_form_of_somebody_signed_out_leads_back_to_its_page() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    browser.navigate("/form?id=7").await;
    browser.sign_out().await;
    let answer = browser.submit("/form", &[("text", "x")]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location(), "/auth/login?next=%2Fform%3Fid%3D7");
}

/// Programs are told in JSON what pages are led away for.
#[tokio::test]
async fn programs_are_not_led_away() {
    let site = site().await;
    let nobody = site.anonymous();
    let answer = nobody.get("/api/thing").await;
    assert_eq!(answer.verdict(), (401, "token_missing".to_owned()));
    let answer = nobody.get_with("/page", &[("authorization", "Bearer x")]).await;
    assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()));
    for path in ["/apix", "/page"] {
        assert_ne!(nobody.get(path).await.status, 401, "{path}");
    }
}

/// Nested routers cut the path down that a layer inside of them sees.
#[tokio::test]
async fn a_layer_inside_of_a_nested_router_knows_the_whole_path() {
    let site = site().await;
    let inside = axum::Router::new()
        .route("/thing", axum::routing::get(async |_: vestibule::Principal| ""))
        .layer(site.auth.layer());
    let router = axum::Router::new().nest("/api", inside.clone()).nest("/pages", inside);
    let nobody = vestibule_testkit::visitors::Anonymous::new(
        vestibule_testkit::visitors::InProcess::new(router),
        crate::site::HOST,
    );
    assert_eq!(nobody.get("/api/thing").await.verdict(), (401, "token_missing".to_owned()));
    let page = nobody.get("/pages/thing?a=1").await;
    assert_eq!(page.location(), "/auth/login?next=%2Fpages%2Fthing%3Fa%3D1");
}

#[tokio::test]
async fn a_refused_form_is_an_answer_and_no_redirect() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let post = with(request(Method::POST, "/form", None), "origin", "https://evil.test");
    let answer = browser.send(post).await;
    assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()));
    let post = with(request(Method::POST, "/form", None), "origin", ORIGIN);
    assert_eq!(browser.send(post).await.status, 403);
}
