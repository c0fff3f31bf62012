//! Changing accounts.

use vestibule::core::{
    deletion::{Actor, may_restore},
    event::{Event, EventName},
    name::RoleName,
    session::EndReason,
    store::{AccountChange, Commit, Committed, Ending, Obstacle},
    user::{MAX_ROLES, NotChanged, User, UserChange, UserStatus},
};

use super::{
    create::{read_and_hash, too_many_roles},
    find, named,
};
use crate::{
    cli::{
        arguments::UserRole,
        context::CommandContext,
        output::{Console, counted},
        prompt::NewPassword,
    },
    error::CommandError,
};

/// `vestibule user suspend`, `activate` and `delete`. Whoever is no longer active is signed out
/// everywhere, also where the account had that status already: an earlier try may have got no further.
pub(super) async fn set_status(
    typed: &str,
    status: UserStatus,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(context.store, typed).await?;
    if status == UserStatus::Suspended {
        refuse_deleted(&user, context)?;
    }
    // What its owner did is made final.
    let is_theirs = user.deletion.is_some_and(|deletion| deletion.by == Actor::Owner);
    let is_so = user.status == status && !is_theirs;
    if is_so {
        console.note(format_args!("{} was already {status}.", named(&user)));
    }
    let change = (!is_so).then(|| UserChange { status: Some(status), ..UserChange::default() });
    let (done, reason, name, in_words) = match status {
        UserStatus::Active => {
            let restored = context.event(EventName::UserRestored).about(user.id);
            let is_back = user.status == UserStatus::Deleted;
            let said = is_back.then_some((restored, "a deleted account was restored"));
            carry_out(&user, change, None, said, context).await?;
            return console.say(format_args!("{} can sign in.", named(&user)));
        }
        UserStatus::Suspended => ("suspended", EndReason::Suspended, None, ""),
        UserStatus::Deleted => {
            let name = Some(EventName::UserDeleted);
            ("deleted", EndReason::Deleted, name, "an account was deleted")
        }
    };
    let said = name.map(|name| (context.event(name).about(user.id), in_words));
    let ended = carry_out(&user, change, Some(reason), said, context).await?;
    console.say(format_args!("{} is {done}; {} ended.", named(&user), counted(ended, "session")))
}

/// `vestibule user set-password`
pub(super) async fn set_password(
    typed: &str,
    password: &mut dyn NewPassword,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(context.store, typed).await?;
    refuse_deleted(&user, context)?;
    let hash = read_and_hash(password, &user.guessable_words(), context)?;
    let change = UserChange { password_hash: Some(hash), ..UserChange::default() };
    let event = context.event(EventName::AuthnPasswordChange).about(user.id);
    let said = Some((event, "a password was changed"));
    let reason = Some(EndReason::PasswordChanged);
    let ended = carry_out(&user, Some(change), reason, said, context).await?;
    console.say(format_args!(
        "{} has a new password; {} ended.",
        named(&user),
        counted(ended, "session")
    ))
}

/// `vestibule user grant`
pub(super) async fn grant(
    right: &UserRole,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(context.store, &right.user).await?;
    refuse_deleted(&user, context)?;
    let Some(role) = role(right)? else {
        return set_super_user(&user, true, context, console).await;
    };
    let mut roles = user.roles.clone();
    if !roles.insert(role.clone()) {
        return console.say(format_args!("{} already has the role {role}.", named(&user)));
    }
    if roles.len() > MAX_ROLES {
        return Err(too_many_roles());
    }
    let change = UserChange { roles: Some(roles), ..UserChange::default() };
    change_user(&user, change, context).await?;
    console.say(format_args!("{} now has the role {role}.", named(&user)))
}

/// `vestibule user revoke`
pub(super) async fn revoke(
    right: &UserRole,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(context.store, &right.user).await?;
    let Some(role) = role(right)? else {
        return set_super_user(&user, false, context, console).await;
    };
    let mut roles = user.roles.clone();
    if !roles.remove(&role) {
        return console.say(format_args!("{} does not have the role {role}.", named(&user)));
    }
    let change = UserChange { roles: Some(roles), ..UserChange::default() };
    change_user(&user, change, context).await?;
    console.say(format_args!("{} no longer has the role {role}.", named(&user)))
}

async fn set_super_user(
    user: &User,
    is_super_user: bool,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    if user.is_super_user != is_super_user {
        let change = UserChange { is_super_user: Some(is_super_user), ..UserChange::default() };
        change_user(user, change, context).await?;
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
        _ => Err(CommandError::Usage("give either a role or --super-user".to_owned())),
    }
}

fn refuse_deleted(user: &User, context: &CommandContext<'_>) -> Result<(), CommandError> {
    if user.status != UserStatus::Deleted {
        return Ok(());
    }
    let mend = match may_restore(user, Actor::Site, context.clock.now()) {
        Ok(()) => "; restore the account first with `vestibule user activate`",
        Err(_) => " permanently; create a new account with `vestibule user create`",
    };
    Err(CommandError::Failed(format!("{} is deleted{mend}", named(user))))
}

async fn change_user(
    user: &User,
    change: UserChange,
    context: &CommandContext<'_>,
) -> Result<(), CommandError> {
    carry_out(user, Some(change), None, None, context).await.map(|_| ())
}

/// Changes an account, ends its sessions where there is a reason, and writes what is said of it: all of it or
/// nothing. How many sessions ended.
///
/// The store refuses what would leave nobody who can run the site, or bring a deleted account back, at the
/// moment of the change.
async fn carry_out(
    user: &User,
    change: Option<UserChange>,
    reason: Option<EndReason>,
    said: Option<(Event, &'static str)>,
    context: &CommandContext<'_>,
) -> Result<usize, CommandError> {
    let id = user.id;
    let change = change.map(|change| UserChange { guarded: true, ..change });
    let commit = Commit {
        account: change.map(|change| AccountChange::Change { id, change }),
        endings: reason
            .map(|reason| Ending::OfUser { id, except: None, reason })
            .into_iter()
            .collect(),
        ..Commit::default()
    };
    let (changed, ended) =
        (context.event(EventName::UserUpdated), context.event(EventName::SessionLogout));
    let events = move |done: &Committed| {
        let mut events = Vec::new();
        if let Some(user) = &done.user {
            let event = changed.clone().about(id).with("version", user.version);
            events.push((event, "an account was changed"));
        }
        events.extend(said.clone());
        for session in &done.ended {
            let event = ended.clone().about(id).in_session(session.id);
            events.push((event.with("reason", session.reason.name()), "a session was ended"));
        }
        events
    };
    match context.commit(commit, events).await? {
        Ok(done) => Ok(done.ended.len()),
        Err(Obstacle::Account(NotChanged::LastSuperUser)) => Err(CommandError::Failed(format!(
            "{} is the last active super user; create another one first: `vestibule user grant USER \
             --super-user`",
            named(user)
        ))),
        Err(Obstacle::Account(NotChanged::Deleted)) => {
            refuse_deleted(user, context)?;
            Err(CommandError::Failed(NotChanged::Deleted.to_string()))
        }
        Err(Obstacle::Account(refusal)) => Err(CommandError::Failed(refusal.to_string())),
        Err(_) => Err(CommandError::Failed(format!(
            "the account of {} no longer exists; `vestibule user list` shows all accounts",
            named(user)
        ))),
    }
}
