//! Rows that are taken together, in one transaction.

use vestibule::core::{
    id::UserId,
    name::{EmailAddress, UserName},
    password::{PasswordHash, PasswordHasher},
    store::Owners,
    user::{NewUser, Taken},
};

use super::{
    planned::Planned,
    rows::{Account, Row},
};
use crate::{cli::context::CommandContext, error::CommandError};

/// What became of a row.
pub(super) enum Outcome {
    Made(Made),
    /// An account with both names is there.
    There,
    Refused(String),
}

/// An account, made or planned.
pub(super) struct Made {
    /// Its number, unless it is only planned.
    pub(super) id: Option<UserId>,
    /// How its hash was made, if that is not our way.
    pub(super) foreign_hash: Option<String>,
}

/// Rows, each with the account that is to be made of it as long as nothing stands against that.
pub(super) struct Batch {
    rows: Vec<(Row, State)>,
}

enum State {
    Open(Box<NewUser>, Option<String>),
    Settled(Outcome),
}

impl Batch {
    /// Looks at what the rows say.
    pub(super) fn of(rows: Vec<Row>, context: &CommandContext<'_>) -> Self {
        let rows = rows.into_iter().map(|row| {
            let state = match row
                .account
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|account| new_user(account, context))
            {
                Ok((new, foreign_hash)) => State::Open(Box::new(new), foreign_hash),
                Err(reason) => State::Settled(Outcome::Refused(reason)),
            };
            (row, state)
        });
        Self { rows: rows.collect() }
    }

    /// Makes the accounts, or only plans them.
    pub(super) async fn take(
        mut self,
        planned: &mut Option<Planned>,
        context: &CommandContext<'_>,
    ) -> Result<Vec<(Row, Outcome)>, CommandError> {
        self.skip_owned(context).await?;
        match planned {
            Some(planned) => self.settle(|new| Some(planned.outcome(&new.username, &new.email))),
            None => {
                let new: Vec<_> = self.open().cloned().collect();
                let mut made =
                    context.store.create_users(&new, context.clock.now()).await?.into_iter();
                // Who is refused has met an earlier row of this batch, or somebody who was faster.
                self.settle(|_| {
                    let id = made.next()?.ok()?;
                    Some(Outcome::Made(Made { id: Some(id), foreign_hash: None }))
                });
                self.skip_owned(context).await?;
            }
        }
        self.rows.into_iter().map(outcome).collect()
    }

    fn open(&self) -> impl Iterator<Item = &NewUser> {
        self.rows.iter().filter_map(|(_, state)| match state {
            State::Open(new, _) => Some(&**new),
            State::Settled(_) => None,
        })
    }

    /// Settles the rows whose names belong to somebody.
    async fn skip_owned(&mut self, context: &CommandContext<'_>) -> Result<(), CommandError> {
        let names: Vec<(UserName, EmailAddress)> =
            self.open().map(|new| (new.username.clone(), new.email.clone())).collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut owners = context.store.owners(&names).await?.into_iter();
        self.settle(|_| owners.next().and_then(owned));
        Ok(())
    }

    /// Settles each open row for which there is an outcome.
    fn settle(&mut self, mut outcome: impl FnMut(&NewUser) -> Option<Outcome>) {
        for (_, state) in &mut self.rows {
            if let State::Open(new, foreign_hash) = state
                && let Some(mut outcome) = outcome(new)
            {
                if let Outcome::Made(made) = &mut outcome {
                    made.foreign_hash = foreign_hash.take();
                }
                *state = State::Settled(outcome);
            }
        }
    }
}

/// What becomes of a row whose names belong to these.
pub(super) fn owned(owners: Owners) -> Option<Outcome> {
    match (owners.username, owners.email) {
        (None, None) => None,
        (by_name, by_email) if by_name == by_email => Some(Outcome::There),
        (Some(_), _) => Some(Outcome::Refused(Taken::Username.to_string())),
        (None, Some(_)) => {
            Some(Outcome::Refused("the e-mail address belongs to another account".to_owned()))
        }
    }
}

fn outcome((row, state): (Row, State)) -> Result<(Row, Outcome), CommandError> {
    match state {
        State::Settled(outcome) => Ok((row, outcome)),
        // Refused for a name that is nobody's a moment later.
        State::Open(..) => Err(CommandError::Away(format!(
            "another process is creating or deleting the account of line {}",
            row.line
        ))),
    }
}

/// The account, and how its hash was made, if that is not our way.
fn new_user(
    account: &Account,
    context: &CommandContext<'_>,
) -> Result<(NewUser, Option<String>), String> {
    const MEND: &str = "leave password_hash empty; the user can then set a password by e-mail";
    let now = context.clock.now();
    if account.created_at.is_some_and(|moment| moment > now) {
        return Err("created_at is in the future; a number means seconds since 1970".to_owned());
    }
    let hasher = PasswordHasher::new(context.config.password_parameters);
    let checked = |text: &str| {
        let hash = PasswordHash::parse(text)?;
        hasher.accepts(&hash)?;
        let scheme = hash.scheme()?;
        Ok((hash, (!hasher.makes(scheme)).then(|| scheme.to_string())))
    };
    let hash = account.password_hash.as_deref().map(checked).transpose();
    let hash =
        hash.map_err(|error: vestibule::core::password::HashError| format!("{error}; {MEND}"))?;
    let (password_hash, foreign_hash) = hash.unzip();
    let new = NewUser {
        username: account.username.clone(),
        email: account.email.clone(),
        // Whoever runs the site vouches for the addresses that it has had.
        email_verified_at: Some(now),
        password_hash,
        is_super_user: account.is_super_user,
        roles: account.roles.clone(),
        status: account.status,
        created_at: account.created_at,
        locale: None,
    };
    Ok((new, foreign_hash.flatten()))
}
