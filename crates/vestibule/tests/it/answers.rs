//! The shape of every answer: a changed byte is seen and decided on.

use http::Method;
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use vestibule::Carrier;
use vestibule_testkit::{
    both_carriers,
    visitors::{Answer, Visitor, request},
};

use crate::site::{PASSWORD, Site, login_body};

async fn site() -> Site {
    let site = Site::new().await;
    site.add_user("anna").await;
    site
}

/// Status, headers and body, with what is different each time taken out.
fn shape(answer: &Answer) -> Value {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["content-length", "date"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", redacted(value.to_str().unwrap())))
        .collect();
    headers.sort();
    let body = if answer.body.is_empty() { Value::Null } else { redact(answer.json()) };
    json!({ "status": answer.status.as_u16(), "headers": headers, "body": body })
}

/// A cookie without its value.
fn redacted(header: &str) -> String {
    match header.split_once(';') {
        Some((pair, attributes)) if pair.starts_with("__Host-") => {
            let (name, value) = pair.split_once('=').unwrap();
            let value = if value.is_empty() { "" } else { "[value]" };
            format!("{name}={value};{attributes}")
        }
        _ => header.to_owned(),
    }
}

fn redact(mut body: Value) -> Value {
    match &mut body {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let is_secret =
                    ["access_token", "refresh_token", "device_token", "csrf_token", "request_id"]
                        .contains(&name.as_str());
                let is_session_id = name == "id" && value.is_string();
                *value = if is_secret || is_session_id {
                    json!(format!("[{name}]"))
                } else {
                    redact(value.take())
                };
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = redact(item.take());
            }
        }
        _ => {}
    }
    body
}

#[test]
fn the_api_description() {
    assert_json_snapshot!(vestibule::api_description());
}

/// Everything that the description names is there, and takes the method that it names.
#[tokio::test]
async fn the_description_is_true() {
    let site = site().await;
    let description = serde_json::to_value(vestibule::api_description()).unwrap();
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
            let path = path.replace("{id}", "x");
            let answer = site.anonymous().send(request(method.clone(), &path, None)).await;
            assert!(![404, 405].contains(&answer.status.as_u16()), "{method} {path}");
        }
    }
}

async fn the_answers_of_a_session(carrier: Carrier) {
    let site = site().await;
    let visitor = site.visitor(carrier);
    let mut answers = vec![("sign-in", visitor.sign_in("anna@example.org", PASSWORD).await)];
    answers.push(("me", visitor.get("/api/auth/me").await));
    answers.push(("refresh", visitor.refresh().await));
    answers.push(("confirm", visitor.confirm(PASSWORD).await));
    answers.push(("sessions", visitor.get("/api/auth/sessions").await));
    answers.push((
        "profile",
        visitor.patch_json("/api/user", json!({ "email": "new@example.org" })).await,
    ));
    let change = json!({ "current": PASSWORD, "new": "nine purple kettles" });
    answers.push(("password", visitor.put_json("/api/auth/password", change).await));
    answers.push(("end others", visitor.delete("/api/auth/sessions").await));
    answers.push(("sign-out", visitor.sign_out().await));
    let shapes: Vec<_> = answers
        .iter()
        .map(|(name, answer)| json!({ "of": name, "answer": shape(answer) }))
        .collect();
    assert_json_snapshot!(format!("session_by_{carrier}"), shapes);
    for (name, answer) in &answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
        if answer.status == 204 {
            assert!(answer.body.is_empty() && answer.header("content-type").is_empty(), "{name}");
        }
    }
}

