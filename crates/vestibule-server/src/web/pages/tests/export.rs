//! A file of one's own data.

use std::time::Duration;

use axum::http::header;
use serde_json::Value;
use vestibule::core::{
    event::{Event, EventName},
    store::UserStore as _,
    time::Timestamp,
    user::User,
};
use vestibule_site::store::{AuditTrail as _, FeedbackBox as _, NewFeedback};

use super::{Browser, PASSWORD, TestApp};

const PAGE: &str = "/user/account/export";

async fn exported(browser: &mut Browser) -> Value {
    let answer = browser.get(PAGE).await;
    assert_eq!(answer.status, 200);
    let headers = answer.head.headers();
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"account.json\"");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    serde_json::from_str(&browser.page).unwrap()
}

fn told(user: &User, text: &str) -> NewFeedback {
    NewFeedback {
        user: Some(user.id),
        email: None,
        text: text.to_owned(),
        address: "192.0.2.9".to_owned(),
        agent: "Firefox".to_owned(),
    }
}

#[tokio::test]
async fn everything_about_oneself_is_in_it_and_no_secret() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let browser = app.signed_in("anna").await;
    let (anna, boss_user) = (app.user("anna").await, app.user("boss").await);
    boss.get(&format!("/admin/users/{}", anna.id)).await;
    boss.send(&format!("/admin/users/{}/change", anna.id), &[("grant", "editor")]).await;
    app.store.add_feedback(&told(&anna, "Mine."), app.auth.now()).await.unwrap();
    app.store.add_feedback(&told(&boss_user, "Not mine."), app.auth.now()).await.unwrap();
    // Another role is not a fresh proof: the session from before has to give one first.
    let first = browser;
    let mut browser = app.browser();
    browser.sign_in("anna").await;

    let all = exported(&mut browser).await;
    assert_eq!((&all["format"], &all["site"]), (&1.into(), &"Vestibule".into()));
    assert_eq!(all["profile"]["username"], "anna");
    assert_eq!(all["profile"]["email"], "anna@example.org");
    assert_eq!(all["profile"]["roles"], serde_json::json!(["editor"]));
    assert_eq!(all["sessions"].as_array().unwrap().len(), 2);
    assert!(all["sessions"][0]["renewals"].is_array());
    let feedback: Vec<_> =
        all["feedback"].as_array().unwrap().iter().map(|said| &said["text"]).collect();
    assert_eq!(feedback, ["Mine."]);
    let mails = all["mails"].as_array().unwrap();
    assert!(mails.iter().any(|mail| mail["kind"] == "verify address"), "{mails:?}");
    let events = all["events"].as_array().unwrap();
    let by = |name: &str| events.iter().find(|event| event["event"] == name).expect("it is there");
    assert_eq!(by("authn_login_success")["by"], "anna");
    assert!(by("authn_login_success")["address"].is_string());
    // What somebody else did is there with their name, and without where they were.
    let granted = by("authz_admin");
    assert_eq!((&granted["by"], &granted["details"]["roles"]), (&"boss".into(), &"editor".into()));
    for hidden in ["session", "address", "user_agent"] {
        assert_eq!(granted[hidden], Value::Null, "{hidden}");
    }

    let text = browser.page.clone();
    let kept = app.store.credentials_of(anna.id).await.unwrap().unwrap();
    let hash = kept.password_hash.unwrap();
    assert!(!text.contains(hash.as_str()) && !text.contains("argon2"));
    assert!(!text.contains(PASSWORD));
    for jar in [&browser.jar, &first.jar, &boss.jar] {
        for (name, value) in jar {
            assert!(!text.contains(value.as_str()), "the cookie {name} is in it");
        }
    }
    for session in app.auth.sessions_of(boss_user.id, None).await.unwrap().sessions {
        assert!(!text.contains(&session.id.to_string()), "a session of somebody else");
    }
    assert!(!text.contains("boss@example.org"));
}

#[tokio::test]
async fn a_long_story_is_written_page_by_page() {
    let app = TestApp::open().await;
    let mut browser = app.signed_in("anna").await;
    let anna = app.user("anna").await;
    let events: Vec<_> = (0..1_203)
        .map(|number| {
            Event::new(EventName::AuthnLoginFail, Timestamp::from_seconds(number)).about(anna.id)
        })
        .collect();
    app.store.append_events(&events).await.unwrap();
    for number in 0..500 {
        let feedback = told(&anna, &number.to_string());
        app.store.add_feedback(&feedback, app.auth.now()).await.unwrap();
    }
    let all = exported(&mut browser).await;
    let failed = all["events"].as_array().unwrap().iter();
    let failed: Vec<_> = failed.filter(|event| event["event"] == "authn_login_fail").collect();
    assert_eq!(failed.len(), 1_203);
    let times: Vec<_> = failed.iter().map(|event| event["at"].as_i64().unwrap()).collect();
    assert!(times.is_sorted_by(|one, other| one > other), "each once, the latest first");
    assert_eq!(all["feedback"].as_array().unwrap().len(), 500);
}

/// Whether a mail went to the address that somebody asks for tells whether it is free.
#[tokio::test]
async fn it_does_not_tell_whether_an_address_is_taken() {
    let app = TestApp::open().await;
    app.signed_in("bert").await;
    let mut shapes = Vec::new();
    for (name, wanted) in [("anna", "bert@example.org"), ("carl", "free@example.org")] {
        let mut browser = app.signed_in(name).await;
        browser.get("/user/account").await;
        let fields = [("action", "save"), ("username", name), ("email", wanted)];
        assert_eq!(browser.send("/user/account", &fields).await.status, 303);
        app.mails().await;
        let all = exported(&mut browser).await;
        let kinds = all["mails"].as_array().unwrap().iter().map(|mail| mail["kind"].to_string());
        let names =
            all["events"].as_array().unwrap().iter().map(|event| event["event"].to_string());
        // Those of one moment have no order.
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort();
        shapes.push((kinds, names.collect::<Vec<_>>()));
    }
    assert_eq!(shapes[0], shapes[1]);
}

#[tokio::test]
async fn it_asks_for_freshness_by_a_page_and_by_the_api() {
    let app = TestApp::open().await;
    assert_eq!(app.browser().get(PAGE).await.status, 303);
    assert_eq!(app.browser().get("/api/user/export").await.status, 401);
    let mut browser = app.signed_in("anna").await;
    assert_eq!(browser.get("/api/user/export").await.status, 200);
    browser.get("/user/account").await;
    assert!(browser.shows("href=\"/user/account/export\""));
    app.clock.pass(Duration::from_secs(11 * 60));
    let answer = browser.get(PAGE).await;
    assert_eq!(answer.location, "/auth/confirm?next=%2Fuser%2Faccount");
    browser.follow(answer).await;
    assert!(browser.shows("Confirm that it is you, then download"));
    let fields = [("password", PASSWORD), ("next", "/user/account")];
    assert_eq!(browser.get("/api/user/export").await.status, 401);
    browser.get("/auth/confirm?next=%2Fuser%2Faccount").await;
    let answer = browser.send("/auth/confirm", &fields).await;
    assert_eq!(answer.location, "/user/account");
    exported(&mut browser).await;
}
