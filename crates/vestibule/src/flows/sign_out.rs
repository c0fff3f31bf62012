//! Signing out, and ending sessions in general.

use vestibule_core::{
    csrf::Source,
    error::ErrorCode,
    event::{Event, EventName},
    id::SessionId,
    session::{Carrier, EndReason},
    store::{Commit, Committed, EndedSession, Ending},
};

use crate::{commit::Report, credentials::Presented, problem::Problem, visit::Visit};

impl Visit {
    /// Signs out whoever this request belongs to, by an access or a refresh token, expired or not. Harmless
    /// when repeated, and where nobody is signed in. Cookies are taken out of the browser.
    ///
    /// # Errors
    /// `csrf_failed` for cookies from elsewhere, `token_invalid` for a header that holds no token of ours,
    /// `unavailable` where the end could not be written: it is never a success that did not happen.
    pub async fn sign_out(&self) -> Result<(), Problem> {
        let visit = self.clone();
        self.auth().uncancelled(async move { visit.sign_out_whole().await }).await
    }

    async fn sign_out_whole(&self) -> Result<(), Problem> {
        let session = match self.presented() {
            // Cookies that contradict each other: whose session it is, nobody knows.
            Presented::Cookies(_) if self.has_cookies_of_two() => return self.sign_out_nobody(),
            Presented::Nothing => return self.sign_out_nobody(),
            Presented::Header(_) => {
                let invalid = || Problem::new(ErrorCode::TokenInvalid).carried(Carrier::Header);
                match self.session_by_access_header() {
                    Some(session) => session,
                    None => {
                        let session = self.session_by_refresh_header().ok_or_else(invalid)?;
                        if !self.travels_in_headers(session).await? {
                            return Err(invalid());
                        }
                        session
                    }
                }
            }
            Presented::Cookies(_) => {
                let Some(session) = self.cookie_session() else {
                    if self.source() != Source::Own {
                        return Err(Problem::new(ErrorCode::CsrfFailed));
                    }
                    // Unreadable cookies, and somebody who asks to be signed out: that they get.
                    self.forget_session();
                    return Ok(());
                };
                self.check_csrf(self.auth().0.csrf.of_session(session))?;
                session
            }
        };
        self.end_own(session, EndReason::SignedOut).await?;
        if matches!(self.presented(), Presented::Cookies(_)) {
            self.forget_session();
        }
        Ok(())
    }

    /// Nothing to end and nothing to clear; cookies may be there all the same, of a browser that only a page of
    /// ours speaks for.
    fn sign_out_nobody(&self) -> Result<(), Problem> {
        if self.source() == Source::Foreign {
            return Err(Problem::new(ErrorCode::CsrfFailed));
        }
        Ok(())
    }

    /// Whether refresh tokens of this session belong into headers. Where there is no such session there is
    /// nothing to end either.
    async fn travels_in_headers(&self, session: SessionId) -> Result<bool, Problem> {
        let session = self.auth().store().session(session).await?;
        Ok(session.is_none_or(|session| session.carrier == Carrier::Header))
    }

    /// Ends one session and knows it at once; whether it had not ended before.
    pub(crate) async fn end_own(
        &self,
        session: SessionId,
        reason: EndReason,
    ) -> Result<bool, Problem> {
        let commit =
            Commit { endings: vec![Ending::Session { id: session, reason }], ..Commit::default() };
        let visit = self.clone();
        let report =
            move |done: &Committed| Report::default().ended(done, |ended| visit.ended_event(ended));
        let done = self.auth().0.commit(commit, report).await??;
        Ok(!done.ended.is_empty())
    }

    /// That a session was ended by this request, which is its user's own.
    pub(super) fn ended_event(&self, ended: &EndedSession) -> Event {
        let event = self.event(EventName::SessionLogout).in_session(ended.id).of(ended.user);
        event.with("reason", ended.reason.name())
    }
}
