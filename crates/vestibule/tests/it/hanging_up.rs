//! Clients that hang up: whatever they have begun comes to its end, with its events and its mails, or nothing of
//! it happens.

use std::{
    net::SocketAddr,
    pin::pin,
    task::{Context, Waker},
};

use axum::{
    body::{Body, Bytes},
    extract::connect_info::MockConnectInfo,
};
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule::{
    AuditSink, Composed, Notice, Notifier, Together, User,
    core::{
        event::{Event, EventName},
        one_time::{LinkSecret, OneTime, Purpose},
        session::EndReason,
        store::{Extension, OneTimeTokens as _, SessionSelection, UserStore as _},
        user::{UserChange, UserStatus},
    },
};
use vestibule_testkit::{
    SeededEntropy,
    samples::{email, password_hash, roles},
    visitors::{Visitor as _, request, with},
};

use crate::{
    kept::Mail,
    site::{HOST, PASSWORD, Site, login_body},
};

/// Who hangs up.
fn peer() -> MockConnectInfo<SocketAddr> {
    MockConnectInfo(SocketAddr::from(([192, 0, 2, 1], 50_000)))
}

/// Polls of a request, from none to more than any takes up to its last wait for the store.
const STEPS: std::ops::Range<usize> = 0..12;

/// Writes mails as rows of the store.
struct Rows;

#[async_trait::async_trait]
impl Notifier for Rows {
    async fn notify(&self, notice: Notice) {
        panic!("{notice:?} is written together with what it is about");
    }

    fn compose(&self, notice: &Notice) -> Option<Composed> {
        let kind = match notice {
            Notice::SignedIn { .. } => "signed in",
            Notice::Registered(_) => "registered",
            Notice::PasswordChanged(_) => "password changed",
            Notice::AddressChanged { .. } => "address changed",
            Notice::TheftNoticed(_) => "theft noticed",
            Notice::Deleted(_) => "deleted",
            Notice::Restored(_) => "restored",
            _ => return None,
        };
        Some(Composed { rows: vec![Extension::new(Mail(kind))], ..Composed::default() })
    }
}

/// The trail of the store itself.
struct InStore;

impl AuditSink for InStore {
    fn note(&self, event: Event) {
        let by_itself =
            [EventName::SessionRenewed, EventName::SessionExpired, EventName::AuthnLoginFail];
        assert!(by_itself.contains(&event.name), "{event:?} is written with what it is about");
    }

    fn is_in_store(&self) -> bool {
        true
    }
}

async fn site() -> (Site, User) {
    let build = |builder: vestibule::Builder| builder.notifier(Rows).audit(InStore);
    let site = Site::built(|_| {}, build).await;
    let anna = site.add_user("anna").await;
    (site, anna)
}

