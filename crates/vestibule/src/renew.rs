//! Carrying out the renewal rule: the row is read, [`decide`] decides, the store executes.

use vestibule_core::{
    csrf::CsrfKey,
    error::ErrorCode,
    event::{Event, EventName},
    freshness::Freshness,
    renewal::{
        Advance, Decision, Outcome, PresentedAccess, PresentedTokens, Refusal, Repeat, State,
        decide,
    },
    secret::SecretText,
    session::{Carrier, EndReason, Session},
    store::{Commit, Committed, Ending},
    token::{AccessExtras, IssuedAccess, MintError, RefreshClaims},
    user::{User, UserStatus},
};

use crate::{
    auth::Vestibule, commit::Report, cookies::SessionCookies, notice::Notice, problem::Problem,
    visit::Visit,
};

/// How often a lost race is run again. Every round that is lost was won by somebody else, and from the
/// second round on the answer is to repeat the winner's.
const ROUNDS: u32 = 8;

/// A session with the tokens of its current generation.
#[derive(Clone, Debug)]
pub(crate) struct Renewed {
    pub(crate) session: Session,
    pub(crate) user: User,
    pub(crate) access: IssuedAccess,
    pub(crate) refresh: SecretText,
    /// Whether the client has the refresh token already and is not to be sent it again.
    pub(crate) keeps_refresh: bool,
}

impl Renewed {
    pub(crate) fn as_cookies(&self, csrf: &CsrfKey) -> SessionCookies {
        SessionCookies {
            access: self.access.token.clone(),
            refresh: (!self.keeps_refresh).then(|| self.refresh.clone()),
            csrf: csrf.of_session(self.session.id).plain().into(),
        }
    }
}

impl Vestibule {
    /// Renews the session of a refresh token that was presented by `carrier`, with this access token beside it.
    pub(crate) async fn renew(
        &self,
        presented: &RefreshClaims,
        access: Option<PresentedAccess>,
        carrier: Carrier,
        visit: &Visit,
    ) -> Result<Renewed, Problem> {
        let (auth, presented, visit) = (self.clone(), presented.clone(), visit.clone());
        let work = async move { auth.renew_whole(&presented, access, carrier, &visit).await };
        self.uncancelled(work).await
    }

    async fn renew_whole(
        &self,
        presented: &RefreshClaims,
        access: Option<PresentedAccess>,
        carrier: Carrier,
        visit: &Visit,
    ) -> Result<Renewed, Problem> {
        let auth = &self.0;
        for _ in 0..ROUNDS {
            // Looked up before the row: whatever was in use by then, was handed out before the row was read.
            let noticed = auth.activity.generation(presented.session_id);
            let (begun, now) = (auth.clock.monotonic(), auth.now());
            let found = auth.store.session_to_renew(presented.session_id, now).await?;
            let Some((session, handed_out_ago)) = found else {
                return Err(Problem::new(ErrorCode::SessionEnded));
            };
            let mut session = auth.limited(session);
            if session.carrier != carrier || session.user_id != presented.user_id {
                return Err(Problem::new(ErrorCode::TokenInvalid));
            }
            let waited = auth.clock.monotonic().saturating_sub(begun);
            let mut state = State::of(&session, handed_out_ago, waited);
            state.seen_generation = state.seen_generation.max(noticed);
            let tokens = PresentedTokens { refresh: presented.generation, access };
            let decision = decide(&state, tokens, now, &auth.config.lifetimes);
            let outcome = Outcome::from(decision);
            match decision {
                Decision::Refuse(refusal) => {
                    self.note_outcome(presented, outcome, visit);
                    return Err(refused(&session, refusal, visit));
                }
                Decision::Theft => {
                    return Err(self.end_for_theft(&session, presented, visit).await?);
                }
                Decision::Advance | Decision::Repeat(_) => {}
            }
            let Some(user) = self.active_user(&session).await? else {
                return Err(Problem::new(ErrorCode::SessionEnded));
            };
            if decision == Decision::Repeat(Repeat::LostAnswer)
                && !auth.store.note_handout(session.id, session.generation, now).await?
            {
                continue;
            }
            if decision == Decision::Advance {
                let step = Advance::of(&session, &auth.config.lifetimes, now);
                if !auth.store.advance_session(session.id, &step).await? {
                    continue;
                }
                step.apply(&mut session);
            }
            self.note_outcome(presented, outcome, visit);
            visit.record(
                event(visit, EventName::SessionRenewed, &session)
                    .with("cause", outcome.name())
                    .with("generation", session.generation)
                    .with("carrier", carrier.name()),
                "a session was renewed",
            );
            let keeps_refresh = decision == Decision::Repeat(Repeat::Access);
            let renewed = self.tokens_of(session, user, Freshness::Stale)?;
            return Ok(Renewed { keeps_refresh, ..renewed });
        }
        Err(Problem::unavailable(std::time::Duration::from_secs(1)))
    }

