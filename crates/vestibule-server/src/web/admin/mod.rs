//! What those who run the site do, by a page or by the API: carried out, and in the audit trail before it is
//! answered.
//!
//! | module | holds |
//! |---|---|
//! | `filter` | what lists are narrowed to, as typed |
//! | `api` | `/api/admin/…` |
//! | `outbox` | mails, and that part of the API |
//! | `bodies` | what it answers |
//!
//! The pages are in `crate::web::pages::admin`.

pub(crate) mod api;
mod bodies;
pub(crate) mod filter;
pub(crate) mod outbox;

use vestibule::{
    Detail, ErrorCode, Principal, Problem, Together, User, Visit,
    core::{
        event::{Event, EventName},
        id::{SessionId, UserId},
        name::RoleName,
        ring::{RingError, StoredKey},
        session::{EndReason, Session},
        store::{Commit, SessionSelection},
        user::{MAX_ROLES, UserChange, UserStatus},
    },
    log_event,
};
use vestibule_site::{
    outbox::MailId,
    store::{Feedback, SiteChange},
};

use crate::{
    services::{
        keys::{Ring, RingChangeError},
        mail::Retry,
    },
    web::state::Site,
};

/// A super user who proved themselves not long ago, at work.
#[derive(Clone, Copy)]
pub(crate) struct Admin<'a> {
    pub(crate) site: &'a Site,
    pub(crate) visit: &'a Visit,
    pub(crate) caller: &'a Principal,
}

