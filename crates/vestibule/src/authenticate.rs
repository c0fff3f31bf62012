//! Finding out who is calling: verify, renew if a cookie has expired, hold against the revocations.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use vestibule_core::{
    csrf::Demand,
    error::ErrorCode,
    id::SessionId,
    renewal::PresentedAccess,
    revocation::RevocationStatus,
    secret::SecretText,
    session::{Carrier, EndReason},
    store::SessionActivity,
    time::Timestamp,
    token::{AccessClaims, IssuedAccess, RefreshClaims, Untimely},
};

use crate::{
    cache::Verified,
    credentials::{CookieTokens, Presented},
    metrics,
    problem::Problem,
    renew::Renewed,
    visit::Visit,
};

/// How long a session's use is not noted again, in milliseconds.
const NOTE_EVERY: i64 = 1000;

/// A caller who has been verified.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    pub(crate) verified: Arc<Verified>,
    pub(crate) carrier: Carrier,
}

/// An access token that was read, and how it stands.
enum Access {
    Good(Arc<Verified>),
    /// Past its time, or what it says of the user is no longer true.
    Expired(Arc<Verified>),
    /// Made in the future, by a node whose clock is wrong.
    NotYet(Arc<Verified>),
    /// Its session was ended.
    Revoked(Arc<Verified>),
    Invalid,
}

impl Access {
    /// What it says, where its signature is good.
    fn claims(&self) -> Option<&AccessClaims> {
        match self {
            Self::Good(verified)
            | Self::Expired(verified)
            | Self::NotYet(verified)
            | Self::Revoked(verified) => Some(&verified.claims),
            Self::Invalid => None,
        }
    }

    /// What it says for the renewal of a session beside its refresh token.
    fn presented(&self) -> Option<PresentedAccess> {
        let works = matches!(self, Self::Good(_));
        Some(PresentedAccess { generation: self.claims()?.generation, works })
    }
}

/// The cookies of one session, or what is left of them.
struct CookieSession {
    access: Option<Access>,
    refresh: Option<RefreshClaims>,
}

impl CookieSession {
    /// The session, by signature alone: it may have ended.
    fn id(&self) -> Option<SessionId> {
        let by_access = self.access.as_ref().and_then(Access::claims);
        let by_access = by_access.map(|claims| claims.session_id);
        by_access.or_else(|| self.refresh.as_ref().map(|claims| claims.session_id))
    }
}

/// A refresh token out of a cookie, with what came along.
pub(crate) struct CookieRenewal {
    pub(crate) refresh: RefreshClaims,
    access: Option<PresentedAccess>,
}

impl Visit {
    /// Who is calling, found out once for each request.
    pub(crate) async fn authenticate(&self) -> Result<Authenticated, Problem> {
        self.caller().get_or_init(|| self.find_caller()).await.clone()
    }

    async fn find_caller(&self) -> Result<Authenticated, Problem> {
        match self.presented() {
            Presented::Nothing => Err(Problem::new(ErrorCode::TokenMissing)),
            Presented::Header(token) => {
                self.by_header(token.as_ref().map(SecretText::expose)).await
            }
            Presented::Cookies(tokens) => self.by_cookies(tokens).await,
        }
    }

    async fn by_header(&self, token: Option<&str>) -> Result<Authenticated, Problem> {
        let refuse = |code| Err(Problem::new(code).carried(Carrier::Header));
        let Some(token) = token else {
            return refuse(ErrorCode::TokenInvalid);
        };
        match self.certain_access(token).await? {
            Access::Good(verified) => Ok(self.admit(verified, Carrier::Header)),
            Access::Expired(_) => refuse(ErrorCode::TokenExpired),
            Access::Revoked(_) => refuse(ErrorCode::TokenRevoked),
            Access::NotYet(_) => refuse(ErrorCode::TokenInvalid),
            Access::Invalid => {
                self.note_forgery(token, "access");
                refuse(ErrorCode::TokenInvalid)
            }
        }
    }

