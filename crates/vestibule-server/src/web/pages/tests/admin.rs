//! The pages of those who run the site.

use std::time::Duration;

use vestibule::core::{
    event::{EventName, EventOutcome},
    id::UserId,
    store::UserStore as _,
    time::Timestamp,
    user::UserStatus,
};
use vestibule_site::store::{
    AuditTrail as _, EventQuery, FeedbackBox as _, KeptEvent, NewFeedback,
};

use super::{Browser, PASSWORD, TestApp};

const PAGES: [&str; 9] = [
    "/admin",
    "/admin/users",
    "/admin/users/1",
    "/admin/audit",
    "/admin/audit.csv",
    "/admin/feedback",
    "/admin/keys",
    "/admin/outbox",
    "/admin/users?status=suspended&role=x&super_user=true",
];

async fn administration(app: &TestApp) -> Vec<KeptEvent> {
    let query =
        EventQuery { name: Some(EventName::AuthzAdmin), limit: 99, ..EventQuery::default() };
    app.store.events(&query).await.unwrap()
}

async fn change(browser: &mut Browser, id: i64, field: (&str, &str)) -> u16 {
    browser.get(&format!("/admin/users/{id}")).await;
    browser.send(&format!("/admin/users/{id}/change"), &[field]).await.status
}

#[tokio::test]
async fn only_who_runs_the_site_sees_the_pages() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let mut anna = app.signed_in("anna").await;
    let mut stranger = app.browser();
    for page in PAGES {
        assert_eq!(boss.get(page).await.status, 200, "{page}");
        assert_eq!(anna.get(page).await.status, 403, "{page}");
        assert!(anna.shows("This is not open to you") && !anna.shows("boss@"), "{page}");
        let answer = stranger.get(page).await;
        assert!(answer.location.starts_with("/auth/login?next=%2Fadmin"), "{page}");
    }
    boss.get("/").await;
    anna.get("/").await;
    assert!(boss.shows("href=\"/admin\"") && !anna.shows("href=\"/admin\""));
    assert_eq!(boss.get("/admin/users/99").await.status, 404);
    assert_eq!(boss.get("/admin/users/x").await.status, 404);
}

#[tokio::test]
async fn nobody_else_changes_anything() {
    let app = TestApp::open().await;
    app.super_user("boss").await;
    let mut anna = app.signed_in("anna").await;
    for (page, field) in [
        ("/admin/users/1/change", ("status", "deleted")),
        ("/admin/users/2/change", ("super_user", "true")),
        ("/admin/users/1/sessions/end", ("x", "y")),
        ("/admin/users/2/reset", ("x", "y")),
        ("/admin/outbox/00000000000000000000000000000000/retry", ("x", "y")),
        ("/admin/keys/rotate", ("x", "y")),
        ("/admin/feedback/1", ("done", "true")),
    ] {
        anna.get("/user/account").await;
        assert_eq!(anna.send(page, &[field]).await.status, 403, "{page}");
    }
    assert!(!app.user("anna").await.is_super_user);
    assert_eq!(app.user("boss").await.status, UserStatus::Active);
}

#[tokio::test]
async fn a_change_needs_the_forms_value_and_a_fresh_proof() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    app.signed_in("anna").await;
    boss.get("/admin").await;
    boss.page = String::new();
    let answer = boss.send("/admin/users/2/change", &[("status", "suspended")]).await;
    assert_eq!(answer.status, 403);
    boss.get("/admin/users/2").await;
    app.clock.pass(Duration::from_secs(11 * 60));
    let answer = boss.send("/admin/users/2/change", &[("status", "suspended")]).await;
    assert_eq!(answer.location, "/auth/confirm?next=%2Fadmin%2Fusers%2F2");
    assert_eq!(app.user("anna").await.status, UserStatus::Active);
    assert_eq!(boss.get("/admin/users/2").await.status, 200, "looking needs none");
    boss.get("/auth/confirm?next=/admin/users/2").await;
    boss.send("/auth/confirm", &[("password", PASSWORD), ("next", "/admin/users/2")]).await;
    assert_eq!(change(&mut boss, 2, ("status", "suspended")).await, 303);
    assert_eq!(app.user("anna").await.status, UserStatus::Suspended);
    assert_eq!(boss.get("/admin/users/2/change").await.location, "/admin/users/2");
}

