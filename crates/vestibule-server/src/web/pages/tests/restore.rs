//! Taking back that one deleted one's account, by pages.

use std::time::Duration;

use vestibule::core::{
    event::EventName,
    name::LoginKey,
    user::{User, UserStatus},
};
use vestibule_site::store::{AuditTrail as _, EventQuery};

use super::{Browser, PASSWORD, TestApp};

/// A browser that was just told that its account is deleted.
async fn left(app: &TestApp) -> Browser {
    let mut browser = app.signed_in("anna").await;
    browser.get("/user/account").await;
    let answer = browser.send("/user/account", &[("action", "delete")]).await;
    browser.follow(answer).await;
    assert!(browser.shows("within 14 days"));
    browser
}

async fn anna(app: &TestApp) -> User {
    let found = app.auth.users().credentials(&LoginKey::from_typed("anna")).await.unwrap();
    found.unwrap().user
}

fn token(browser: &Browser) -> String {
    browser.between("name=\"token\" value=\"", "\"")
}

#[tokio::test]
async fn whoever_signs_in_is_asked_and_one_press_brings_it_back() {
    let app = TestApp::open().await;
    let mut browser = left(&app).await;
    browser.get("/auth/login?next=/uploads").await;
    let fields =
        [("login", "anna"), ("password", PASSWORD), ("next", "/uploads"), ("remember_me", "true")];
    let answer = browser.send("/auth/login", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (200, ""));
    assert!(browser.shows("<h1 id=\"title\">Keep your account?</h1>"));
    assert!(browser.shows("6 Dec 2026"), "{}", browser.page);
    assert!(browser.shows("name=\"remember_me\" value=\"true\""));
    assert!(!browser.shows(PASSWORD));
    assert_eq!(anna(&app).await.status, UserStatus::Deleted, "asking changes nothing");
    let mut other = app.browser();
    assert_eq!(other.get("/user/account").await.status, 303, "nobody is signed in yet");

    let fields = [("token", &*token(&browser)), ("next", "/uploads"), ("remember_me", "true")];
    let answer = browser.send("/auth/restore", &fields).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/uploads"));
    browser.follow(answer).await;
    assert!(browser.shows("Your account is back, as it was."));
    assert_eq!(anna(&app).await.status, UserStatus::Active);
    let mails = app.mails().await;
    let kept = "Subject: Your account at Vestibule was kept\r\n";
    assert!(mails.iter().any(|mail| mail.contains(kept)));
    let query = EventQuery {
        name: Some(EventName::UserRestored),
        subject: Some(anna(&app).await.id),
        limit: 10,
        ..EventQuery::default()
    };
    app.audit.flush().await;
    assert_eq!(app.store.events(&query).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_question_is_answered_once_and_in_time() {
    let app = TestApp::open().await;
    let mut browser = left(&app).await;
    browser.sign_in("anna").await;
    let first = token(&browser);
    browser.sign_in("anna").await;
    let second = token(&browser);
    assert_ne!(first, second);
    for wrong in [first.as_str(), "", "x", &"A".repeat(32)] {
        let answer = browser.send("/auth/restore", &[("token", wrong)]).await;
        assert_eq!((answer.status, answer.location.as_str()), (303, "/auth/login"));
        browser.follow(answer).await;
        assert!(browser.shows("That took too long"));
        browser.sign_in("anna").await;
    }
    let late = token(&browser);
    app.clock.pass(Duration::from_secs(15 * 60));
    assert_eq!(browser.send("/auth/restore", &[("token", &late)]).await.location, "/auth/login");
    assert_eq!(anna(&app).await.status, UserStatus::Deleted);

    browser.sign_in("anna").await;
    let good = token(&browser);
    assert_eq!(browser.send("/auth/restore", &[("token", &good)]).await.location, "/");
    let mut other = app.browser();
    other.get("/auth/login").await;
    assert_eq!(other.send("/auth/restore", &[("token", &good)]).await.location, "/auth/login");
    assert_eq!(other.get("/user/account").await.status, 303, "nobody else is signed in by it");
}

#[tokio::test]
async fn the_answer_has_to_come_from_our_own_form() {
    let app = TestApp::open().await;
    let mut browser = left(&app).await;
    browser.sign_in("anna").await;
    let token = token(&browser);
    let mut other = app.browser();
    let answer = other.send("/auth/restore", &[("token", &token)]).await;
    assert_eq!(answer.status, 403);
    assert!(
        other.shows("Keep your account?") && other.shows("This page had been open for a while")
    );
    assert_eq!(anna(&app).await.status, UserStatus::Deleted);
    assert_eq!(browser.send("/auth/restore", &[("token", &token)]).await.location, "/");
}

#[tokio::test]
async fn nobody_else_learns_that_there_was_an_account() {
    let app = TestApp::open().await;
    left(&app).await;
    let mut pages = Vec::new();
    for (name, password) in [("anna", "wrong"), ("nobody", "wrong"), ("nobody", PASSWORD)] {
        let mut browser = app.browser();
        browser.get("/auth/login").await;
        let fields = [("login", name), ("password", password)];
        assert_eq!(browser.send("/auth/login", &fields).await.status, 401);
        let page = browser.page.replace(&browser.csrf_token(), "").replace(name, "");
        pages.push(page);
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(pages[1], pages[2]);
}

#[tokio::test]
async fn after_two_weeks_and_by_an_administrators_word_it_is_not_asked() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let mut browser = left(&app).await;
    let here = format!("/admin/users/{}", anna(&app).await.id);
    boss.get(&here).await;
    assert!(boss.shows("Deleted by its owner"));
    browser.sign_in("anna").await;
    let asked = token(&browser);
    let change = format!("{here}/change");
    assert_eq!(boss.send(&change, &[("status", "deleted")]).await.status, 303);
    boss.get(&here).await;
    assert!(boss.shows("Deleted by an administrator"));
    assert_eq!(browser.send("/auth/restore", &[("token", &asked)]).await.location, "/auth/login");
    assert_eq!(browser.sign_in("anna").await.status, 401);
    assert_eq!(boss.send(&change, &[("status", "active")]).await.status, 303);
    assert_eq!(browser.sign_in("anna").await.status, 303);

    browser.get("/user/account").await;
    browser.send("/user/account", &[("action", "delete")]).await;
    app.clock.pass(vestibule::core::deletion::GRACE);
    assert_eq!(browser.sign_in("anna").await.status, 401);
}
