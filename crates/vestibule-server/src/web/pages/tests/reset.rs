//! A new password by the link in a mail.

use std::time::Duration;

use vestibule::{
    Config,
    core::{
        event::{Event, EventName},
        name::LoginKey,
        store::Leases as _,
        time::Timestamp,
        user::User,
    },
};
use vestibule_site::store::OutboxQuery;

use super::{
    Browser, PASSWORD, TestApp,
    verify::{link, token},
};

const NEW: &str = "seventeen quiet lanterns";

async fn ask(app: &TestApp, login: &str) -> Browser {
    let mut browser = app.browser();
    browser.get("/auth/forgot").await;
    let answer = browser.send("/auth/forgot", &[("login", login)]).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login"));
    browser.follow(answer).await;
    browser
}

async fn user(app: &TestApp, login: &str) -> User {
    let found = app.auth.users().credentials(&LoginKey::from_typed(login)).await.unwrap();
    found.unwrap().user
}

async fn sign_in(app: &TestApp, password: &str) -> u16 {
    let mut browser = app.browser();
    browser.get("/auth/login").await;
    browser.send("/auth/login", &[("login", "anna"), ("password", password)]).await.status
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once_and_every_session_ends() {
    let app = TestApp::open().await;
    let mut signed_in = app.signed_in("anna").await;
    let mut browser = ask(&app, "Anna@example.org").await;
    assert!(browser.shows("a mail is on its way"));
    let mail = app.mails().await.pop().unwrap();
    assert!(mail.contains("To: anna@example.org\r\n") && mail.contains("for 30 minutes"));
    let link = link(&mail);
    assert!(link.starts_with("/auth/reset?token="));

    // Looked at by a guard of the mailbox: nothing happens.
    assert_eq!(app.browser().get(&link).await.status, 200);
    let answer = browser.get(&link).await;
    assert_eq!(answer.head.headers()["referrer-policy"], "strict-origin");
    assert_eq!(answer.head.headers()["cache-control"], "no-store");
    assert!(browser.shows("Choose a new password"));
    for weak in ["short", "annaannaannaanna", ""] {
        let fields = [("token", token(&link)), ("password", weak)];
        let answer = browser.send("/auth/reset", &fields).await;
        assert_eq!(answer.status, 422, "{weak}");
        assert!(browser.shows("id=\"password-error\""));
        assert_eq!(answer.head.headers()["referrer-policy"], "strict-origin");
    }
    let fields = [("token", token(&link)), ("password", NEW)];
    let answer = browser.send("/auth/reset", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login"));
    browser.follow(answer).await;
    assert!(browser.shows("every device has been logged out"));

    assert_eq!(signed_in.get("/user/account").await.status, 303, "that session is over");
    assert_eq!((sign_in(&app, PASSWORD).await, sign_in(&app, NEW).await), (401, 303));
    assert!(user(&app, "anna").await.email_verified_at.is_some(), "the link showed that as well");
    let mails = app.mails().await;
    assert!(mails.last().unwrap().contains("Subject: Your password at Vestibule was changed\r\n"));

    let fields = [("token", token(&link)), ("password", PASSWORD)];
    for answer in [browser.get(&link).await, browser.send("/auth/reset", &fields).await] {
        assert_eq!(answer.status, 403);
        assert!(browser.shows("link was used") && browser.shows("/auth/forgot"));
    }
    assert_eq!(sign_in(&app, NEW).await, 303);
}

#[tokio::test]
async fn links_that_do_not_work_say_what_does() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    let mut browser = ask(&app, "anna").await;
    let first = link(app.mails().await.last().unwrap());
    let verify = link(&app.mails().await[0]);
    ask(&app, "anna").await;
    let second = link(app.mails().await.last().unwrap());
    let foreign = format!("/auth/reset?token={}", token(&verify));
    for void in ["/auth/reset", "/auth/reset?token=", "/auth/reset?token=x", &first, &foreign] {
        assert_eq!(browser.get(void).await.status, 403, "{void}");
        assert!(browser.shows("does not work") && browser.shows("/auth/forgot"), "{void}");
    }
    let swapped = format!("/auth/verify?token={}", token(&second));
    assert_eq!(browser.get(&swapped).await.status, 403, "one purpose each");

    assert_eq!(browser.get(&second).await.status, 200);
    app.clock.pass(Duration::from_secs(30 * 60));
    let fields = [("token", token(&second)), ("password", NEW)];
    assert_eq!(browser.send("/auth/reset", &fields).await.status, 403);
    assert!(browser.shows("too old") && browser.shows("/auth/forgot"));
    assert_eq!(sign_in(&app, PASSWORD).await, 303);
}

#[tokio::test]
async fn another_password_takes_the_link_away() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    ask(&app, "anna").await;
    let link = link(app.mails().await.last().unwrap());
    browser.get("/user/password").await;
    let fields = [("current", PASSWORD), ("new", NEW)];
    assert_eq!(browser.send("/user/password", &fields).await.status, 303);
    assert_eq!(app.browser().get(&link).await.status, 403);
}

