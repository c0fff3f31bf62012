//! Many accounts at once.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _};
use vestibule_core::{
    id::UserId,
    name::{EmailAddress, UserName, erased_key},
    store::{Owners, StoreResult, UserBatches},
    time::Timestamp,
    user::{NewUser, Taken},
};

use crate::{SqliteStore, users};

pub(crate) const ID_BY_NAME: &str = "SELECT id FROM users WHERE username_key = ?1";

pub(crate) const ID_BY_EMAIL: &str = "SELECT id FROM users WHERE email_key = ?1";

#[async_trait]
impl UserBatches for SqliteStore {
    async fn create_users(
        &self,
        new: &[NewUser],
        now: Timestamp,
    ) -> StoreResult<Vec<Result<UserId, Taken>>> {
        let new = new.to_vec();
        self.write(move |connection| {
            new.iter()
                .map(|new| Ok(users::create(connection, new, now)?.map(|user| user.id)))
                .collect()
        })
        .await
    }

    async fn owners(&self, names: &[(UserName, EmailAddress)]) -> StoreResult<Vec<Owners>> {
        let names = names.to_vec();
        self.read(move |connection| {
            names
                .iter()
                .map(|(username, email)| {
                    Ok(Owners {
                        username: named(connection, username)?,
                        email: owner(connection, ID_BY_EMAIL, email.key())?,
                    })
                })
                .collect()
        })
        .await
    }
}

/// Also where the name was that of an account that is erased.
fn named(connection: &Connection, name: &UserName) -> rusqlite::Result<Option<UserId>> {
    if let Some(owner) = owner(connection, ID_BY_NAME, name.key())? {
        return Ok(Some(owner));
    }
    let erased = erased_key(&users::name_secret(connection)?, name.key());
    owner(connection, ID_BY_NAME, &erased)
}

fn owner(connection: &Connection, statement: &str, key: &str) -> rusqlite::Result<Option<UserId>> {
    let id = connection.prepare_cached(statement)?.query_row([key], |row| row.get(0));
    Ok(id.optional()?.map(UserId))
}
