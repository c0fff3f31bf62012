//! Sessions that people can see and end.

use std::time::Duration;

use vestibule_core::{
    error::ErrorCode,
    event::{Event, EventName},
    id::{SessionId, UserId},
    session::{Carrier, EndReason, Session},
    store::{Changed, Commit, Committed, EndedSession, Ending, SessionSelection},
};

use crate::{
    commit::{Report, Together, ended_event},
    extract::Principal,
    hall::Vestibule,
    metrics,
    problem::Problem,
    visit::Visit,
};

/// How long an ended session is still shown.
pub(crate) const SHOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

impl Vestibule {
    /// A user's sessions, the last used first: the living ones, and those that ended within the last 30
    /// days.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, Problem> {
        self.0.noticed.wait().await;
        let now = self.now();
        let mut sessions = self.0.store.sessions_of(user, now - SHOWN_FOR).await?;
        sessions.retain(|session| {
            session
                .over(now)
                .is_none_or(|over| over.reason.is_some() || now.since(over.since) < SHOWN_FOR)
        });
        Ok(sessions)
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
        let hall = self.clone();
        let work = async move {
            let now = hall.now();
            let mut ended = Vec::new();
            let endings = match which {
                SessionSelection::User { id, except } => {
                    vec![Ending::OfUser { id, except, reason }]
                }
                SessionSelection::All => {
                    ended = hall.end_all(reason).await?;
                    Vec::new()
                }
            };
            let commit = Commit { token: with.token, endings, ..Commit::default() };
            let report = move |done: &Committed| {
                Report::default().ended(done, |ended| ended_event(ended, now)).together(&with, done)
            };
            let done = hall.0.commit(commit, report).await??;
            ended.extend(done.ended.iter().map(|session| session.id));
            Ok(ended)
        };
        self.uncancelled(work).await
    }

    async fn end_all(&self, reason: EndReason) -> Result<Vec<SessionId>, Problem> {
        let ended = self.0.store.end_sessions(SessionSelection::All, reason, self.now()).await?;
        for session in &ended {
            self.0.learn_alone(Changed::SessionEnded(*session));
            metrics::session_ended(reason);
            let event = self.event(EventName::SessionLogout).in_session(*session);
            self.record(event.with("reason", reason.name()), "a session was ended");
        }
        self.0.tell_others().await;
        Ok(ended)
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
            let theirs = visit.hall().store().session(session).await?;
            if theirs.is_none_or(|session| session.user_id != caller.user_id()) {
                return Err(Problem::new(ErrorCode::NotFound));
            }
            let this = session == caller.session_id();
            let reason = if this { EndReason::SignedOut } else { EndReason::EndedByUser };
            visit.end_own(session, reason).await?;
            if this && caller.carrier() == Carrier::Cookie {
                visit.forget_session();
            }
            Ok(())
        };
        self.hall().uncancelled(work).await
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
            let hall = visit.hall().clone();
            let theirs = hall.store().session(session).await?;
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
            let done = hall.0.commit(commit, report).await??;
            Ok(!done.ended.is_empty())
        };
        self.hall().uncancelled(work).await
    }

    /// Ends all of the caller's sessions but this one.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn end_other_sessions(&self, caller: &Principal) -> Result<Vec<SessionId>, Problem> {
        let others =
            SessionSelection::User { id: caller.user_id(), except: Some(caller.session_id()) };
        self.hall().end_sessions(others, EndReason::EndedByUser).await
    }
}
