//! Signing out, and ending sessions in general.

use vestibule_core::{
    csrf::Source,
    error::ErrorCode,
    event::{Event, EventName},
    id::{SessionId, UserId},
    session::{Carrier, EndReason},
};

use crate::{credentials::Presented, problem::Problem, visit::Visit};

impl Visit {
    /// Signs out whoever this request belongs to, by an access or a refresh token, expired or not. Harmless
    /// when repeated, and where nobody is signed in. Cookies are taken out of the browser.
    ///
    /// # Errors
    /// `csrf_failed` for cookies from elsewhere, `token_invalid` for a header that holds no token of ours,
    /// `unavailable` where the end could not be written: it is never a success that did not happen.
    pub async fn sign_out(&self) -> Result<(), Problem> {
        let session = match self.presented() {
            Presented::Nothing => {
                // Nothing to end, but cookies may be there that contradict each other.
                if self.source() == Source::Foreign {
                    return Err(Problem::new(ErrorCode::CsrfFailed));
                }
                return Ok(());
            }
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
                self.check_csrf(self.hall().0.csrf.of_session(session))?;
                session
            }
        };
        self.end_own(session, EndReason::SignedOut, None).await?;
        if matches!(self.presented(), Presented::Cookies(_)) {
            self.forget_session();
        }
        Ok(())
    }

    /// Whether refresh tokens of this session belong into headers. Where there is no such session there is
    /// nothing to end either.
    async fn travels_in_headers(&self, session: SessionId) -> Result<bool, Problem> {
        let session = self.hall().store().session(session).await?;
        Ok(session.is_none_or(|session| session.carrier == Carrier::Header))
    }

    /// Ends one session and knows it at once. Whose it is goes into the audit trail where it is known.
    pub(crate) async fn end_own(
        &self,
        session: SessionId,
        reason: EndReason,
        owner: Option<UserId>,
    ) -> Result<bool, Problem> {
        let ended = self.hall().0.end_session(session, reason).await?;
        if ended {
            let event = self.event(EventName::SessionLogout).in_session(session);
            let event = event.with("reason", reason.name());
            let owner = match owner {
                Some(owner) => Some(owner),
                // It has ended, whether or not it can be found out whose it was.
                None => {
                    self.hall().store().session(session).await.ok().flatten().map(|s| s.user_id)
                }
            };
            let event = owner.into_iter().fold(event, Event::of);
            self.record(event, "a session was ended");
        }
        Ok(ended)
    }
}
