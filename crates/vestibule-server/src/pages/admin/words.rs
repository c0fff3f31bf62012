//! How an event is put into words.

use std::collections::BTreeMap;

use minijinja::{Value, context};
use vestibule::{
    Carrier, Problem,
    core::{event::EventName, event::EventOutcome, id::UserId, store::KeptEvent},
};

use super::View;
use crate::{pages::agent, site::Site, texts::Language};

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
            let user = site.hall.users().user(*id).await?;
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
        words => in_words(event.name),
        failed => event.outcome == EventOutcome::Failure,
        subject => person(event.subject, people),
        actor => person(event.actor, people),
        session => event.session.map(|session| session.to_string()),
        address => event.address.as_deref(),
        device => agent.map(|agent| agent::in_words(agent, Carrier::Header, language)),
        details,
    }
}

/// A detail without the quotation marks of JSON.
pub(super) fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What happened, for people.
pub(super) const fn in_words(name: EventName) -> &'static str {
    match name {
        EventName::AuthnLoginSuccess => "Signed in",
        EventName::AuthnLoginFail => "Wrong password",
        EventName::AuthnLoginLock => "Held back after too many tries",
        EventName::AuthnPasswordChange => "Password changed",
        EventName::AuthnTokenCreated => "Token made",
        EventName::AuthnTokenRevoked => "Token revoked",
        EventName::AuthnTokenReuse => "Stolen token noticed",
        EventName::AuthzFail => "Not allowed",
        EventName::AuthzAdmin => "Administration",
        EventName::MaliciousCsrf => "Request from elsewhere refused",
        EventName::ExcessRateLimitExceeded => "Too many requests",
        EventName::SessionCreated => "Session began",
        EventName::SessionRenewed => "Session renewed",
        EventName::SessionExpired => "Renewal refused",
        EventName::SessionLogout => "Session ended",
        EventName::UserCreated => "Account made",
        EventName::UserUpdated => "Account changed",
        EventName::UserDeleted => "Account deleted",
        EventName::UserRestored => "Deleted account brought back",
        EventName::SysStartup => "Site started",
        EventName::SysShutdown => "Site stopped",
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (12_345_678, "12,345,678")]
        {
            assert_eq!(grouped(number), text);
        }
    }
}
