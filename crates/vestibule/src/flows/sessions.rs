//! Sessions that people can see and end.

use std::time::Duration;

use vestibule_core::{
    error::ErrorCode,
    event::EventName,
    id::{SessionId, UserId},
    session::{EndReason, Session},
    store::{Changed, SessionSelection},
};

use crate::{extract::Principal, hall::Vestibule, metrics, problem::Problem, visit::Visit};

/// How long an ended session is still shown.
pub(crate) const SHOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

impl Vestibule {
    /// A user's sessions, the last used first: the living ones, and those that ended within the last 30
    /// days.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, Problem> {
        self.0.seen.write(&*self.0.store).await;
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
        let ended = self.0.store.end_sessions(which, reason, self.now()).await?;
        for session in &ended {
            self.0.learn(Changed::SessionEnded(*session)).await;
            metrics::session_ended(reason);
            let event = self.event(EventName::SessionLogout).in_session(*session);
            let event = event.with("reason", reason.name());
            let event = match which {
                SessionSelection::User { id, .. } => event.about(id),
                SessionSelection::All => event,
            };
            self.record(event, "a session was ended");
        }
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
        let theirs = self.hall().store().session(session).await?;
        if theirs.is_none_or(|session| session.user_id != caller.user_id()) {
            return Err(Problem::new(ErrorCode::NotFound));
        }
        let this = session == caller.session_id();
        let reason = if this { EndReason::SignedOut } else { EndReason::EndedByUser };
        self.end_own(session, reason, Some(caller.user_id())).await?;
        if this && caller.carrier() == vestibule_core::session::Carrier::Cookie {
            self.forget_session();
        }
        Ok(())
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
        let theirs = self.hall().store().session(session).await?;
        if theirs.is_none_or(|session| session.user_id != owner) {
            return Err(Problem::new(ErrorCode::NotFound));
        }
        let ended = self.hall().0.end_session(session, EndReason::EndedByAdmin).await?;
        if ended {
            let event = self.event(EventName::SessionLogout).in_session(session).about(owner);
            let event = event.with("reason", EndReason::EndedByAdmin.name());
            self.record(event, "a session was ended");
        }
        Ok(ended)
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
