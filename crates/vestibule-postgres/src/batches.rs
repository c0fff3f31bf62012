//! Many accounts at once.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::{PgConnection, postgres::PgRow};
use vestibule_core::{
    id::UserId,
    name::{EmailAddress, UserName},
    store::{Owners, StoreResult, UserBatches, join_roles},
    time::Timestamp,
    user::{NewUser, Taken},
};

use crate::{
    PostgresStore,
    error::DbError,
    rows::{self, erased_key},
    schema::VERSION_ALONE,
};

/// Gives no row for a name that somebody has, or is just getting.
const INSERT_ALL: &str = concat!(
    "INSERT INTO users (username, username_key, email, email_key, email_verified_at, \
     password_hash, status, is_super_user, roles, version, created_at, updated_at, deleted_at, deleted_by, \
     locale) \
     SELECT username, username_key, email, email_key, verified_at, hash, status, is_super, roles, 1, created_at, \
     $11, CASE WHEN status = 'deleted' THEN $11 END, CASE WHEN status = 'deleted' THEN 'site' END, locale \
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], \
     $8::boolean[], $9::text[], $10::bigint[], $12::text[]) WITH ORDINALITY AS new (username, username_key, \
     email, email_key, verified_at, hash, status, is_super, roles, created_at, locale, place) \
     WHERE NOT EXISTS (SELECT FROM users WHERE users.username_key = ",
    erased_key!("new.username_key"),
    ") ORDER BY place \
     ON CONFLICT DO NOTHING RETURNING id, username_key, email_key"
);

const OWNERS: &str = concat!(
    "SELECT by_name.id, by_email.id \
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (username_key, email_key, place) \
     LEFT JOIN users AS by_name ON by_name.username_key IN (asked.username_key, \
     ",
    erased_key!("asked.username_key"),
    ") \
     LEFT JOIN users AS by_email ON by_email.email_key = asked.email_key ORDER BY place"
);

#[async_trait]
impl UserBatches for PostgresStore {
    async fn create_users(
        &self,
        new: &[NewUser],
        now: Timestamp,
    ) -> StoreResult<Vec<Result<UserId, Taken>>> {
        self.transact((new.to_vec(), now), |(new, now), connection| {
            Box::pin(create(connection, new, *now))
        })
        .await
    }

    async fn owners(&self, names: &[(UserName, EmailAddress)]) -> StoreResult<Vec<Owners>> {
        self.read(names.to_vec(), |names, connection| {
            let names = names.iter().map(|(username, email)| (username.key(), email.key()));
            Box::pin(owners(connection, names.unzip()))
        })
        .await
    }
}

async fn create(
    connection: &mut PgConnection,
    new: &[NewUser],
    now: Timestamp,
) -> Result<Vec<Result<UserId, Taken>>, DbError> {
    // One batch after the other: two with the same names in another order would wait for each other in a circle
    // until one of them is cut off, and of ten the last one for too long.
    sqlx::query(VERSION_ALONE).execute(&mut *connection).await?;
    let made = sqlx::query(INSERT_ALL)
        .bind(column(new, |new| new.username.as_str()))
        .bind(column(new, |new| new.username.key()))
        .bind(column(new, |new| new.email.as_str()))
        .bind(column(new, |new| new.email.key()))
        .bind(column(new, |new| new.email_verified_at.map(Timestamp::millis)))
        .bind(column(new, |new| new.password_hash.as_ref().map(|hash| hash.as_str())))
        .bind(column(new, |new| new.status.name()))
        .bind(column(new, |new| new.is_super_user))
        .bind(column(new, |new| join_roles(&new.roles)))
        .bind(column(new, |new| new.created_at.unwrap_or(now).millis()))
        .bind(now.millis())
        .bind(column(new, |new| new.locale.as_ref().map(|locale| locale.as_str())))
        .fetch_all(&mut *connection)
        .await?;
    let mut ids = HashMap::with_capacity(made.len());
    for row in &made {
        let names: (&str, &str) = (rows::column(row, 1)?, rows::column(row, 2)?);
        ids.insert(names, UserId(rows::column(row, 0)?));
    }
    // Taken out, so that of two that are the same the second finds the first in its way.
    let mut made: Vec<_> = column(new, |new| ids.remove(&(new.username.key(), new.email.key())));
    let refused = || new.iter().zip(&made).filter(|(_, id)| id.is_none());
    let names = refused().map(|(new, _)| (new.username.key(), new.email.key())).unzip();
    let mut owners = owners(connection, names).await?.into_iter();
    made.iter_mut()
        .map(|id| match id.take() {
            Some(id) => Ok(Ok(id)),
            None => match owners.next() {
                Some(Owners { username: Some(_), .. }) => Ok(Err(Taken::Username)),
                Some(Owners { email: Some(_), .. }) => Ok(Err(Taken::Email)),
                // Whoever had it has given it up since.
                _ => Err(DbError::Raced),
            },
        })
        .collect()
}

async fn owners(
    connection: &mut PgConnection,
    (usernames, emails): (Vec<&str>, Vec<&str>),
) -> Result<Vec<Owners>, DbError> {
    if usernames.is_empty() {
        return Ok(Vec::new());
    }
    let found = sqlx::query(OWNERS).bind(usernames).bind(emails).fetch_all(connection).await?;
    let owners = |row: &PgRow| {
        let (username, email): (Option<i64>, Option<i64>) =
            (rows::column(row, 0)?, rows::column(row, 1)?);
        Ok(Owners { username: username.map(UserId), email: email.map(UserId) })
    };
    rows::all(&found, owners)
}

/// One column of all the rows, since PostgreSQL takes a table as its columns.
fn column<'n, T>(new: &'n [NewUser], value: impl FnMut(&'n NewUser) -> T) -> Vec<T> {
    new.iter().map(value).collect()
}
