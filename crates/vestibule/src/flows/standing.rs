//! Whether an account may be used: suspending, activating, deleting.

use vestibule_core::{
    deletion::Actor,
    event::{Event, EventName},
    id::UserId,
    session::Carrier,
    store::{Committed, Obstacle},
    user::{NotChanged, User, UserChange, UserStatus},
};

use crate::{
    auth::Vestibule,
    commit::{Report, Together, changed_user},
    extract::Principal,
    notice::Notice,
    problem::Problem,
    visit::Visit,
};

impl Visit {
    /// Deletes the caller's own account, and ends all their sessions. For a while they may take it back
    /// ([`Visit::restore`]).
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn delete_account(&self, caller: &Principal) -> Result<(), Problem> {
        let (visit, caller) = (self.clone(), caller.clone());
        self.auth().uncancelled(async move { visit.delete_whole(&caller).await }).await
    }

    async fn delete_whole(&self, caller: &Principal) -> Result<(), Problem> {
        let (auth, id) = (self.auth(), caller.user_id());
        let change = UserChange {
            status: Some(UserStatus::Deleted),
            by: Actor::Owner,
            guarded: true,
            ..UserChange::default()
        };
        let found = auth.users().user(id).await?;
        let tells = match found {
            Some(user) => auth.admitted(Notice::Deleted(user)).await,
            None => false,
        };
        let (visit, session) = (self.clone(), caller.session_id());
        let report = move |done: &Committed, said: Report| {
            let event = visit.event(EventName::UserDeleted).of(id).in_session(session);
            let notice = done.user.clone().filter(|_| tells).map(Notice::Deleted);
            said.event(event, "an account was deleted by its owner").notice(notice)
        };
        let done = auth.change_account(id, change, None, Together::nothing(), report).await?;
        changed_user(done)?;
        if caller.carrier() == Carrier::Cookie {
            self.forget_session();
        }
        Ok(())
    }
}

impl Vestibule {
    /// Suspends, activates or deletes an account. Whoever is no longer active is signed out everywhere.
    ///
    /// # Errors
    /// `conflict` for the last active super user, and for what would bring a deleted account back too late;
    /// `unavailable`.
    pub async fn set_status(
        &self,
        id: UserId,
        status: UserStatus,
    ) -> Result<Option<User>, Problem> {
        let change = UserChange { status: Some(status), guarded: true, ..UserChange::default() };
        self.change_standing(id, change).await
    }

    /// Changes an account, and signs whoever is no longer active by it out everywhere.
    ///
    /// # Errors
    /// As for [`Vestibule::set_status`]; `conflict` for taken names too.
    pub async fn change_standing(
        &self,
        id: UserId,
        change: UserChange,
    ) -> Result<Option<User>, Problem> {
        self.change_standing_with(id, change, Together::nothing()).await
    }

    /// The same, together with something else.
    ///
    /// # Errors
    /// As for [`Vestibule::change_standing`]; `conflict` where the one-time token does not work any more too.
    pub async fn change_standing_with(
        &self,
        id: UserId,
        change: UserChange,
        with: Together,
    ) -> Result<Option<User>, Problem> {
        let auth = self.clone();
        self.uncancelled(async move { auth.change_standing_whole(id, change, with).await }).await
    }

    async fn change_standing_whole(
        &self,
        id: UserId,
        change: UserChange,
        with: Together,
    ) -> Result<Option<User>, Problem> {
        let activates = change.status == Some(UserStatus::Active);
        let tells = match self.0.users.user(id).await? {
            Some(user) if activates && user.status == UserStatus::Deleted => {
                self.admitted(Notice::Restored(user)).await
            }
            _ => false,
        };
        let now = self.now();
        let report = move |done: &Committed, said: Report| {
            let status_before = done.before.as_ref().map(|user| user.status);
            if !activates || status_before != Some(UserStatus::Deleted) {
                return said;
            }
            let event = Event::new(EventName::UserRestored, now).about(id);
            let notice = done.user.clone().filter(|_| tells).map(Notice::Restored);
            said.event(event, "a deleted account was restored").notice(notice)
        };
        changed_user(self.change_account(id, change, None, with, report).await?)
    }

    /// Changes an account and knows it at once. Where nobody may go on with it as before, since it is not active
    /// any more or has another password, all its sessions end.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
    ) -> Result<Option<Result<User, NotChanged>>, Problem> {
        let auth = self.clone();
        let work = async move {
            let (with, said) = (Together::nothing(), |_: &Committed, said: Report| said);
            Ok(match auth.change_account(id, change, None, with, said).await? {
                Ok(done) => done.user.map(Ok),
                Err(Obstacle::Account(refusal)) => Some(Err(refusal)),
                Err(_) => None,
            })
        };
        self.uncancelled(work).await
    }
}
