//! Sessions: one sign-in on one device.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    id::{SessionId, UserId},
    time::Timestamp,
};

/// How a credential travelled. A session belongs to the carrier that it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// In HttpOnly cookies, as pages do.
    Cookie,
    /// In the `Authorization` header, as apps do.
    Header,
}

impl Carrier {
    /// Its name in answers, logs and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Header => "header",
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Carrier {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        [Self::Cookie, Self::Header]
            .into_iter()
            .find(|carrier| carrier.name() == name)
            .ok_or(UnknownName)
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The person signed out.
    SignedOut,
    /// The person ended it from another of their sessions.
    EndedByUser,
    /// A later sign-in in the same browser took its place.
    Replaced,
    /// The password was changed elsewhere.
    PasswordChanged,
    /// The account was suspended.
    Suspended,
    /// The account was deleted.
    Deleted,
    /// Whoever runs the site ended it.
    EndedByAdmin,
    /// A refresh token was used twice, so one of the users was a thief.
    Theft,
    /// The account had too many sessions, and of those this one was unused longest.
    TooMany,
}

impl EndReason {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::SignedOut,
        Self::EndedByUser,
        Self::Replaced,
        Self::PasswordChanged,
        Self::Suspended,
        Self::Deleted,
        Self::EndedByAdmin,
        Self::Theft,
        Self::TooMany,
    ];

    /// Its name in answers, logs and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::EndedByUser => "ended_by_user",
            Self::Replaced => "replaced",
            Self::PasswordChanged => "password_changed",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
            Self::EndedByAdmin => "ended_by_admin",
            Self::Theft => "theft",
            Self::TooMany => "too_many",
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EndReason {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|reason| reason.name() == name).ok_or(UnknownName)
    }
}

/// A name in the store that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store contains an unknown name; it was written by a newer version")]
pub struct UnknownName;

/// The end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// How a session came to be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Since when.
    pub since: Timestamp,
    /// Why it was ended; `None` where it was not used for too long, or its time was up.
    pub reason: Option<EndReason>,
}

impl Over {
    /// The reason in answers: that of the end, or `expired`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.reason.map_or("expired", EndReason::name)
    }
}

/// A session as the store keeps it: one row, however often it is renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The door that its tokens came in and leave by.
    pub carrier: Carrier,
    /// Whether the person asked to be remembered, which chooses its idle life.
    pub remembered: bool,
    /// How often it has been renewed; the sign-in makes generation 1.
    pub generation: u64,
    /// The highest generation whose tokens were seen in use.
    pub seen_generation: u64,
    /// The oldest generation whose refresh token still counts: 0 until a change of the password raises it.
    pub oldest_generation: u64,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When the person last proved themselves in it (OpenID Connect Core section 2, `auth_time`).
    pub auth_time: Timestamp,
    /// By which methods they did (RFC 8176).
    pub methods: Vec<String>,
    /// When the current generation was made.
    pub renewed_at: Timestamp,
    /// When the current generation was made, or last handed out again because its answer had been lost. By the
    /// store's own clock, where it has one.
    pub handed_out_at: Timestamp,
    /// When it ends by not being used: the expiry of the current refresh token.
    pub expires_at: Timestamp,
    /// When it ends whatever happens.
    pub ends_at: Timestamp,
    /// When it was last seen in use.
    pub last_seen_at: Timestamp,
    /// From which address it was last seen in use.
    pub address: String,
    /// The `User-Agent` of the sign-in.
    pub agent: String,
    /// What an app calls the device it runs on.
    pub device: Option<String>,
    /// Its end, if it was ended.
    pub end: Option<End>,
}

impl Session {
    /// Ends it, and its tokens, as the lifetimes of today have it: a session of when they were longer lives no
    /// longer than one that was begun, or renewed, at the same time under these.
    pub fn limit(&mut self, lifetimes: &Lifetimes) {
        self.ends_at = self.ends_at.min(self.created_at + lifetimes.session);
        let idle = lifetimes.refresh_expiry(self.remembered, self.ends_at, self.renewed_at);
        self.expires_at = self.expires_at.min(idle);
    }

    /// Whether it is over. Nothing writes down that one was not used for too long, so its row alone does not
    /// tell.
    #[must_use]
    pub fn over(&self, now: Timestamp) -> Option<Over> {
        let ended = self.end.map(|end| Over { since: end.at, reason: Some(end.reason) });
        let end_of_time = self.expires_at.min(self.ends_at);
        ended.or_else(|| (now >= end_of_time).then_some(Over { since: end_of_time, reason: None }))
    }
}

