//! What people do by the links in mails, and how they ask for one.

use vestibule_core::{
    deletion::Party,
    event::EventName,
    id::UserId,
    name::{EmailAddress, LoginKey},
    password::PasswordHash,
    session::EndReason,
    store::SessionSelection,
    user::{User, UserChange, UserStatus},
};

use crate::{hall::Vestibule, notice::Notice, problem::Problem, visit::Visit};

impl Visit {
    /// Has a message sent by which a new password can be chosen, by [`Notice::PasswordForgotten`], if `login`
    /// is the name of an active account. What comes back does not tell.
    ///
    /// # Errors
    /// `rate_limited` where too much came from this address, `unavailable`.
    pub async fn ask_for_reset(&self, login: &str) -> Result<(), Problem> {
        self.count_asking().await?;
        self.hall().tell_aside(login, |user| Some(Notice::PasswordForgotten(user))).await
    }

    /// Has the message that verifies an address sent once more, by [`Notice`], if `login` is the name of an
    /// active account whose address still has to be verified. What comes back does not tell.
    ///
    /// # Errors
    /// `rate_limited` where too much came from this address, `unavailable`.
    pub async fn ask_to_verify(&self, login: &str) -> Result<(), Problem> {
        self.count_asking().await?;
        let notice =
            |user: User| user.email_verified_at.is_none().then_some(Notice::VerifyAddress(user));
        self.hall().tell_aside(login, notice).await
    }

    /// Counts that a stranger asks for a mail. Nobody has a reason to ask often, whether there is such an
    /// account or not: each time counts as a failure of the address.
    async fn count_asking(&self) -> Result<(), Problem> {
        let attempt = self.hall().0.throttle.address(self.address()).await;
        attempt.map_err(|limited| self.limited(limited, "address"))?.failed();
        Ok(())
    }

    /// Takes an address as shown to belong to the owner of an account, whether it is the one that the account
    /// has or another one that it has from now on; the address before is told by [`Notice::AddressChanged`].
    /// `None` where there is no such account, it is not active, or the address is another one's by now.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn verify_email(
        &self,
        id: UserId,
        email: EmailAddress,
    ) -> Result<Option<User>, Problem> {
        let hall = self.hall();
        let Some(before) = hall.users().user(id).await? else {
            return Ok(None);
        };
        let change = UserChange {
            // Written together with the proof: an address that is changed at this very moment never counts
            // as verified by the link of the one before.
            email: Some(email),
            email_verified_at: Some(hall.now()),
            by: Party::Owner,
            ..UserChange::default()
        };
        let changed = hall.change_user(id, change).await?.and_then(Result::ok);
        let Some(user) = &changed else {
            return Ok(None);
        };
        let is_other = LoginKey::from_typed(&user.email) != LoginKey::from_typed(&before.email);
        let action = if is_other { "change_address" } else { "verify_address" };
        let event = self.event(EventName::UserUpdated).of(user.id).with("action", action);
        self.record(event, "an e-mail address was shown to be theirs");
        if is_other {
            let notice = Notice::AddressChanged { user: user.clone(), before: before.email };
            hall.0.messenger.tell(notice).await;
        }
        Ok(changed)
    }

    /// Gives an account a new password that its owner has chosen without knowing the old one, by a link in a
    /// mail for example, and ends all their sessions. `None` where there is no such account, or it is not
    /// active.
    ///
    /// With `verified`, the address of the account was shown to be theirs by the same link.
    ///
    /// # Errors
    /// `unavailable`; the account may then have the new password and its sessions not yet have ended, which
    /// the next try mends.
    pub async fn reset_password(
        &self,
        id: UserId,
        hash: PasswordHash,
        verified: bool,
    ) -> Result<Option<User>, Problem> {
        let hall = self.hall();
        let found = hall.users().user(id).await?;
        let Some(before) = found.filter(|user| user.status == UserStatus::Active) else {
            return Ok(None);
        };
        let is_news = verified && before.email_verified_at.is_none();
        let change = UserChange {
            password_hash: Some(hash),
            email_verified_at: is_news.then(|| hall.now()),
            by: Party::Owner,
            ..UserChange::default()
        };
        let all = SessionSelection::User { id, except: None };
        let changed = hall.change_and_end(id, change, all, EndReason::PasswordChanged).await?;
        let changed = changed.and_then(Result::ok);
        if let Some(user) = &changed {
            let event = self.event(EventName::AuthnPasswordChange).of(user.id);
            self.record(event.with("cause", "reset"), "a forgotten password was replaced");
            hall.0.messenger.tell(Notice::PasswordChanged(user.clone())).await;
        }
        Ok(changed)
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
        let (hall, key) = (self.clone(), LoginKey::from_typed(login));
        tokio::spawn(async move {
            let found = match hall.0.users.credentials(&key).await {
                Ok(found) => found.map(|credentials| credentials.user),
                Err(error) => {
                    tracing::error!(%error, "it could not be seen whom a mail was asked for");
                    return;
                }
            };
            if let Some(notice) = found.and_then(notice) {
                hall.0.messenger.tell(notice).await;
            }
        });
    }
}