    /// The tokens of a session's current generation.
    pub(crate) fn tokens_of(
        &self,
        session: Session,
        user: User,
        fresh: Freshness,
    ) -> Result<Renewed, Problem> {
        let access = self.access_token(&session, &user, fresh)?;
        let refresh = self.0.issuer.refresh(&session).map_err(unmintable)?;
        Ok(Renewed { session, user, access, refresh, keeps_refresh: false })
    }

    /// An access token of a session's current generation.
    pub(crate) fn access_token(
        &self,
        session: &Session,
        user: &User,
        fresh: Freshness,
    ) -> Result<IssuedAccess, Problem> {
        let auth = &self.0;
        let extras = AccessExtras {
            fresh,
            csrf: (session.carrier == Carrier::Cookie)
                .then(|| auth.csrf.of_session(session.id).plain().into()),
            custom: auth.claims.as_ref().map(|claims| claims(user)).unwrap_or_default(),
        };
        let ring = auth.keys.current();
        auth.issuer
            .access(
                &ring.ring,
                session,
                user,
                extras,
                &auth.config.lifetimes,
                &*auth.entropy,
                auth.now(),
            )
            .map_err(unmintable)
    }

    /// The session's user, if the account may be used. Where it may not, the session is ended: a user
    /// table of the application's own does not end sessions by itself.
    async fn active_user(&self, session: &Session) -> Result<Option<User>, Problem> {
        let auth = &self.0;
        let reason = match auth.users.user(session.user_id).await? {
            Some(user) if user.status == UserStatus::Active => return Ok(Some(user)),
            Some(user) if user.status == UserStatus::Suspended => EndReason::Suspended,
            Some(_) | None => EndReason::Deleted,
        };
        auth.end_session(session.id, reason).await?;
        Ok(None)
    }

    async fn end_for_theft(
        &self,
        session: &Session,
        presented: &RefreshClaims,
        visit: &Visit,
    ) -> Result<Problem, Problem> {
        let auth = &self.0;
        let notice = match auth.users.user(session.user_id).await {
            Ok(Some(user)) => {
                let notice = Notice::TheftNoticed(user);
                self.admitted(notice.clone()).await.then_some(notice)
            }
            Ok(None) => None,
            Err(error) => {
                // A table of the application's own may be away: the session ends all the same.
                tracing::error!(%error, "could not look up the owner of a stolen session; the owner is not notified");
                None
            }
        };
        let commit = Commit {
            endings: vec![Ending::Session { id: session.id, reason: EndReason::Theft }],
            ..Commit::default()
        };
        // Who presented it is just what is not known.
        let reuse = Event { actor: None, ..event(visit, EventName::AuthnTokenReuse, session) }
            .with("presented", presented.generation)
            .with("current", session.generation)
            .with("last_address", session.address.as_str())
            .with("last_agent", session.agent.as_str());
        let report = move |done: &Committed| {
            // Of several who notice it at once, one tells the user.
            let notice = notice.clone().filter(|_| !done.ended.is_empty());
            let in_words = "a refresh token was used twice: its session was ended";
            Report::default().event(reuse.clone(), in_words).notice(notice)
        };
        auth.commit(commit, report).await??;
        visit.note_theft();
        self.note_outcome(presented, Outcome::Theft, visit);
        Ok(Problem::new(ErrorCode::SessionEnded))
    }
}

fn refused(session: &Session, refusal: Refusal, visit: &Visit) -> Problem {
    let code = match refusal {
        Refusal::Ended(_) | Refusal::Idle | Refusal::PastEnd => ErrorCode::SessionEnded,
        // The session is unharmed and its real tokens are good.
        Refusal::NotIssued | Refusal::Superseded => ErrorCode::TokenInvalid,
    };
    if refusal == Refusal::Ended(EndReason::Theft) {
        visit.note_theft();
    }
    let event = event(visit, EventName::SessionExpired, session);
    visit.record(event.with("cause", Outcome::from(refusal).name()), "a renewal was refused");
    Problem::new(code)
}

fn event(visit: &Visit, name: EventName, session: &Session) -> Event {
    visit.event(name).of(session.user_id).in_session(session.id)
}

fn unmintable(error: MintError) -> Problem {
    tracing::error!(%error, "cannot create a token");
    Problem::new(ErrorCode::Internal)
}
