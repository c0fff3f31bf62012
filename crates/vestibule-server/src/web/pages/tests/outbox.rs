//! The mails, as those who run the site see them, and the resets that they start.

use std::time::Duration;

use vestibule::core::{event::EventName, id::UserId};
use vestibule_site::{
    outbox::{MailId, MailState, Next, OutgoingMail},
    store::{AuditTrail as _, EventQuery, Outbox as _},
};

use super::{
    TestApp,
    verify::{link, token},
};

/// A mail that was given up, written so many seconds ago.
async fn given_up(app: &TestApp, number: u8, kind: &str, age: u64) -> MailId {
    let (id, now) = (MailId::from_bytes([number; 16]), app.auth.now());
    let mail = OutgoingMail {
        id,
        kind: kind.to_owned(),
        user: Some(UserId(2)),
        recipient: format!("<anna{number}>@example.org"),
        sealed: Vec::new(),
        created_at: now - Duration::from_secs(age),
        gives_up_at: now,
    };
    let held = app.mailer.hold().await;
    app.store.enqueue_mail(&mail).await.unwrap();
    app.store.claim_mail("x", now, now + Duration::from_secs(1)).await.unwrap().unwrap();
    let refused = "550 no <such> mailbox";
    assert!(app.store.mail_failed(id, "x", refused, Next::GiveUp, now).await.unwrap());
    drop(held);
    id
}

async fn actions(app: &TestApp) -> Vec<(String, &'static str)> {
    let query =
        EventQuery { name: Some(EventName::AuthzAdmin), limit: 99, ..EventQuery::default() };
    let trail = app.store.events(&query).await.unwrap().into_iter().map(|kept| kept.event);
    trail
        .map(|event| (event.details["action"].as_str().unwrap().to_owned(), event.outcome.name()))
        .collect()
}

#[tokio::test]
async fn a_reset_is_started_and_nobody_chooses_for_somebody_else() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let mut anna = app.signed_in("anna").await;
    boss.get("/admin/users/2").await;
    let answer = boss.send("/admin/users/2/reset", &[]).await;
    assert_eq!(answer.location, "/admin/users/2");
    boss.follow(answer).await;
    assert!(boss.shows("is on its way to the owner of this account"));
    assert_eq!(anna.get("/user/account").await.status, 200, "nothing has changed yet");

    let mail = app.mails().await.pop().unwrap();
    assert!(mail.contains("To: anna@example.org\r\n"), "{mail}");
    let link = link(&mail);
    assert!(!boss.page.contains(token(&link)), "only the owner of the mailbox sees the link");
    boss.get("/admin/outbox").await;
    assert!(boss.shows("Reset started") && !boss.page.contains(token(&link)));
    anna.get(&link).await;
    let fields = [("token", token(&link)), ("password", "seventeen quiet lanterns")];
    assert_eq!(anna.send("/auth/reset", &fields).await.status, 303);
    assert_eq!(app.browser().sign_in("anna").await.status, 401, "by the old one");

    boss.get("/admin/users/2").await;
    boss.send("/admin/users/2/change", &[("status", "suspended")]).await;
    boss.get("/admin/users/2").await;
    let answer = boss.send("/admin/users/2/reset", &[]).await;
    assert_eq!(answer.status, 409);
    assert!(boss.shows("activate it first"));
    assert_eq!(boss.send("/admin/users/99/reset", &[]).await.status, 404);
    let done = [("start_reset", "failure"), ("change_user", "success"), ("start_reset", "success")];
    let done = done.map(|(action, outcome)| (action.to_owned(), outcome));
    assert_eq!(actions(&app).await, done);
}

#[tokio::test]
async fn mails_are_listed_and_tried_again() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    app.signed_in("anna").await;
    let news = given_up(&app, 1, "password changed", 3600).await;
    let link = given_up(&app, 2, "password forgotten", 3600).await;
    boss.get("/admin/outbox?state=given_up").await;
    assert_eq!(boss.page.matches("data-label=\"State\"").count(), 2);
    assert!(boss.shows("550 no &lt;such&gt; mailbox") && boss.shows("&lt;anna1&gt;@example.org"));
    assert!(boss.shows("reach nobody"), "there is no mail server");
    boss.get("/admin/outbox?user=anna").await;
    assert_eq!(boss.page.matches("data-label=\"State\"").count(), 3, "and the one to verify");
    boss.get("/admin/outbox?state=sent&user=2").await;
    assert_eq!(boss.page.matches("data-label=\"State\"").count(), 1);
    assert!(!boss.shows("Try now"));
    for (query, field) in [("user=nobody", "user"), ("state=lost", "state")] {
        assert_eq!(boss.get(&format!("/admin/outbox?{query}")).await.status, 422, "{query}");
        assert!(boss.shows(&format!("id=\"{field}-error\"")), "{query}");
    }

    boss.get("/admin/outbox").await;
    let answer = boss.send(&format!("/admin/outbox/{link}/retry"), &[]).await;
    assert_eq!(answer.status, 409);
    assert!(boss.shows("a new one has to be asked for"));
    let answer = boss.send(&format!("/admin/outbox/{news}/retry"), &[]).await;
    assert_eq!(answer.location, "/admin/outbox");
    boss.follow(answer).await;
    assert!(boss.shows("tried again now"));
    app.mailer.flush().await;
    let tried = app.store.mail(news).await.unwrap().unwrap();
    assert_eq!((tried.tries, tried.state), (2, MailState::GivenUp), "it cannot be unsealed");
    assert!(!tried.last_error.unwrap().contains("550"));
    let left = app.store.mail(link).await.unwrap().unwrap();
    assert_eq!((left.tries, left.state), (1, MailState::GivenUp));
    let unknown = MailId::from_bytes([9; 16]);
    assert_eq!(boss.send(&format!("/admin/outbox/{unknown}/retry"), &[]).await.status, 404);
    assert_eq!(boss.get(&format!("/admin/outbox/{news}/retry")).await.location, "/admin/outbox");
}

#[tokio::test]
async fn the_list_of_mails_goes_on() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    for number in 0..120 {
        given_up(&app, number, "password changed", u64::from(number % 3)).await;
    }
    let mut seen = 0;
    let mut page = "/admin/outbox?state=given_up".to_owned();
    for _ in 0..5 {
        assert_eq!(boss.get(&page).await.status, 200);
        seen += boss.page.matches("data-label=\"State\"").count();
        let Some(start) = boss.page.find("\" rel=\"next\"") else { break };
        let link = boss.page[..start].rsplit('"').next().unwrap();
        page = link.replace("&amp;", "&").replace("&#x2f;", "/");
    }
    assert_eq!(seen, 120);
    assert_eq!(boss.get("/admin/outbox?cursor=x&state=sent").await.status, 422);
}