impl Admin<'_> {
    /// The account with this number.
    ///
    /// # Errors
    /// `not_found`, `unavailable`.
    pub(crate) async fn user(&self, id: UserId) -> Result<User, Problem> {
        let user = self.site.auth.users().user(id).await?;
        user.ok_or(Problem::new(ErrorCode::NotFound))
    }

    /// Changes an account, and gives it as it is then. Whoever is no longer active is signed out everywhere.
    ///
    /// # Errors
    /// `conflict` for the last active super user and what would bring a deleted account back too late;
    /// `invalid_input` for too many roles; `not_found`, `unavailable`.
    pub(crate) async fn change(&self, id: UserId, change: UserChange) -> Result<User, Problem> {
        let user = self.user(id).await?;
        let change = UserChange {
            // What is so already is left alone, but for a status that ends sessions: an earlier try may have
            // got no further.
            status: change
                .status
                .filter(|status| *status != user.status || user.status.name() != "active"),
            is_super_user: change.is_super_user.filter(|is| *is != user.is_super_user),
            roles: change.roles.filter(|roles| *roles != user.roles),
            guarded: true,
            ..UserChange::default()
        };
        if change.roles.as_ref().is_some_and(|roles| roles.len() > MAX_ROLES) {
            let text = format!("An account can have at most {MAX_ROLES} roles.");
            let wrong = Detail::new("too_many_roles", text).with("max", MAX_ROLES);
            return Err(Problem::fault("roles", &wrong));
        }
        if !change.raises_version() {
            return Ok(user);
        }
        let event = described(self.event("change_user").about(id), &change);
        let (with, in_words) = saying(&event, "an administrator changed an account");
        let changed = self.site.auth.change_standing_with(id, change, with).await;
        let changed = changed.and_then(|user| user.ok_or(Problem::new(ErrorCode::NotFound)));
        self.note_refusal(event, changed, in_words).await
    }

    /// Gives a role to an account, or takes it.
    ///
    /// # Errors
    /// As for [`Admin::change`].
    pub(crate) async fn set_role(
        &self,
        id: UserId,
        role: RoleName,
        is_granted: bool,
    ) -> Result<User, Problem> {
        let mut roles = self.user(id).await?.roles;
        if is_granted {
            roles.insert(role);
        } else {
            roles.remove(&role);
        }
        self.change(id, UserChange { roles: Some(roles), ..UserChange::default() }).await
    }

    /// Ends all sessions of an account, and says how many.
    ///
    /// # Errors
    /// `not_found`, `unavailable`.
    pub(crate) async fn end_sessions(&self, id: UserId) -> Result<usize, Problem> {
        self.user(id).await?;
        let theirs = SessionSelection::User { id, except: None };
        let event = self.event("end_sessions").about(id);
        let in_words = "an administrator ended the sessions of an account";
        let said = event.clone();
        let with = Together::nothing()
            .with_event(move |done| said.clone().with("count", done.ended.len()), in_words);
        let auth = &self.site.auth;
        let ended = auth.end_sessions_with(theirs, EndReason::EndedByAdmin, with).await;
        let ended = ended.map(|ended| ended.len());
        self.note_refusal(event.with("count", 0), ended, in_words).await
    }

    /// A session of this account.
    ///
    /// # Errors
    /// `not_found`, `unavailable`.
    pub(crate) async fn session(&self, id: UserId, session: SessionId) -> Result<Session, Problem> {
        let found = self.site.auth.store().session(session).await?;
        found.filter(|found| found.user_id == id).ok_or(Problem::new(ErrorCode::NotFound))
    }

    /// Ends one session of an account.
    ///
    /// # Errors
    /// `not_found`, `unavailable`.
    pub(crate) async fn end_session(&self, id: UserId, session: SessionId) -> Result<(), Problem> {
        self.session(id, session).await?;
        let event = self.event("end_session").about(id).in_session(session);
        let (with, in_words) = saying(&event, "an administrator ended a session");
        let ended = self.visit.end_session_as_admin_with(id, session, with).await;
        self.note_refusal(event, ended.map(|_| ()), in_words).await
    }

    /// Has the owner of an account sent a link by which they choose a new password. The one that they have
    /// stays until then, and nobody else ever knows one.
    ///
    /// # Errors
    /// `conflict` where the account is not active; `not_found`, `unavailable`.
    pub(crate) async fn start_reset(&self, id: UserId) -> Result<(), Problem> {
        let user = self.user(id).await?;
        let event = self.event("start_reset").about(id);
        let in_words = "an administrator started a password reset";
        let started = if user.status == UserStatus::Active {
            let (mailer, event) = (self.site.mailer.clone(), event.clone());
            let work = async move {
                mailer.start_reset(user, event.clone()).await?;
                log_event(&event, in_words);
                Ok(())
            };
            self.site.auth.uncancelled(work).await
        } else {
            let text = "The account is not active: activate it first.";
            let inactive = Detail::new("account_not_active", text);
            Err(Problem::new(ErrorCode::Conflict).because(&inactive))
        };
        self.note_refusal(event, started, in_words).await
    }

    /// Has a mail tried again, now.
    ///
    /// # Errors
    /// `conflict` where it was sent, or its link has expired; `not_found`, `unavailable`.
    pub(crate) async fn retry_mail(&self, id: MailId) -> Result<(), Problem> {
        let event = self.event("retry_mail").with("mail", id.to_string());
        let in_words = "an administrator retried a mail";
        let (mailer, said) = (self.site.mailer.clone(), event.clone());
        let work = async move {
            let retried = mailer.retry(id, said.clone()).await?;
            if retried == Some(Retry::Begun) {
                log_event(&said, in_words);
            }
            Ok(retried)
        };
        let retried = match self.site.auth.uncancelled(work).await {
            Ok(Some(Retry::Begun)) => Ok(()),
            Ok(Some(refusal)) => Err(Problem::new(ErrorCode::Conflict).because(&match refusal {
                Retry::LinkExpired => Detail::new(
                    "mail_link_expired",
                    "The link in this mail is about to expire or has expired: request a new one.",
                ),
                _ => Detail::new("mail_sent", "This mail has been sent or is being sent."),
            })),
            Ok(None) => Err(Problem::new(ErrorCode::NotFound)),
            Err(problem) => Err(problem),
        };
        self.note_refusal(event, retried, in_words).await
    }

    /// Notes that feedback is dealt with, or waits again.
    ///
    /// # Errors
    /// `not_found`, `unavailable`.
    pub(crate) async fn settle(&self, id: i64, is_done: bool) -> Result<Feedback, Problem> {
        let action = if is_done { "settle_feedback" } else { "reopen_feedback" };
        let event = self.event(action).with("feedback", id);
        let (with, in_words) = saying(&event, "an administrator marked feedback as done");
        let extension = Some(SiteChange::SettleFeedback { id, is_done }.into());
        let commit = Commit { extension, ..Commit::default() };
        let settled = self.site.auth.commit(commit, with).await;
        let settled = settled.and_then(|done| {
            Feedback::of(&done?).cloned().ok_or(Problem::new(ErrorCode::NotFound))
        });
        self.note_refusal(event, settled, in_words).await
    }

    /// Has the next key sign from now on.
    ///
    /// # Errors
    /// `conflict` where it cannot, `unavailable`.
    pub(crate) async fn rotate_keys(&self) -> Result<Vec<StoredKey>, Problem> {
        let event = self.event("rotate_keys");
        let in_words = "an administrator rotated the keys";
        let changed = match self.ring() {
            Ok(ring) => ring.rotate(self.site.auth.now(), (&event, in_words)).await,
            Err(error) => Err(error),
        };
        self.note_refusal(event, changed.map_err(ring_problem), in_words).await
    }

    /// Has nothing that this key signed be good any more.
    ///
    /// # Errors
    /// `conflict` where it cannot, `unavailable`.
    pub(crate) async fn retire_key(&self, kid: &str) -> Result<Vec<StoredKey>, Problem> {
        let shown: String = kid.chars().take(64).collect();
        let event = self.event("retire_key").with("kid", shown);
        let in_words = "an administrator retired a key";
        let changed = match self.ring() {
            Ok(ring) => ring.retire(kid, self.site.auth.now(), (&event, in_words)).await,
            Err(error) => Err(error),
        };
        self.note_refusal(event, changed.map_err(ring_problem), in_words).await
    }

    fn ring(&self) -> Result<Ring<'_>, RingChangeError> {
        let auth = &self.site.auth;
        Ring::of(auth.config(), &*self.site.store, auth.entropy())
    }

    fn event(&self, action: &str) -> Event {
        let event = self.visit.event(EventName::AuthzAdmin).by(self.caller.user_id());
        let event = event.in_session(self.caller.session_id());
        event.with("action", action)
    }

    /// Writes down what was refused, before it is answered. What was done is in the trail already, by the same
    /// transaction.
    async fn note_refusal<T>(
        &self,
        event: Event,
        outcome: Result<T, Problem>,
        in_words: &str,
    ) -> Result<T, Problem> {
        if let Err(problem) = &outcome {
            let event = event.failed().with("cause", problem.code.name());
            // The next batch writes it where this does not; the refusal is the same.
            let _ = self.site.audit.write_now(event, in_words).await;
        }
        outcome
    }
}