    async fn by_cookies(&self, tokens: &CookieTokens) -> Result<Authenticated, Problem> {
        let refuse = |code| Err(Problem::new(code).carried(Carrier::Cookie));
        let access = match tokens.access.as_ref().map(SecretText::expose) {
            Some(token) => Some(self.certain_access(token).await?),
            None => None,
        };
        if let Some(token) = &tokens.access
            && matches!(access, Some(Access::Invalid))
        {
            self.note_forgery(token.expose(), "access");
        }
        if let Some(token) = &tokens.refresh
            && self.auth().0.issuer.read_refresh(token.expose()).is_err()
        {
            self.note_forgery(token.expose(), "refresh");
        }
        let Some(CookieSession { access, refresh }) = self.agree(access, tokens) else {
            return refuse(ErrorCode::TokenMissing);
        };
        if let Some(Access::Good(verified)) = access {
            self.guard(verified.claims.session_id)?;
            return Ok(self.admit(verified, Carrier::Cookie));
        }
        if let Some(Access::Revoked(verified)) = access {
            return Err(self.leave_session(verified.claims.session_id).await);
        }
        let Some(refresh) = refresh else {
            return match access {
                Some(Access::Expired(_)) => refuse(ErrorCode::TokenExpired),
                Some(Access::NotYet(_) | Access::Invalid) => refuse(ErrorCode::TokenInvalid),
                Some(Access::Good(_) | Access::Revoked(_)) | None => {
                    refuse(ErrorCode::TokenMissing)
                }
            };
        };
        // Before anything is renewed: a request from elsewhere changes nothing.
        self.guard(refresh.session_id)?;
        let session = refresh.session_id;
        let access = access.as_ref().and_then(Access::presented);
        let given = access.map_or(0, |access| access.generation).max(refresh.generation);
        let renewed = self.renew_cookies(&CookieRenewal { refresh, access }).await?;
        let verified = Arc::new(self.verified_of(&renewed));
        // What was presented is in use, what is handed out is not: its answer may yet be lost.
        let given = given.min(renewed.session.generation);
        self.note_use(session, given, self.auth().now());
        Ok(Authenticated { verified, carrier: Carrier::Cookie })
    }

    /// What the two cookies say together, or nothing where they name different sessions: then they are nobody's,
    /// as two cookies of one name are. An unreadable one says nothing.
    fn agree(&self, access: Option<Access>, tokens: &CookieTokens) -> Option<CookieSession> {
        let issuer = &self.auth().0.issuer;
        let refresh =
            tokens.refresh.as_ref().and_then(|token| issuer.read_refresh(token.expose()).ok());
        let claims = access.as_ref().and_then(Access::claims);
        match claims.zip(refresh.as_ref()) {
            Some((old, new)) if old.session_id != new.session_id => {
                // What is left of a session that is over does not stand in the way of the same person's next one.
                let is_left = matches!(access, Some(Access::Revoked(_)));
                (is_left && old.user_id == new.user_id)
                    .then_some(CookieSession { access: None, refresh })
            }
            _ => Some(CookieSession { access, refresh }),
        }
    }

    /// The session of the request's cookies.
    fn read_cookies(&self) -> Option<CookieSession> {
        let Presented::Cookies(tokens) = self.presented() else {
            return None;
        };
        self.agree(tokens.access.as_ref().map(|token| self.read_access(token.expose())), tokens)
    }

    /// Whether the request has cookies of two sessions.
    pub(crate) fn has_cookies_of_two(&self) -> bool {
        matches!(self.presented(), Presented::Cookies(_)) && self.read_cookies().is_none()
    }

    /// What the cookies of this request renew a session with.
    pub(crate) fn cookie_renewal(&self) -> Option<CookieRenewal> {
        let CookieSession { access, refresh } = self.read_cookies()?;
        let access = access.as_ref().and_then(Access::presented);
        refresh.map(|refresh| CookieRenewal { refresh, access })
    }

    /// Takes an ended session out of the browser. A page can say so where it was ended for theft: that is
    /// looked up once for each browser, since its cookies go with the same answer, and where the store does
    /// not say, neither does the page.
    async fn leave_session(&self, id: SessionId) -> Problem {
        self.forget_session();
        if !self.request_info().expects_json
            && let Ok(Some(session)) = self.auth().0.store.session(id).await
            && session.end.is_some_and(|end| end.reason == EndReason::Theft)
        {
            self.note_theft();
        }
        Problem::new(ErrorCode::TokenRevoked).carried(Carrier::Cookie)
    }

    /// Renews a cookie session in this request, and sends the next generation with its answer.
    pub(crate) async fn renew_cookies(&self, held: &CookieRenewal) -> Result<Renewed, Problem> {
        match self.auth().renew(&held.refresh, held.access, Carrier::Cookie, self).await {
            Ok(renewed) => {
                self.establish(&renewed);
                Ok(renewed)
            }
            Err(problem) => {
                if problem.code == ErrorCode::SessionEnded {
                    self.forget_session();
                }
                Err(problem.carried(Carrier::Cookie))
            }
        }
    }

    /// Sends a session's tokens with the answer, as cookies.
    pub(crate) fn establish(&self, renewed: &Renewed) {
        let auth = &self.auth().0;
        let cookies = renewed.as_cookies(&auth.csrf);
        let config = &auth.config;
        self.send_cookies(config.cookies.establish(
            &cookies,
            &renewed.session,
            &config.lifetimes,
            auth.now(),
        ));
    }

    /// Takes the cookies out of the browser. Only for a session that is known to be over.
    pub(crate) fn forget_session(&self) {
        self.send_cookies(self.auth().config().cookies.clear());
        self.note_forgetting();
    }