#[tokio::test]
async fn an_account_is_suspended_activated_given_roles_and_deleted() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let mut anna = app.signed_in("anna").await;
    assert_eq!(change(&mut boss, 2, ("status", "suspended")).await, 303);
    assert_eq!(anna.get("/user/account").await.status, 303);
    assert_eq!(anna.sign_in("anna").await.status, 401);
    assert_eq!(change(&mut boss, 2, ("status", "active")).await, 303);
    assert_eq!(anna.sign_in("anna").await.status, 303);
    assert_eq!(change(&mut boss, 2, ("grant", "editor")).await, 303);
    assert_eq!(change(&mut boss, 2, ("grant", "map-maker")).await, 303);
    assert_eq!(change(&mut boss, 2, ("revoke", "editor")).await, 303);
    let roles = app.user("anna").await.roles;
    assert_eq!(roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(), ["map-maker"]);
    assert_eq!(change(&mut boss, 2, ("grant", "No <Role>")).await, 422);
    assert!(boss.shows("id=\"grant-error\"") && boss.shows("value=\"No &lt;Role&gt;\""));
    assert_eq!(change(&mut boss, 2, ("super_user", "true")).await, 303);
    assert!(app.user("anna").await.is_super_user);
    assert_eq!(change(&mut boss, 2, ("status", "deleted")).await, 303);
    boss.get("/admin/users/2").await;
    assert!(boss.shows("Deleted by an administrator."));
    assert_eq!(anna.sign_in("anna").await.status, 401, "it is not hers to take back");
    assert_eq!(change(&mut boss, 2, ("status", "suspended")).await, 409);
    assert!(boss.shows("this does not bring it back"));
    assert_eq!(change(&mut boss, 2, ("status", "active")).await, 303);
    assert_eq!(anna.sign_in("anna").await.status, 303);
    assert_eq!(change(&mut boss, 2, ("status", "deleted")).await, 303);
    assert_eq!(app.user("anna").await.status, UserStatus::Deleted);
    for bad in [("status", "gone"), ("grant", ""), ("x", "y")] {
        assert!(matches!(change(&mut boss, 1, bad).await, 400 | 422), "{bad:?}");
    }
    let trail = administration(&app).await;
    let trail: Vec<_> = trail.iter().map(|kept| kept.event.outcome).collect();
    assert_eq!(trail.len(), 10);
    let failed = trail.iter().position(|outcome| *outcome == EventOutcome::Failure);
    assert_eq!(failed, Some(2), "the one that was refused");
    assert_eq!(trail.iter().filter(|outcome| **outcome == EventOutcome::Failure).count(), 1);
}

#[tokio::test]
async fn the_last_super_user_is_told_so() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    for field in [("super_user", "false"), ("status", "suspended"), ("status", "deleted")] {
        assert_eq!(change(&mut boss, 1, field).await, 409, "{field:?}");
        assert!(boss.shows("nobody would be left to run the site"));
    }
    let user = app.user("boss").await;
    assert!(user.is_super_user && user.status == UserStatus::Active);
}

#[tokio::test]
async fn what_was_done_is_in_the_trail_before_it_is_answered() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    app.signed_in("anna").await;
    change(&mut boss, 2, ("status", "suspended")).await;
    let trail = administration(&app).await;
    let event = &trail.first().unwrap().event;
    assert_eq!((event.actor, event.subject), (Some(UserId(1)), Some(UserId(2))));
    assert_eq!(event.details["action"], "change_user");
    assert_eq!(event.details["status"], "suspended");
    assert!(event.address.is_some() && event.request_id.is_some());
    boss.get("/admin/users/2").await;
    assert!(boss.shows("Administration") && boss.shows("status: suspended"));
    boss.get("/admin/audit?event=authz_admin&subject=anna@example.org").await;
    assert!(boss.shows("Administration"));
    boss.get("/admin/audit?actor=anna&event=authz_admin").await;
    assert!(boss.shows("Nothing like this has happened."));
    boss.get("/admin/audit?subject=nobody&event=x").await;
    assert!(boss.shows("id=\"event-error\"") && boss.shows("value=\"nobody\""));
}

