//! Sessions that people can see and end.

use vestibule_core::{
    error::ErrorCode,
    event::{Event, EventName},
    id::{SessionId, UserId},
    session::{Carrier, EndReason, Session},
    store::{
        Changed, Commit, Committed, EndedSession, Ending, SESSIONS_AT_ONCE, SessionBound,
        SessionCursor, SessionQuery, SessionSelection,
    },
};

use crate::{
    auth::Vestibule,
    commit::{Report, Together, ended_event},
    extract::Principal,
    history::SHOWN_FOR,
    metrics,
    problem::Problem,
    visit::Visit,
};

/// How many sessions of an account that are over are kept: more are removed, those over for longest first.
const OVER_KEPT: u32 = 1000;

/// A page of sessions.
#[derive(Clone, Debug, Default)]
pub struct SessionPage {
    /// They themselves.
    pub sessions: Vec<Session>,
    /// Where the next page goes on; `None` where there is none.
    pub next: Option<SessionCursor>,
}

impl SessionPage {
    /// How many sessions a page has.
    pub const SIZE: u32 = 100;
}

impl Vestibule {
    /// A page of a user's sessions, the living ones first and then those that ended within the last 30 days,
    /// of either kind the last used first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sessions_of(
        &self,
        user: UserId,
        behind: Option<SessionCursor>,
    ) -> Result<SessionPage, Problem> {
        self.0.noticed.wait().await;
        let over_since = self.now() - SHOWN_FOR;
        let query = SessionQuery { user, over_since, behind, limit: SessionPage::SIZE + 1 };
        let mut sessions = self.0.store.sessions_of(&query).await?;
        let size = usize::try_from(SessionPage::SIZE).unwrap_or(usize::MAX);
        let has_more = sessions.len() > size;
        sessions.truncate(size);
        let next = sessions.last().filter(|_| has_more).map(SessionCursor::of);
        let sessions = sessions.into_iter().map(|session| self.0.limited(session)).collect();
        Ok(SessionPage { sessions, next })
    }

    /// Ends sessions and knows it at once.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn end_sessions(
        &self,
        which: SessionSelection,
        reason: EndReason,
    ) -> Result<Vec<SessionId>, Problem> {
        self.end_sessions_with(which, reason, Together::nothing()).await
    }

    /// The same, together with something else. All sessions of everybody are too many for one transaction:
    /// what is to happen together with their end happens in one of its own after it.
    ///
    /// # Errors
    /// `unavailable`; `conflict` where the one-time token does not work any more.
    pub async fn end_sessions_with(
        &self,
        which: SessionSelection,
        reason: EndReason,
        with: Together,
    ) -> Result<Vec<SessionId>, Problem> {
        let auth = self.clone();
        let work = async move {
            let now = auth.now();
            let mut ended = Vec::new();
            let endings = match which {
                SessionSelection::User { id, except } => {
                    vec![Ending::OfUser { id, except, reason }]
                }
                SessionSelection::All => {
                    ended = auth.end_all(reason).await?;
                    Vec::new()
                }
            };
            let commit = Commit { token: with.token, endings, ..Commit::default() };
            let report = move |done: &Committed| {
                Report::default().ended(done, |ended| ended_event(ended, now)).together(&with, done)
            };
            let done = auth.0.commit(commit, report).await??;
            ended.extend(done.ended.iter().map(|session| session.id));
            Ok(ended)
        };
        self.uncancelled(work).await
    }

    async fn end_all(&self, reason: EndReason) -> Result<Vec<SessionId>, Problem> {
        let ended = self.0.store.end_sessions(SessionSelection::All, reason, self.now()).await?;
        self.know_ended(&ended, None, reason).await;
        Ok(ended)
    }

    /// Ends what a user has too many of after a sign-in. The sign-in is good whatever becomes of it: the next
    /// one sees to the rest.
    pub(crate) async fn bound_sessions(&self, user: UserId, kept: SessionId) {
        let Some(open) = self.0.config.limits.sessions else { return };
        let bound = SessionBound { open, over: OVER_KEPT };
        loop {
            let ended = match self.0.store.bound_sessions(user, kept, bound, self.now()).await {
                Ok(ended) => ended,
                Err(error) => {
                    tracing::warn!(%error, %user, "could not limit the sessions of an account; retrying");
                    return;
                }
            };
            self.know_ended(&ended, Some(user), EndReason::TooMany).await;
            if ended.len() < SESSIONS_AT_ONCE as usize {
                return;
            }
        }
    }

    /// Knows at once what was ended, and says so.
    async fn know_ended(&self, ended: &[SessionId], owner: Option<UserId>, reason: EndReason) {
        for session in ended {
            self.0.apply_local(Changed::SessionEnded(*session));
            metrics::session_ended(reason);
            let event = self.event(EventName::SessionLogout).in_session(*session);
            let event = event.with("reason", reason.name());
            self.record(owner.into_iter().fold(event, Event::about), "a session was ended");
        }
        if !ended.is_empty() {
            self.0.notify_peers().await;
        }
    }
}

