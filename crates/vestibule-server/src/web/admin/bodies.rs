//! What the administrator's API answers. Times are seconds since the Unix epoch.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use vestibule::{
    User,
    core::{
        session::{Over, Session},
        time::Timestamp,
    },
};
use vestibule_site::store::KeptEvent;

/// An account as those who run the site see it.
#[derive(Serialize, ToSchema)]
pub(super) struct AdminUser {
    id: i64,
    username: String,
    email: String,
    email_verified: bool,
    /// `active`, `suspended` or `deleted`.
    status: &'static str,
    roles: Vec<String>,
    is_super_user: bool,
    /// The language that they chose (BCP 47); `null` leaves it to each browser.
    locale: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl From<&User> for AdminUser {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.0,
            username: user.username.clone(),
            email: user.email.clone(),
            email_verified: user.email_verified_at.is_some(),
            status: user.status.name(),
            roles: user.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            is_super_user: user.is_super_user,
            locale: user.locale.as_ref().map(ToString::to_string),
            created_at: user.created_at.seconds(),
            updated_at: user.updated_at.seconds(),
        }
    }
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub(super) struct AdminUsers {
    pub(super) users: Vec<AdminUser>,
    /// `cursor` of the next page, where there is one.
    pub(super) next_cursor: Option<String>,
}

/// An account with its sessions.
#[derive(Serialize, ToSchema)]
pub(super) struct AdminUserDetail {
    pub(super) user: AdminUser,
    /// The living ones, then those that ended within 30 days; of either the last used first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sessions: Option<Vec<AdminSession>>,
    /// `cursor` of their next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// A session as those who run the site see it.
#[derive(Serialize, ToSchema)]
pub(super) struct AdminSession {
    id: String,
    /// `cookie` or `header`.
    carrier: &'static str,
    device: Option<String>,
    user_agent: String,
    address: String,
    created_at: i64,
    last_seen_at: i64,
    auth_time: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    /// Why it ended.
    end_reason: Option<&'static str>,
}

impl AdminSession {
    pub(super) fn of(session: &Session, now: Timestamp) -> Self {
        let over = session.over(now);
        Self {
            id: session.id.to_string(),
            carrier: session.carrier.name(),
            device: session.device.clone(),
            user_agent: session.agent.clone(),
            address: session.address.clone(),
            created_at: session.created_at.seconds(),
            last_seen_at: session.last_seen_at.seconds(),
            auth_time: session.auth_time.seconds(),
            expires_at: session.expires_at.seconds(),
            ended_at: over.map(|over| over.since.seconds()),
            end_reason: over.map(Over::name),
        }
    }
}

/// What is to change of an account; what is left out stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct AdminChange {
    /// `active`, `suspended`, or `deleted`. A deleted account can be made active for 14 days; then it is gone.
    pub(super) status: Option<String>,
    /// All roles from now on.
    pub(super) roles: Option<Vec<String>>,
    pub(super) is_super_user: Option<bool>,
}

/// A page of the audit trail, the latest first.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditEvents {
    pub(super) events: Vec<AuditEvent>,
    /// `cursor` of the next page, where there is one.
    pub(super) next_cursor: Option<String>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditEvent {
    id: u64,
    at: i64,
    /// Its name in the OWASP logging vocabulary.
    event: &'static str,
    /// `success` or `failure`.
    outcome: &'static str,
    /// The number of the account that did it.
    actor: Option<i64>,
    /// The number of the account that it was done to.
    subject: Option<i64>,
    session: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
    /// The id that the log knows the request by.
    request_id: Option<String>,
    /// A few words and numbers more.
    #[schema(value_type = Object)]
    details: Map<String, Value>,
}

impl From<KeptEvent> for AuditEvent {
    fn from(KeptEvent { sequence, event }: KeptEvent) -> Self {
        Self {
            id: sequence,
            at: event.at.seconds(),
            event: event.name.name(),
            outcome: event.outcome.name(),
            actor: event.actor.map(|id| id.0),
            subject: event.subject.map(|id| id.0),
            session: event.session.map(|id| id.to_string()),
            address: event.address,
            user_agent: event.agent,
            request_id: event.request_id,
            details: event.details,
        }
    }
}
