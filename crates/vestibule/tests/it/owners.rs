//! What an application may hand to the functions of the library without looking first: each keeps the rules
//! about whose account it is, whoever calls it.

use axum::{Router, routing::post};
use vestibule::{
    Carrier, Fresh, Problem, SignInForm, Visit,
    core::{
        deletion::Actor,
        id::{SessionId, UserId},
        name::EmailAddress,
        session::EndReason,
        store::{SessionStore as _, UserStore as _},
        user::{NotChanged, User, UserChange, UserStatus},
    },
};
use vestibule_testkit::visitors::{Anonymous, Answer, InProcess, Visitor as _};

use crate::site::{HOST, PASSWORD, Site};

const ANNA: UserId = UserId(1);

/// A site with Anna, and an application that asks the library for everything without looking first.
async fn site() -> (Site, Anonymous) {
    let site = Site::new().await;
    site.add_user("anna").await;
    let router = Router::new()
        .route("/restore", post(restore))
        .route("/verify", post(verify))
        .route("/reset", post(reset))
        .route("/change", post(change))
        .route("/keep", post(keep))
        .route("/delete", post(delete))
        .route("/end", post(end))
        .layer(site.auth.layer());
    let visitor = Anonymous::new(InProcess::new(router), HOST);
    (site, visitor)
}

async fn restore(visit: Visit) -> Result<String, Problem> {
    let form = SignInForm {
        login: String::new(),
        password: String::new().into(),
        remember: false,
        carrier: Carrier::Header,
        device: None,
        device_token: None,
    };
    visit.restore_proven(ANNA, &form).await.map(|signed_in| signed_in.user().username.clone())
}

async fn verify(visit: Visit) -> Result<String, Problem> {
    let email = EmailAddress::parse("anna@example.org").unwrap();
    Ok(visit.verify_email(ANNA, email).await?.map_or("nobody".to_owned(), |user| user.username))
}

async fn reset(visit: Visit) -> Result<String, Problem> {
    let typed = "another tangerine anvil".into();
    let hash = visit.auth().hash_new_password("password", typed, &[]).await?;
    let user = visit.reset_password(ANNA, hash, true).await?;
    Ok(user.map_or("nobody".to_owned(), |user| user.username))
}

async fn change(visit: Visit, session: String) -> Result<String, Problem> {
    let email = EmailAddress::parse("annika@example.org").unwrap();
    let user = visit.change_email(ANNA, email, session.parse().unwrap()).await?;
    Ok(user.map_or("nobody".to_owned(), |user| user.email))
}

async fn keep(visit: Visit) -> Result<String, Problem> {
    let user = visit.keep_email(ANNA).await?;
    Ok(user.map_or("nobody".to_owned(), |user| user.email))
}

async fn delete(caller: Fresh, visit: Visit) -> Result<&'static str, Problem> {
    // While the request was on its way, its author was suspended.
    let suspend = UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() };
    let auth = visit.auth().clone();
    auth.users().change_user(ANNA, &suspend, auth.now()).await?;
    visit.delete_account(&caller).await.map(|()| "deleted")
}

async fn end(visit: Visit, session: String) -> Result<&'static str, Problem> {
    let session: SessionId = session.parse().unwrap();
    visit.end_session_as_admin(UserId(2), session).await.map(|_| "ended")
}

async fn ask(visitor: &Anonymous, path: &str, body: String) -> Answer {
    // As from an app: a form would have to bring its value.
    let request = http::Request::post(path).header("content-type", "application/json");
    let request = request.body(body.into()).unwrap();
    visitor.send(request).await
}

async fn row(site: &Site) -> User {
    site.store.inner().user(ANNA).await.unwrap().unwrap()
}

async fn set(site: &Site, status: UserStatus, by: Actor) -> User {
    let change = UserChange { status: Some(status), by, ..UserChange::default() };
    site.auth.change_user(ANNA, change).await.unwrap().unwrap().unwrap()
}

#[tokio::test]
async fn only_a_deleted_account_is_taken_back() {
    let (site, visitor) = site().await;
    let refused = (401, "invalid_credentials".to_owned());
    let before = row(&site).await;
    assert_eq!(ask(&visitor, "/restore", String::new()).await.verdict(), refused, "it is there");
    assert_eq!(row(&site).await, before);
    let before = set(&site, UserStatus::Suspended, Actor::Site).await;
    assert_eq!(ask(&visitor, "/restore", String::new()).await.verdict(), refused, "suspended");
    assert_eq!(row(&site).await, before);
    let before = set(&site, UserStatus::Deleted, Actor::Site).await;
    assert_eq!(ask(&visitor, "/restore", String::new()).await.verdict(), refused, "not theirs");
    assert_eq!(row(&site).await, before);
    assert_eq!(site.living_sessions(&before).await, 0);
    assert!(site.told.all().is_empty());

    set(&site, UserStatus::Active, Actor::Site).await;
    set(&site, UserStatus::Deleted, Actor::Owner).await;
    let answer = ask(&visitor, "/restore", String::new()).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "anna"));
    assert_eq!(site.living_sessions(&row(&site).await).await, 1);
}