#[tokio::test]
async fn sessions_are_looked_into_and_ended() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let mut anna = app.signed_in("anna").await;
    let mut other = app.browser();
    other.sign_in("anna").await;
    boss.get("/admin/users/2").await;
    let mark = "href=\"/admin/users/2/sessions/";
    let page = boss.page.replace("&#x2f;", "/");
    assert_eq!(page.matches(mark).count(), 2);
    let start = page.find(mark).unwrap() + 6;
    let session = page[start..].split('"').next().unwrap().to_owned();
    assert_eq!(boss.get(&session).await.status, 200);
    assert!(boss.shows("How it was renewed"));
    let foreign = session.replace("users/2", "users/1");
    assert_eq!(boss.get(&foreign).await.status, 404);
    boss.get("/admin/users/2").await;
    assert_eq!(boss.send(&format!("{foreign}/end"), &[]).await.status, 404);
    let answer = boss.send(&format!("{session}/end"), &[]).await;
    boss.follow(answer).await;
    assert!(boss.shows("Ended by the site"));
    let left = [anna.get("/user/account").await.status, other.get("/user/account").await.status];
    assert_eq!(left.iter().filter(|status| **status == 200).count(), 1);
    let answer = boss.send("/admin/users/2/sessions/end", &[]).await;
    boss.follow(answer).await;
    assert!(boss.shows("All sessions of this account are ended."));
    for browser in [&mut anna, &mut other] {
        assert_eq!(browser.get("/user/account").await.status, 303);
    }
}

#[tokio::test]
async fn accounts_are_found_and_paged_through() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let hash = app.store.credentials_of(UserId(1)).await.unwrap().unwrap().password_hash;
    for number in 0..120 {
        let new = vestibule::core::user::NewUser {
            username: format!("person{number:03}").parse().unwrap(),
            email: format!("p{number}@people.test").parse().unwrap(),
            email_verified_at: None,
            password_hash: hash.clone(),
            is_super_user: false,
            roles: Default::default(),
            status: UserStatus::Active,
            created_at: None,
            locale: None,
        };
        app.store.create_user(&new, Timestamp::from_seconds(0)).await.unwrap().unwrap();
    }
    let rows = |browser: &Browser| browser.page.matches("data-label=\"No.\"").count();
    boss.get("/admin/users?q=PERSON&status=active").await;
    let mut seen = rows(&boss);
    for _ in 0..5 {
        let Some(start) = boss.page.find("\" rel=\"next\"") else { break };
        let link = boss.page[..start].rsplit('"').next().unwrap().replace("&amp;", "&");
        let link = link.replace("&#x2f;", "/");
        assert_eq!(boss.get(&link).await.status, 200);
        seen += rows(&boss);
    }
    assert_eq!(seen, 120);
    for (search, found) in [
        ("q=person00", 10),
        ("q=P7@people.test", 1),
        ("q=3", 1),
        ("q=%00", 0),
        ("q=%25", 0),
        ("q=%27%3B+DROP+TABLE+users%3B--", 0),
        ("q=%3Cscript%3Ealert(1)%3C%2Fscript%3E", 0),
        ("q=%F0%9F%98%80%E2%80%AE%EF%BB%BF", 0),
        ("q=..%2F..%2Fetc%2Fpasswd", 0),
        ("q=%FF%FE", 0),
        ("super_user=true", 1),
        ("role=editor", 0),
        ("status=suspended", 0),
    ] {
        assert_eq!(boss.get(&format!("/admin/users?{search}")).await.status, 200, "{search}");
        assert_eq!(rows(&boss), found, "{search}");
        assert!(!boss.shows("<script>alert"), "{search}");
    }
    assert_eq!(boss.get("/admin/users?status=gone").await.status, 422);
    assert_eq!(boss.get("/admin/users?cursor=x&q=a").await.location, "/admin/users?q=a");
    assert_eq!(boss.get("/admin/audit?cursor=x").await.location, "/admin/audit");
}