/// Begins `work`, and drops it after it was polled so many times.
async fn hang_up<T>(work: impl Future<Output = T>, polls: usize) {
    let mut work = pin!(work);
    for _ in 0..polls {
        // Nobody has to wake whoever asks again.
        if work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn send(site: &Site, request: Request<Bytes>, polls: usize) {
    let request = with(request, "host", HOST).map(Body::from);
    hang_up(site.router.clone().layer(peer()).oneshot(request), polls).await;
    // As at the end of a program: what was begun comes to its end.
    site.auth.flush().await;
}

/// How many events of this name there are, and mails of this kind.
fn written(site: &Site, name: EventName, kind: &str) -> (usize, usize) {
    let store = site.store.inner();
    store.with_extension(|kept, _| {
        let events = kept.events.iter().filter(|event| event.name == name);
        (events.count(), kept.mails.iter().filter(|mail| mail.0 == kind).count())
    })
}

/// All of it is there, or nothing: `is_done` says which. Once it is done, further steps are not needed.
fn check(site: &Site, is_done: bool, name: EventName, kind: &str) {
    let expected = (usize::from(is_done), usize::from(is_done));
    assert_eq!(written(site, name, kind), expected, "{name}, {kind}");
}

async fn bearer(site: &Site, method: Method, path: &str, body: Option<&Value>) -> Request<Bytes> {
    let app = site.app_of("anna").await;
    let request = request(method, path, body);
    with(request, "authorization", &format!("Bearer {}", app.access_token().unwrap()))
}

#[tokio::test]
async fn a_password_is_changed_with_its_event_and_its_mail_or_not_at_all() {
    let mut seen = [false, false];
    for polls in STEPS {
        let (site, anna) = site().await;
        let other = site.app_of("anna").await;
        let body = json!({ "current": PASSWORD, "new": "another tangerine anvil" });
        let request = bearer(&site, Method::PUT, "/api/auth/password", Some(&body)).await;
        let before = site.store.inner().credentials_of(anna.id).await.unwrap().unwrap();
        send(&site, request, polls).await;
        let now = site.store.inner().credentials_of(anna.id).await.unwrap().unwrap();
        let is_done = now.password_hash != before.password_hash;
        check(&site, is_done, EventName::AuthnPasswordChange, "password changed");
        assert_eq!(site.row(&other).await.end.is_some(), is_done);
        seen[usize::from(is_done)] = true;
    }
    assert_eq!(seen, [true, true], "both happen");
}

#[tokio::test]
async fn an_account_is_deleted_with_its_event_and_its_mail_or_not_at_all() {
    let mut seen = [false, false];
    for polls in STEPS {
        let (site, anna) = site().await;
        let request = bearer(&site, Method::DELETE, "/api/user", None).await;
        send(&site, request, polls).await;
        let user = site.store.inner().user(anna.id).await.unwrap().unwrap();
        let is_done = user.status == UserStatus::Deleted;
        check(&site, is_done, EventName::UserDeleted, "deleted");
        assert_eq!(site.living_sessions(&anna).await, usize::from(!is_done));
        seen[usize::from(is_done)] = true;
    }
    assert_eq!(seen, [true, true], "both happen");
}

#[tokio::test]
async fn an_account_is_made_with_its_event_and_its_mail_or_not_at_all() {
    let mut seen = [false, false];
    for polls in STEPS {
        let (site, _) = site().await;
        let body = json!({ "username": "bob", "email": "bob@example.org", "password": PASSWORD });
        send(&site, request(Method::POST, "/api/auth/register", Some(&body)), polls).await;
        let bob = vestibule_testkit::samples::login("bob");
        let is_done = site.store.inner().credentials(&bob).await.unwrap().is_some();
        check(&site, is_done, EventName::UserCreated, "registered");
        seen[usize::from(is_done)] = true;
    }
    assert_eq!(seen, [true, true], "both happen");
}

#[tokio::test]
async fn a_session_begins_with_its_events_and_its_mail_or_not_at_all() {
    let mut seen = [false, false];
    for polls in STEPS {
        let (site, anna) = site().await;
        let body = login_body("anna", PASSWORD, "header");
        send(&site, request(Method::POST, "/api/auth/login", Some(&body)), polls).await;
        let is_done = site.living_sessions(&anna).await == 1;
        check(&site, is_done, EventName::AuthnLoginSuccess, "signed in");
        check(&site, is_done, EventName::SessionCreated, "signed in");
        seen[usize::from(is_done)] = true;
    }
    assert_eq!(seen, [true, true], "both happen");
}

#[tokio::test]
async fn a_session_ends_with_its_event_or_not_at_all() {
    let mut seen = [false, false];
    for polls in STEPS {
        let (site, anna) = site().await;
        let request = bearer(&site, Method::POST, "/api/auth/logout", None).await;
        send(&site, request, polls).await;
        let is_done = site.living_sessions(&anna).await == 0;
        let (events, _) = written(&site, EventName::SessionLogout, "");
        assert_eq!(events, usize::from(is_done));
        seen[usize::from(is_done)] = true;
    }
    assert_eq!(seen, [true, true], "both happen");
}

#[tokio::test]
async fn a_theft_is_told_even_where_the_thief_hangs_up() {
    let mut seen = [false, false];
    for polls in STEPS {
        let (site, _) = site().await;
        let app = site.app_of("anna").await;
        let copy = app.refresh_token().unwrap();
        app.refresh().await;
        app.get("/api/thing").await;
        site.pass(60);
        app.refresh().await;
        let theft = request(Method::POST, "/api/auth/refresh", None);
        let theft = with(theft, "authorization", &format!("Bearer {copy}"));
        send(&site, theft, polls).await;
        let end = site.row(&app).await.end;
        assert!(end.is_none_or(|end| end.reason == EndReason::Theft));
        check(&site, end.is_some(), EventName::AuthnTokenReuse, "theft noticed");
        seen[usize::from(end.is_some())] = true;
    }
    assert_eq!(seen, [true, true], "both happen");
}

#[tokio::test]
async fn what_an_application_adds_is_done_with_the_change_or_not_at_all() {
    let mut seen = [false, false];
    for polls in STEPS {
        let (site, anna) = site().await;
        let token = LinkSecret::draw(&SeededEntropy::new(7));
        let address = email("anna@example.org");
        let now = site.auth.now();
        let kept = OneTime::new(&token, Purpose::ResetPassword, anna.id, &address, now);
        site.store.inner().put_one_time(&kept).await.unwrap();
        let event = Event::new(EventName::AuthzAdmin, now).about(anna.id);
        let with = Together::using(kept.key())
            .with_event(move |_| event.clone(), "an administrator did it");
        let change = UserChange {
            roles: Some(roles(&["editor"])),
            password_hash: Some(password_hash(3)),
            ..UserChange::default()
        };
        hang_up(site.auth.change_standing_with(anna.id, change, with), polls).await;
        site.auth.flush().await;
        let user = site.store.inner().user(anna.id).await.unwrap().unwrap();
        let is_done = !user.roles.is_empty();
        let (events, _) = written(&site, EventName::AuthzAdmin, "");
        let used = site.store.inner().one_time(&kept.key()).await.unwrap().unwrap().used_at;
        assert_eq!((events, used.is_some()), (usize::from(is_done), is_done));
        seen[usize::from(is_done)] = true;
    }
    assert_eq!(seen, [true, true], "both happen");
}

#[tokio::test]
async fn a_token_that_is_spent_changes_nothing() {
    let (site, anna) = site().await;
    let token = LinkSecret::draw(&SeededEntropy::new(7));
    let (address, now) = (email("anna@example.org"), site.auth.now());
    let spent = OneTime::new(&token, Purpose::ResetPassword, anna.id, &address, now);
    let with = || {
        let event = Event::new(EventName::AuthzAdmin, site.auth.now());
        Together::using(spent.key()).with_event(move |_| event.clone(), "it is not said")
    };
    let change = UserChange { roles: Some(roles(&["editor"])), ..UserChange::default() };
    let refused = site.auth.change_standing_with(anna.id, change, with()).await.unwrap_err();
    assert_eq!(refused.code, vestibule::ErrorCode::Conflict);
    let all = SessionSelection::User { id: anna.id, except: None };
    let app = site.app_of("anna").await;
    let refused = site.auth.end_sessions_with(all, EndReason::EndedByAdmin, with()).await;
    assert!(refused.is_err() && site.row(&app).await.end.is_none());
    assert_eq!(written(&site, EventName::AuthzAdmin, "").0, 0);
    assert_eq!(site.store.inner().user(anna.id).await.unwrap().unwrap(), anna);
}

#[tokio::test]
async fn an_application_runs_its_own_work_to_its_end() {
    let (site, anna) = site().await;
    let auth = site.auth.clone();
    let store = site.store.clone();
    let work = site.auth.uncancelled(async move {
        tokio::task::yield_now().await;
        auth.set_status(anna.id, UserStatus::Suspended).await?;
        let suspended = store.user(anna.id).await?;
        Ok(suspended.map(|user| user.status))
    });
    hang_up(work, 1).await;
    site.auth.flush().await;
    let status = site.store.inner().user(anna.id).await.unwrap().unwrap().status;
    assert_eq!(status, UserStatus::Suspended);
    let panics = site.auth.uncancelled::<()>(async { std::panic::resume_unwind(Box::new("!")) });
    assert_eq!(panics.await.unwrap_err().code, vestibule::ErrorCode::Internal);
    assert_eq!(site.app().sign_in("anna", PASSWORD).await.status, 401);
}