impl Visit {
    /// Ends one of the caller's own sessions.
    ///
    /// # Errors
    /// `not_found` where it is none of theirs, `unavailable`.
    pub async fn end_session_of(
        &self,
        caller: &Principal,
        session: SessionId,
    ) -> Result<(), Problem> {
        let (visit, caller) = (self.clone(), caller.clone());
        let work = async move {
            let found = visit.auth().store().session(session).await?;
            let found = found.ok_or(Problem::new(ErrorCode::NotFound))?;
            if found.user_id != caller.user_id() {
                return Err(Problem::not_theirs(found.user_id, "session", session));
            }
            let this = session == caller.session_id();
            let reason = if this { EndReason::SignedOut } else { EndReason::EndedByUser };
            visit.end_own(session, reason).await?;
            if this && caller.carrier() == Carrier::Cookie {
                visit.forget_session();
            }
            Ok(())
        };
        self.auth().uncancelled(work).await
    }

    /// Ends a session of this account, for whoever runs the site; whether it had not ended before. Who may is
    /// for the caller to see to.
    ///
    /// # Errors
    /// `not_found` where it is none of that account's, `unavailable`.
    pub async fn end_session_as_admin(
        &self,
        owner: UserId,
        session: SessionId,
    ) -> Result<bool, Problem> {
        self.end_session_as_admin_with(owner, session, Together::nothing()).await
    }

    /// The same, together with something else.
    ///
    /// # Errors
    /// As for [`Visit::end_session_as_admin`]; `conflict` where the one-time token does not work any more.
    pub async fn end_session_as_admin_with(
        &self,
        owner: UserId,
        session: SessionId,
        with: Together,
    ) -> Result<bool, Problem> {
        let visit = self.clone();
        let work = async move {
            let auth = visit.auth().clone();
            let theirs = auth.store().session(session).await?;
            if theirs.is_none_or(|session| session.user_id != owner) {
                return Err(Problem::new(ErrorCode::NotFound));
            }
            let ending = Ending::Session { id: session, reason: EndReason::EndedByAdmin };
            let commit = Commit { token: with.token, endings: vec![ending], ..Commit::default() };
            let report = move |done: &Committed| {
                let event = |ended: &EndedSession| Event {
                    actor: None,
                    ..visit.ended_event(ended).about(owner)
                };
                Report::default().ended(done, event).together(&with, done)
            };
            let done = auth.0.commit(commit, report).await??;
            Ok(!done.ended.is_empty())
        };
        self.auth().uncancelled(work).await
    }

    /// Ends all of the caller's sessions but this one.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn end_other_sessions(&self, caller: &Principal) -> Result<Vec<SessionId>, Problem> {
        let others =
            SessionSelection::User { id: caller.user_id(), except: Some(caller.session_id()) };
        self.auth().end_sessions(others, EndReason::EndedByUser).await
    }
}
