//! One's own account.

use serde_json::{Value, json};
use vestibule_testkit::{visitors::Visitor as _, wait};

use super::{PATIENCE, is_guarded, signed_in};
use crate::test_app::{NEW_PASSWORD, PASSWORD, ask_store, create_user, place, serve};

#[tokio::test]
async fn the_own_account_is_changed_and_deleted() {
    let place = place();
    create_user(&place, "ada", &[]);
    create_user(&place, "eve", &[]);
    let site = serve(&place);
    let (app, other) = (signed_in(&site).await, signed_in(&site).await);

    let taken = app.patch_json("/api/user", json!({ "username": "EVE" })).await;
    assert_eq!(taken.verdict(), (409, "conflict".into()));
    let grab =
        json!({ "username": "countess", "is_super_user": true, "roles": ["admin"], "id": 1 });
    let answer = app.patch_json("/api/user", grab).await;
    assert!([200, 422].contains(&answer.status.as_u16()), "{}", answer.text());
    // A token with the old name may be stale by now.
    assert_eq!(app.refresh().await.status, 200);
    let user = app.get("/api/auth/me").await.json()["user"].clone();
    assert_eq!((&user["is_super_user"], &user["roles"]), (&false.into(), &json!([])));
    assert_eq!(app.confirm(PASSWORD).await.status, 200);

    let wrong = json!({ "current": "not my password at all", "new": NEW_PASSWORD });
    assert_eq!(app.put_json("/api/auth/password", wrong).await.code(), "invalid_credentials");
    let weak = json!({ "current": PASSWORD, "new": "short" });
    let weak = app.put_json("/api/auth/password", weak).await;
    assert_eq!(weak.verdict(), (422, "invalid_input".into()));
    assert_eq!(weak.json()["errors"][0]["field"], "new");
    let right = json!({ "current": PASSWORD, "new": NEW_PASSWORD });
    assert_eq!(app.put_json("/api/auth/password", right).await.status, 200);
    assert_eq!(other.get("/api/auth/me").await.verdict(), (401, "token_revoked".into()));
    assert_eq!(other.refresh().await.verdict(), (401, "session_ended".into()));
    assert_eq!(other.sign_in("ada@people.test", PASSWORD).await.code(), "invalid_credentials");
    assert_eq!(other.sign_in("ada@people.test", NEW_PASSWORD).await.status, 200);

    let listed = other.get("/api/auth/sessions").await.json();
    let sessions = listed["sessions"].as_array().unwrap();
    let open: Vec<&Value> =
        sessions.iter().filter(|session| session["ended_at"].is_null()).collect();
    assert_eq!(open.len(), 2);
    let id = open.iter().find(|session| session["current"] == false).unwrap()["id"].clone();
    let path = format!("/api/auth/sessions/{}", id.as_str().unwrap());
    assert_eq!(other.delete(&path).await.status, 204);
    assert_eq!(app.get("/api/auth/me").await.code(), "token_revoked");

    assert_eq!(other.delete("/api/user").await.status, 204);
    assert_eq!(other.get("/api/auth/me").await.status, 401);
    assert_eq!(other.sign_in("ada@people.test", NEW_PASSWORD).await.code(), "invalid_credentials");
    let again = json!({ "username": "ada", "email": "new@people.test", "password": PASSWORD });
    let again = other.post_json("/api/auth/register", again).await;
    let name = ask_store(&place, "SELECT username FROM users WHERE id = 1");
    let expected = if name == ["ada"] { 409 } else { 202 };
    assert_eq!(again.status, expected, "a deleted name is not given out again: {name:?}");
}

#[tokio::test]
async fn what_needs_freshness_asks_for_the_password_first() {
    let place = place().with("VESTIBULE_TOKENS__FRESH_FOR", "3s");
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = signed_in(&site).await;
    let stale = async || {
        let answer = app.delete("/api/auth/sessions").await;
        (answer.status != 204).then_some(answer)
    };
    let stale = wait::until_async(PATIENCE, stale).await.expect("freshness ends");
    is_guarded(&stale);
    assert_eq!(stale.verdict(), (401, "fresh_token_required".into()));
    assert_eq!(app.confirm("not my password at all").await.code(), "invalid_credentials");
    assert_eq!(app.confirm(PASSWORD).await.status, 200);
    assert_eq!(app.delete("/api/auth/sessions").await.status, 204);
}
