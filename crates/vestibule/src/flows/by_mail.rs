//! What people do by the links in mails, and how they ask for one.

use vestibule_core::{
    deletion::Actor,
    event::EventName,
    id::{SessionId, UserId},
    name::{EmailAddress, LoginKey},
    password::PasswordHash,
    store::{Committed, Obstacle},
    user::{User, UserChange, UserStatus},
};

use crate::{
    auth::Vestibule,
    commit::{Report, Together},
    notice::Notice,
    problem::Problem,
    visit::Visit,
};

impl Visit {
    /// Has a message sent by which a new password can be chosen, by [`Notice::PasswordForgotten`], if `login`
    /// is the name of an active account. What comes back does not tell.
    ///
    /// # Errors
    /// `csrf_failed`, `rate_limited` where too much came from this address, `unavailable`.
    pub async fn ask_for_reset(&self, login: &str) -> Result<(), Problem> {
        let (visit, login) = (self.clone(), login.to_owned());
        let work = async move {
            visit.count_asking().await?;
            visit.auth().tell_aside(&login, |user| Some(Notice::PasswordForgotten(user))).await
        };
        self.auth().uncancelled(work).await
    }

    /// Counts that a stranger asks for a mail. Nobody has a reason to ask often, whether there is such an
    /// account or not: each time counts as a failure of the address. A form of another site asks for nothing.
    async fn count_asking(&self) -> Result<(), Problem> {
        self.check_anonymous()?;
        let attempt = self.auth().0.throttle.address(self.counted_address()?).await;
        attempt.map_err(|limited| self.limited(limited, "address"))?.failed();
        Ok(())
    }

    /// Has the message that verifies an address sent once more, by [`Notice`], if `login` is the name of an
    /// active account whose address still has to be verified. What comes back does not tell.
    ///
    /// # Errors
    /// `csrf_failed`, `rate_limited` where too much came from this address, `unavailable`.
    pub async fn ask_to_verify(&self, login: &str) -> Result<(), Problem> {
        let (visit, login) = (self.clone(), login.to_owned());
        let work = async move {
            visit.count_asking().await?;
            let notice = |user: User| {
                user.email_verified_at.is_none().then_some(Notice::VerifyAddress(user))
            };
            visit.auth().tell_aside(&login, notice).await
        };
        self.auth().uncancelled(work).await
    }

    /// Takes the address of an account as shown to be its owner's. `None` where there is no such account, it is
    /// not active, or has another address.
    ///
    /// # Errors
    /// `csrf_failed`, `unavailable`.
    pub async fn verify_email(
        &self,
        id: UserId,
        email: EmailAddress,
    ) -> Result<Option<User>, Problem> {
        let verified = self.verify_email_with(id, email, Together::nothing()).await?;
        Ok(verified.ok())
    }

    /// The same, together with something else, such as the use of the one-time token that shows it. Where an
    /// obstacle is in the way, nothing is changed and the token works on.
    ///
    /// # Errors
    /// `csrf_failed`, `unavailable`.
    pub async fn verify_email_with(
        &self,
        id: UserId,
        email: EmailAddress,
        with: Together,
    ) -> Result<Result<User, Obstacle>, Problem> {
        self.check_anonymous()?;
        let visit = self.clone();
        let work = async move { visit.take_email(id, email, None, with).await };
        self.auth().uncancelled(work).await
    }

    /// Gives an account the address that `session` asked for with [`Notice::ChangeAddress`], and that was shown
    /// to be its owner's. The address before is told by [`Notice::AddressChanged`]. `None` where there is no such
    /// account, it is not active, the session is over or another account's, or the address is another one's by
    /// now.
    ///
    /// # Errors
    /// `csrf_failed`, `unavailable`.
    pub async fn change_email(
        &self,
        id: UserId,
        email: EmailAddress,
        session: SessionId,
    ) -> Result<Option<User>, Problem> {
        let changed = self.change_email_with(id, email, session, Together::nothing()).await?;
        Ok(changed.ok())
    }

