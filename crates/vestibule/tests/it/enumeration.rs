//! Whether an account exists, and how it stands, no answer tells.

use serde_json::json;
use vestibule::core::{
    deletion::Actor,
    password::PasswordHash,
    store::UserStore as _,
    user::{NewUser, UserChange, UserStatus},
};
use vestibule_testkit::{
    samples,
    visitors::{Answer, Visitor},
    wait,
};

use crate::site::{PASSWORD, Site, login_body};

/// By when somebody has been told.
const WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

/// A site with an account of each kind.
async fn site() -> Site {
    let site = Site::new().await;
    for name in ["anna", "suspended", "deleted", "left"] {
        site.add_user(name).await;
    }
    let id = |name: &str| {
        let store = site.store.inner();
        let key = samples::login(name);
        async move { store.credentials(&key).await.unwrap().unwrap().user.id }
    };
    site.auth.set_status(id("suspended").await, UserStatus::Suspended).await.unwrap();
    site.auth.set_status(id("deleted").await, UserStatus::Deleted).await.unwrap();
    let left =
        UserChange { status: Some(UserStatus::Deleted), by: Actor::Owner, ..UserChange::default() };
    site.auth.change_standing(id("left").await, left).await.unwrap();
    let passwordless = NewUser { password_hash: None, ..samples::new_user("passwordless") };
    site.store.inner().create_user(&passwordless, site.auth.now()).await.unwrap().unwrap();
    // What another system made, what costs too much to be tried, and what is no hash.
    for (name, hash) in [
        ("moved", MOVED_HASH),
        ("costly", "$2b$31$1UKNPaIGP5QzCU2sapsiOOLXSapQdBDCjoMuj9fHtpQP7m4RfyyvG"),
        ("broken", "nonsense"),
    ] {
        add_with_hash(&site, name, hash).await;
    }
    site
}

/// What Django 5.2 made of [`PASSWORD`].
const MOVED_HASH: &str =
    "pbkdf2_sha256$1000$KQ9EWOyF57pFZ6NLbEM9gb$EBEZI1FtAYCWcZSzaBBWW3xhzAZY+H3ELZldUdXGpU8=";

async fn add_with_hash(site: &Site, name: &str, hash: &str) {
    let password_hash = Some(PasswordHash::from_store(hash));
    let new = NewUser { password_hash, ..samples::new_user(name) };
    site.store.inner().create_user(&new, site.auth.now()).await.unwrap().unwrap();
}

/// An answer without what is different each time.
fn essence(answer: &Answer) -> (u16, Vec<(String, String)>, serde_json::Value) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    let mut body = answer.json();
    let id = body.as_object_mut().unwrap().remove("request_id").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 22);
    (answer.status.as_u16(), headers, body)
}

/// Unknown, suspended, deleted by those who run the site or by their owners, without a password; right, wrong and impossible passwords.
#[tokio::test]
async fn a_refused_sign_in_is_the_same_for_all() {
    let site = site().await;
    let wrong = [
        "wrong".to_owned(),
        String::new(),
        "x".repeat(1024),
        "x".repeat(1025),
        "x".repeat(20_000),
        "\u{0}".to_owned(),
        "\u{ffff}\u{202e}".to_owned(),
    ];
    for transport in ["header", "cookie"] {
        let mut first = None;
        for login in [
            "anna",
            "anna@example.org",
            "nobody",
            "nobody@example.org",
            "suspended",
            "deleted",
            "left",
            "passwordless",
            "moved",
            "costly",
            "broken",
            "",
            " ",
            "1",
            "\u{202e}",
        ] {
            let right = [PASSWORD.to_owned()];
            let has_one = login.starts_with("anna") || login == "moved";
            let passwords = if has_one { &wrong[..] } else { &right };
            for password in passwords.iter().chain(&wrong[..1]) {
                let browser = site.browser();
                let body = login_body(login, password, transport);
                let answer = essence(&browser.post_json("/api/auth/login", body).await);
                assert_eq!(answer.0, 401, "{login}");
                assert_eq!(*first.get_or_insert(answer.clone()), answer, "{login}");
                // Beyond what one account may fail in a quarter of an hour.
                site.pass(15 * 60);
            }
        }
    }
}

/// An app and a page sign in at the same moment: one of them replaces the hash, and both get in.
#[tokio::test]
async fn of_ten_first_sign_ins_after_a_move_all_succeed() {
    let site = site().await;
    site.store.gather_changes(10);
    let mut visits = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let app = site.app();
        visits.spawn(async move { app.sign_in("moved", PASSWORD).await.status });
    }
    while let Some(status) = visits.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
    let found = site.store.inner().credentials(&samples::login("moved")).await.unwrap().unwrap();
    let hash = found.password_hash.unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "it was replaced");
    assert_eq!(site.app().sign_in("moved", PASSWORD).await.status, 200);
    assert_eq!(site.app().sign_in("moved", "tangerine anvil").await.status, 401);
}

