//! `vestibule user import`: accounts of another system.
//!
//! A row that cannot be taken is refused by itself and said with its line; the others go on. A second
//! run skips what is there already, so after mending the file the whole of it is imported again.

mod rows;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
};

use vestibule::core::{
    name::{EmailAddress, LoginKey, UserName},
    password::{PasswordHash, PasswordHasher},
    user::{NewUser, Taken, UserChange, UserStatus},
};

use self::rows::{Account, Rows};
use crate::{
    command::UserImport,
    commands::{
        CommandError,
        desk::Desk,
        output::{Console, counted, visible},
    },
};

/// After so many rows it is said how far the import has come.
const PROGRESS_EVERY: usize = 10_000;

/// Reads the file and imports it.
pub(super) async fn import(
    what: &UserImport,
    desk: &Desk<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let file = File::open(&what.file).map_err(|error| {
        CommandError::Failed(format!("{} cannot be read: {error}", what.file.display()))
    })?;
    import_from(BufReader::new(file), what.dry_run, desk, console).await
}

async fn import_from(
    input: impl BufRead,
    dry_run: bool,
    desk: &Desk<'_>,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let mut tally = Tally::default();
    let mut planned = dry_run.then(Planned::default);
    let mut drops_dates = false;
    for row in Rows::begin(input)? {
        let outcome = match row.account {
            Ok(account) => {
                drops_dates |= account.has_created_at;
                take(&account, &mut planned, desk)
                    .await
                    .map_err(|error| stopped(error, row.line))?
            }
            Err(reason) => Outcome::Refused(reason),
        };
        if let Outcome::Refused(reason) = &outcome {
            console.note(format_args!("line {}: {}", row.line, visible(reason)));
        }
        tally.count(&outcome);
        if tally.rows().is_multiple_of(PROGRESS_EVERY) {
            console.note(format_args!("{} rows so far: {tally}", tally.rows()));
        }
    }
    if drops_dates {
        console.note("created_at is not kept: these accounts count from their import.");
    }
    let mode = if dry_run { "Nothing was changed. This import would make" } else { "Made" };
    console.say(format_args!("{mode} {tally}."))?;
    if tally.refused > 0 {
        return Err(CommandError::Failed(format!(
            "{} refused; mend the lines named above and import the file again: what is there already is \
             skipped",
            counted(tally.refused, "row")
        )));
    }
    Ok(())
}

/// What became of a row.
enum Outcome {
    Made,
    Skipped,
    Refused(String),
}

#[derive(Default)]
struct Tally {
    made: usize,
    skipped: usize,
    refused: usize,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Made => self.made += 1,
            Outcome::Skipped => self.skipped += 1,
            Outcome::Refused(_) => self.refused += 1,
        }
    }

    fn rows(&self) -> usize {
        self.made + self.skipped + self.refused
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let accounts = counted(self.made, "account");
        write!(out, "{accounts}, {} there already, {} refused", self.skipped, self.refused)
    }
}

/// The names that a dry run has already given away, each with the number of its account.
#[derive(Default)]
struct Planned {
    usernames: HashMap<String, usize>,
    emails: HashMap<String, usize>,
}

impl Planned {
    fn outcome(&mut self, username: &UserName, email: &EmailAddress) -> Outcome {
        let number = self.usernames.len();
        let owners = (self.usernames.get(username.key()), self.emails.get(email.key()));
        match owners {
            (None, None) => {
                self.usernames.insert(username.key().to_owned(), number);
                self.emails.insert(email.key().to_owned(), number);
                Outcome::Made
            }
            (by_name, by_email) if by_name == by_email => Outcome::Skipped,
            (Some(_), _) => Outcome::Refused(Taken::Username.to_string()),
            (None, Some(_)) => Outcome::Refused(taken_email()),
        }
    }
}

