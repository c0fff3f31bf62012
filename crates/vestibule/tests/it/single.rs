//! One cookie that is the session, for programs that want no more.

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use vestibule::{ErrorCode, Problem, Visit};
use vestibule_testkit::visitors::Visitor;

use crate::site::{PASSWORD, Site};

async fn site() -> Site {
    let site = Site::built(
        |config| {
            config.cookies.single = true;
            config.lifetimes.access = Duration::from_secs(3600);
        },
        |builder| builder.on_problem(explain),
    )
    .await;
    site.add_user("anna").await;
    site
}

fn explain(problem: &Problem, _: &Visit) -> Option<Response> {
    let message = match problem.code {
        ErrorCode::TokenMissing => "Please log in.",
        ErrorCode::TokenExpired => "Session expired. Please log in again.",
        ErrorCode::TokenInvalid | ErrorCode::TokenRevoked => {
            "Invalid session. Please log in again."
        }
        _ => return None,
    };
    Some((StatusCode::UNAUTHORIZED, message).into_response())
}

#[tokio::test]
async fn one_cookie_is_set_and_it_says_how_it_ended() {
    let site = site().await;
    let browser = site.browser();
    assert_eq!(browser.navigate("/page").await.text(), "Please log in.");
    browser.navigate("/auth/login").await;
    let fields = [("login", "anna"), ("password", PASSWORD), ("remember_me", "on")];
    let answer = browser.submit("/auth/login", &fields).await;
    assert_eq!(answer.status, 303);
    let set = answer.set_cookies();
    assert_eq!(set.len(), 1, "{set:?}");
    assert!(set[0].starts_with("__Host-access=") && set[0].contains("; Max-Age=3600; "));
    assert_eq!(browser.navigate("/page").await.status, 200);

    // The form of a page works without a readable cookie.
    assert_eq!(browser.submit("/form", &[("text", "x")]).await.status, 200);

    let token = browser.access_token().unwrap();
    site.pass(3606);
    browser.hold(Some(&token), None);
    let answer = browser.navigate("/page").await;
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (401, "Session expired. Please log in again.")
    );
    browser.hold(Some(&format!("{token}x")), None);
    assert_eq!(browser.navigate("/page").await.text(), "Invalid session. Please log in again.");
    assert_eq!(site.store.advances(), 0, "nothing is renewed");
}

#[tokio::test]
async fn signing_out_takes_the_one_cookie_out() {
    let site = site().await;
    let browser = site.browser_of("anna").await;
    let token = browser.access_token().unwrap();
    // Without the readable cookie, a script has the value from the page.
    let value = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
    let post = browser.fetch_request(http::Method::POST, "/api/auth/logout", None);
    let answer =
        browser.send(vestibule_testkit::visitors::with(post, "x-csrf-token", &value)).await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (204, 1));
    browser.hold(Some(&token), None);
    assert_eq!(browser.navigate("/page").await.text(), "Invalid session. Please log in again.");
}