#[tokio::test]
async fn the_trail_comes_as_a_file_without_formulas() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let evil = vestibule::core::event::Event {
        agent: Some("=HYPERLINK(\"http://evil.test\")".to_owned()),
        ..app.auth.event(EventName::AuthnLoginFail)
    };
    // More than one page of the file.
    let many = vec![evil; 2_500];
    app.store.append_events(&many).await.unwrap();
    let answer = boss.get("/admin/audit.csv?event=authn_login_fail").await;
    let header = |name: &str| answer.head.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert!(header("content-disposition").starts_with("attachment"));
    let lines: Vec<_> = boss.page.split("\r\n").collect();
    assert_eq!(lines.len(), 2_502);
    assert!(lines[0].starts_with("time,event,"));
    assert!(lines[1].starts_with("\"2026-11-22T"));
    let agent = "\"'=HYPERLINK(\"\"http://evil.test\"\")\"";
    assert!(lines[1..2_501].iter().all(|line| line.contains(agent)));
    assert_eq!(boss.get("/admin/audit.csv?event=x").await.status, 422);
}

#[tokio::test]
async fn figures_are_drawn_and_told() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    app.signed_in("anna").await;
    let mut wrong = app.browser();
    wrong.get("/auth/login").await;
    wrong.send("/auth/login", &[("login", "anna"), ("password", "a wrong one")]).await;
    boss.get("/admin").await;
    assert!(boss.shows("<strong>2</strong> accounts") && boss.shows("open sessions"));
    assert!(
        boss.shows("3 in 14 days, 3 of them today.") && boss.shows("1 in 14 days"),
        "{}",
        boss.page
    );
    assert_eq!(boss.page.matches("role=\"img\"").count(), 6);
    assert_eq!(boss.page.matches("<caption").count(), 6);
    assert!(boss.shows("<rect class=\"chart-0\""));
}

#[tokio::test]
async fn feedback_is_read_and_dealt_with() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    let new = NewFeedback {
        user: Some(UserId(1)),
        email: Some("eve+<b>@example.org".to_owned()),
        text: "<script>alert(1)</script>\nline two".to_owned(),
        address: "192.0.2.1".to_owned(),
        agent: "x".to_owned(),
    };
    for _ in 0..60 {
        app.store.add_feedback(&new, app.auth.now()).await.unwrap();
    }
    boss.get("/admin/feedback").await;
    assert!(boss.shows("&lt;script&gt;alert(1)") && boss.shows("rel=\"next\""));
    let answer = boss.send("/admin/feedback/1", &[("done", "true")]).await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/admin/feedback"));
    assert_eq!(app.store.waiting_feedback().await.unwrap(), 59);
    boss.get("/admin/feedback?show=done").await;
    assert_eq!(boss.page.matches("class=\"typed\"").count(), 1);
    boss.send("/admin/feedback/1", &[("done", "false")]).await;
    assert_eq!(app.store.waiting_feedback().await.unwrap(), 60);
    boss.get("/admin/feedback").await;
    assert_eq!(boss.send("/admin/feedback/99", &[("done", "true")]).await.status, 404);
    assert_eq!(administration(&app).await.len(), 3);
}

#[tokio::test]
async fn keys_are_rotated_and_retired() {
    let app = TestApp::open().await;
    let mut boss = app.super_user("boss").await;
    boss.get("/admin/keys").await;
    let answer = boss.send("/admin/keys/rotate", &[]).await;
    boss.follow(answer).await;
    assert!(boss.shows(">Retiring<") && boss.shows(">Active<"));
    let retiring = boss.page.find(">Retiring<").unwrap();
    let kid = boss.page[..retiring].rsplit("class=\"mono\">").next().unwrap();
    let kid = kid.split('<').next().unwrap().to_owned();
    let answer = boss.send("/admin/keys/retire", &[("kid", &kid)]).await;
    boss.follow(answer).await;
    assert!(boss.shows(">Retired<"));
    assert_eq!(boss.send("/admin/keys/retire", &[("kid", "<nothing>")]).await.status, 409);
    assert_eq!(administration(&app).await.len(), 3);
}
