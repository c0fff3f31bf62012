//! Changing accounts.

use vestibule::core::{
    deletion::{Party, may_restore},
    event::EventName,
    name::RoleName,
    session::EndReason,
    store::SessionSelection,
    user::{MAX_ROLES, NotChanged, User, UserChange, UserStatus},
};

use super::{
    create::{read_and_hash, too_many_roles},
    find, named,
};
use crate::{
    command::UserRole,
    commands::{
        CommandError,
        desk::Desk,
        output::{Console, counted},
        prompt::NewPassword,
        session::end_all,
    },
};

/// `vestibule user suspend`, `activate` and `delete`. Whoever is no longer active is signed out
/// everywhere, also where the account had that status already: an earlier try may have got no further.
pub(super) async fn set_status(
    typed: &str,
    status: UserStatus,
    desk: &Desk<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(desk.store, typed).await?;
    if status == UserStatus::Suspended {
        refuse_deleted(&user, desk)?;
    }
    // What its owner did is made final.
    let is_theirs = user.deletion.is_some_and(|deletion| deletion.by == Party::Owner);
    if user.status == status && !is_theirs {
        console.note(format_args!("{} was {status} before.", named(&user)));
    } else {
        let change = UserChange { status: Some(status), ..UserChange::default() };
        change_user(&user, change, desk).await?;
    }
    let (done, reason) = match status {
        UserStatus::Active => {
            if user.status == UserStatus::Deleted {
                let event = desk.event(EventName::UserRestored).about(user.id);
                desk.record(event, "a deleted account was brought back").await;
            }
            return console.say(format_args!("{} can sign in.", named(&user)));
        }
        UserStatus::Suspended => ("suspended", EndReason::Suspended),
        UserStatus::Deleted => {
            let event = desk.event(EventName::UserDeleted).about(user.id);
            desk.record(event, "an account was deleted").await;
            ("deleted", EndReason::Deleted)
        }
    };
    let ended = end_sessions(&user, done, reason, desk).await?;
    console.say(format_args!("{} is {done}; {} ended.", named(&user), counted(ended, "session")))
}

/// `vestibule user set-password`
pub(super) async fn set_password(
    typed: &str,
    password: &mut dyn NewPassword,
    desk: &Desk<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(desk.store, typed).await?;
    refuse_deleted(&user, desk)?;
    let hash = read_and_hash(password, &user.guessable_words(), desk)?;
    let change = UserChange { password_hash: Some(hash), ..UserChange::default() };
    change_user(&user, change, desk).await?;
    let event = desk.event(EventName::AuthnPasswordChange).about(user.id);
    desk.record(event, "a password was changed").await;
    let done = "set to the new password";
    let ended = end_sessions(&user, done, EndReason::PasswordChanged, desk).await?;
    console.say(format_args!(
        "{} has a new password; {} ended.",
        named(&user),
        counted(ended, "session")
    ))
}

/// `vestibule user grant`
pub(super) async fn grant(
    right: &UserRole,
    desk: &Desk<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(desk.store, &right.user).await?;
    refuse_deleted(&user, desk)?;
    let Some(role) = role(right)? else {
        return set_super_user(&user, true, desk, console).await;
    };
    let mut roles = user.roles.clone();
    if !roles.insert(role.clone()) {
        return console.say(format_args!("{} has the role {role} already.", named(&user)));
    }
    if roles.len() > MAX_ROLES {
        return Err(too_many_roles());
    }
    let change = UserChange { roles: Some(roles), ..UserChange::default() };
    change_user(&user, change, desk).await?;
    console.say(format_args!("{} has the role {role}.", named(&user)))
}

/// `vestibule user revoke`
pub(super) async fn revoke(
    right: &UserRole,
    desk: &Desk<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(desk.store, &right.user).await?;
    let Some(role) = role(right)? else {
        return set_super_user(&user, false, desk, console).await;
    };
    let mut roles = user.roles.clone();
    if !roles.remove(&role) {
        return console.say(format_args!("{} does not have the role {role}.", named(&user)));
    }
    let change = UserChange { roles: Some(roles), ..UserChange::default() };
    change_user(&user, change, desk).await?;
    console.say(format_args!("{} has the role {role} no longer.", named(&user)))
}

async fn set_super_user(
    user: &User,
    is_super_user: bool,
    desk: &Desk<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    if user.is_super_user != is_super_user {
        let change = UserChange { is_super_user: Some(is_super_user), ..UserChange::default() };
        change_user(user, change, desk).await?;
    }
    let is = if is_super_user { "is" } else { "is not" };
    console.say(format_args!("{} {is} a super user.", named(user)))
}

/// The role that is meant; `None` stands for the super user.
fn role(right: &UserRole) -> Result<Option<RoleName>, CommandError> {
    match (&right.role, right.super_user) {
        (Some(word), false) => RoleName::parse(word)
            .map(Some)
            .map_err(|error| CommandError::Usage(format!("“{word}”: {error}"))),
        (None, true) => Ok(None),
        _ => Err(CommandError::Usage("name a role or give --super-user, one of them".to_owned())),
    }
}

fn refuse_deleted(user: &User, desk: &Desk<'_>) -> Result<(), CommandError> {
    if user.status != UserStatus::Deleted {
        return Ok(());
    }
    let mend = match may_restore(user, Party::Site, desk.clock.now()) {
        Ok(()) => "; bring it back first with `vestibule user activate`",
        Err(_) => ", and does not come back; make a new one with `vestibule user create`",
    };
    Err(CommandError::Failed(format!("{} is deleted{mend}", named(user))))
}

/// The store refuses what would leave nobody who can run the site, or bring a deleted account back, at the
/// moment of the change.
async fn change_user(user: &User, change: UserChange, desk: &Desk<'_>) -> Result<(), CommandError> {
    let change = UserChange { guarded: true, ..change };
    let changed = desk.store.change_user(user.id, &change, desk.clock.now()).await?;
    match changed {
        Some(Ok(user)) => {
            let event = desk.event(EventName::UserUpdated).about(user.id);
            desk.record(event.with("version", user.version), "an account was changed").await;
            Ok(())
        }
        Some(Err(NotChanged::LastSuperUser)) => Err(CommandError::Failed(format!(
            "{} is the last active super user, and nobody would be left to run the site; make another one \
             first: `vestibule user grant USER --super-user`",
            named(user)
        ))),
        Some(Err(NotChanged::Deleted)) => {
            refuse_deleted(user, desk)?;
            Err(CommandError::Failed(NotChanged::Deleted.to_string()))
        }
        Some(Err(refusal)) => Err(CommandError::Failed(refusal.to_string())),
        None => Err(CommandError::Failed(format!(
            "the account of {} is gone; `vestibule user list` shows all accounts",
            named(user)
        ))),
    }
}

/// Ends all sessions of an account that is `done` already, and says how many.
async fn end_sessions(
    user: &User,
    done: &str,
    reason: EndReason,
    desk: &Desk<'_>,
) -> Result<usize, CommandError> {
    let theirs = SessionSelection::User { id: user.id, except: None };
    let ended = end_all(theirs, reason, desk).await.map_err(|error| {
        CommandError::Failed(format!(
            "{} is {done}, but the sessions may not have ended: {error}. Run the command again.",
            named(user)
        ))
    })?;
    Ok(ended.len())
}