/// An event that is written together with what was done.
fn saying(event: &Event, in_words: &'static str) -> (Together, &'static str) {
    let event = event.clone();
    (Together::nothing().with_event(move |_| event.clone(), in_words), in_words)
}

/// What a change wants, for the trail.
fn described(event: Event, change: &UserChange) -> Event {
    let mut event = event;
    if let Some(status) = change.status {
        event = event.with("status", status.name());
    }
    if let Some(is_super_user) = change.is_super_user {
        event = event.with("super_user", is_super_user);
    }
    if let Some(roles) = &change.roles {
        event = event.with("roles", vestibule::core::store::join_roles(roles));
    }
    event
}

fn ring_problem(error: RingChangeError) -> Problem {
    match error {
        RingChangeError::Store(error) => error.into(),
        error => {
            let code = match &error {
                RingChangeError::NoRing => "ring_none",
                RingChangeError::Busy => "ring_busy",
                RingChangeError::Refused(RingError::NoActiveKey) => "ring_no_active_key",
                RingChangeError::Refused(RingError::NoSuchKey) => "ring_no_such_key",
                RingChangeError::Refused(RingError::TooManyKeys) => "ring_too_many",
                _ => "ring_unusable",
            };
            Problem::new(ErrorCode::Conflict).because(&Detail::new(code, error.to_string()))
        }
    }
}