    /// The session that the cookies of this request belong to, by signature alone: it may have ended. None where
    /// they contradict each other.
    pub(crate) fn cookie_session(&self) -> Option<SessionId> {
        self.read_cookies()?.id()
    }

    /// The session that the access token in the header of this request belongs to, by signature alone.
    pub(crate) fn session_by_access_header(&self) -> Option<SessionId> {
        let Presented::Header(Some(token)) = self.presented() else {
            return None;
        };
        match self.read_access(token.expose()) {
            Access::Good(verified) | Access::Expired(verified) | Access::Revoked(verified) => {
                Some(verified.claims.session_id)
            }
            Access::NotYet(_) | Access::Invalid => None,
        }
    }

    /// The session that the refresh token in the header of this request belongs to, by signature alone:
    /// whether it may travel in a header is not known yet.
    pub(crate) fn session_by_refresh_header(&self) -> Option<SessionId> {
        let Presented::Header(Some(token)) = self.presented() else {
            return None;
        };
        self.auth().0.issuer.read_refresh(token.expose()).ok().map(|claims| claims.session_id)
    }

    /// The CSRF rules that this request has to keep.
    pub(crate) fn guard(&self, session: SessionId) -> Result<(), Problem> {
        match self.demand() {
            Demand::Nothing => Ok(()),
            Demand::Source => self.check_source(),
            Demand::SourceAndValue => self.check_csrf(self.auth().0.csrf.of_session(session)),
        }
    }

    /// The same as [`Visit::read_access`], also while this node may not have heard of what others ended: then
    /// the store is asked, or nobody is let in where that is what was configured. It never fails open.
    async fn certain_access(&self, token: &str) -> Result<Access, Problem> {
        let access = self.read_access(token);
        let auth = &self.auth().0;
        let Access::Good(verified) = &access else {
            return Ok(access);
        };
        if !auth.feed_age.is_lost() {
            return Ok(access);
        }
        if auth.config.feed_strict {
            return Err(Problem::unavailable(Duration::from_secs(1)));
        }
        metrics::store_asked();
        let claims = &verified.claims;
        let session = auth.store.session(claims.session_id).await?;
        if session.is_none_or(|session| session.end.is_some()) {
            return Ok(Access::Revoked(Arc::clone(verified)));
        }
        let user = auth.users.user(claims.user_id).await?;
        // A higher version than the store's is from a history that the store has lost.
        if user.is_none_or(|user| claims.version != user.version) {
            return Ok(Access::Expired(Arc::clone(verified)));
        }
        Ok(access)
    }

    /// The claims of an access token that is good by what this node knows.
    pub(crate) fn good_access(&self, token: &str) -> Option<Arc<Verified>> {
        match self.read_access(token) {
            Access::Good(verified) => Some(verified),
            Access::Expired(_) | Access::NotYet(_) | Access::Revoked(_) | Access::Invalid => None,
        }
    }

    fn read_access(&self, token: &str) -> Access {
        let auth = &self.auth().0;
        let now = auth.now();
        let ring = auth.keys.current();
        let verified = match auth.tokens.find(token, ring.revision) {
            Some(verified) => verified,
            None => match auth.issuer.read_access(&ring.ring, token, now) {
                Ok(claims) => {
                    let verified = Arc::new(Verified::new(token, ring.revision, claims));
                    auth.tokens.keep(&verified);
                    verified
                }
                Err(_) => return Access::Invalid,
            },
        };
        let claims = &verified.claims;
        let timely = auth.issuer.check_time(claims, now);
        if timely == Err(Untimely::NotYet) {
            return Access::NotYet(verified);
        }
        let revocations = auth.revocations.read().unwrap_or_else(PoisonError::into_inner);
        let standing = revocations.standing(
            claims.session_id,
            claims.user_id,
            claims.version,
            claims.issued_at,
        );
        drop(revocations);
        match standing {
            RevocationStatus::Ended => Access::Revoked(verified),
            RevocationStatus::Good if timely.is_ok() => Access::Good(verified),
            RevocationStatus::Good | RevocationStatus::Stale => Access::Expired(verified),
        }
    }

    /// What a token says that was issued a moment ago.
    fn verified_of(&self, renewed: &Renewed) -> Verified {
        let IssuedAccess { token, claims } = &renewed.access;
        let revision = self.auth().0.keys.current().revision;
        Verified::new(token.expose(), revision, claims.clone())
    }

    fn admit(&self, verified: Arc<Verified>, carrier: Carrier) -> Authenticated {
        let now = self.auth().now();
        if verified.notes_use(now, NOTE_EVERY) {
            self.note_use(verified.claims.session_id, verified.claims.generation, now);
        }
        Authenticated { verified, carrier }
    }

    fn note_use(&self, session: SessionId, generation: u64, at: Timestamp) {
        let address = self.address().map(|address| address.to_string()).unwrap_or_default();
        self.auth().0.activity.note(SessionActivity { session, generation, at, address });
    }
}
