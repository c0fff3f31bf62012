//! What an application changes: answers, claims, its own user table, names.

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};
use vestibule::{
    Carrier, ErrorCode, MemoryStore, Problem, Visit,
    core::{
        id::UserId,
        password::{Password, PasswordHash, PasswordHasher},
        store::{SessionStore as _, UserStore as _},
        user::{UserChange, UserStatus},
    },
};
use vestibule_testkit::{both_carriers, faults::FailingStore, samples, visitors::Visitor};

use crate::site::{PASSWORD, Site, claims};

/// Claims of the application's own are there, read again at renewal, and shadow nothing.
async fn own_claims_shadow_nothing(carrier: Carrier) {
    let site = Site::built(
        |_| {},
        |builder| {
            builder.claims(|user| {
                let mut claims = Map::new();
                for reserved in vestibule::core::token::RESERVED_CLAIMS {
                    claims.insert(reserved.to_owned(), json!("shadowed"));
                }
                claims.insert("team".to_owned(), json!({ "mail": user.email, "n": [1, null] }));
                claims
            })
        },
    )
    .await;
    let anna = site.add_user("anna").await;
    let visitor = site.signed_in(carrier).await;
    let team = |mail: &str| json!({ "team": { "mail": mail, "n": [1, null] } });
    assert_eq!(visitor.get("/api/custom").await.json(), team("anna@example.org"));
    let token = claims(&visitor.access_token().unwrap());
    assert!(token.as_object().unwrap().values().all(|value| *value != json!("shadowed")));
    assert_eq!(token["sub"], "1");

    let change =
        UserChange { email: Some(samples::email("other@example.org")), ..UserChange::default() };
    site.auth.change_user(anna.id, change).await.unwrap().unwrap().unwrap();
    assert_eq!(visitor.refresh().await.status, 200);
    assert_eq!(visitor.get("/api/custom").await.json(), team("other@example.org"));
}