#[tokio::test]
async fn asking_answers_the_same_for_everybody_and_stops_at_the_limits() {
    let app = TestApp::with(&[("VESTIBULE_LIMITS__MAIL", "3/1h")], |config: &mut Config| {
        config.limits.address = Some(vestibule::Rate { count: 9, window: Duration::from_secs(900) })
    })
    .await;
    app.signed_in("anna").await;
    let mut heads = Vec::new();
    let mut browser = app.browser();
    for login in
        ["anna", "nobody", "Anna@example.org", "nobody@example.org", " ", "anna", "x@y", "anna"]
    {
        browser.get("/auth/forgot").await;
        let answer = browser.send("/auth/forgot", &[("login", login)]).await;
        heads.push((answer.status, answer.location, answer.head.headers().clone()));
    }
    heads.dedup();
    assert_eq!(heads.len(), 1, "{heads:?}");
    let mails = app.mails().await;
    assert_eq!(mails.len(), 3, "the one to verify the address counts");
    browser.get("/auth/forgot").await;
    assert_eq!(browser.send("/auth/forgot", &[("login", "x")]).await.status, 303);
    browser.get("/auth/forgot").await;
    let limited = browser.send("/auth/forgot", &[("login", "anna")]).await;
    assert_eq!(limited.status, 429);
    assert!(limited.head.headers().contains_key("retry-after") && browser.shows("too many tries"));
}

#[tokio::test]
async fn only_our_own_forms_count() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    ask(&app, "anna").await;
    let link = link(app.mails().await.last().unwrap());
    let mut browser = app.browser();
    for path in ["/auth/forgot", "/auth/reset"] {
        browser.get(&link).await;
        browser.jar.clear();
        let fields = [("login", "anna"), ("token", token(&link)), ("password", NEW)];
        assert_eq!(browser.send(path, &fields).await.status, 403, "{path}");
        assert!(browser.shows("blocks cookies"), "{path} {}", browser.page);
    }
    assert_eq!(app.mails().await.len(), 2);
    assert_eq!(sign_in(&app, PASSWORD).await, 303);
}

#[tokio::test]
async fn whoever_runs_the_site_starts_a_reset_and_learns_no_password() {
    let app = TestApp::open().await;
    app.signed_in("anna").await;
    let event = Event::new(EventName::AuthzAdmin, Timestamp::from_seconds(1));
    app.mailer.start_reset(user(&app, "anna").await, event).await.unwrap();
    let mail = app.mails().await.pop().unwrap();
    assert!(mail.contains("Subject: Choose a new password for Vestibule\r\n"));
    assert_eq!(sign_in(&app, PASSWORD).await, 303, "until then it stays as it is");
    assert_eq!(app.browser().get(&link(&mail)).await.status, 200);
}

#[tokio::test]
async fn what_is_known_of_a_deleted_account_goes_after_two_weeks() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let id = user(&app, "anna").await.id;
    browser.get("/user/account").await;
    browser.send("/user/account", &[("action", "delete")]).await;
    let mail = app.mails().await.pop().unwrap();
    assert!(mail.contains("6 Dec 2026. The user name") && mail.contains("/auth/login"), "{mail}");
    let keep_up = async || {
        // The round at the start may have been before; each has the lease for an hour.
        app.clock.pass(Duration::from_secs(3601));
        app.mailer.keep_up().await.unwrap();
        app.auth.users().user(id).await.unwrap().unwrap()
    };
    app.clock.pass(Duration::from_secs(13 * 24 * 3600));
    assert_eq!(keep_up().await.email, "anna@example.org");
    app.clock.pass(Duration::from_secs(24 * 3600));
    let erased = keep_up().await;
    assert_eq!((erased.email.as_str(), erased.username), ("", format!("deleted-{id}")));
    let all = OutboxQuery { limit: 10, ..OutboxQuery::default() };
    assert_eq!(vestibule_site::store::Outbox::outbox(&app.store, &all).await.unwrap(), []);
    assert!(
        !app.store.take_lease("mail upkeep", "x", app.auth.now(), app.auth.now()).await.unwrap()
    );
}