    /// The same, together with something else, such as the use of the one-time token that shows it. Where an
    /// obstacle is in the way, nothing is changed and the token works on.
    ///
    /// # Errors
    /// `csrf_failed`, `unavailable`.
    pub async fn change_email_with(
        &self,
        id: UserId,
        email: EmailAddress,
        session: SessionId,
        with: Together,
    ) -> Result<Result<User, Obstacle>, Problem> {
        self.check_anonymous()?;
        let visit = self.clone();
        let work = async move { visit.take_email(id, email, Some(session), with).await };
        self.auth().uncancelled(work).await
    }

    /// Has an account keep the address that it has, whatever other one was asked for, and signs everybody out of
    /// it: what the owner of that address does who did not ask. `None` where there is no such account, or it is
    /// not active.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn keep_email(&self, id: UserId) -> Result<Option<User>, Problem> {
        Ok(self.keep_email_with(id, Together::nothing()).await?.ok())
    }

    /// The same, together with something else, such as the use of the one-time token in the link. Where an
    /// obstacle is in the way, nothing is changed and the token works on.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn keep_email_with(
        &self,
        id: UserId,
        with: Together,
    ) -> Result<Result<User, Obstacle>, Problem> {
        self.check_anonymous()?;
        let visit = self.clone();
        let work = async move { visit.keep_whole(id, with).await };
        self.auth().uncancelled(work).await
    }

    async fn keep_whole(
        &self,
        id: UserId,
        with: Together,
    ) -> Result<Result<User, Obstacle>, Problem> {
        let change = UserChange {
            keeps_email: true,
            signs_out: true,
            by: Actor::Owner,
            ..UserChange::default()
        };
        let visit = self.clone();
        let report = move |done: &Committed, said: Report| {
            let event = visit.event(EventName::UserUpdated).of(id).with("action", "keep_address");
            let notice = done.user.clone().map(Notice::KeepAddress);
            said.event(event, "a change of e-mail address was cancelled").notice(notice)
        };
        let done = self.auth().change_account(id, change, None, with, report).await?;
        Ok(done.and_then(|done| done.user.ok_or(Obstacle::NoAccount)))
    }

    /// Takes the present address as shown to be theirs, or another one that a session asked for.
    async fn take_email(
        &self,
        id: UserId,
        email: EmailAddress,
        asked_by: Option<SessionId>,
        with: Together,
    ) -> Result<Result<User, Obstacle>, Problem> {
        let auth = self.auth();
        let Some(before) = auth.users().user(id).await? else {
            return Ok(Err(Obstacle::NoAccount));
        };
        let may = match asked_by {
            None => LoginKey::from_typed(&before.email) == LoginKey::from_typed(email.as_str()),
            Some(session) => {
                let session = auth.store().session(session).await?;
                session.is_some_and(|session| {
                    session.user_id == id && session.over(auth.now()).is_none()
                })
            }
        };
        if !may {
            return Ok(Err(Obstacle::TokenSpent));
        }
        let address = before.email.clone();
        let tells = auth.admitted(Notice::AddressChanged { user: before, before: address }).await;
        let change = UserChange {
            // Written together with the proof: an address that is changed at this very moment never counts
            // as verified by the link of the one before.
            email: Some(email),
            email_verified_at: Some(auth.now()),
            by: Actor::Owner,
            ..UserChange::default()
        };
        let visit = self.clone();
        let report = move |done: &Committed, said: Report| {
            let other = done.before.as_ref().zip(done.user.as_ref()).filter(|(before, user)| {
                LoginKey::from_typed(&user.email) != LoginKey::from_typed(&before.email)
            });
            let action = if other.is_some() { "change_address" } else { "verify_address" };
            let event = visit.event(EventName::UserUpdated).of(id).with("action", action);
            let notice = other.filter(|_| tells).map(|(before, user)| Notice::AddressChanged {
                user: user.clone(),
                before: before.email.clone(),
            });
            said.event(event, "an e-mail address was verified").notice(notice)
        };
        let done = auth.change_account(id, change, None, with, report).await?;
        Ok(done.and_then(|done| done.user.ok_or(Obstacle::NoAccount)))
    }

    /// Gives an account a new password that its owner has chosen without knowing the old one, by a link in a
    /// mail for example, and ends all their sessions. `None` where there is no such account, or it is not
    /// active.
    ///
    /// With `verified`, the address of the account was shown to be theirs by the same link.
    ///
    /// # Errors
    /// `csrf_failed`, `unavailable`.
    pub async fn reset_password(
        &self,
        id: UserId,
        hash: PasswordHash,
        verified: bool,
    ) -> Result<Option<User>, Problem> {
        let reset = self.reset_password_with(id, hash, verified, Together::nothing()).await?;
        Ok(reset.ok())
    }

    /// The same, together with something else, such as the use of the one-time token in the link. Where an
    /// obstacle is in the way, nothing is changed and the token works on.
    ///
    /// # Errors
    /// `csrf_failed`, `unavailable`.
    pub async fn reset_password_with(
        &self,
        id: UserId,
        hash: PasswordHash,
        verified: bool,
        with: Together,
    ) -> Result<Result<User, Obstacle>, Problem> {
        self.check_anonymous()?;
        let visit = self.clone();
        let work = async move { visit.reset_whole(id, hash, verified, with).await };
        self.auth().uncancelled(work).await
    }

    async fn reset_whole(
        &self,
        id: UserId,
        hash: PasswordHash,
        verified: bool,
        with: Together,
    ) -> Result<Result<User, Obstacle>, Problem> {
        let auth = self.auth();
        let found = auth.users().user(id).await?;
        let Some(before) = found.filter(|user| user.status == UserStatus::Active) else {
            return Ok(Err(Obstacle::NoAccount));
        };
        let is_news = verified && before.email_verified_at.is_none();
        let tells = auth.admitted(Notice::PasswordChanged(before)).await;
        let change = UserChange {
            password_hash: Some(hash),
            email_verified_at: is_news.then(|| auth.now()),
            by: Actor::Owner,
            ..UserChange::default()
        };
        let visit = self.clone();
        let report = move |done: &Committed, said: Report| {
            let event = visit.event(EventName::AuthnPasswordChange).of(id);
            let notice = done.user.clone().filter(|_| tells).map(Notice::PasswordChanged);
            said.event(event.with("cause", "reset"), "a forgotten password was reset")
                .notice(notice)
        };
        let done = auth.change_account(id, change, None, with, report).await?;
        Ok(done.and_then(|done| done.user.ok_or(Obstacle::NoAccount)))
    }
}

