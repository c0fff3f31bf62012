//! Whether an account may be used: suspending, activating, deleting.

use vestibule_core::{
    deletion::Party,
    error::ErrorCode,
    event::EventName,
    id::UserId,
    session::{Carrier, EndReason},
    store::SessionSelection,
    user::{NotChanged, User, UserChange, UserStatus},
};

use crate::{extract::Principal, hall::Vestibule, notice::Notice, problem::Problem, visit::Visit};

impl Visit {
    /// Deletes the caller's own account, and ends all their sessions. For a while they may take it back
    /// ([`Visit::restore`]).
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn delete_account(&self, caller: &Principal) -> Result<(), Problem> {
        let change = UserChange {
            status: Some(UserStatus::Deleted),
            by: Party::Owner,
            guarded: true,
            ..UserChange::default()
        };
        let user = self.hall().change_standing(caller.user_id(), change).await?;
        if caller.carrier() == Carrier::Cookie {
            self.forget_session();
        }
        if let Some(user) = user {
            let event = self.event(EventName::UserDeleted).of(user.id);
            let event = event.in_session(caller.session_id());
            self.record(event, "an account was deleted by its owner");
            self.hall().0.messenger.tell(Notice::Deleted(user)).await;
        }
        Ok(())
    }
}

impl Vestibule {
    /// Suspends, activates or deletes an account. Whoever is no longer active is signed out everywhere.
    ///
    /// # Errors
    /// `conflict` for the last active super user, and for what would bring a deleted account back too late.
    /// `unavailable`; the account may then be changed and its sessions not yet ended, which the next
    /// try mends, and no session of it renews meanwhile.
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
        match change.status {
            Some(UserStatus::Active) => self.activate(id, change).await,
            _ => Ok(self.change_user(id, change).await?.transpose()?),
        }
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
        match change.ends_sessions() {
            None => self.write_change(id, change).await,
            Some(reason) => {
                let all = SessionSelection::User { id, except: None };
                self.change_and_end(id, change, all, reason).await
            }
        }
    }

    /// Lets an account be used again, and tells the owner of a deleted one that it is back.
    async fn activate(&self, id: UserId, change: UserChange) -> Result<Option<User>, Problem> {
        let Some(before) = self.0.users.user(id).await? else {
            return Ok(None);
        };
        let changed = self.change_user(id, change).await?.transpose()?;
        if let Some(user) = &changed
            && before.status == UserStatus::Deleted
        {
            let event = self.event(EventName::UserRestored).about(id);
            self.record(event, "a deleted account was brought back");
            self.0.messenger.tell(Notice::Restored(user.clone())).await;
        }
        Ok(changed)
    }

    /// Changes an account and ends sessions for it: one piece of work, which is not cut in half where the
    /// client that asked for it goes away.
    pub(super) async fn change_and_end(
        &self,
        id: UserId,
        change: UserChange,
        which: SessionSelection,
        reason: EndReason,
    ) -> Result<Option<Result<User, NotChanged>>, Problem> {
        let hall = self.clone();
        let work = tokio::spawn(async move {
            let changed = hall.write_change(id, change).await?;
            if !matches!(changed, Some(Err(_))) {
                hall.end_sessions(which, reason).await?;
            }
            Ok(changed)
        });
        work.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a change of an account was cut short");
            Err(Problem::new(ErrorCode::Internal))
        })
    }
}
