//! Where a token is looked for, and by which carrier it is taken.

use http::Method;
use vestibule::Carrier;
use vestibule_testkit::visitors::{Visitor, request};

use crate::site::Site;

/// Only the documented places hold a token.
#[tokio::test]
async fn a_token_is_looked_for_in_its_places_only() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let app = site.signed_in(Carrier::Header).await;
    let token = app.access_token().unwrap();
    let nobody = site.anonymous();
    for path in ["token", "access_token", "jwt", "__Host-access"] {
        let answer = nobody.get(&format!("/api/thing?{path}={token}")).await;
        assert_eq!(answer.verdict(), (401, "token_missing".to_owned()), "{path}");
    }
    for (name, value) in [
        ("x-auth", token.clone()),
        ("x-access-token", token.clone()),
        ("proxy-authorization", format!("Bearer {token}")),
        ("cookie", format!("access={token}")),
        ("cookie", format!("access_token={token}")),
    ] {
        let answer = nobody.get_with("/api/thing", &[(name, &value)]).await;
        assert_eq!(answer.verdict(), (401, "token_missing".to_owned()), "{name}");
    }
    for (value, status) in [
        (format!("bearer {token}"), 200),
        (format!("BEARER {token}"), 200),
        (format!("Bearer  {token}"), 200),
        (format!("Bearer\t{token}"), 401),
        (format!("Basic {token}"), 401),
        (format!("Token {token}"), 401),
        (token.clone(), 401),
        (format!("Bearer {token} {token}"), 401),
        (format!("Bearer {token}, Bearer {token}"), 401),
        ("Bearer".to_owned(), 401),
        (String::new(), 401),
    ] {
        let answer = nobody.get_with("/api/thing", &[("authorization", &value)]).await;
        assert_eq!(answer.status, status, "{value}");
    }
}

#[tokio::test]
async fn a_header_speaks_and_cookies_are_silent() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let app = site.signed_in(Carrier::Header).await;
    site.add_user("bert").await;
    let browser = site.browser_of("bert").await;
    let cookies = browser.jar().header("/").unwrap();
    let bearer = format!("Bearer {}", app.access_token().unwrap());
    let nobody = site.anonymous();
    let both = [("cookie", cookies.as_str()), ("authorization", bearer.as_str())];
    assert_eq!(nobody.get_with("/api/thing", &both).await.text(), "anna");
    // A bad header is never rescued by a cookie.
    for bad in ["Bearer x", "Bearer"] {
        let both = [("cookie", cookies.as_str()), ("authorization", bad)];
        let answer = nobody.get_with("/api/thing", &both).await;
        assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()), "{bad}");
        assert_eq!(answer.set_cookies(), Vec::<&str>::new());
        assert_eq!(nobody.get_with("/api/maybe", &both).await.status, 401);
    }
    let mut twice = request(Method::GET, "/api/thing", None);
    twice.headers_mut().append("authorization", bearer.parse().unwrap());
    twice.headers_mut().append("authorization", bearer.parse().unwrap());
    assert_eq!(nobody.send(twice).await.verdict(), (401, "token_invalid".to_owned()));
}

/// Each carrier's access token is good by the other carrier too; its refresh token is not.
#[tokio::test]
async fn a_refresh_token_is_taken_from_its_own_carrier_only() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let (browser, app) = (site.browser_of("anna").await, site.app_of("anna").await);
    let (thief_app, thief_browser) = (site.app(), browser.copy());
    thief_app.hold(browser.access_token().as_deref(), browser.refresh_token().as_deref());
    assert_eq!(thief_app.get("/api/thing").await.status, 200);
    assert_eq!(thief_app.refresh().await.verdict(), (401, "token_invalid".to_owned()));

    thief_browser.hold(app.access_token().as_deref(), None);
    assert_eq!(thief_browser.get("/api/thing").await.status, 200);
    thief_browser.hold(None, app.refresh_token().as_deref());
    let answer = thief_browser.get("/api/thing").await;
    assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()));
    assert_eq!(answer.set_cookies(), Vec::<&str>::new());

    // Nor does it sign the other carrier's session out.
    thief_app.hold(browser.refresh_token().as_deref(), None);
    let answer = thief_app.sign_out().await;
    assert_eq!(answer.verdict(), (401, "token_invalid".to_owned()));

    for good in [&browser as &dyn Visitor, &app] {
        assert_eq!(site.row(good).await.end, None);
        assert_eq!(site.row(good).await.generation, 1);
        assert_eq!(good.refresh().await.status, 200);
    }
}
