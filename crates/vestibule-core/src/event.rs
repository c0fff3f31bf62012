//! What happened: the names of what is logged, after the OWASP logging vocabulary, and what an audit trail
//! keeps of each.

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    id::{SessionId, UserId},
    session::UnknownName,
    time::Timestamp,
};

/// Something worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the vocabulary's own and say it")]
pub enum EventName {
    AuthnLoginSuccess,
    AuthnLoginFail,
    AuthnLoginLock,
    AuthnPasswordChange,
    AuthnTokenCreated,
    AuthnTokenRevoked,
    AuthnTokenReuse,
    AuthzFail,
    AuthzAdmin,
    MaliciousCsrf,
    ExcessRateLimitExceeded,
    SessionCreated,
    SessionRenewed,
    SessionExpired,
    SessionLogout,
    UserCreated,
    UserUpdated,
    UserDeleted,
    UserRestored,
    SysStartup,
    SysShutdown,
}

impl EventName {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::AuthnLoginSuccess,
        Self::AuthnLoginFail,
        Self::AuthnLoginLock,
        Self::AuthnPasswordChange,
        Self::AuthnTokenCreated,
        Self::AuthnTokenRevoked,
        Self::AuthnTokenReuse,
        Self::AuthzFail,
        Self::AuthzAdmin,
        Self::MaliciousCsrf,
        Self::ExcessRateLimitExceeded,
        Self::SessionCreated,
        Self::SessionRenewed,
        Self::SessionExpired,
        Self::SessionLogout,
        Self::UserCreated,
        Self::UserUpdated,
        Self::UserDeleted,
        Self::UserRestored,
        Self::SysStartup,
        Self::SysShutdown,
    ];

    /// The name as logged.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthnLoginSuccess => "authn_login_success",
            Self::AuthnLoginFail => "authn_login_fail",
            Self::AuthnLoginLock => "authn_login_lock",
            Self::AuthnPasswordChange => "authn_password_change",
            Self::AuthnTokenCreated => "authn_token_created",
            Self::AuthnTokenRevoked => "authn_token_revoked",
            Self::AuthnTokenReuse => "authn_token_reuse",
            Self::AuthzFail => "authz_fail",
            Self::AuthzAdmin => "authz_admin",
            Self::MaliciousCsrf => "malicious_csrf",
            Self::ExcessRateLimitExceeded => "excess_rate_limit_exceeded",
            Self::SessionCreated => "session_created",
            Self::SessionRenewed => "session_renewed",
            Self::SessionExpired => "session_expired",
            Self::SessionLogout => "session_logout",
            Self::UserCreated => "user_created",
            Self::UserUpdated => "user_updated",
            Self::UserDeleted => "user_deleted",
            Self::UserRestored => "user_restored",
            Self::SysStartup => "sys_startup",
            Self::SysShutdown => "sys_shutdown",
        }
    }

    /// Whether somebody was refused, which is what an attack looks like from inside.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::AuthnLoginFail
                | Self::AuthnLoginLock
                | Self::AuthnTokenReuse
                | Self::AuthzFail
                | Self::MaliciousCsrf
                | Self::ExcessRateLimitExceeded
        )
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EventName {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|event| event.name() == name).ok_or(UnknownName)
    }
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventOutcome {
    /// As whoever did it wanted.
    Success,
    /// It was refused.
    Failure,
}

impl EventOutcome {
    /// Its name in answers and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

impl fmt::Display for EventOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EventOutcome {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        [Self::Success, Self::Failure]
            .into_iter()
            .find(|outcome| outcome.name() == name)
            .ok_or(UnknownName)
    }
}

/// Something that happened. It never holds a secret: no password, token, hash or CSRF value.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What.
    pub name: EventName,
    /// When.
    pub at: Timestamp,
    /// How it went.
    pub outcome: EventOutcome,
    /// Who did it, where that is known.
    pub actor: Option<UserId>,
    /// Whose account it was done to; for what people do on their own, the same.
    pub subject: Option<UserId>,
    /// In or to which session.
    pub session: Option<SessionId>,
    /// From which address; `None` where no request did it.
    pub address: Option<String>,
    /// With which `User-Agent`.
    pub agent: Option<String>,
    /// The id that the log knows the request by.
    pub request_id: Option<String>,
    /// A few words and numbers more, by name.
    pub details: Map<String, Value>,
}

impl Event {
    /// Something that happened without anybody's request, as far as is known.
    #[must_use]
    pub fn new(name: EventName, at: Timestamp) -> Self {
        let is_failure = name.is_refusal() || name == EventName::SessionExpired;
        Self {
            name,
            at,
            outcome: if is_failure { EventOutcome::Failure } else { EventOutcome::Success },
            actor: None,
            subject: None,
            session: None,
            address: None,
            agent: None,
            request_id: None,
            details: Map::new(),
        }
    }

    /// Somebody did it on their own.
    #[must_use]
    pub fn of(self, user: UserId) -> Self {
        Self { actor: Some(user), subject: Some(user), ..self }
    }

    /// Who did it.
    #[must_use]
    pub fn by(self, actor: UserId) -> Self {
        Self { actor: Some(actor), ..self }
    }

    /// To whom it was done.
    #[must_use]
    pub fn about(self, subject: UserId) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// In or to which session.
    #[must_use]
    pub fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// It was refused.
    #[must_use]
    pub fn failed(self) -> Self {
        Self { outcome: EventOutcome::Failure, ..self }
    }

    /// One word or number more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// The detail that tells events of one name apart, where they have one.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.details.get("cause")?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_name_of_its_own() {
        for name in EventName::ALL {
            assert_eq!(name.name().parse(), Ok(name));
        }
        assert_eq!("sys_nothing".parse::<EventName>(), Err(UnknownName));
    }
}
