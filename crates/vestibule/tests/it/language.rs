//! The language that somebody is answered in.

use serde_json::{Value, json};
use vestibule::{core::locale::Locale, core::store::UserStore as _};
use vestibule_testkit::visitors::Visitor as _;

use crate::site::{PASSWORD, Site};

async fn site(languages: &[&str]) -> Site {
    let site = Site::configured(|config| {
        config.locales = languages.iter().map(|name| Locale::parse(name).unwrap()).collect();
    })
    .await;
    site.add_user("anna").await;
    site
}

#[tokio::test]
async fn somebody_chooses_among_the_languages_of_the_site() {
    let site = site(&["en", "de", "pt-BR"]).await;
    let app = site.app_of("anna").await;
    let locale = async || app.get("/api/auth/me").await.json()["user"]["locale"].clone();
    assert_eq!(locale().await, Value::Null);
    let answer = app.patch_json("/api/user", json!({ "locale": "PT-br" })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["user"]["locale"], "pt-BR");
    assert_eq!(locale().await, "pt-BR");

    for bad in ["fr", "de-AT", "deutsch", "../de", "de_DE"] {
        let answer =
            app.patch_json("/api/user", json!({ "locale": bad, "username": "other" })).await;
        assert_eq!(answer.status, 422, "{bad}");
        let error = &answer.json()["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!("locale"), &json!("locale_unknown")));
    }
    assert_eq!(app.patch_json("/api/user", json!({ "locale": 1 })).await.status, 422);
    // What is not named stays, and it ends no token.
    app.patch_json("/api/user", json!({ "email": "anna@example.org" })).await;
    assert_eq!(locale().await, "pt-BR");
    app.patch_json("/api/user", json!({ "locale": null })).await;
    assert_eq!(locale().await, Value::Null);
}

#[tokio::test]
async fn a_site_without_languages_takes_any() {
    let site = site(&[]).await;
    let app = site.app_of("anna").await;
    let answer = app.patch_json("/api/user", json!({ "locale": "tlh" })).await;
    assert_eq!(answer.json()["user"]["locale"], "tlh");
    assert_eq!(app.patch_json("/api/user", json!({ "locale": "no language" })).await.status, 422);
}

#[tokio::test]
async fn an_account_is_made_in_the_language_of_the_request() {
    let site = site(&["en", "de"]).await;
    for (name, accepted, locale) in
        [("bert", "de-AT, en;q=0.5", Some("de")), ("carl", "fr", None), ("dora", "", None)]
    {
        let email = format!("{name}@example.org");
        let body = json!({ "username": name, "email": email, "password": PASSWORD });
        let request = vestibule_testkit::visitors::request(
            http::Method::POST,
            "/api/auth/register",
            Some(&body),
        );
        let request = vestibule_testkit::visitors::with(request, "accept-language", accepted);
        assert_eq!(site.anonymous().send(request).await.status, 202);
        let key = vestibule::core::name::LoginKey::from_typed(name);
        let made = site.store.credentials(&key).await.unwrap().unwrap().user;
        assert_eq!(made.locale.as_ref().map(Locale::as_str), locale, "{name}");
    }
}

#[tokio::test]
async fn what_is_wrong_has_a_code_and_its_bounds() {
    let site = site(&[]).await;
    let body = json!({ "username": "an na", "email": "anna", "password": "short" });
    let answer = site.anonymous().post_json("/api/auth/register", &body).await;
    let errors = answer.json()["errors"].clone();
    assert_eq!(
        errors,
        json!([
            {
                "field": "username",
                "code": "username_space",
                "message": "The user name cannot contain spaces: use “.”, “-” or “_” between its parts.",
            },
            {
                "field": "email",
                "code": "email_no_address",
                "message": "An e-mail address has exactly one “@”, as in name@example.org.",
            },
            {
                "field": "password",
                "code": "password_too_short",
                "message": "The password is too short: use at least 15 characters. Several words make a good one.",
                "facts": { "min": 15 },
            },
        ])
    );
}
