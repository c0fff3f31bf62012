//! What an audit trail is given: the same as the log, and never a secret.

use std::sync::{Arc, Mutex};

use serde_json::json;
use vestibule::{
    AuditSink, Carrier,
    core::{
        event::{Event, EventName, EventOutcome},
        id::UserId,
        user::{UserChange, UserStatus},
    },
};
use vestibule_testkit::{both_carriers, samples, visitors::Visitor as _};

use crate::site::{PASSWORD, Site, claims, refresh_at};

const ANNA: UserId = UserId(1);

/// Keeps every event.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Event>>>);

impl AuditSink for Kept {
    fn note(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Kept {
    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The one event of this name since the last look.
    fn one(&self, name: EventName) -> Event {
        let events = self.take();
        let mut found: Vec<_> = events.iter().filter(|event| event.name == name).collect();
        assert_eq!(found.len(), 1, "{name}: {events:#?}");
        found.remove(0).clone()
    }
}

async fn site() -> (Site, Kept) {
    let kept = Kept::default();
    let sink = kept.clone();
    let site = Site::built(|_| {}, |builder| builder.audit(sink)).await;
    site.add_user("anna").await;
    (site, kept)
}

async fn each_step_of_a_session_is_noted(carrier: Carrier) {
    let (site, kept) = site().await;
    let visitor = site.visitor(carrier);
    visitor.sign_in("anna", "a wrong guess").await;
    let failed = kept.one(EventName::AuthnLoginFail);
    assert_eq!((failed.actor, failed.subject), (None, Some(ANNA)));
    assert_eq!(failed.outcome, EventOutcome::Failure);
    assert_eq!(failed.at, site.auth.now());

    visitor.sign_in("anna", PASSWORD).await;
    let session =
        claims(&visitor.access_token().unwrap())["sid"].as_str().unwrap().parse().unwrap();
    let signed_in = kept.one(EventName::AuthnLoginSuccess);
    assert_eq!((signed_in.actor, signed_in.subject), (Some(ANNA), Some(ANNA)));
    assert_eq!((signed_in.session, signed_in.outcome), (Some(session), EventOutcome::Success));
    assert!(signed_in.address.is_some() && signed_in.request_id.is_some());

    let first = (visitor.refresh_token().unwrap(), site.csrf_of(&*visitor));
    visitor.refresh().await;
    let renewed = kept.one(EventName::SessionRenewed);
    assert_eq!((renewed.cause(), renewed.session), (Some("advanced"), Some(session)));

    visitor.get("/api/thing").await;
    visitor.refresh().await;
    kept.take();
    refresh_at(site.transport(), carrier, &first.0, first.1).await;
    let theft = kept.one(EventName::AuthnTokenReuse);
    assert_eq!((theft.actor, theft.subject), (None, Some(ANNA)));
    assert_eq!(theft.details["current"], json!(3));
}

async fn what_was_refused_is_noted(carrier: Carrier) {
    let (site, kept) = site().await;
    let visitor = site.signed_in(carrier).await;
    kept.take();
    assert_eq!(visitor.get("/api/edit").await.status, 403);
    let refused = kept.one(EventName::AuthzFail);
    assert_eq!((refused.subject, &refused.details["path"]), (Some(ANNA), &json!("/api/edit")));
    for _ in 0..11 {
        visitor.sign_in("anna", "a wrong guess").await;
    }
    let locked = kept.one(EventName::AuthnLoginLock);
    assert_eq!(locked.details["of"], json!("account"));
}

/// What is done to an account without a request is noted too.
async fn what_the_program_does_is_noted(carrier: Carrier) {
    let (site, kept) = site().await;
    site.signed_in(carrier).await;
    kept.take();
    let change = UserChange { roles: Some(samples::roles(&["editor"])), ..UserChange::default() };
    site.auth.change_user(ANNA, change).await.unwrap();
    let changed = kept.one(EventName::UserUpdated);
    assert_eq!((changed.actor, changed.subject, changed.address), (None, Some(ANNA), None));
    site.auth.set_status(ANNA, UserStatus::Suspended).await.unwrap();
    let ended = kept.one(EventName::SessionLogout);
    assert_eq!((ended.subject, &ended.details["reason"]), (Some(ANNA), &json!("suspended")));
}

async fn the_last_super_user_cannot_leave(carrier: Carrier) {
    let (site, _) = site().await;
    let change = UserChange { is_super_user: Some(true), ..UserChange::default() };
    site.auth.change_user(ANNA, change).await.unwrap();
    let visitor = site.signed_in(carrier).await;
    let answer = visitor.delete("/api/user").await;
    assert_eq!(answer.verdict(), (409, "conflict".to_owned()));
    assert_eq!(visitor.get("/api/thing").await.status, 200);
}

both_carriers!(
    each_step_of_a_session_is_noted,
    what_was_refused_is_noted,
    what_the_program_does_is_noted,
    the_last_super_user_cannot_leave,
    a_forged_token_is_noted,
    another_users_session_is_noted,
);

/// A token that says that it is good, and that nobody here has issued; not one that is merely old, or whose kind
/// is wrong.
async fn a_forged_token_is_noted(carrier: Carrier) {
    let (site, kept) = site().await;
    let visitor = site.signed_in(carrier).await;
    let (access, refresh) = (visitor.access_token().unwrap(), visitor.refresh_token().unwrap());
    let forged = |token: &str| {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        format!("{signed}.{other}{}", &signature[1..])
    };
    let names = |kept: &Kept| -> Vec<_> {
        let events = kept.take();
        let forged = events.into_iter().filter(|event| event.name == EventName::AuthnTokenForged);
        forged.map(|event| event.details["of"].clone()).collect()
    };
    kept.take();
    visitor.hold(Some(&forged(&access)), None);
    assert_eq!(visitor.get("/api/thing").await.code(), "token_invalid");
    assert_eq!(names(&kept), ["access"]);
    let answer = refresh_at(site.transport(), carrier, &forged(&refresh), None).await;
    assert_eq!(answer.code(), "token_invalid");
    assert_eq!(names(&kept), ["refresh"]);

    for honest in [refresh.as_str(), "x", "a.b.c"] {
        visitor.hold(Some(honest), None);
        assert_eq!(visitor.get("/api/thing").await.code(), "token_invalid");
    }
    site.pass(3600);
    visitor.hold(Some(&forged(&access)), None);
    assert_eq!(visitor.get("/api/thing").await.code(), "token_invalid");
    assert_eq!(names(&kept), [json!(null); 0]);
}

/// Whose session it is, the asker is not told.
async fn another_users_session_is_noted(carrier: Carrier) {
    let (site, kept) = site().await;
    let owner = site.app_of("anna").await;
    let bob = site.add_user("bob").await;
    let visitor = site.visitor(carrier);
    visitor.sign_in("bob", PASSWORD).await;
    let id = claims(&owner.access_token().unwrap())["sid"].as_str().unwrap().to_owned();
    let path = format!("/api/auth/sessions/{id}");
    for method in [http::Method::GET, http::Method::DELETE] {
        let answer = visitor.ask(method, &path, None).await;
        assert_eq!(answer.verdict(), (404, "not_found".to_owned()));
        let noted = kept.one(EventName::MaliciousDirectReference);
        assert_eq!((noted.actor, noted.subject), (Some(bob.id), Some(ANNA)));
        assert_eq!(
            (&noted.details["of"], &noted.details["target"]),
            (&json!("session"), &json!(id))
        );
    }
    assert_eq!(visitor.get("/api/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA").await.status, 404);
    assert!(kept.take().iter().all(|event| event.name != EventName::MaliciousDirectReference));
    assert_eq!(owner.get("/api/thing").await.status, 200);
}
