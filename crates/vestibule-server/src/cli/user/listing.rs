//! Accounts as they are listed and shown.

use serde::Serialize;
use vestibule::core::{
    deletion::Actor,
    store::UserQuery,
    user::{User, UserStatus},
};

use super::find;
use crate::{
    cli::{
        arguments::{Listing, UserShow},
        context::CommandContext,
        output::{Console, Listed, json, utc, visible},
    },
    error::CommandError,
};

/// How many accounts are read at once.
const PAGE: u32 = 500;

/// An account for programs: the fields of the API's `user`, and `updated_at`. Times are seconds since
/// the Unix epoch.
#[derive(Serialize)]
struct UserJson<'a> {
    id: i64,
    username: &'a str,
    email: &'a str,
    email_verified: bool,
    status: &'static str,
    is_super_user: bool,
    roles: Vec<&'a str>,
    created_at: i64,
    updated_at: i64,
}

impl<'a> From<&'a User> for UserJson<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.0,
            username: &user.username,
            email: &user.email,
            email_verified: user.email_verified_at.is_some(),
            status: user.status.name(),
            is_super_user: user.is_super_user,
            roles: user.roles.iter().map(|role| role.as_str()).collect(),
            created_at: user.created_at.seconds(),
            updated_at: user.updated_at.seconds(),
        }
    }
}

/// `vestibule user list`: all accounts in the order of their ids, deleted ones included.
pub(super) async fn list(
    listing: Listing,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let heads = ["ID", "USER NAME", "E-MAIL", "STATUS", "SUPER", "ROLES", "CREATED (UTC)"];
    let mut listed = Listed::new(heads, listing.json);
    let mut pages = Pages::new(None);
    while let Some(users) = pages.next(context).await? {
        listed.page(
            &users,
            |user| json(&UserJson::from(user)),
            |user| {
                [
                    user.id.to_string(),
                    user.username.clone(),
                    user.email.clone(),
                    user.status.to_string(),
                    if user.is_super_user { "yes" } else { "" }.to_owned(),
                    roles(user),
                    utc(user.created_at),
                ]
            },
            console,
        )?;
    }
    listed.finish("There are no accounts yet. Create one with `vestibule user create`.", console)
}

/// `vestibule user show`
pub(super) async fn show(
    what: &UserShow,
    context: &CommandContext<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let user = find(context.store, &what.user).await?;
    if what.listing.json {
        return console.say_json(&UserJson::from(&user));
    }
    let verified =
        user.email_verified_at.map_or("no".to_owned(), |at| format!("since {} UTC", utc(at)));
    let super_user = if user.is_super_user { "yes" } else { "no" };
    for (label, value) in [
        ("id", user.id.to_string()),
        ("user name", user.username.clone()),
        ("e-mail", user.email.clone()),
        ("verified", verified),
        ("status", user.status.to_string()),
        ("deleted", deletion(&user)),
        ("super user", super_user.to_owned()),
        ("roles", roles(&user)),
        ("created", format!("{} UTC", utc(user.created_at))),
        ("changed", format!("{} UTC", utc(user.updated_at))),
    ] {
        if label == "deleted" && value.is_empty() {
            continue;
        }
        let line = format!("{label:<12}{}", visible(&value));
        console.say(line.trim_end_matches(' '))?;
    }
    Ok(())
}

/// All accounts, or those with one status, page by page.
pub(super) struct Pages {
    query: Option<UserQuery>,
}

impl Pages {
    pub(super) fn new(status: Option<UserStatus>) -> Self {
        let query = UserQuery { status, limit: PAGE, ..UserQuery::default() };
        Self { query: Some(query) }
    }

    /// The next page, never an empty one; `None` after the last.
    pub(super) async fn next(
        &mut self,
        context: &CommandContext<'_>,
    ) -> Result<Option<Vec<User>>, CommandError> {
        let Some(query) = self.query.as_mut() else {
            return Ok(None);
        };
        let users = context.store.users(query).await?;
        query.after = users.last().map(|user| user.id);
        // An account made meanwhile comes after all others: the end is where nothing comes any more.
        if users.is_empty() {
            self.query = None;
            return Ok(None);
        }
        Ok(Some(users))
    }
}

/// When an account was deleted, by whom, and until when it can come back.
fn deletion(user: &User) -> String {
    user.deletion.map_or_else(String::new, |deletion| {
        let (at, until) = (utc(deletion.at), utc(deletion.is_final_at()));
        format!(
            "{at} UTC by its {}, permanent from {until} UTC",
            match deletion.by {
                Actor::Owner => "owner",
                Actor::Site => "site",
            }
        )
    })
}

fn roles(user: &User) -> String {
    let words: Vec<_> = user.roles.iter().map(|role| role.as_str()).collect();
    words.join(" ")
}
