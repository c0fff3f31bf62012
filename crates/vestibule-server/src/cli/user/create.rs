//! Making an account, and checking and hashing the password of one.

use vestibule::core::{
    event::EventName,
    name::{EmailAddress, LoginKey, RoleName, UserName},
    password::{Password, PasswordHash, PasswordHasher},
    random,
    store::{AccountChange, Commit, Committed, Obstacle},
    user::{MAX_ROLES, NewUser, NotChanged, Taken, UserStatus},
};

use super::named;
use crate::{
    cli::{
        arguments::UserCreate,
        context::CommandContext,
        output::{Console, visible},
        prompt::NewPassword,
    },
    error::CommandError,
};

/// `vestibule user create`: the checks of a registration. The address counts as verified, because
/// whoever runs the site vouches for it.
pub(super) async fn create(
    new: &UserCreate,
    password: &mut dyn NewPassword,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let (username, email) = names(&new.username, &new.email)?;
    let roles = new
        .roles
        .iter()
        .map(|word| RoleName::parse(word))
        .collect::<Result<_, _>>()
        .map_err(|error| CommandError::Usage(format!("--role: {error}")))?;
    let account = NewUser {
        username,
        email,
        email_verified_at: Some(context.clock.now()),
        password_hash: None,
        is_super_user: new.super_user,
        roles,
        status: UserStatus::Active,
        created_at: None,
        locale: None,
    };
    if account.roles.len() > MAX_ROLES {
        return Err(too_many_roles());
    }
    // Nobody should think up a password for an account that cannot be.
    refuse_taken(&account, context).await?;
    let known_words = [account.username.as_str(), account.email.local_part()];
    let hash = read_and_hash(password, &known_words, context)?;
    let account = NewUser { password_hash: Some(hash), ..account };
    let commit =
        Commit { account: Some(AccountChange::Create(account.clone())), ..Commit::default() };
    let event = context.event(EventName::UserCreated);
    let events = move |done: &Committed| {
        let made = done.user.iter();
        made.map(|user| (event.clone().about(user.id), "an account was created")).collect()
    };
    let user = match context.commit(commit, events).await? {
        Ok(done) => done.user,
        Err(Obstacle::Account(NotChanged::Taken(taken))) => return Err(refusal(taken, &account)),
        Err(obstacle) => return Err(CommandError::Failed(obstacle.to_string())),
    };
    let Some(user) = user else { return Ok(()) };
    console.say(format_args!("Created {}.", named(&user)))
}

/// Reads a new password, checks it against the policy and hashes it. `known_words` are what others know of
/// the account; the site's name is added.
pub(super) fn read_and_hash(
    source: &mut dyn NewPassword,
    known_words: &[&str],
    context: &CommandContext<'_>,
) -> Result<PasswordHash, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::Failed(error.to_string());
    let typed = source.first()?;
    let password = Password::prepare(typed.expose()).map_err(|problem| failed(&problem))?;
    let mut words = known_words.to_vec();
    words.push(&context.config.site_name);
    context.config.password_policy.check(&password, &words).map_err(|problem| failed(&problem))?;
    if source.again()?.is_some_and(|again| again != typed) {
        return Err(CommandError::Failed(
            "the passwords do not match; nothing was changed, try again".to_owned(),
        ));
    }
    PasswordHasher::new(context.config.password_parameters)
        .hash(&password, random::draw(context.entropy))
        .map_err(|error| failed(&error))
}

/// Reads both names, or says what is wrong with either.
pub(super) fn names(username: &str, email: &str) -> Result<(UserName, EmailAddress), CommandError> {
    match (UserName::parse(username), EmailAddress::parse(email)) {
        (Ok(username), Ok(email)) => Ok((username, email)),
        (username, email) => {
            let problems: Vec<_> = [
                username.err().map(|error| format!("user name: {error}")),
                email.err().map(|error| format!("e-mail address: {error}")),
            ]
            .into_iter()
            .flatten()
            .collect();
            Err(CommandError::Failed(problems.join("\n")))
        }
    }
}

/// Why a name cannot be had.
pub(super) fn refusal(taken: Taken, account: &NewUser) -> CommandError {
    CommandError::Failed(match taken {
        Taken::Username => format!(
            "the user name “{}” is taken, perhaps by a deleted account; choose another one",
            visible(account.username.as_str())
        ),
        Taken::Email => format!(
            "the e-mail address “{0}” belongs to another account; `vestibule user show {0}` shows it",
            visible(account.email.as_str())
        ),
    })
}

pub(super) fn too_many_roles() -> CommandError {
    CommandError::Failed(format!(
        "an account can have at most {MAX_ROLES} roles; revoke some first, or combine several rights in \
         one role"
    ))
}

async fn refuse_taken(account: &NewUser, context: &CommandContext<'_>) -> Result<(), CommandError> {
    for (typed, taken) in
        [(account.username.as_str(), Taken::Username), (account.email.as_str(), Taken::Email)]
    {
        let owner = context.store.credentials(&LoginKey::from_typed(typed)).await?;
        if owner.is_some() {
            return Err(refusal(taken, account));
        }
    }
    Ok(())
}
