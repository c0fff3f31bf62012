//! Finding out who is calling: verify, renew if a cookie has expired, hold against the revocations.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use vestibule_core::{
    csrf::Demand,
    error::ErrorCode,
    id::SessionId,
    revocation::Standing,
    secret::SecretText,
    session::{Carrier, EndReason},
    store::Sighting,
    time::Timestamp,
    token::{RefreshClaims, Untimely},
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
    Expired(SessionId),
    /// Its session was ended.
    Revoked(SessionId),
    Invalid,
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
        if let Some(Access::Good(verified)) = access {
            self.guard(verified.claims.session_id)?;
            return Ok(self.admit(verified, Carrier::Cookie));
        }
        let forge = &self.hall().0.forge;
        let refresh =
            tokens.refresh.as_ref().and_then(|token| forge.read_refresh(token.expose()).ok());
        for (token, kind, is_refused) in [
            (&tokens.access, "access", matches!(access, Some(Access::Invalid))),
            (&tokens.refresh, "refresh", refresh.is_none()),
        ] {
            if let Some(token) = token.as_ref().filter(|_| is_refused) {
                self.note_forgery(token.expose(), kind);
            }
        }
        match (access, refresh) {
            (Some(Access::Revoked(id)), Some(refresh)) if refresh.session_id == id => {
                Err(self.leave_session(id).await)
            }
            (Some(Access::Revoked(id)), None) => Err(self.leave_session(id).await),
            (_, Some(refresh)) => {
                // Before anything is renewed: a request from elsewhere changes nothing.
                self.guard(refresh.session_id)?;
                let renewed = self.renew_cookies(&refresh).await?;
                let verified = Arc::new(self.verified_of(&renewed)?);
                // What was presented is in use, what is handed out is not: its answer may yet be lost.
                self.note_use(refresh.session_id, refresh.generation, self.hall().now());
                Ok(Authenticated { verified, carrier: Carrier::Cookie })
            }
            (Some(Access::Expired(_)), None) => refuse(ErrorCode::TokenExpired),
            (Some(Access::Invalid), None) => refuse(ErrorCode::TokenInvalid),
            (Some(Access::Good(_)) | None, None) => refuse(ErrorCode::TokenMissing),
        }
    }

    /// Takes an ended session out of the browser. A page can say so where it was ended for theft: that is
    /// looked up once for each browser, since its cookies go with the same answer, and where the store does
    /// not say, neither does the page.
    async fn leave_session(&self, id: SessionId) -> Problem {
        self.forget_session();
        if !self.asked().is_program
            && let Ok(Some(session)) = self.hall().0.store.session(id).await
            && session.end.is_some_and(|end| end.reason == EndReason::Theft)
        {
            self.note_theft();
        }
        Problem::new(ErrorCode::TokenRevoked).carried(Carrier::Cookie)
    }

    /// Renews a cookie session in this request, and sends the next generation with its answer.
    pub(crate) async fn renew_cookies(&self, refresh: &RefreshClaims) -> Result<Renewed, Problem> {
        match self.hall().renew(refresh, Carrier::Cookie, self).await {
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
        let hall = &self.hall().0;
        let cookies = renewed.as_cookies(&hall.csrf);
        let config = &hall.config;
        self.send_cookies(config.cookies.establish(
            &cookies,
            &renewed.session,
            &config.lifetimes,
            hall.now(),
        ));
    }

    /// Takes the cookies out of the browser. Only for a session that is known to be over.
    pub(crate) fn forget_session(&self) {
        self.send_cookies(self.hall().config().cookies.clear());
        self.note_forgetting();
    }

    /// The session that the cookies of this request belong to, by signature alone: it may have ended.
    pub(crate) fn cookie_session(&self) -> Option<SessionId> {
        let Presented::Cookies(tokens) = self.presented() else {
            return None;
        };
        let hall = &self.hall().0;
        let by_access =
            tokens.access.as_ref().and_then(|token| match self.read_access(token.expose()) {
                Access::Good(verified) => Some(verified.claims.session_id),
                Access::Expired(id) | Access::Revoked(id) => Some(id),
                Access::Invalid => None,
            });
        by_access.or_else(|| {
            let refresh = tokens.refresh.as_ref()?;
            hall.forge.read_refresh(refresh.expose()).ok().map(|claims| claims.session_id)
        })
    }

    /// The session that the access token in the header of this request belongs to, by signature alone.
    pub(crate) fn session_by_access_header(&self) -> Option<SessionId> {
        let Presented::Header(Some(token)) = self.presented() else {
            return None;
        };
        match self.read_access(token.expose()) {
            Access::Good(verified) => Some(verified.claims.session_id),
            Access::Expired(id) | Access::Revoked(id) => Some(id),
            Access::Invalid => None,
        }
    }

    /// The session that the refresh token in the header of this request belongs to, by signature alone:
    /// whether it may travel in a header is not known yet.
    pub(crate) fn session_by_refresh_header(&self) -> Option<SessionId> {
        let Presented::Header(Some(token)) = self.presented() else {
            return None;
        };
        self.hall().0.forge.read_refresh(token.expose()).ok().map(|claims| claims.session_id)
    }

    /// The CSRF rules that this request has to keep.
    pub(crate) fn guard(&self, session: SessionId) -> Result<(), Problem> {
        match self.demand() {
            Demand::Nothing => Ok(()),
            Demand::Source => self.check_source(),
            Demand::SourceAndValue => self.check_csrf(self.hall().0.csrf.of_session(session)),
        }
    }

    /// The same as [`Visit::read_access`], also while this node may not have heard of what others ended: then
    /// the store is asked, or nobody is let in where that is what was configured. It never fails open.
    async fn certain_access(&self, token: &str) -> Result<Access, Problem> {
        let access = self.read_access(token);
        let hall = &self.hall().0;
        let Access::Good(verified) = &access else {
            return Ok(access);
        };
        if !hall.feed_age.is_lost() {
            return Ok(access);
        }
        if hall.config.feed_strict {
            return Err(Problem::unavailable(Duration::from_secs(1)));
        }
        metrics::store_asked();
        let claims = &verified.claims;
        let id = claims.session_id;
        if hall.store.session(id).await?.is_none_or(|session| session.end.is_some()) {
            return Ok(Access::Revoked(id));
        }
        let user = hall.users.user(claims.user_id).await?;
        // A higher version than the store's is from a history that the store has lost.
        if user.is_none_or(|user| claims.version != user.version) {
            return Ok(Access::Expired(id));
        }
        Ok(access)
    }

    /// The claims of an access token that is good by what this node knows.
    pub(crate) fn good_access(&self, token: &str) -> Option<Arc<Verified>> {
        match self.read_access(token) {
            Access::Good(verified) => Some(verified),
            Access::Expired(_) | Access::Revoked(_) | Access::Invalid => None,
        }
    }

    fn read_access(&self, token: &str) -> Access {
        let hall = &self.hall().0;
        let now = hall.now();
        let ring = hall.keys.current();
        let verified = match hall.tokens.find(token, ring.revision) {
            Some(verified) => verified,
            None => match hall.forge.read_access(&ring.ring, token, now) {
                Ok(claims) => {
                    let verified = Arc::new(Verified::new(token, ring.revision, claims));
                    hall.tokens.keep(&verified);
                    verified
                }
                Err(_) => return Access::Invalid,
            },
        };
        let claims = &verified.claims;
        let timely = hall.forge.check_time(claims, now);
        if timely == Err(Untimely::NotYet) {
            return Access::Invalid;
        }
        let revocations = hall.revocations.read().unwrap_or_else(PoisonError::into_inner);
        match revocations.standing(
            claims.session_id,
            claims.user_id,
            claims.version,
            claims.issued_at,
        ) {
            Standing::Ended => Access::Revoked(claims.session_id),
            Standing::Stale => Access::Expired(claims.session_id),
            Standing::Good if timely.is_err() => Access::Expired(claims.session_id),
            Standing::Good => {
                drop(revocations);
                Access::Good(verified)
            }
        }
    }

    /// What a freshly minted access token says, without verifying our own signature.
    fn verified_of(&self, renewed: &Renewed) -> Result<Verified, Problem> {
        let hall = &self.hall().0;
        let ring = hall.keys.current();
        let claims = hall.forge.read_access(&ring.ring, renewed.access.expose(), hall.now());
        claims.map(|claims| Verified::new(renewed.access.expose(), ring.revision, claims)).map_err(|_| {
            tracing::error!("a token made a moment ago does not verify; the key ring is changing faster than requests");
            Problem::unavailable(Duration::from_secs(1))
        })
    }

    fn admit(&self, verified: Arc<Verified>, carrier: Carrier) -> Authenticated {
        let now = self.hall().now();
        if verified.notes_use(now, NOTE_EVERY) {
            self.note_use(verified.claims.session_id, verified.claims.generation, now);
        }
        Authenticated { verified, carrier }
    }

    fn note_use(&self, session: SessionId, generation: u64, at: Timestamp) {
        let address = self.address().map(|address| address.to_string()).unwrap_or_default();
        self.hall().0.seen.note(Sighting { session, generation, at, address });
    }
}
