//! How an event is put into words.

use std::collections::BTreeMap;

use minijinja::{Value, context};
use vestibule::{
    Carrier, Problem,
    core::{
        event::{EventName, EventOutcome},
        id::UserId,
    },
};
use vestibule_site::store::KeptEvent;

use super::View;
use crate::{i18n::Language, templates::user_agent, web::state::Site};

/// Events as the templates show them, with the names of the people in them.
pub(super) async fn shown(events: &[KeptEvent], view: &View) -> Result<Vec<Value>, Problem> {
    let ids: Vec<_> =
        events.iter().flat_map(|kept| [kept.event.actor, kept.event.subject]).flatten().collect();
    let people = people(&ids, &view.site).await?;
    Ok(events.iter().map(|kept| value(kept, &people, view.language())).collect())
}

/// What these people are called.
pub(super) async fn people(
    ids: &[UserId],
    site: &Site,
) -> Result<BTreeMap<UserId, String>, Problem> {
    let mut names = BTreeMap::new();
    for id in ids {
        if !names.contains_key(id) {
            let user = site.auth.users().user(*id).await?;
            names.insert(*id, user.map_or(String::new(), |user| user.username));
        }
    }
    Ok(names)
}

/// Somebody as the templates link to them.
pub(super) fn person(id: Option<UserId>, people: &BTreeMap<UserId, String>) -> Option<Value> {
    let id = id?;
    let name = people.get(&id).filter(|name| !name.is_empty());
    Some(context! { id => id.0, name })
}

fn value(kept: &KeptEvent, people: &BTreeMap<UserId, String>, language: &Language) -> Value {
    let event = &kept.event;
    let details: Vec<(String, String)> =
        event.details.iter().map(|(name, value)| (name.replace('_', " "), plain(value))).collect();
    let agent = event.agent.as_deref().filter(|agent| !agent.is_empty());
    context! {
        at => event.at.seconds(),
        name => event.name.name(),
        words => language.text(in_words(event.name)),
        failed => event.outcome == EventOutcome::Failure,
        subject => person(event.subject, people),
        actor => person(event.actor, people),
        session => event.session.map(|session| session.to_string()),
        address => event.address.as_deref(),
        device => agent.map(|agent| user_agent::in_words(agent, Carrier::Header, language)),
        details,
    }
}

/// A detail without the quotation marks of JSON.
pub(super) fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text that says what happened.
pub(super) const fn in_words(name: EventName) -> &'static str {
    match name {
        EventName::AuthnLoginSuccess => "event-login",
        EventName::AuthnLoginFail => "event-login-fail",
        EventName::AuthnLoginLock => "event-login-lock",
        EventName::AuthnPasswordChange => "event-password",
        EventName::AuthnTokenCreated => "event-token-created",
        EventName::AuthnTokenRevoked => "event-token-revoked",
        EventName::AuthnTokenReuse => "event-token-reuse",
        EventName::AuthzFail => "event-not-allowed",
        EventName::AuthzAdmin => "event-admin",
        EventName::MaliciousCsrf => "event-csrf",
        EventName::ExcessRateLimitExceeded => "event-rate-limit",
        EventName::AuthnTokenForged => "event-token-forged",
        EventName::MaliciousDirectReference => "event-direct-reference",
        EventName::SessionCreated => "event-session-created",
        EventName::SessionRenewed => "event-session-renewed",
        EventName::SessionExpired => "event-session-expired",
        EventName::SessionLogout => "event-session-logout",
        EventName::UserCreated => "event-user-created",
        EventName::UserUpdated => "event-user-updated",
        EventName::UserDeleted => "event-user-deleted",
        EventName::UserRestored => "event-user-restored",
        EventName::SysStartup => "event-startup",
        EventName::SysShutdown => "event-shutdown",
    }
}
