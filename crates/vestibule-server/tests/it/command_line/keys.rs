//! `vestibule key …`

use serde_json::{Value, json};
use vestibule_testkit::{
    visitors::{App, Visitor as _},
    wait,
};

use super::HEARD_WITHIN;
use crate::test_app::{
    PASSWORD, SECRET, create_user, file_place, place, run, run_json, serve, serve_again,
};

/// The id of the key that has signed this app's access token.
pub(crate) fn kid(app: &App) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    let token = app.access_token().unwrap();
    let head = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let head: Value = serde_json::from_slice(&head).unwrap();
    assert_eq!(head["typ"], "at+jwt");
    head["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_key_signs_without_a_restart_and_a_retired_one_opens_nothing() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let (old, renewing) = (site.app(), site.app());
    for app in [&old, &renewing] {
        assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    }
    let first = kid(&old);
    let keys = run_json(&place, &["key", "list", "--json"]);
    let active = keys.as_array().unwrap().iter().find(|key| key["state"] == "active").unwrap();
    assert_eq!(active["kid"], json!(first));
    let names: Vec<_> = active.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(
        ["kid", "algorithm", "state", "created_at", "changed_at"]
            .iter()
            .all(|name| names.contains(name))
    );

    run(&place, &["key", "rotate"]);
    let signs_anew = async || {
        assert_eq!(renewing.refresh().await.status, 200);
        (kid(&renewing) != first).then_some(())
    };
    wait::until_async(HEARD_WITHIN, signs_anew).await.expect("the new key signs");
    let second = kid(&renewing);
    for app in [&old, &renewing] {
        assert_eq!(app.get("/api/auth/me").await.status, 200, "what is out stays good");
    }
    let published = site.anonymous().get("/.well-known/jwks.json").await.json();
    let published: Vec<_> =
        published["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
    assert!(
        published.contains(&json!(first)) && published.contains(&json!(second)),
        "{published:?}"
    );

    run(&place, &["key", "retire", &first]);
    let is_refused =
        async || (old.get("/api/auth/me").await.code() == "token_invalid").then_some(());
    wait::until_async(HEARD_WITHIN, is_refused).await.expect("the retired key opens nothing");
    assert_eq!(renewing.get("/api/auth/me").await.status, 200);
    assert_eq!(old.refresh().await.status, 200, "nobody has to sign in again for it");
    assert_eq!(old.get("/api/auth/me").await.status, 200);
    assert_ne!(kid(&old), first);
    assert!(run(&place, &["key", "list"]).contains("retired"));
}

#[tokio::test]
async fn another_algorithm_is_published_first_and_old_tokens_stay_good() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let (old, renewing) = (site.app(), site.app());
    for app in [&old, &renewing] {
        assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    }
    let first = kid(&old);
    let said = run(&place, &["key", "rotate", "--algorithm", "EdDSA"]);
    assert!(said.contains("Now signing with key"), "{said}");
    let signs_anew = async || {
        assert_eq!(renewing.refresh().await.status, 200);
        (kid(&renewing) != first).then_some(())
    };
    wait::until_async(HEARD_WITHIN, signs_anew).await.expect("the new key signs");
    let published = site.anonymous().get("/.well-known/jwks.json").await.json();
    let of_new = |key: &&Value| key["kid"] == json!(kid(&renewing));
    let new = published["keys"].as_array().unwrap().iter().find(of_new).unwrap();
    assert_eq!(new["alg"], "EdDSA");
    for app in [&old, &renewing] {
        assert_eq!(app.get("/api/auth/me").await.status, 200, "what is out stays good");
    }
    let keys = run_json(&place, &["key", "list", "--json"]);
    assert_eq!(keys.as_array().unwrap().len(), 4, "{keys}");
}

/// A secret that no list of well-known ones holds, other than everybody's.
const OTHER: &str = "bV8nW2kRq5TzX1cJ7mLs4GdY9hFp3AeU";

#[tokio::test]
async fn a_wrong_secret_starts_neither_the_site_nor_what_needs_it() {
    for algorithm in ["ES256", "HS256"] {
        let mut place = file_place()
            .with("SECRET_KEY", SECRET)
            .with("JWT_SECRET_KEY", "Qw7eR4tY8uI1oP5aS9dF2gH6jK3lZ0xC")
            .with("VESTIBULE_TOKENS__ALGORITHM", algorithm);
        serve(&place).stop();
        place.set("SECRET_KEY", OTHER);
        for command in
            [&["serve", "--listen", "127.0.0.1:0"][..], &["key", "reseal"], &["restored"]]
        {
            let done = place.run(command);
            assert_eq!(done.code(), 2, "{algorithm} {command:?}: {done:?}");
            let words = "SECRET_KEY does not match this database.";
            assert!(done.stderr.contains(words), "{algorithm} {command:?}: {done:?}");
        }
        place.set("SECRET_KEY", SECRET);
        serve(&place).stop();
    }
}

#[tokio::test]
async fn the_secret_is_replaced_and_nobody_has_to_sign_in_again() {
    let mut place = place().with("SECRET_KEY", SECRET);
    place.secrets().add(OTHER);
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    // Tokens name the address, which is the site's.
    let address = site.address();
    site.stop();

    place.set("SECRET_KEY", OTHER);
    place.set("SECRET_KEY_PREVIOUS", SECRET);
    let site = serve_again(&place, address);
    let moved = site.app();
    moved.hold(app.access_token().as_deref(), app.refresh_token().as_deref());
    assert_eq!(moved.get("/api/auth/me").await.status, 200);
    assert_eq!(moved.refresh().await.status, 200);
    let said = run(&place, &["key", "reseal"]);
    assert!(said.contains("Resealed with the current secret: 2 keys"), "{said}");
    assert_eq!(moved.get("/api/auth/me").await.status, 200);
    site.stop();

    place.set("SECRET_KEY_PREVIOUS", "");
    let site = serve_again(&place, address);
    let last = site.app();
    last.hold(moved.access_token().as_deref(), moved.refresh_token().as_deref());
    assert_eq!(last.get("/api/auth/me").await.status, 200);
    assert_eq!(last.refresh().await.status, 200);
    let late = site.app();
    late.hold(None, app.refresh_token().as_deref());
    assert_eq!(late.refresh().await.status, 401, "what is under the old secret alone is over");
}
