//! `vestibule user …`

use serde_json::json;
use vestibule_testkit::{
    visitors::{Answer, App, Visitor as _},
    wait,
};

use super::HEARD_WITHIN;
use crate::test_app::{
    NEW_PASSWORD, PASSWORD, create_user, email, good, place, run, run_json, serve,
};

/// Asks until it is answered so.
async fn becomes(app: &App, expected: impl Fn(&Answer) -> bool) -> Answer {
    let ask = async || Some(app.get("/api/auth/me").await).filter(&expected);
    match wait::until_async(HEARD_WITHIN, ask).await {
        Some(answer) => answer,
        None => panic!("still {}", app.get("/api/auth/me").await.text()),
    }
}

#[test]
fn accounts_are_made_listed_and_shown() {
    let place = place();
    assert_eq!(run_json(&place, &["user", "list", "--json"]), json!([]));
    create_user(&place, "ada", &["--role", "editor", "--role", "reviewer", "--super-user"]);
    create_user(&place, "bob", &[]);
    let users = run_json(&place, &["user", "list", "--json"]);
    let ada = &users[0];
    let names: Vec<_> = ada.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "created_at",
        "email",
        "email_verified",
        "id",
        "is_super_user",
        "roles",
        "status",
        "updated_at",
        "username",
    ];
    assert_eq!(names.len(), expected.len());
    assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
    assert_eq!((&ada["username"], &ada["roles"]), (&"ada".into(), &json!(["editor", "reviewer"])));
    for same in ["1", "ada", "ADA", &email("ada")] {
        assert_eq!(&run_json(&place, &["user", "show", same, "--json"]), ada, "{same}");
    }
    let shown = run(&place, &["user", "list"]);
    assert!(shown.contains("USER NAME") && shown.contains("bob@people.test"), "{shown}");
    let all = shown + &users.to_string() + &run(&place, &["user", "show", "ada"]);
    assert_eq!(place.secrets().find(&all), None, "neither password nor hash is shown");
}

#[test]
fn accounts_that_cannot_be_are_refused_and_nothing_is_stored() {
    let place = place();
    create_user(&place, "ada", &[]);
    let create = |name: &str, email: &str, password: &str| {
        let arguments =
            ["user", "create", "--username", name, "--email", email, "--password-stdin"];
        place.run_with_input(&arguments, password)
    };
    for (name, email, password) in [
        ("ADA", "other@people.test", PASSWORD),
        ("bob", "ADA@people.test", PASSWORD),
        ("bob", "bob@people.test", "short"),
        ("bob", "bob@people.test", "bob is my name and more"),
        ("bob", "bob@people.test", "password12345678"),
        ("bob", "bob@people.test", ""),
        ("bob", "nonsense", PASSWORD),
        ("b\u{202e}ob", "bob@people.test", PASSWORD),
    ] {
        let done = create(name, email, password);
        assert_eq!(done.code(), 1, "{name} {email} {password}: {done:?}");
        assert!(!done.stderr.contains('\u{202e}'), "{done:?}");
    }
    assert_eq!(run_json(&place, &["user", "list", "--json"]).as_array().map(Vec::len), Some(1));
    good(create("bob", "bob@people.test", &format!("{PASSWORD}\n")));
}

#[tokio::test]
async fn suspending_signs_out_of_a_running_server_and_activating_lets_in_again() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    assert!(run(&place, &["user", "suspend", "ada"]).contains("1 session ended"));
    let out = becomes(&app, |answer| answer.status == 401).await;
    assert_eq!(out.code(), "token_revoked");
    assert_eq!(app.refresh().await.verdict(), (401, "session_ended".into()));
    assert_eq!(app.sign_in("ada", PASSWORD).await.verdict(), (401, "invalid_credentials".into()));
    run(&place, &["user", "activate", "ada"]);
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn deleting_ends_everything_and_keeps_the_name() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    run(&place, &["user", "delete", "ada"]);
    becomes(&app, |answer| answer.status == 401).await;
    assert_eq!(app.refresh().await.code(), "session_ended");
    assert_eq!(app.sign_in("ada", PASSWORD).await.code(), "invalid_credentials");
    let account = json!({ "username": "ada", "email": "new@people.test", "password": PASSWORD });
    assert_eq!(app.post_json("/api/auth/register", account).await.code(), "conflict");
    let restored = json!({ "login": "ada", "password": PASSWORD });
    let restored = app.post_json("/api/auth/restore", restored).await;
    assert_eq!(restored.code(), "invalid_credentials", "it was not its owner who deleted it");
    let suspended = place.run(&["user", "suspend", "ada"]);
    assert_eq!(suspended.code(), 1, "{suspended:?}");
    // For a while those who run the site can bring it back.
    run(&place, &["user", "activate", "ada"]);
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn roles_given_and_taken_reach_the_very_tokens() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let (app, browser) = (site.app(), site.browser(crate::test_app::clock()));
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    assert_eq!(browser.sign_in("ada", PASSWORD).await.status, 200);
    run(&place, &["user", "grant", "ada", "editor"]);
    run(&place, &["user", "grant", "ada", "--super-user"]);
    // A token that says otherwise is stale: an app renews it, for a browser the site does.
    let stale = becomes(&app, |answer| answer.status == 401).await;
    assert_eq!(stale.code(), "token_expired");
    assert_eq!(app.refresh().await.status, 200);
    let user = app.get("/api/auth/me").await.json()["user"].clone();
    assert_eq!((&user["roles"], &user["is_super_user"]), (&json!(["editor"]), &true.into()));
    let verified = browser.get("/auth/verify-request").await;
    assert_eq!((verified.status.as_u16(), verified.header("x-auth-roles")), (204, "editor"));

    let last = place.run(&["user", "revoke", "ada", "--super-user"]);
    assert_eq!(last.code(), 1, "the last super user stays: {last:?}");
    create_user(&place, "eve", &["--super-user"]);
    run(&place, &["user", "revoke", "ada", "--super-user"]);
    run(&place, &["user", "revoke", "ada", "editor"]);
    becomes(&app, |answer| answer.code() == "token_expired").await;
    assert_eq!(app.refresh().await.status, 200);
    let user = app.get("/api/auth/me").await.json()["user"].clone();
    assert_eq!((&user["roles"], &user["is_super_user"]), (&json!([]), &false.into()));
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    let weak = place.run_with_input(&["user", "set-password", "ada", "--password-stdin"], "short");
    assert_eq!(weak.code(), 1, "{weak:?}");
    good(place.run_with_input(&["user", "set-password", "ada", "--password-stdin"], NEW_PASSWORD));
    becomes(&app, |answer| answer.status == 401).await;
    assert_eq!(app.refresh().await.code(), "session_ended");
    assert_eq!(app.sign_in("ada", PASSWORD).await.code(), "invalid_credentials");
    assert_eq!(app.sign_in("ada", NEW_PASSWORD).await.status, 200);
}
