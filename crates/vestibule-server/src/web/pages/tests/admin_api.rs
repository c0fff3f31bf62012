//! `/api/admin/…`, by both carriers.

use std::sync::Arc;

use serde_json::{Value, json};
use vestibule::{
    Carrier,
    core::{
        event::{EventName, EventOutcome},
        user::UserStatus,
    },
};
use vestibule_site::store::{AuditTrail as _, EventQuery};
use vestibule_testkit::{
    FakeClock, both_carriers,
    visitors::{App, Browser, CookieNames, InProcess, Visitor},
};

use super::{ORIGIN, PASSWORD, TestApp};

const HOST: &str = "127.0.0.1:5000";

async fn test_app() -> TestApp {
    let test_app = TestApp::open().await;
    test_app.super_user("boss").await;
    test_app.signed_in("anna").await;
    test_app
}

async fn visitor(test_app: &TestApp, carrier: Carrier, name: &str) -> Arc<dyn Visitor> {
    let transport = InProcess::new(test_app.app.clone());
    let visitor: Arc<dyn Visitor> = match carrier {
        Carrier::Cookie => Arc::new(Browser::new(
            transport,
            ORIGIN,
            CookieNames::plain(),
            Arc::new(FakeClock::default()),
        )),
        Carrier::Header => Arc::new(App::new(transport, HOST)),
    };
    assert_eq!(visitor.sign_in(name, PASSWORD).await.status, 200);
    visitor
}

async fn only_who_runs_the_site_is_answered(carrier: Carrier) {
    let test_app = test_app().await;
    let anna = visitor(&test_app, carrier, "anna").await;
    for path in ["/api/admin/users", "/api/admin/users/1", "/api/admin/audit", "/api/admin/outbox"]
    {
        assert_eq!(anna.get(path).await.verdict(), (403, "forbidden".to_owned()), "{path}");
        let nobody =
            vestibule_testkit::visitors::Anonymous::new(InProcess::new(test_app.app.clone()), HOST);
        assert_eq!(nobody.get(path).await.verdict(), (401, "token_missing".to_owned()), "{path}");
    }
    let body = json!({ "is_super_user": true });
    for id in [1, 2] {
        let answer = anna.patch_json(&format!("/api/admin/users/{id}"), body.clone()).await;
        assert_eq!(answer.verdict(), (403, "forbidden".to_owned()));
        let answer = anna.delete(&format!("/api/admin/users/{id}/sessions")).await;
        assert_eq!(answer.verdict(), (403, "forbidden".to_owned()));
        let reset = format!("/api/admin/users/{id}/password-reset");
        let answer = anna.post_json(&reset, json!({})).await;
        assert_eq!(answer.verdict(), (403, "forbidden".to_owned()));
    }
    assert!(!test_app.user("anna").await.is_super_user);
}

async fn accounts_are_listed_and_shown(carrier: Carrier) {
    let test_app = test_app().await;
    let boss = visitor(&test_app, carrier, "boss").await;
    let page = boss.get("/api/admin/users?limit=1").await.json();
    assert_eq!(page["users"][0]["username"], "boss");
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = boss.get(&format!("/api/admin/users?limit=1&cursor={cursor}")).await.json();
    assert_eq!((&page["users"][0]["id"], &page["next_cursor"]), (&json!(2), &Value::Null));
    for (query, found) in [
        ("q=AN", json!([2])),
        ("q=anna@example.org", json!([2])),
        ("q=2", json!([2])),
        ("q=%27+OR+1%3D1--", json!([])),
        ("status=suspended", json!([])),
        ("super_user=true", json!([1])),
        ("role=editor", json!([])),
    ] {
        let page = boss.get(&format!("/api/admin/users?{query}")).await.json();
        let ids: Vec<_> =
            page["users"].as_array().unwrap().iter().map(|user| user["id"].clone()).collect();
        assert_eq!(json!(ids), found, "{query}");
    }
    for bad in [
        "outbox?state=x",
        "outbox?user=nobody",
        "outbox?cursor=x",
        "users?status=x",
        "users?cursor=x",
        "users?limit=0",
        "audit?event=x",
        "audit?from=x",
    ] {
        let answer = boss.get(&format!("/api/admin/{bad}")).await;
        assert_eq!(answer.verdict(), (422, "invalid_input".to_owned()), "{bad}");
    }
    let shown = boss.get("/api/admin/users/2").await.json();
    assert_eq!(shown["user"]["email"], "anna@example.org");
    assert_eq!(shown["sessions"].as_array().unwrap().len(), 1);
    assert!(!shown.to_string().contains("argon2"));
    for missing in ["99", "0", "x", "-1", "%FF", "01"] {
        let answer = boss.get(&format!("/api/admin/users/{missing}")).await;
        assert_eq!(answer.verdict(), (404, "not_found".to_owned()), "{missing}");
    }
}