impl Vestibule {
    /// Tells the owner of an account, if there is an active one by that name. It is looked for apart from the
    /// request, which takes the same time for everybody.
    async fn tell_aside(
        &self,
        login: &str,
        notice: impl FnOnce(User) -> Option<Notice> + Send + 'static,
    ) -> Result<(), Problem> {
        // Nobody has this number. Whoever asks during an outage has to come again.
        self.0.users.user(UserId(0)).await?;
        let active = move |user: User| {
            let is_active = user.status == UserStatus::Active;
            is_active.then_some(user).and_then(notice)
        };
        self.look_for_and_tell(login, active);
        Ok(())
    }

    /// Tells the owner of an account, if there is one by that name, apart from the request, which does not wait
    /// even for the search.
    pub(super) fn look_for_and_tell(
        &self,
        login: &str,
        notice: impl FnOnce(User) -> Option<Notice> + Send + 'static,
    ) {
        let (auth, key) = (self.clone(), LoginKey::from_typed(login));
        self.spawn_tracked(async move {
            let found = match auth.0.users.credentials(&key).await {
                Ok(found) => found.map(|credentials| credentials.user),
                Err(error) => {
                    tracing::error!(%error, "could not look up the account for a requested mail");
                    return;
                }
            };
            if let Some(notice) = found.and_then(notice) {
                auth.0.notifier.notify(notice).await;
            }
        });
    }
}