/// The lifetimes of tokens and sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// An access token's.
    pub access: Duration,
    /// A refresh token's where the person asked to be remembered.
    pub refresh: Duration,
    /// A refresh token's where they did not.
    pub unremembered: Duration,
    /// A session's, however often it is renewed.
    pub session: Duration,
    /// How long after a renewal its predecessor is still taken for a racer.
    pub grace: Duration,
    /// How long after `auth_time` the token of that proof is fresh.
    pub fresh: Duration,
    /// How much clocks may differ.
    pub leeway: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            access: Duration::from_secs(15 * 60),
            refresh: Duration::from_secs(30 * 24 * HOUR),
            unremembered: Duration::from_secs(12 * HOUR),
            session: Duration::from_secs(180 * 24 * HOUR),
            grace: Duration::from_secs(30),
            fresh: Duration::from_secs(10 * 60),
            leeway: Duration::from_secs(5),
        }
    }
}

impl Lifetimes {
    /// How long a session may lie unused.
    #[must_use]
    pub const fn idle(&self, remembered: bool) -> Duration {
        if remembered { self.refresh } else { self.unremembered }
    }

    /// When a refresh token made `now` expires: after the idle life, never after the session.
    #[must_use]
    pub fn refresh_expiry(
        &self,
        remembered: bool,
        ends_at: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        (now + self.idle(remembered)).min(ends_at)
    }

    /// How long an access token made by now can still be accepted: what has to be remembered of an
    /// ended session or a raised claims version.
    #[must_use]
    pub fn access_memory(&self) -> Duration {
        self.access + self.leeway * 2 + Duration::from_secs(1)
    }
}

/// What a sign-in says about its session.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Who signed in.
    pub user_id: UserId,
    /// By which carrier.
    pub carrier: Carrier,
    /// Whether to be remembered.
    pub remembered: bool,
    /// By which methods (RFC 8176), for example `pwd`.
    pub methods: Vec<String>,
    /// From which address.
    pub address: String,
    /// The `User-Agent`, as sent.
    pub agent: String,
    /// What an app calls its device.
    pub device: Option<String>,
}

impl SignIn {
    /// The session that this sign-in begins.
    #[must_use]
    pub fn begin(self, id: SessionId, lifetimes: &Lifetimes, now: Timestamp) -> Session {
        let ends_at = now + lifetimes.session;
        Session {
            id,
            user_id: self.user_id,
            carrier: self.carrier,
            remembered: self.remembered,
            generation: 1,
            seen_generation: 0,
            oldest_generation: 0,
            created_at: now,
            auth_time: now,
            methods: self.methods,
            renewed_at: now,
            handed_out_at: now,
            expires_at: lifetimes.refresh_expiry(self.remembered, ends_at, now),
            ends_at,
            last_seen_at: now,
            address: self.address,
            agent: self.agent,
            device: self.device,
            end: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_over_when_it_was_ended_or_its_time_is_up() {
        let at = Timestamp::from_millis;
        let sign_in = SignIn {
            user_id: UserId(1),
            carrier: Carrier::Cookie,
            remembered: true,
            methods: Vec::new(),
            address: String::new(),
            agent: String::new(),
            device: None,
        };
        let mut session =
            sign_in.begin(SessionId::from_bytes([1; 16]), &Lifetimes::default(), at(0));
        (session.expires_at, session.ends_at) = (at(100), at(200));
        assert_eq!(session.over(at(99)), None);
        let idle = session.over(at(100)).unwrap();
        assert_eq!((idle.since, idle.name()), (at(100), "expired"));
        session.ends_at = at(50);
        assert_eq!(session.over(at(50)).unwrap().since, at(50));
        session.end = Some(End { at: at(70), reason: EndReason::Theft });
        let ended = session.over(at(10)).unwrap();
        assert_eq!((ended.since, ended.name()), (at(70), "theft"));
    }

    #[test]
    fn a_session_lives_no_longer_than_the_lifetimes_of_today() {
        let seconds = Duration::from_secs;
        let lifetimes = |refresh, unremembered, session| Lifetimes {
            refresh: seconds(refresh),
            unremembered: seconds(unremembered),
            session: seconds(session),
            ..Lifetimes::default()
        };
        let ends = |remembered, today: &Lifetimes| {
            let sign_in = SignIn {
                user_id: UserId(1),
                carrier: Carrier::Header,
                remembered,
                methods: Vec::new(),
                address: String::new(),
                agent: String::new(),
                device: None,
            };
            let then = lifetimes(100, 50, 1_000);
            let mut session =
                sign_in.begin(SessionId::from_bytes([1; 16]), &then, Timestamp::from_seconds(0));
            session.limit(today);
            (session.expires_at.seconds(), session.ends_at.seconds())
        };
        assert_eq!(ends(true, &lifetimes(100, 50, 1_000)), (100, 1_000));
        assert_eq!(ends(true, &lifetimes(10, 50, 1_000)), (10, 1_000));
        assert_eq!(ends(false, &lifetimes(10, 50, 1_000)), (50, 1_000));
        assert_eq!(ends(false, &lifetimes(10, 5, 1_000)), (5, 1_000));
        assert_eq!(ends(true, &lifetimes(100, 50, 20)), (20, 20));
        assert_eq!(ends(true, &lifetimes(500, 500, 5_000)), (100, 1_000), "longer: by its tokens");
    }
}
