//! Bad input: refused before anything is hashed or stored, and told field by field.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use vestibule::{Limits, core::store::UserStore as _};
use vestibule_testkit::{
    samples,
    visitors::{Answer, Visitor, request, with},
};

use crate::site::{PASSWORD, Site};

async fn site() -> Site {
    let site = Site::configured(|config| {
        config.limits = Limits::NONE;
    })
    .await;
    site.add_user("anna").await;
    site
}

async fn register(site: &Site, body: Value) -> Answer {
    site.anonymous().post_json("/api/auth/register", &body).await
}

fn fields(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

fn raw(path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut request = request(Method::POST, path, Some(&json!({})));
    *request.body_mut() = body.into();
    request
}

/// Too large is too large before a password is hashed.
#[tokio::test]
async fn what_is_too_large_is_refused_before_hashing() {
    let site = site().await;
    let megabyte = "x".repeat(1024 * 1024);
    let calls = site.store.calls();
    for (path, body) in [
        ("/api/auth/login", json!({ "login": "anna", "password": megabyte })),
        ("/api/auth/login", json!({ "login": megabyte, "password": "x" })),
        ("/api/auth/login", json!({ "login": vec!["anna"; 10_000], "password": "x" })),
        (
            "/api/auth/register",
            json!({ "username": megabyte, "email": "a@b.test", "password": PASSWORD }),
        ),
    ] {
        let answer = site.anonymous().post_json(path, &body).await;
        assert_eq!(answer.verdict(), (413, "too_large".to_owned()), "{path}");
    }
    assert_eq!(site.store.calls(), calls);
    let chunked = with(raw("/api/auth/login", megabyte.clone()), "transfer-encoding", "chunked");
    assert_eq!(site.anonymous().send(chunked).await.status, 413);
    let lying = with(raw("/api/auth/login", "{}"), "content-length", "99999999999");
    assert_eq!(site.anonymous().send(lying).await.status, 413);
    let browser = site.browser_of("anna").await;
    let answer = browser.confirm(&megabyte).await;
    assert_eq!(answer.verdict(), (413, "too_large".to_owned()));
    assert_eq!(browser.confirm(PASSWORD).await.status, 200);
}

#[tokio::test]
async fn fields_have_their_bounds() {
    let site = site().await;
    for (name, email, password, wrong) in [
        ("n".repeat(65), "new@example.org".to_owned(), PASSWORD.to_owned(), "username"),
        ("new".to_owned(), format!("{}@example.org", "x".repeat(65)), PASSWORD.to_owned(), "email"),
        ("new".to_owned(), "new@example.org".to_owned(), "x".repeat(1025), "password"),
        ("new".to_owned(), "new@example.org".to_owned(), "short".to_owned(), "password"),
    ] {
        let answer =
            register(&site, json!({ "username": name, "email": email, "password": password }))
                .await;
        assert_eq!(answer.verdict(), (422, "invalid_input".to_owned()));
        assert_eq!(fields(&answer), [wrong]);
    }
    let all = register(&site, json!({ "username": "", "email": "x", "password": "x" })).await;
    assert_eq!(fields(&all), ["username", "email", "password"], "all at once");
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_told_apart_from_what_is_not_right() {
    let site = site().await;
    let deep = "[".repeat(30_000);
    for (body, status, code) in [
        ("", 400, "malformed_request"),
        ("{", 400, "malformed_request"),
        ("{} x", 400, "malformed_request"),
        ("null", 422, "invalid_input"),
        ("[]", 422, "invalid_input"),
        ("\"x\"", 422, "invalid_input"),
        ("{}", 422, "invalid_input"),
        (r#"{"login":1,"password":"x"}"#, 422, "invalid_input"),
        (r#"{"login":null,"password":"x"}"#, 422, "invalid_input"),
        (r#"{"login":"a","password":{"$ne":""}}"#, 422, "invalid_input"),
        (r#"{"login":"a","password":"b","transport":"carrier pigeon"}"#, 422, "invalid_input"),
        (r#"{"login":"a","password":"b","remember":"yes"}"#, 422, "invalid_input"),
        (r#"{"login":"\ud800","password":"b"}"#, 400, "malformed_request"),
    ] {
        let answer = site.anonymous().send(raw("/api/auth/login", body)).await;
        assert_eq!(answer.verdict(), (status, code.to_owned()), "{body}");
    }
    let answer = site.anonymous().send(raw("/api/auth/login", deep)).await;
    assert_eq!(answer.status.as_u16() / 100, 4);
    let twice = r#"{"login":"anna","password":"wrong","password":"tangerine anvil rocket"}"#;
    let answer = site.anonymous().send(raw("/api/auth/login", twice)).await;
    assert!(answer.status.is_client_error(), "said twice is said unclearly");
}

/// What is not a registrant's to decide is not decided by them.
#[tokio::test]
async fn more_fields_give_no_more_rights() {
    let site = site().await;
    let body = json!({
        "username": "mallory", "email": "mallory@example.org", "password": PASSWORD,
        "id": 1, "userId": 1, "user_id": 1, "role": "admin", "roles": ["editor"],
        "is_admin": true, "is_super_user": true, "status": "active", "email_verified": true,
        "email_verified_at": 1, "created_at": 0, "version": 99, "password_hash": "x",
    });
    assert_eq!(register(&site, body).await.status, 202);
    let app = site.app_of("mallory").await;
    let change = json!({
        "email": "other@example.org", "id": 1, "roles": ["editor"], "is_super_user": true,
        "email_verified": true, "status": "deleted", "created_at": 0, "password": "x",
    });
    assert_eq!(app.patch_json("/api/user", change).await.status, 200);
    let user = app.get("/api/auth/me").await.json()["user"].clone();
    assert_eq!(user["id"], 2);
    assert_eq!(user["roles"], json!([]));
    assert_eq!(user["is_super_user"], false);
    assert_eq!(user["email_verified"], false);
    assert_eq!(user["status"], "active");
    assert_eq!(user["created_at"], site.auth.now().seconds());
    assert_eq!(app.sign_in("mallory", PASSWORD).await.status, 200);
}

/// Every character counts, up to the bound, and beyond it nothing is set.
#[tokio::test]
async fn long_passwords_are_told_apart_to_the_last_character() {
    let site = site().await;
    let words = "correct mongoose lamp orbit ";
    for (letter, length) in ('a'..).zip([64, 72, 73, 128, 1000, 1024]) {
        let name = format!("long{letter}");
        let text: String = words.chars().cycle().take(length - 1).collect();
        site.add_user_with(&name, &format!("{text}x")).await;
        assert_eq!(site.app().sign_in(&name, &format!("{text}y")).await.status, 401, "{length}");
        assert_eq!(site.app().sign_in(&name, &text).await.status, 401, "{length}");
        assert_eq!(site.app().sign_in(&name, &format!("{text}x")).await.status, 200, "{length}");
        assert_eq!(site.app().sign_in(&name, &format!("{text}x ")).await.status, 401, "{length}");
    }
    let text: String = words.chars().cycle().take(1025).collect();
    let body = json!({ "username": "toolong", "email": "t@example.org", "password": text });
    let answer = register(&site, body).await;
    assert_eq!((answer.status.as_u16(), fields(&answer)), (422, vec!["password".to_owned()]));
    let app = site.app_of("anna").await;
    let change = json!({ "current": PASSWORD, "new": text });
    let answer = app.put_json("/api/auth/password", change).await;
    assert_eq!((answer.status.as_u16(), fields(&answer)), (422, vec!["new".to_owned()]));
}

/// Exactly one account, whatever the spelling.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_who_want_one_name_one_gets_it() {
    let site = std::sync::Arc::new(site().await);
    let spellings = ["berta", "BERTA", "Berta", "\u{ff42}erta", "berT\u{ff41}"];
    let mut racers = JoinSet::new();
    for number in 0..20 {
        let site = site.clone();
        racers.spawn(async move {
            let body = json!({
                "username": spellings[number % spellings.len()],
                "email": format!("b{number}@example.org"),
                "password": PASSWORD,
            });
            register(&site, body).await
        });
    }
    let answers = racers.join_all().await;
    let made = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(made, 1);
    for answer in answers.iter().filter(|answer| answer.status != 202) {
        assert_eq!(answer.verdict(), (409, "conflict".to_owned()));
        assert_eq!(fields(answer), ["username"]);
    }
    // The same address under twenty names: one account, and the same answer for all.
    let mut racers = JoinSet::new();
    for number in 0..20_u8 {
        let site = site.clone();
        racers.spawn(async move {
            let body = json!({
                "username": format!("name{}", char::from(b'a' + number)),
                "email": if number % 2 == 0 { "one@example.org" } else { "ONE@Example.ORG" },
                "password": PASSWORD,
            });
            register(&site, body).await.status.as_u16()
        });
    }
    assert_eq!(racers.join_all().await, [202; 20]);
    let mut made = 0;
    for number in 0..20_u8 {
        let key = samples::login(&format!("name{}", char::from(b'a' + number)));
        made += usize::from(site.store.inner().credentials(&key).await.unwrap().is_some());
    }
    assert_eq!(made, 1);
}

/// Forms of one name are one account or none.
#[tokio::test]
async fn forms_of_a_name_do_not_deceive() {
    let site = site().await;
    let with_name =
        |name: &str, email: &str| json!({ "username": name, "email": email, "password": PASSWORD });
    assert_eq!(register(&site, with_name("rené", "rene@example.org")).await.status, 202);
    let again = register(&site, with_name("rene\u{301}", "rene2@example.org")).await;
    assert_eq!(again.status, 409);
    for (name, email) in [
        ("victim", "user\u{ff20}victim.test"),
        ("victim", "user@victim\u{ff0e}test"),
        ("victim", "user@\u{440}\u{430}\u{443}\u{440}\u{430}l.com"),
        ("anna\u{202e}", "a@example.org"),
        ("an\u{200b}na", "a@example.org"),
        ("\u{430}nna", "a@example.org"),
        ("anna@example.org", "a@example.org"),
        ("17", "a@example.org"),
        ("a\r\nb", "a@example.org"),
    ] {
        let answer = register(&site, with_name(name, email)).await;
        assert_eq!(answer.verdict(), (422, "invalid_input".to_owned()), "{name:?} {email:?}");
    }
    assert!(site.app().sign_in("rene\u{301}", PASSWORD).await.text().contains("rené"));
}

#[tokio::test]
async fn a_closed_registration_is_forbidden() {
    let site = Site::configured(|config| {
        config.registration = vestibule::Registration::Closed;
    })
    .await;
    let body = json!({ "username": "new", "email": "new@example.org", "password": PASSWORD });
    assert_eq!(register(&site, body).await.verdict(), (403, "forbidden".to_owned()));
}

/// What an app says of its device is shown on pages: no control characters, and not without an end.
#[tokio::test]
async fn what_clients_say_of_themselves_is_bounded() {
    let site = site().await;
    let body = json!({
        "login": "anna", "password": PASSWORD,
        "device": format!("Pho\u{1b}[31mne\r\n{}", "x".repeat(500)),
    });
    let request = request(Method::POST, "/api/auth/login", Some(&body));
    let agent = format!("Agent {}", "\u{fc}".repeat(1000));
    let answer = site.anonymous().send(with(request, "user-agent", &agent)).await;
    assert_eq!(answer.status, 200);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let row = site.row_of(crate::site::claims(&token)["sid"].as_str().unwrap()).await;
    let device = row.device.unwrap();
    assert!(device.starts_with("Pho[31mnexxx") && device.chars().count() == 100, "{device}");
    assert_eq!(row.agent.chars().count(), 300);
}

/// However many strangers try names and tokens of their own, somebody with a good one is served.
#[tokio::test]
async fn thousands_of_strangers_lock_nobody_out() {
    let site = Site::new().await;
    site.add_user("anna").await;
    for number in 0..2000_u32 {
        let nobody = site.anonymous_from(&format!("10.{}.{}.1", number / 200, number % 200));
        let body = crate::site::login_body(&format!("name{number}"), "x", "header");
        assert_eq!(nobody.post_json("/api/auth/login", &body).await.status, 401);
        let token = format!("Bearer a.{number}.c");
        assert_eq!(nobody.get_with("/api/thing", &[("authorization", &token)]).await.status, 401);
    }
    site.clock.advance(Duration::from_secs(3600));
    assert_eq!(site.app().sign_in("anna", PASSWORD).await.status, 200);
}
