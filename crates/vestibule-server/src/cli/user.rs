//! `vestibule user …`

mod change;
mod create;
mod import;
mod listing;

#[cfg(test)]
mod tests;

use vestibule::core::{
    id::UserId,
    name::LoginKey,
    store::Store,
    user::{User, UserStatus},
};

use super::{
    context::{CommandContext, at_desk},
    output::{Console, visible},
    prompt,
};
use crate::error::CommandError;
use crate::{cli::arguments::UserCommand, config::Configuration};

/// Carries out one command.
///
/// # Errors
///
/// What could not be found or done, or is refused.
pub(crate) async fn run(
    command: UserCommand,
    configuration: &Configuration,
) -> Result<(), CommandError> {
    at_desk(configuration, async |context, console| carry_out(command, context, console).await)
        .await
}

async fn carry_out(
    command: UserCommand,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    match command {
        UserCommand::Create(new) => {
            let mut password = prompt::source(new.password_stdin);
            create::create(&new, &mut *password, context, console).await
        }
        UserCommand::List(listing) => listing::list(listing, context, console).await,
        UserCommand::Show(what) => listing::show(&what, context, console).await,
        UserCommand::Suspend(name) => {
            change::set_status(&name.user, UserStatus::Suspended, context, console).await
        }
        UserCommand::Activate(name) => {
            change::set_status(&name.user, UserStatus::Active, context, console).await
        }
        UserCommand::Delete(name) => {
            change::set_status(&name.user, UserStatus::Deleted, context, console).await
        }
        UserCommand::SetPassword(whose) => {
            let mut password = prompt::source(whose.password_stdin);
            change::set_password(&whose.user, &mut *password, context, console).await
        }
        UserCommand::Grant(right) => change::grant(&right, context, console).await,
        UserCommand::Revoke(right) => change::revoke(&right, context, console).await,
        UserCommand::Import(what) => import::import(&what, context, console).await,
    }
}

/// The account that `USER` means: digits are an id, which no user name is made of; everything else is a
/// user name or an e-mail address, in any spelling that signs in.
///
/// # Errors
///
/// There is no such account, also no deleted one.
pub(super) async fn find(store: &dyn Store, typed: &str) -> Result<User, CommandError> {
    let typed = typed.trim();
    let is_id = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit());
    let (kind, user) = if is_id {
        let user = match typed.parse::<UserId>() {
            Ok(id) => store.user(id).await?,
            Err(_) => None,
        };
        ("id", user)
    } else {
        let key = LoginKey::from_typed(typed);
        let found = if key.is_nobody() { None } else { store.credentials(&key).await? };
        let kind = match (key.is_nobody(), key.is_email()) {
            (true, _) => "id, user name or e-mail address",
            (false, true) => "e-mail address",
            (false, false) => "user name",
        };
        (kind, found.map(|found| found.user))
    };
    user.ok_or_else(|| {
        CommandError::Failed(format!(
            "no account has the {kind} “{}”; `vestibule user list` shows all accounts",
            visible(typed)
        ))
    })
}

/// How an account is named in messages.
fn named(user: &User) -> String {
    format!("{} (id {})", visible(&user.username), user.id)
}
