//! `vestibule key …`

use serde_json::{Value, json};
use vestibule_testkit::{
    visitors::{App, Visitor as _},
    wait,
};

use super::HEARD_WITHIN;
use crate::house::{PASSWORD, create_user, place, run, run_json, serve};

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
    assert!(said.contains("(EdDSA) signs from now on"), "{said}");
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
