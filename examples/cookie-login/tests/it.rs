//! The program, started and visited.

use std::{sync::Arc, time::Duration};

use vestibule::SystemClock;
use vestibule_testkit::{
    site::{Place, Site},
    visitors::{Browser, Visitor as _, request},
    wait,
};

const PASSWORD: &str = "tangerine anvil rocket";
const SECRET: &str = "uK3vQ9sXb2LmZ7tYw5RfH8cNj4DgPaE1";

fn place() -> Place {
    let place = Place::new(env!("CARGO_BIN_EXE_cookie-login"))
        .with("LISTEN", "127.0.0.1:0")
        .with("SECRET_KEY", SECRET)
        .with("DEMO_PASSWORD", PASSWORD);
    place.secrets().add(PASSWORD);
    place.secrets().add(SECRET);
    place
}

async fn signed_in(site: &Site) -> Browser {
    let browser = site.browser(Arc::new(SystemClock::start()));
    let front = browser.navigate("/").await;
    assert!(front.text().contains("<form method=\"post\" action=\"/login\">"), "{}", front.text());
    let answer = browser.submit("/login", &[("username", "demo"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"), "{}", answer.text());
    browser
}

#[tokio::test]
async fn one_cookie_is_the_session() {
    let place = place();
    let site = place.start(&[]);
    let nobody = site.anonymous();
    assert_eq!(nobody.get("/public").await.status, 200);
    let refused = nobody.get("/auth").await;
    assert_eq!(refused.status, 401);
    assert!(refused.text().contains("Please log in."), "{}", refused.text());

    let browser = signed_in(&site).await;
    assert!(browser.navigate("/").await.text().contains("Logged in as demo"));
    assert_eq!(browser.navigate("/auth").await.text(), "Only demo reads this.");
    assert_eq!(browser.refresh_token(), None, "there is no other cookie that could renew it");

    let wrong = site.browser(Arc::new(SystemClock::start()));
    wrong.navigate("/").await;
    let fields = [("username", "demo"), ("password", "not the password at all")];
    let answer = wrong.submit("/login", &fields).await;
    assert_eq!(answer.status, 401);
    assert!(answer.text().contains("The user name or the password is not right."));
    let foreign = nobody.send(request("POST".parse().unwrap(), "/login", None)).await;
    assert!(foreign.status.is_client_error(), "{}", foreign.status);
    site.kill();
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_is_an_invalid_session() {
    let place = place();
    let site = place.start(&[]);
    let browser = signed_in(&site).await;
    let token = browser.access_token().unwrap();
    let (head, _) = token.rsplit_once('.').unwrap();
    for bad in ["nonsense", &format!("{head}.{}", "A".repeat(86))] {
        browser.hold(Some(bad), None);
        let answer = browser.navigate("/auth").await;
        assert_eq!(answer.status, 401, "{bad}");
        assert!(
            answer.text().contains("Invalid session. Please log in again."),
            "{bad}: {}",
            answer.text()
        );
    }
    site.kill();
}

#[tokio::test]
async fn a_session_ends_with_its_token_and_says_so() {
    let place = place().with("SESSION_SECONDS", "1");
    let site = place.start(&[]);
    let browser = signed_in(&site).await;
    let cookie = format!("access={}", browser.access_token().unwrap());
    let expired = async || {
        let answer = site.anonymous().get_with("/auth", &[("cookie", &cookie)]).await;
        (answer.status != 200).then_some(answer)
    };
    let answer = wait::until_async(Duration::from_secs(15), expired).await.unwrap();
    assert_eq!(answer.status, 401);
    assert!(answer.text().contains("Session expired. Please log in again."), "{}", answer.text());
    assert_eq!(answer.hidden_field("csrf_token").map(|token| token.is_empty()), Some(false));
    assert_eq!(signed_in(&site).await.navigate("/auth").await.status, 200);
    site.kill();
}
