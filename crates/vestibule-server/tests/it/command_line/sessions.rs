//! `vestibule session …`

use serde_json::json;
use vestibule_testkit::{
    visitors::{App, Visitor as _},
    wait,
};

use super::HEARD_WITHIN;
use crate::test_app::{PASSWORD, create_user, place, run, run_json, serve};

async fn is_out(app: &App) {
    let ask = async || (app.get("/api/auth/me").await.code() == "token_revoked").then_some(());
    assert!(wait::until_async(HEARD_WITHIN, ask).await.is_some(), "still signed in");
    assert_eq!(app.refresh().await.verdict(), (401, "session_ended".into()));
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_by_person_and_all() {
    let place = place();
    for name in ["ada", "bob", "eve"] {
        create_user(&place, name, &[]);
    }
    let site = serve(&place);
    assert_eq!(run_json(&place, &["session", "list", "--json"]), json!([]));
    let apps = [site.app(), site.app(), site.app(), site.app(), site.app()];
    for (app, name) in apps.iter().zip(["ada", "ada", "ada", "bob", "eve"]) {
        assert_eq!(app.sign_in(name, PASSWORD).await.status, 200);
    }
    let listed = run_json(&place, &["session", "list", "--json"]);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 5);
    let expected = [
        "address",
        "auth_time",
        "carrier",
        "created_at",
        "device",
        "expires_at",
        "ended_at",
        "end_reason",
        "id",
        "last_seen_at",
        "remembered",
        "user_agent",
        "user_id",
        "username",
    ];
    let one = listed[0].as_object().unwrap();
    assert_eq!(one.len(), expected.len());
    assert!(expected.iter().all(|name| one.contains_key(*name)), "{one:?}");
    let of_ada = run_json(&place, &["session", "list", "--user", "ada", "--json"]);
    assert_eq!(of_ada.as_array().map(Vec::len), Some(3));
    let shown = run(&place, &["session", "list"]);
    assert!(shown.contains("127.0.0.1") && shown.contains("Test phone"), "{shown}");
    assert_eq!(place.secrets().find(&shown), None);

    let me = apps[0].get("/api/auth/me").await.json();
    let id = me["session"]["id"].as_str().unwrap();
    assert!(run(&place, &["session", "end", id]).contains("Ended 1 session"));
    is_out(&apps[0]).await;
    assert!(run(&place, &["session", "end", id]).contains("Ended 0 sessions"));
    assert_eq!(apps[1].get("/api/auth/me").await.status, 200);
    assert!(run(&place, &["session", "end", "--user", "ada"]).contains("Ended 2 sessions"));
    is_out(&apps[1]).await;
    is_out(&apps[2]).await;
    assert_eq!(apps[3].get("/api/auth/me").await.status, 200);
    assert!(run(&place, &["session", "end", "--all"]).contains("Ended 2 sessions"));
    is_out(&apps[3]).await;
    is_out(&apps[4]).await;
    assert_eq!(run_json(&place, &["session", "list", "--json"]), json!([]));
    assert_eq!(apps[0].sign_in("ada", PASSWORD).await.status, 200, "signing in anew works");
}