/// Where a deleted account is taken back, only its owner's right password tells that there is one.
#[tokio::test]
async fn a_refused_restoring_is_the_same_for_all() {
    let site = site().await;
    for transport in ["header", "cookie"] {
        let mut first = None;
        for (login, passwords) in [
            ("anna", &["wrong", ""][..]),
            ("left", &["wrong", ""]),
            ("left@example.org", &["wrong"]),
            ("nobody", &[PASSWORD, "wrong"]),
            ("suspended", &[PASSWORD, "wrong"]),
            ("deleted", &[PASSWORD, "wrong"]),
            ("passwordless", &[PASSWORD, "wrong"]),
        ] {
            for password in passwords {
                let body = login_body(login, password, transport);
                let answer = site.browser().post_json("/api/auth/restore", body).await;
                let answer = essence(&answer);
                assert_eq!(answer.0, 401, "{login}");
                assert_eq!(*first.get_or_insert(answer.clone()), answer, "{login}");
                site.pass(15 * 60);
            }
        }
    }
}

/// A password whose bytes are no text.
#[tokio::test]
async fn bytes_that_are_no_text_are_the_same_for_all() {
    let site = site().await;
    let mut answers = Vec::new();
    for login in ["anna", "nobody"] {
        let body = [br#"{"login":""#, login.as_bytes(), b"\",\"password\":\"\xff\xfe\"}"].concat();
        let mut request = vestibule_testkit::visitors::request(
            http::Method::POST,
            "/api/auth/login",
            Some(&json!({})),
        );
        *request.body_mut() = body.into();
        answers.push(essence(&site.anonymous().send(request).await));
    }
    assert_eq!(answers[0].0, 400);
    assert_eq!(answers[0], answers[1]);
}

/// Only the right password learns that the address is not verified.
#[tokio::test]
async fn an_unverified_address_is_told_to_the_right_password_only() {
    let site = Site::configured(|config| config.require_verified_email = true).await;
    site.add_user("anna").await;
    let wrong = essence(&site.app().sign_in("anna", "wrong").await);
    assert_eq!(wrong, essence(&site.app().sign_in("nobody", "wrong").await));
    let right = site.app().sign_in("anna", PASSWORD).await;
    assert_eq!(right.verdict(), (403, "email_unverified".to_owned()));
}

/// The owner of a taken address learns by mail, the asker learns nothing.
#[tokio::test]
async fn registering_tells_nothing_of_an_address() {
    let site = site().await;
    let register = async |name: &str, email: &str| {
        let body = json!({ "username": name, "email": email, "password": PASSWORD });
        let answer = site.anonymous().post_json("/api/auth/register", &body).await;
        assert_eq!(answer.json(), json!({ "username": name, "email": email }));
        let headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        (answer.status, headers)
    };
    let new = register("berta", "berta@example.org").await;
    assert_eq!(new.0, 202);
    for taken in ["anna@example.org", "ANNA@example.ORG", "deleted@example.org"] {
        assert_eq!(register("zora", taken).await, new);
    }
    // Its owner is looked for beside the answer.
    let told = || site.told.all().get(..3).map(<[_]>::to_vec);
    let told = wait::until_async(WITHIN, async || told()).await.unwrap();
    assert_eq!(told[0], ("registered", "berta".to_owned()));
    assert_eq!(told[1..], [(); 2].map(|()| ("registered again", "anna".to_owned())));
    let key = samples::login("zora");
    assert!(site.store.inner().credentials(&key).await.unwrap().is_none(), "no account was made");
}

/// An account is written and a taken address is not; the answers come at the same time.
#[tokio::test(start_paused = true)]
async fn registering_takes_as_long_with_a_taken_address() {
    let site = site().await;
    for email in ["new@example.org", "anna@example.org", "newer@example.org", "left@example.org"] {
        let begun = tokio::time::Instant::now();
        let username = email.replace(['@', '.'], "-");
        let body = json!({ "username": username, "email": email, "password": PASSWORD });
        let answer = site.anonymous().post_json("/api/auth/register", &body).await;
        assert_eq!(answer.status, 202);
        assert_eq!(begun.elapsed().as_millis(), 50, "{email}");
    }
}

/// Wishing for another address changes nothing, and tells nothing of it.
#[tokio::test]
async fn wishing_for_an_address_tells_nothing_of_it() {
    let site = site().await;
    let app = site.app();
    assert_eq!(app.sign_in("anna", PASSWORD).await.status, 200);
    let mut answers = Vec::new();
    for email in ["free@example.org", "passwordless@example.org", "deleted@example.org"] {
        let answer = app.patch_json("/api/user", json!({ "email": email })).await;
        assert_eq!(answer.json()["user"]["email"], "anna@example.org");
        let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
        let headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
        answers.push((answer.status, headers, answer.json()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let wished = ("change address", "anna".to_owned());
    assert_eq!(site.told.all(), [wished.clone(), wished.clone(), wished]);
}
