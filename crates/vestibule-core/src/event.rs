//! What happened: the names of what is logged, after the OWASP logging vocabulary, and what an audit trail
//! keeps of each.

use std::{fmt, net::IpAddr, str::FromStr, time::Duration};

use serde_json::{Map, Value};

use crate::{
    id::{SessionId, UserId},
    network::network_of,
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
    AuthnTokenForged,
    MaliciousCsrf,
    MaliciousDirectReference,
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
    pub const ALL: [Self; 23] = [
        Self::AuthnLoginSuccess,
        Self::AuthnLoginFail,
        Self::AuthnLoginLock,
        Self::AuthnPasswordChange,
        Self::AuthnTokenCreated,
        Self::AuthnTokenRevoked,
        Self::AuthnTokenReuse,
        Self::AuthzFail,
        Self::AuthzAdmin,
        Self::AuthnTokenForged,
        Self::MaliciousCsrf,
        Self::MaliciousDirectReference,
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
            Self::AuthnTokenForged => "authn_token_forged",
            Self::MaliciousCsrf => "malicious_csrf",
            Self::MaliciousDirectReference => "malicious_direct_reference",
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
                | Self::AuthnTokenForged
                | Self::MaliciousCsrf
                | Self::MaliciousDirectReference
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

    /// Forgets from where and with what it was done.
    pub fn forget_origin(&mut self) {
        self.address = None;
        self.agent = None;
        if self.name == EventName::AuthnTokenReuse {
            // The other one's address and agent are in them.
            self.details.clear();
        }
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

    /// How often it happened: one event may stand for many of a kind.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.details.get(COUNT).and_then(Value::as_u64).unwrap_or(1)
    }

    /// The same event, for so many of its kind.
    #[must_use]
    pub fn counted(self, count: u64) -> Self {
        if count > 1 { self.with(COUNT, count) } else { self }
    }

    /// Which events it is counted together with; `None` where it stands for itself.
    ///
    /// Whatever is refused can be asked for again at once and as often as one likes, so of that an audit trail
    /// keeps how often it happened in a minute, from each network. A failed password of an account stands for
    /// itself, since limits bound how many there are, and so does a stolen token, which ends its session.
    #[must_use]
    pub fn tally(&self) -> Option<Tally> {
        use EventName as Name;
        let is_known = self.subject.is_some();
        let stands_for_itself = match self.name {
            Name::AuthnTokenReuse => true,
            Name::AuthnLoginFail => is_known,
            name => !name.is_refusal(),
        };
        let address: IpAddr = self.address.as_ref()?.parse().ok()?;
        let text = |name| self.details.get(name).and_then(Value::as_str).map(str::to_owned);
        (!stands_for_itself).then(|| Tally {
            name: self.name,
            network: Some(network_of(address)),
            people: (self.actor, self.subject),
            kind: text("cause").or_else(|| text("of")),
        })
    }
}

const COUNT: &str = "count";

/// Events that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tally {
    name: EventName,
    network: Option<IpAddr>,
    people: (Option<UserId>, Option<UserId>),
    kind: Option<String>,
}

impl Tally {
    /// For how long events are counted together.
    pub const WINDOW: Duration = Duration::from_secs(60);

    /// Whether nobody of this site is named.
    #[must_use]
    pub fn is_of_strangers(&self) -> bool {
        self.people == (None, None)
    }

    /// The same for all networks together.
    #[must_use]
    pub fn from_anywhere(self) -> Self {
        Self { network: None, kind: None, ..self }
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

    #[test]
    fn what_is_refused_is_counted_by_network_and_what_is_bounded_otherwise_is_not() {
        let event = |name, address: &str| Event {
            address: Some(address.to_owned()),
            ..Event::new(name, Timestamp::default())
        };
        let (csrf, fail) = (EventName::MaliciousCsrf, EventName::AuthnLoginFail);
        let tally = event(csrf, "2001:db8::1").tally().unwrap();
        assert!(tally.is_of_strangers());
        assert_eq!(event(csrf, "2001:db8::2").tally(), Some(tally.clone()));
        assert_ne!(event(csrf, "2001:db8:0:1::1").tally(), Some(tally.clone()));
        assert_ne!(event(fail, "2001:db8::1").tally(), Some(tally.clone()));
        assert_ne!(event(csrf, "2001:db8::1").with("of", "x").tally(), Some(tally));
        assert!(!event(csrf, "::1").of(UserId(1)).tally().unwrap().is_of_strangers());
        for own in [
            event(fail, "::1").about(UserId(1)),
            event(EventName::AuthnTokenReuse, "::1"),
            event(EventName::SessionCreated, "::1"),
            Event::new(csrf, Timestamp::default()),
        ] {
            assert_eq!(own.tally(), None, "{own:?}");
        }
        assert_eq!((event(csrf, "::1").count(), event(csrf, "::1").counted(7).count()), (1, 7));
        assert_eq!(event(csrf, "::1").counted(1).details.len(), 0);
    }
}