/// Makes one account, unless it is there or cannot be.
async fn take(
    account: &Account,
    planned: &mut Option<Planned>,
    desk: &Desk<'_>,
) -> Result<Outcome, CommandError> {
    let password_hash = match account.password_hash.as_deref().map(|text| hash(text, desk)) {
        Some(Err(reason)) => return Ok(Outcome::Refused(reason)),
        Some(Ok(hash)) => Some(hash),
        None => None,
    };
    let owner = async |typed: &str| {
        let found = desk.store.credentials(&LoginKey::from_typed(typed)).await;
        found.map(|found| found.map(|found| found.user.id))
    };
    let by_name = owner(account.username.as_str()).await?;
    let by_email = owner(account.email.as_str()).await?;
    match (by_name, by_email) {
        (None, None) => {}
        (by_name, by_email) if by_name == by_email => return Ok(Outcome::Skipped),
        (Some(_), _) => return Ok(Outcome::Refused(Taken::Username.to_string())),
        (None, Some(_)) => return Ok(Outcome::Refused(taken_email())),
    }
    if let Some(planned) = planned {
        return Ok(planned.outcome(&account.username, &account.email));
    }
    make(account, password_hash, desk).await
}

async fn make(
    account: &Account,
    password_hash: Option<PasswordHash>,
    desk: &Desk<'_>,
) -> Result<Outcome, CommandError> {
    let now = desk.clock.now();
    // New accounts are active. One that is not to be gets its password only together with its status: cut
    // off in between, nobody signs in to it.
    let (at_once, later) = match account.status {
        UserStatus::Active => (password_hash, None),
        UserStatus::Suspended | UserStatus::Deleted => (None, password_hash),
    };
    let new = NewUser {
        username: account.username.clone(),
        email: account.email.clone(),
        email_verified_at: Some(now),
        password_hash: at_once,
        is_super_user: account.is_super_user,
        roles: account.roles.clone(),
        status: UserStatus::Active,
        created_at: None,
    };
    let user = match desk.store.create_user(&new, now).await? {
        Ok(user) => user,
        Err(Taken::Username) => return Ok(Outcome::Refused(Taken::Username.to_string())),
        Err(Taken::Email) => return Ok(Outcome::Refused(taken_email())),
    };
    if account.status != UserStatus::Active {
        let change = UserChange {
            status: Some(account.status),
            password_hash: later,
            ..UserChange::default()
        };
        desk.store.change_user(user.id, &change, now).await?;
    }
    Ok(Outcome::Made)
}

/// A hash that a sign-in here can check.
fn hash(text: &str, desk: &Desk<'_>) -> Result<PasswordHash, String> {
    const MEND: &str = "leave it empty, and the person sets a password by mail";
    let hash = PasswordHash::parse(text).map_err(|_| {
        // The kind, and nothing that could be used to try passwords.
        let kind: String = text
            .trim_start_matches('$')
            .chars()
            .take_while(|sign| sign.is_ascii_alphanumeric() || "_-".contains(*sign))
            .take(20)
            .collect();
        format!(
            "password_hash is of the kind “{kind}”, and only Argon2id ($argon2id$v=19$m=…,t=…,p=…$…) can be \
             imported; {MEND}"
        )
    })?;
    let bound =
        PasswordHasher::MAX_FOREIGN_MEMORY_KIB.max(desk.config.password_parameters.memory_kib());
    let memory_kib = memory_kib(text).unwrap_or(u32::MAX);
    if memory_kib > bound {
        return Err(format!(
            "password_hash takes {memory_kib} KiB of memory to check, and a sign-in may take {bound}; {MEND}"
        ));
    }
    Ok(hash)
}

/// `m` of the parameters in a PHC string.
fn memory_kib(text: &str) -> Option<u32> {
    text.split('$')
        .find_map(|part| part.strip_prefix("m="))
        .and_then(|rest| rest.split(',').next()?.parse().ok())
}

fn taken_email() -> String {
    "the e-mail address belongs to another account".to_owned()
}

fn stopped(error: CommandError, line: u64) -> CommandError {
    CommandError::Failed(format!(
        "the import stopped at line {line}: {error}. Run it again: what is there already is skipped."
    ))
}