/// One refusal of each code that the library gives by itself.
async fn the_refusals(carrier: Carrier) {
    let site = site().await;
    let nobody = site.anonymous();
    let visitor = site.visitor(carrier);
    let mut answers = vec![("token_missing", visitor.get("/api/thing").await)];
    visitor.hold(Some("x"), None);
    answers.push(("token_invalid", visitor.get("/api/thing").await));
    answers.push(("invalid_credentials", site.visitor(carrier).sign_in("anna", "wrong").await));
    let visitor = site.signed_in(carrier).await;
    answers.push(("forbidden", visitor.get("/api/edit").await));
    visitor.refresh().await;
    answers.push(("fresh_token_required", visitor.get("/api/secret").await));
    visitor.confirm(PASSWORD).await;
    answers.push(("not_found", visitor.delete("/api/auth/sessions/x").await));
    answers.push(("method_not_allowed", visitor.get("/api/auth/login").await));
    let token = visitor.access_token().unwrap();
    site.outlive_access();
    visitor.hold(Some(&token), None);
    answers.push(("token_expired", visitor.get("/api/thing").await));
    let visitor = site.signed_in(carrier).await;
    let (access, refresh, csrf) = (
        visitor.access_token().unwrap(),
        visitor.refresh_token().unwrap(),
        site.csrf_of(&*visitor),
    );
    visitor.sign_out().await;
    visitor.hold(Some(&access), None);
    answers.push(("token_revoked", visitor.get("/api/thing").await));
    let ended = crate::site::refresh_at(site.transport(), carrier, &refresh, csrf).await;
    answers.push(("session_ended", ended));
    let new =
        |name: &str| json!({ "username": name, "email": "b@example.org", "password": "short" });
    answers.push(("invalid_input", nobody.post_json("/api/auth/register", &new("x y")).await));
    let mut taken = new("anna");
    taken["password"] = json!("nine purple kettles");
    answers.push(("conflict", nobody.post_json("/api/auth/register", &taken).await));
    let mut form = request(Method::POST, "/api/auth/login", None);
    *form.body_mut() = "login=x".into();
    answers.push(("unsupported_media_type", nobody.send(form).await));
    let large = login_body("anna", &"x".repeat(40_000), "header");
    answers.push(("too_large", nobody.post_json("/api/auth/login", &large).await));
    let mut broken = request(Method::POST, "/api/auth/login", Some(&json!({})));
    *broken.body_mut() = "{".into();
    answers.push(("malformed_request", nobody.send(broken).await));
    for _ in 0..9 {
        site.app().sign_in("anna", "wrong").await;
    }
    site.app().sign_in("anna", "wrong").await;
    answers.push(("rate_limited", site.visitor(carrier).sign_in("anna", "wrong").await));
    site.store.set_down(true);
    answers.push(("unavailable", site.visitor(carrier).sign_in("bert", PASSWORD).await));

    for (code, answer) in &answers {
        assert_eq!(answer.code(), *code, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let body = answer.json();
        assert_eq!(body["status"], answer.status.as_u16());
        for text in ["type", "title", "detail", "request_id"] {
            assert!(body[text].as_str().is_some_and(|text| !text.is_empty()), "{code} {text}");
        }
        let waits = [429, 503].contains(&answer.status.as_u16());
        assert_eq!(answer.header("retry-after").is_empty(), !waits, "{code}");
    }
    let shapes: Vec<_> = answers.iter().map(|(_, answer)| shape(answer)).collect();
    assert_json_snapshot!(format!("refusals_by_{carrier}"), shapes);
}

#[tokio::test]
async fn registering() {
    let site = site().await;
    let new = json!({ "username": " Bert ", "email": "bert@example.org", "password": PASSWORD });
    let answer = site.anonymous().post_json("/api/auth/register", &new).await;
    assert_eq!(answer.status, 202);
    assert_json_snapshot!(shape(&answer));
}

/// The claims of both tokens, to the letter.
async fn the_tokens(carrier: Carrier) {
    let site = site().await;
    let visitor = site.signed_in(carrier).await;
    let mut text = String::new();
    for token in [visitor.access_token().unwrap(), visitor.refresh_token().unwrap()] {
        for index in [0, 1] {
            let mut part = crate::site::part(&token, index);
            for name in ["kid", "jti", "sid", "csrf"] {
                if let Some(value) = part.get_mut(name) {
                    assert!(value.is_string(), "{name}");
                    *value = json!(format!("[{name}]"));
                }
            }
            text.push_str(&serde_json::to_string_pretty(&part).unwrap());
            text.push('\n');
        }
    }
    assert_snapshot!(format!("tokens_by_{carrier}"), text);
}

/// A snapshot that no test asks for any more would say what nothing checks.
#[test]
fn every_snapshot_is_asked_for() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> = files
        .map(|name| name.into_string().unwrap())
        .filter_map(|name| {
            Some(name.strip_prefix("it__answers__")?.strip_suffix(".snap")?.to_owned())
        })
        .collect();
    names.sort();
    let by = |what: &str| ["cookie", "header"].map(|carrier| format!("{what}_by_{carrier}"));
    let asked = [
        &by("refusals")[..],
        &["registering".to_owned()],
        &by("session"),
        &["the_api_description".to_owned()],
        &by("tokens"),
    ]
    .concat();
    assert_eq!(names, asked);
}

both_carriers!(the_answers_of_a_session, the_refusals, the_tokens);
