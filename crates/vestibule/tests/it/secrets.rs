//! Secrets are types that print nothing: every public type that can hold one is formatted here, as a log line or
//! `#[tracing::instrument]` on a handler would do it.

use std::{fmt::Debug, fs, path::Path};

use axum::{Json, Router, extract::Form, response::Response, routing::post};
use http::Method;
use serde_json::json;
use vestibule::{
    Admission, Carrier, Config, CurrentUser, Fresh, JsonBody, Principal, Problem, ProfileChange,
    Registrant, Require, SignInForm, Signing, SiteSecret, SuperUser, TypedPassword, Visit,
    core::{
        csrf::{CsrfKey, VisitorId},
        id::SessionId,
        jws,
        one_time::{LinkSecret, OneTimeToken, ResetPassword},
        password::{Password, PasswordHasher},
        ring::KeyRing,
        secret::SecretText,
        token::{AccessExtras, TokenIssuer},
        user::{Credentials, NewUser, UserChange},
    },
};
use vestibule_testkit::visitors::{InProcess, Visitor as _, request, with};

use crate::{
    logs::{keep_log, take_log},
    site::{HOST, ORIGIN, PASSWORD, SECRET, Site},
};

/// Formats in both ways, and fails where any of the secrets is in it, in the spellings that matter.
fn hides(value: &dyn Debug, secrets: &[&str]) {
    let text = format!("{value:?} {value:#?}");
    for secret in secrets {
        assert!(!secret.is_empty());
        let bytes = format!("{:?}", secret.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(!text.contains(secret) && !text.contains(bytes), "{text}");
    }
}

const TYPED: &str = "seven drowsy lanterns";

fn form() -> SignInForm {
    SignInForm {
        login: "anna".to_owned(),
        password: TYPED.into(),
        remember: true,
        carrier: Carrier::Cookie,
        device: None,
        device_token: Some("a device's own token".into()),
    }
}

fn registrant() -> Registrant {
    Registrant {
        username: "anna".to_owned(),
        email: "anna@example.org".to_owned(),
        password: TYPED.into(),
    }
}

#[test]
fn what_is_typed_and_configured_is_not_printed() {
    let secret = std::str::from_utf8(SECRET).unwrap();
    hides(&TypedPassword::from(TYPED), &[TYPED]);
    hides(&SecretText::from(TYPED), &[TYPED]);
    hides(&form(), &[TYPED, "a device's own token"]);
    hides(&registrant(), &[TYPED]);
    hides(&ProfileChange::default(), &[TYPED]);
    hides(&SiteSecret::new(secret).unwrap(), &[secret]);
    let mut config = Config::new("Site", ORIGIN, SiteSecret::new(secret).unwrap()).unwrap();
    config.signing = Signing::Shared(b"another secret of thirty-two bytes".to_vec());
    hides(&config, &[secret, "another secret of thirty-two bytes"]);
}

#[tokio::test]
async fn what_is_derived_and_kept_is_not_printed() {
    let secret = SiteSecret::new(SECRET).unwrap();
    let entropy = vestibule_testkit::SeededEntropy::default();
    let csrf = CsrfKey::new(&secret).of_session(SessionId::draw(&entropy));
    hides(&csrf, &[&csrf.plain()]);
    let visitor = VisitorId::draw(&entropy);
    hides(&visitor, &[&visitor.encode()]);
    let session = SessionId::from_bytes([7; 16]);
    hides(&VisitorId::parse(&session.to_string()), &["7, 7, 7", &session.to_string()]);
    let link = LinkSecret::draw(&entropy);
    hides(&link, &[&link.encode()]);
    let read = OneTimeToken::<ResetPassword>::parse(&link.encode());
    hides(&read, &[&link.encode()]);
    hides(&AccessExtras { csrf: Some(TYPED.into()), ..AccessExtras::default() }, &[TYPED]);
    hides(&KeyRing::symmetric(SECRET), &[std::str::from_utf8(SECRET).unwrap()]);

    let mut hasher = PasswordHasher::new("m=64,t=1,p=1".parse().unwrap());
    let password = Password::prepare(TYPED).unwrap();
    hides(&password, &[TYPED]);
    let hash = hasher.hash(&password, [7; 16]).unwrap();
    let kept = hash.as_str().to_owned();
    let salt_and_hash = kept.rsplit('$').next().unwrap();
    hides(&hash, &[salt_and_hash]);
    let user = Site::new().await.add_user("anna").await;
    hides(&Credentials { user, password_hash: Some(hash.clone()) }, &[salt_and_hash]);
    let change = UserChange { password_hash: Some(hash.clone()), ..UserChange::default() };
    hides(&change, &[salt_and_hash]);
    let new = NewUser { password_hash: Some(hash), ..vestibule_testkit::samples::new_user("anna") };
    hides(&new, &[salt_and_hash]);
}

/// Whatever a handler can be given, or is given back.
async fn format_all(
    visit: Visit,
    caller: Principal,
    maybe: Option<Principal>,
    user: CurrentUser,
    fresh: Fresh,
    body: Form<Vec<(String, String)>>,
) -> Result<Json<Vec<String>>, Problem> {
    drop(body);
    let mut texts = vec![
        format!("{caller:?} {maybe:?} {user:?} {fresh:?}"),
        format!("{:?}", visit.request_info()),
        format!("{:?}", visit.auth().config()),
    ];
    let confirmed = visit.confirm(&caller, PASSWORD.into()).await?;
    texts.push(format!("{confirmed:?}"));
    let form = || SignInForm { password: PASSWORD.into(), ..form() };
    texts.push(format!("{:?}", visit.sign_in(form()).await?));
    let admission = visit.sign_in_or_recognize(form()).await?;
    assert!(matches!(admission, Admission::SignedIn(_)));
    texts.push(format!("{admission:?} {admission:#?}"));
    texts.push(format!("{:?}", Problem::from(vestibule::ErrorCode::CsrfFailed)));
    Ok(Json(texts))
}

#[tokio::test]
async fn what_a_handler_is_given_is_not_printed() {
    let site = Site::new().await;
    site.add_user("anna").await;
    let router = Router::new()
        .route("/all", post(format_all))
        .merge(crate::site::router(&site.auth))
        .layer(site.auth.layer());
    let transport = InProcess::new(router);
    let clock = site.clock.clone();
    let browser =
        vestibule_testkit::visitors::Browser::new(transport, ORIGIN, Default::default(), clock);
    assert_eq!(browser.sign_in("anna", PASSWORD).await.status, 200);
    let token = browser.navigate("/form").await.hidden_field("csrf_token").unwrap();
    let before = [browser.access_token(), browser.refresh_token(), browser.csrf()];
    let link = "a-token-of-a-link";
    let answer = browser.navigate("/form").await;
    assert_eq!(answer.status, 200);
    let ask = request(Method::POST, &format!("/all?token={link}"), None);
    let ask = with(ask, "content-type", "application/x-www-form-urlencoded");
    let mut ask = with(ask, "origin", ORIGIN);
    ask = with(ask, "referer", &format!("{ORIGIN}/auth/reset?token={link}"));
    *ask.body_mut() = format!("csrf_token={token}").into();
    let answer = browser.send(ask).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let after = [browser.access_token(), browser.refresh_token(), browser.csrf()];
    let mut secrets: Vec<String> = before.into_iter().chain(after).flatten().collect();
    assert_eq!(secrets.len(), 6);
    secrets.extend([token, link.to_owned(), PASSWORD.to_owned()]);
    for secret in secrets {
        assert!(!answer.text().contains(&secret), "{secret}: {}", answer.text());
    }
}

#[derive(Debug, serde::Deserialize)]
struct Body {
    #[expect(dead_code, reason = "only its formatting is tested")]
    password: TypedPassword,
}

/// Every argument that is no `Visit` is recorded with its `Debug`.
#[tracing::instrument(skip(visit))]
async fn instrumented(
    visit: Visit,
    caller: Principal,
    user: CurrentUser,
    fresh: Fresh<Require<Anyone>>,
    JsonBody(body): JsonBody<Body>,
) -> Response {
    flow(form(), registrant(), TYPED.into());
    tracing::info!("inside");
    axum::response::IntoResponse::into_response(visit.form_token())
}

#[derive(Clone, Debug)]
struct Anyone;

impl vestibule::Requirement for Anyone {
    fn is_met_by(_: &Principal) -> bool {
        true
    }
}

#[tracing::instrument]
fn flow(form: SignInForm, registrant: Registrant, typed: TypedPassword) {
    tracing::info!("deeper inside");
}

#[tokio::test]
async fn an_instrumented_handler_logs_no_secret() {
    keep_log();
    let site = Site::new().await;
    site.add_user("anna").await;
    let router = Router::new()
        .route("/instrumented", post(instrumented))
        .merge(crate::site::router(&site.auth))
        .layer(site.auth.layer());
    let app = vestibule_testkit::visitors::App::new(InProcess::new(router), HOST);
    assert_eq!(app.sign_in("anna", PASSWORD).await.status, 200);
    let answer = app.post_json("/instrumented", json!({ "password": TYPED })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let log = take_log();
    assert!(log.contains("deeper inside") && log.contains("Principal"), "{log}");
    let tokens = [app.access_token(), app.refresh_token()];
    for secret in tokens.into_iter().flatten().chain([TYPED.to_owned(), PASSWORD.to_owned()]) {
        assert!(!log.contains(&secret), "{secret}: {log}");
    }
}

/// Tokens that core makes and reads, taken apart or whole.
#[test]
fn tokens_are_not_printed() {
    let secret = SiteSecret::new(SECRET).unwrap();
    let issuer =
        TokenIssuer::new(&secret, ORIGIN, ORIGIN, &vestibule::core::session::Lifetimes::default());
    let session = vestibule_testkit::samples::session(1, vestibule::core::id::UserId(1));
    let token = issuer.refresh(&session).unwrap();
    hides(&token, &[token.expose()]);
    let mut scratch = Vec::new();
    let parts = jws::take_apart(token.expose(), &mut scratch).unwrap();
    for part in token.expose().split('.') {
        hides(&parts, &[part]);
    }
    let _: fn(&SuperUser) -> String = |it| format!("{it:?}");
}

/// The types that nobody has thought of yet: a field of plain text whose name says that it is a secret, in a type
/// that derives `Debug`.
#[test]
fn no_type_that_is_printed_has_a_secret_of_plain_text() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for room in ["vestibule", "vestibule-core", "vestibule-server"] {
        look_through(&crates.join(room).join("src"), &mut found);
    }
    assert!(found.is_empty(), "make these `SecretText` or `TypedPassword`:\n{}", found.join("\n"));
}

fn look_through(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look_through(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let mut is_printed = false;
            for line in fs::read_to_string(&path).unwrap().lines() {
                match line.trim() {
                    text if text.starts_with("#[derive(") => is_printed = text.contains("Debug"),
                    "}" | "" => is_printed = false,
                    text if is_printed && is_plain_secret(text) => {
                        found.push(format!("{}: {text}", path.display()));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn is_plain_secret(field: &str) -> bool {
    let Some((name, kind)) = field.split_once(": ") else { return false };
    let name = name.rsplit(' ').next().unwrap_or_default();
    let is_secret =
        matches!(name, "password" | "token" | "access_token" | "refresh_token" | "secret")
            || name.starts_with("csrf_") && name != "csrf_refresh"
            || name.ends_with("_password")
            || name.ends_with("_secret")
            || name.ends_with("_token");
    let is_plain = ["String", "Vec<u8>", "Option<String>", "&'", "Box<str>", "Arc<str>"];
    is_secret && is_plain.iter().any(|plain| kind.starts_with(plain))
}