/// A user table of the application's own; the sessions stay in the store.
async fn an_own_user_table_serves(carrier: Carrier) {
    let table = FailingStore::new(MemoryStore::default());
    let own = table.clone();
    let site = Site::built(|_| {}, |builder| builder.users(own)).await;
    let anna = site.add_user("anna").await;
    assert!(site.store.inner().user(anna.id).await.unwrap().is_none());
    let visitor = site.signed_in(carrier).await;
    assert_eq!(visitor.get("/api/row").await.text(), "anna@example.org");
    assert_eq!(visitor.refresh().await.status, 200);
    assert_eq!(visitor.confirm(PASSWORD).await.status, 200);

    // Changed through the library: known at once, also on another node by the store's feed.
    let change = UserChange { roles: Some(samples::roles(&["editor"])), ..UserChange::default() };
    site.auth.change_user(anna.id, change).await.unwrap().unwrap().unwrap();
    if carrier == Carrier::Header {
        assert_eq!(visitor.get("/api/edit").await.status, 401);
        visitor.refresh().await;
    }
    assert_eq!(visitor.get("/api/edit").await.status, 200);

    // Suspended in the table itself: the next renewal sees it, and ends the session for good.
    let (refresh, csrf) = (visitor.refresh_token().unwrap(), site.csrf_of(&*visitor));
    let row = site.row(&*visitor).await;
    let suspend = |status| UserChange { status: Some(status), ..UserChange::default() };
    table.change_user(anna.id, &suspend(UserStatus::Suspended), site.auth.now()).await.unwrap();
    let answer = crate::site::refresh_at(site.transport(), carrier, &refresh, csrf).await;
    assert_eq!(answer.verdict(), (401, "session_ended".to_owned()));
    assert!(site.store.inner().session(row.id).await.unwrap().unwrap().end.is_some());
    // No store guards the sign-in here: that the account is suspended has to be seen before.
    let refused = site.visitor(carrier).sign_in("anna", PASSWORD).await;
    assert_eq!(refused.verdict(), (401, "invalid_credentials".to_owned()));
    table.change_user(anna.id, &suspend(UserStatus::Active), site.auth.now()).await.unwrap();
    assert_eq!(visitor.get("/api/thing").await.status, 401);
    assert_eq!(visitor.sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(UserId(1), anna.id);
}

/// Gives Anna a hash that other parameters have made.
async fn with_an_outdated_hash(site: &Site, table: &FailingStore<MemoryStore>) -> PasswordHash {
    let anna = site.add_user("anna").await;
    let mut hasher = PasswordHasher::new("m=72,t=1,p=1".parse().unwrap());
    let hash = hasher.hash(&Password::prepare(PASSWORD).unwrap(), [1; 16]).unwrap();
    let change = UserChange {
        password_hash: Some(hash.clone()),
        keeps_password: true,
        ..UserChange::default()
    };
    table.change_user(anna.id, &change, site.auth.now()).await.unwrap();
    hash
}

async fn hash_of(table: &FailingStore<MemoryStore>) -> PasswordHash {
    table.credentials_of(UserId(1)).await.unwrap().unwrap().password_hash.unwrap()
}

/// A column may have no room for a longer hash.
async fn a_better_hash_that_cannot_be_stored_keeps_nobody_out(carrier: Carrier) {
    let table = FailingStore::new(MemoryStore::default());
    let own = table.clone();
    let site = Site::built(|_| {}, |builder| builder.users(own)).await;
    let old = with_an_outdated_hash(&site, &table).await;
    table.set_changes_down(true);
    for _ in 0..2 {
        assert_eq!(site.visitor(carrier).sign_in("anna", PASSWORD).await.status, 200);
        assert_eq!(site.visitor(carrier).sign_in("anna", "wrong").await.status, 401);
    }
    assert_eq!(hash_of(&table).await, old);
    table.set_changes_down(false);
    assert_eq!(site.visitor(carrier).sign_in("anna", PASSWORD).await.status, 200);
    assert_ne!(hash_of(&table).await, old);
}

async fn hashes_are_upgraded_only_where_that_is_wanted(carrier: Carrier) {
    let table = FailingStore::new(MemoryStore::default());
    let own = table.clone();
    let site =
        Site::built(|config| config.upgrade_hashes = false, |builder| builder.users(own)).await;
    let old = with_an_outdated_hash(&site, &table).await;
    assert_eq!(site.visitor(carrier).sign_in("anna", PASSWORD).await.status, 200);
    assert_eq!(hash_of(&table).await, old);
}

/// The application's answers take the place of the built-in ones, with what belongs to every refusal.
async fn own_answers_take_the_place(carrier: Carrier) {
    let site = Site::built(
        |_| {},
        |builder| {
            builder.on_problem(|problem: &Problem, visit: &Visit| -> Option<Response> {
                let request_info = visit.request_info();
                assert!(!request_info.request_id.is_empty());
                (problem.code == ErrorCode::TokenMissing)
                    .then(|| (StatusCode::IM_A_TEAPOT, "no tea").into_response())
            })
        },
    )
    .await;
    site.add_user("anna").await;
    let answer = site.visitor(carrier).get("/api/thing").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (418, "no tea"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
    let page = site.anonymous().get("/page").await;
    assert_eq!(page.status, 418);
    let other = site.visitor(carrier).sign_in("anna", "wrong").await;
    assert_eq!(other.verdict(), (401, "invalid_credentials".to_owned()));
}

/// Its answers keep the cookies of a renewal that came before the refusal.
#[tokio::test]
async fn a_refusal_after_a_renewal_carries_its_cookies() {
    let site = Site::built(
        |_| {},
        |builder| {
            builder.on_problem(|_: &Problem, _: &Visit| Some(StatusCode::FORBIDDEN.into_response()))
        },
    )
    .await;
    site.add_user("anna").await;
    let browser = site.browser_of("anna").await;
    site.outlive_access();
    let answer = browser.get("/api/edit").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (403, 3));
    assert_eq!(browser.get("/api/thing").await.status, 200);
    assert_eq!(site.store.advances(), 1);
}

async fn with_flask_names_errors_carry_msg(carrier: Carrier) {
    let site = Site::configured(|config| {
        config.flask_names = true;
        config.cookies.access = "access_token_cookie".to_owned();
        config.cookies.refresh = "refresh_token_cookie".to_owned();
        config.cookies.csrf = "csrf_access_token".to_owned();
        config.cookies.csrf_refresh = Some("csrf_refresh_token".to_owned());
    })
    .await;
    site.add_user("anna").await;
    let visitor = site.visitor(carrier);
    let answer = visitor.get("/api/thing").await.json();
    assert_eq!(answer["msg"], answer["title"]);
    let signed_in = visitor.sign_in("anna", PASSWORD).await;
    assert_eq!(signed_in.status, 200);
    if carrier == Carrier::Cookie {
        let csrf = |name: &str| {
            let cookies = signed_in.set_cookies();
            let line = cookies.into_iter().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split(';').next().unwrap().to_owned()
        };
        assert_eq!(csrf("csrf_refresh_token="), csrf("csrf_access_token="), "one value for both");
    }
    assert_eq!(visitor.post_json("/api/thing", Value::Null).await.text(), "anna");
    assert_eq!(
        visitor
            .sign_out()
            .await
            .set_cookies()
            .iter()
            .filter(|line| line.starts_with("csrf_"))
            .count(),
        if carrier == Carrier::Cookie { 2 } else { 0 }
    );
    let plain = Site::new().await;
    assert_eq!(plain.anonymous().get("/api/thing").await.json().get("msg"), None);
}

both_carriers!(
    own_claims_shadow_nothing,
    an_own_user_table_serves,
    a_better_hash_that_cannot_be_stored_keeps_nobody_out,
    hashes_are_upgraded_only_where_that_is_wanted,
    own_answers_take_the_place,
    with_flask_names_errors_carry_msg,
);