async fn accounts_are_changed_at_once(carrier: Carrier) {
    let test_app = test_app().await;
    let boss = visitor(&test_app, carrier, "boss").await;
    let anna = visitor(&test_app, carrier, "anna").await;
    let change = async |body: Value| boss.patch_json("/api/admin/users/2", body).await;
    let answer = change(json!({ "roles": ["b", "a"], "email": "x@example.org", "id": 7 })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let user = &answer.json()["user"];
    assert_eq!((&user["roles"], &user["id"]), (&json!(["a", "b"]), &json!(2)));
    assert_eq!(user["email"], "anna@example.org", "nothing else is taken");
    assert_eq!(change(json!({})).await.status, 200);
    for (bad, status) in [
        (json!({ "status": "gone" }), 422),
        (json!({ "roles": ["No Role"] }), 422),
        (json!({ "roles": "a" }), 422),
        (json!({ "roles": (0..33).map(|n| format!("r{n}")).collect::<Vec<_>>() }), 422),
        (json!({ "is_super_user": "yes" }), 422),
    ] {
        assert_eq!(change(bad.clone()).await.status, status, "{bad}");
    }
    assert_eq!(change(json!({ "status": "suspended" })).await.status, 200);
    assert_eq!(anna.get("/api/auth/me").await.status, 401);
    assert_eq!(anna.sign_in("anna", PASSWORD).await.status, 401);
    assert_eq!(change(json!({ "status": "active" })).await.status, 200);
    assert_eq!(anna.sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(boss.delete("/api/admin/users/2/sessions").await.status, 204);
    assert_eq!(boss.delete("/api/admin/users/2/sessions").await.status, 204);
    assert_eq!(anna.get("/api/auth/me").await.code(), "token_revoked");
    assert_eq!(change(json!({ "status": "deleted" })).await.status, 200);
    let suspended = change(json!({ "status": "suspended" })).await;
    assert_eq!(suspended.verdict(), (409, "conflict".to_owned()));
    assert_eq!(test_app.user("anna").await.status, UserStatus::Deleted);
    assert_eq!(change(json!({ "status": "active" })).await.status, 200);
    assert_eq!(anna.sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(change(json!({ "status": "deleted" })).await.status, 200);
    test_app.clock.pass(vestibule::core::deletion::GRACE);
    assert_eq!(boss.sign_in("boss", PASSWORD).await.status, 200);
    assert_eq!(change(json!({ "status": "active" })).await.verdict(), (409, "conflict".to_owned()));
}

async fn a_reset_is_started_and_mails_are_tried_again(carrier: Carrier) {
    let test_app = test_app().await;
    let boss = visitor(&test_app, carrier, "boss").await;
    let start = async |id: i64| {
        boss.post_json(&format!("/api/admin/users/{id}/password-reset"), json!({})).await
    };
    test_app.clock.pass(std::time::Duration::from_secs(1));
    assert_eq!(start(2).await.status, 204);
    assert_eq!(start(99).await.verdict(), (404, "not_found".to_owned()));
    let mails = test_app.mails().await;
    let starts =
        |mail: &String| mail.contains("To: anna@example.org") && mail.contains("/auth/reset?");
    assert_eq!(mails.iter().filter(|mail| starts(mail)).count(), 1, "{mails:?}");
    let page = boss.get("/api/admin/outbox?user=anna&limit=1").await.json();
    let mail = &page["mails"][0];
    assert_eq!((&mail["kind"], &mail["state"]), (&json!("reset started"), &json!("sent")));
    assert_eq!((&mail["user"], &mail["tries"]), (&json!(2), &json!(1)));
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = boss.get(&format!("/api/admin/outbox?user=2&cursor={cursor}")).await.json();
    assert_eq!(next["mails"].as_array().unwrap().len(), 1, "{next}");
    let retry = async |id: &str| {
        boss.post_json(&format!("/api/admin/outbox/{id}/retry"), json!({})).await.verdict()
    };
    assert_eq!(retry(mail["id"].as_str().unwrap()).await, (409, "conflict".to_owned()));
    assert_eq!(retry("AAAAAAAAAAAAAAAAAAAAAA").await, (404, "not_found".to_owned()));
    assert_eq!(retry("x").await, (404, "not_found".to_owned()));
    test_app.clock.pass(std::time::Duration::from_secs(11 * 60));
    assert_eq!(start(2).await.verdict(), (401, "fresh_token_required".to_owned()));
}

async fn two_who_end_each_other_leave_one(carrier: Carrier) {
    let test_app = TestApp::open().await;
    test_app.super_user("boss").await;
    test_app.super_user("anna").await;
    let pair =
        [visitor(&test_app, carrier, "boss").await, visitor(&test_app, carrier, "anna").await];
    let body = json!({ "is_super_user": false });
    let (one, other) = tokio::join!(
        pair[0].patch_json("/api/admin/users/2", body.clone()),
        pair[1].patch_json("/api/admin/users/1", body.clone()),
    );
    // Whoever was slower is no super user any more, or the last one.
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(matches!(statuses[1], 401 | 403 | 409), "{statuses:?}");
    assert!(test_app.auth.users().has_super_user().await.unwrap());
    let last = if test_app.user("boss").await.is_super_user { 0 } else { 1 };
    for body in [body, json!({ "status": "suspended" }), json!({ "status": "deleted" })] {
        let own = format!("/api/admin/users/{}", last + 1);
        let answer = pair[last].patch_json(&own, body).await;
        assert_eq!(answer.verdict(), (409, "conflict".to_owned()));
    }
    assert_eq!(pair[last].delete("/api/user").await.verdict(), (409, "conflict".to_owned()));
}

async fn changes_need_freshness_and_are_in_the_trail(carrier: Carrier) {
    let test_app = test_app().await;
    let boss = visitor(&test_app, carrier, "boss").await;
    test_app.clock.pass(std::time::Duration::from_secs(11 * 60));
    let body = json!({ "status": "suspended" });
    for answer in [
        boss.patch_json("/api/admin/users/2", body.clone()).await,
        boss.delete("/api/admin/users/2/sessions").await,
    ] {
        assert_eq!(answer.verdict(), (401, "fresh_token_required".to_owned()));
    }
    assert_eq!(boss.get("/api/admin/users/2").await.json()["user"]["status"], "active");
    assert_eq!(boss.confirm(PASSWORD).await.status, 200);
    assert_eq!(boss.patch_json("/api/admin/users/2", body).await.status, 200);
    // Read past the site's own notes: it is in the store already.
    let query = EventQuery { name: Some(EventName::AuthzAdmin), limit: 9, ..EventQuery::default() };
    let kept = test_app.store.events(&query).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].event.outcome, EventOutcome::Success);
    let events = boss.get("/api/admin/audit?event=authz_admin&subject=2&actor=1").await.json();
    let event = &events["events"][0];
    assert_eq!((&event["actor"], &event["subject"]), (&json!(1), &json!(2)));
    assert_eq!(event["details"], json!({ "action": "change_user", "status": "suspended" }));
    let first = boss.get("/api/admin/audit?limit=1").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = boss.get(&format!("/api/admin/audit?limit=1&cursor={cursor}")).await.json();
    assert_ne!(first["events"][0]["id"], second["events"][0]["id"]);
    let session = event["session"].as_str().unwrap();
    let of_session = boss.get(&format!("/api/admin/audit?session={session}")).await.json();
    assert!(of_session["events"].as_array().unwrap().len() >= 2);
    let nothing = boss.get("/api/admin/audit?from=2026-11-22&to=2026-11-21").await.json();
    assert_eq!(nothing["events"], json!([]));
}

both_carriers!(
    only_who_runs_the_site_is_answered,
    accounts_are_listed_and_shown,
    accounts_are_changed_at_once,
    a_reset_is_started_and_mails_are_tried_again,
    two_who_end_each_other_leave_one,
    changes_need_freshness_and_are_in_the_trail,
);