#[tokio::test]
async fn no_link_does_anything_with_an_account_that_is_not_active() {
    for (status, by) in [
        (UserStatus::Suspended, Actor::Site),
        (UserStatus::Deleted, Actor::Site),
        (UserStatus::Deleted, Actor::Owner),
    ] {
        let (site, visitor) = site().await;
        set(&site, status, by).await;
        let before = site.store.inner().credentials_of(ANNA).await.unwrap().unwrap();
        for path in ["/verify", "/reset", "/keep"] {
            let answer = ask(&visitor, path, String::new()).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (200, "nobody"), "{status} {path}");
        }
        let after = site.store.inner().credentials_of(ANNA).await.unwrap().unwrap();
        assert_eq!((after.user, after.password_hash), (before.user, before.password_hash));
    }
    let (site, visitor) = site().await;
    for path in ["/verify", "/reset"] {
        assert_eq!(ask(&visitor, path, String::new()).await.text(), "anna", "{path}");
    }
    assert!(row(&site).await.email_verified_at.is_some());
}

#[tokio::test]
async fn another_address_is_taken_while_the_session_that_asked_goes_on() {
    let (site, visitor) = site().await;
    site.add_user("bert").await;
    let change = async |session: &str| ask(&visitor, "/change", session.to_owned()).await;
    let app = site.app_of("anna").await;
    let own = site.row(&app).await.id.to_string();
    let foreign = site.row(&site.app_of("bert").await).await.id.to_string();
    let none = SessionId::from_bytes([9; 16]).to_string();
    for session in [foreign, none] {
        assert_eq!(change(&session).await.text(), "nobody", "{session}");
    }
    let later = site.app_of("anna").await;
    assert_eq!(app.post_json("/api/auth/logout", serde_json::json!({})).await.status, 204);
    assert_eq!(change(&own).await.text(), "nobody", "it is over");
    assert_eq!(row(&site).await.email, "anna@example.org");
    let own = site.row(&later).await.id.to_string();
    assert_eq!(later.refresh().await.status, 200);
    assert_eq!(change(&own).await.text(), "annika@example.org");
    assert_eq!(ask(&visitor, "/verify", String::new()).await.text(), "nobody", "not theirs now");
    assert_eq!(row(&site).await.email, "annika@example.org");
    assert_eq!(site.told.all(), [("address changed", "anna".to_owned())]);
    assert_eq!(ask(&visitor, "/keep", String::new()).await.text(), "annika@example.org");
    assert_eq!(later.get("/api/auth/me").await.status, 401, "everybody is signed out");
}

#[tokio::test]
async fn a_suspension_is_not_turned_into_a_deletion_that_its_owner_takes_back() {
    let (site, visitor) = site().await;
    let app = site.app_of("anna").await;
    let token = app.access_token().unwrap();
    let request = http::Request::post("/delete")
        .header("authorization", format!("Bearer {token}"))
        .body(bytes::Bytes::new())
        .unwrap();
    assert_eq!(visitor.send(request).await.verdict(), (409, "conflict".to_owned()));
    assert_eq!(row(&site).await.status, UserStatus::Suspended);
    let refused = NotChanged::Suspended;
    for status in [UserStatus::Active, UserStatus::Deleted] {
        let change = UserChange { status: Some(status), by: Actor::Owner, ..UserChange::default() };
        let outcome = site.auth.change_user(ANNA, change).await.unwrap();
        assert_eq!(outcome, Some(Err(refused)));
    }
}

#[tokio::test]
async fn whatever_keeps_people_out_ends_their_sessions() {
    let hash = {
        let (site, _) = site().await;
        site.auth.hash_new_password("new", "another tangerine anvil".into(), &[]).await.unwrap()
    };
    let status = |status| UserChange { status: Some(status), ..UserChange::default() };
    for (change, reason) in [
        (status(UserStatus::Suspended), EndReason::Suspended),
        (status(UserStatus::Deleted), EndReason::Deleted),
        (
            UserChange { password_hash: Some(hash.clone()), ..UserChange::default() },
            EndReason::PasswordChanged,
        ),
    ] {
        let (site, _) = site().await;
        let app = site.app_of("anna").await;
        site.auth.change_user(ANNA, change).await.unwrap().unwrap().unwrap();
        assert_eq!(app.get("/api/auth/me").await.status, 401, "{reason}");
        assert_eq!(site.row(&app).await.end.map(|end| end.reason), Some(reason));
    }
    let (site, _) = site().await;
    let app = site.app_of("anna").await;
    let better =
        UserChange { password_hash: Some(hash), keeps_password: true, ..UserChange::default() };
    site.auth.change_user(ANNA, better).await.unwrap().unwrap().unwrap();
    assert_eq!(app.get("/api/auth/me").await.status, 200, "a better hash is no other password");
}

#[tokio::test]
async fn a_session_of_another_account_is_not_ended_in_the_name_of_this_one() {
    let (site, visitor) = site().await;
    let app = site.app_of("anna").await;
    let session = site.row(&app).await;
    let answer = ask(&visitor, "/end", session.id.to_string()).await;
    assert_eq!(answer.verdict(), (404, "not_found".to_owned()));
    assert!(site.store.inner().session(session.id).await.unwrap().unwrap().end.is_none());
    assert_eq!(app.sign_in("anna", PASSWORD).await.status, 200);
}
