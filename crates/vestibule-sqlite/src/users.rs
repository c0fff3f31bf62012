//! Users.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use vestibule_core::{
    id::UserId,
    locale::Locale,
    name::{EmailAddress, LoginKey, UserName, erased_key},
    store::{Changed, StoreResult, UserQuery, UserStore, join_roles},
    time::Timestamp,
    user::{Credentials, NewUser, NotChanged, Taken, User, UserChange, UserStatus},
};

use crate::{
    SqliteStore, feed, listing, one_time,
    rows::{self, user_columns},
};

pub(crate) const BY_ID: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE id = ?1");

pub(crate) const EMAIL_KEY: &str = "SELECT email_key FROM users WHERE id = ?1";

pub(crate) const BY_NAME: &str =
    concat!("SELECT ", user_columns!(), " FROM users WHERE username_key = ?1");

pub(crate) const BY_EMAIL: &str =
    concat!("SELECT ", user_columns!(), " FROM users WHERE email_key = ?1");

/// The account that is asking, if it is there already, does not take its names from itself.
pub(crate) const NAME_TAKEN: &str =
    "SELECT EXISTS (SELECT 1 FROM users WHERE username_key IN (?1, ?3) AND id IS NOT ?2)";

const NAME_SECRET: &str = "SELECT secret FROM name_secret";

pub(crate) const EMAIL_TAKEN: &str =
    "SELECT EXISTS (SELECT 1 FROM users WHERE email_key = ?1 AND id IS NOT ?2)";

const INSERT: &str = concat!(
    "INSERT INTO users (username, username_key, email, email_key, email_verified_at, password_hash, \
     status, is_super_user, roles, version, created_at, updated_at, deleted_at, deleted_by, locale) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?11, ?10, ?12, ?13, ?14) RETURNING ",
    user_columns!()
);

pub(crate) const CHANGE: &str = concat!(
    "UPDATE users SET username = COALESCE(?2, username), username_key = COALESCE(?3, username_key), \
     email = COALESCE(?4, email), email_key = COALESCE(?5, email_key), \
     email_verified_at = CASE WHEN ?6 IS NOT NULL THEN ?6 WHEN ?5 IS NOT NULL THEN NULL \
     ELSE email_verified_at END, password_hash = COALESCE(?7, password_hash), \
     status = COALESCE(?8, status), is_super_user = COALESCE(?9, is_super_user), \
     roles = COALESCE(?10, roles), version = version + ?11, updated_at = ?12, deleted_at = ?14, \
     deleted_by = ?15, locale = CASE WHEN ?16 THEN ?17 ELSE locale END \
     WHERE id = ?1 AND (?13 IS NULL OR password_hash = ?13) RETURNING ",
    user_columns!()
);

pub(crate) const OTHER_SUPER_USER: &str = "SELECT EXISTS (SELECT 1 FROM users WHERE is_super_user = 1 AND status = 'active' AND id <> ?1)";

pub(crate) const HAS_SUPER_USER: &str =
    "SELECT EXISTS (SELECT 1 FROM users WHERE is_super_user = 1 AND status = 'active')";

#[async_trait]
impl UserStore for SqliteStore {
    async fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        self.read(move |connection| {
            connection.prepare_cached(BY_ID)?.query_row([id.0], rows::user).optional()
        })
        .await
    }

    async fn credentials(&self, login: &LoginKey) -> StoreResult<Option<Credentials>> {
        if login.is_nobody() {
            return Ok(None);
        }
        let statement = if login.is_email() { BY_EMAIL } else { BY_NAME };
        let key = login.as_str().to_owned();
        self.read(move |connection| {
            connection.prepare_cached(statement)?.query_row([key], rows::credentials).optional()
        })
        .await
    }

    async fn credentials_of(&self, id: UserId) -> StoreResult<Option<Credentials>> {
        self.read(move |connection| {
            connection.prepare_cached(BY_ID)?.query_row([id.0], rows::credentials).optional()
        })
        .await
    }

    async fn create_user(&self, new: &NewUser, now: Timestamp) -> StoreResult<Result<User, Taken>> {
        let new = new.clone();
        self.write(move |connection| create(connection, &new, now)).await
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        now: Timestamp,
    ) -> StoreResult<Option<Result<User, NotChanged>>> {
        let change = change.clone();
        self.write(move |connection| {
            Ok(update(connection, id, &change, now)?.map(|changed| changed.map(|(_, user)| user)))
        })
        .await
    }

    async fn users(&self, query: &UserQuery) -> StoreResult<Vec<User>> {
        let query = query.clone();
        self.read(move |connection| listing::users(connection, &query)).await
    }

    async fn has_super_user(&self) -> StoreResult<bool> {
        self.read(|connection| {
            connection.prepare_cached(HAS_SUPER_USER)?.query_row([], |row| row.get(0))
        })
        .await
    }
}

pub(crate) fn create(
    connection: &Connection,
    new: &NewUser,
    now: Timestamp,
) -> rusqlite::Result<Result<User, Taken>> {
    if let Some(taken) = taken(connection, None, Some(&new.username), Some(&new.email))? {
        return Ok(Err(taken));
    }
    let deletion = new.deletion(now);
    let row = params![
        new.username.as_str(),
        new.username.key(),
        new.email.as_str(),
        new.email.key(),
        new.email_verified_at.map(Timestamp::millis),
        new.password_hash.as_ref().map(|hash| hash.as_str()),
        new.status.name(),
        new.is_super_user,
        join_roles(&new.roles),
        now.millis(),
        new.created_at.unwrap_or(now).millis(),
        deletion.map(|deletion| deletion.at.millis()),
        deletion.map(|deletion| deletion.by.name()),
        new.locale.as_ref().map(Locale::as_str),
    ];
    connection.prepare_cached(INSERT)?.query_row(row, rows::user).map(Ok)
}

/// Changes an account, and gives it as it was and as it is.
pub(crate) fn update(
    connection: &Connection,
    id: UserId,
    change: &UserChange,
    now: Timestamp,
) -> rusqlite::Result<Option<Result<(User, User), NotChanged>>> {
    let current = connection.prepare_cached(BY_ID)?.query_row([id.0], rows::user).optional()?;
    let Some(current) = current else {
        return Ok(None);
    };
    if let Some(taken) =
        taken(connection, Some(id), change.username.as_ref(), change.email.as_ref())?
    {
        return Ok(Some(Err(taken.into())));
    }
    let others =
        || connection.prepare_cached(OTHER_SUPER_USER)?.query_row([id.0], |row| row.get(0));
    if let Some(refusal) = change.refusal(&current, now, others)? {
        return Ok(Some(Err(refusal)));
    }
    let deletion = change.deletion(&current, now);
    let row = params![
        id.0,
        change.username.as_ref().map(UserName::as_str),
        change.username.as_ref().map(UserName::key),
        change.email.as_ref().map(EmailAddress::as_str),
        change.email.as_ref().map(EmailAddress::key),
        change.email_verified_at.map(Timestamp::millis),
        change.password_hash.as_ref().map(|hash| hash.as_str()),
        change.status.map(UserStatus::name),
        change.is_super_user,
        change.roles.as_ref().map(join_roles),
        i64::from(change.raises_version()),
        now.millis(),
        change.instead_of.as_ref().map(|hash| hash.as_str()),
        deletion.map(|deletion| deletion.at.millis()),
        deletion.map(|deletion| deletion.by.name()),
        change.locale.is_some(),
        change.locale.as_ref().and_then(Option::as_ref).map(Locale::as_str),
    ];
    let email_key: String =
        connection.prepare_cached(EMAIL_KEY)?.query_row([id.0], |row| row.get(0))?;
    let user = connection.prepare_cached(CHANGE)?.query_row(row, rows::user).optional()?;
    let Some(user) = user else {
        return Ok(None);
    };
    one_time::void(connection, id, change.voids_tokens(&email_key))?;
    if change.raises_version() {
        feed::append(connection, &Changed::User { id, version: user.version }, now)?;
    }
    Ok(Some(Ok((current, user))))
}

/// Asked before the row is written, inside the one transaction that may write, so that which of the names
/// is taken need not be read out of an error.
fn taken(
    connection: &Connection,
    own: Option<UserId>,
    username: Option<&UserName>,
    email: Option<&EmailAddress>,
) -> rusqlite::Result<Option<Taken>> {
    let own = own.map(|id| id.0);
    if let Some(name) = username {
        let erased = erased_key(&name_secret(connection)?, name.key());
        let key = params![name.key(), own, erased];
        if connection.prepare_cached(NAME_TAKEN)?.query_row(key, |row| row.get(0))? {
            return Ok(Some(Taken::Username));
        }
    }
    if let Some(email) = email {
        let key = params![email.key(), own];
        if connection.prepare_cached(EMAIL_TAKEN)?.query_row(key, |row| row.get(0))? {
            return Ok(Some(Taken::Email));
        }
    }
    Ok(None)
}

/// The key of the hashes of erased names.
pub(crate) fn name_secret(connection: &Connection) -> rusqlite::Result<[u8; 32]> {
    connection.prepare_cached(NAME_SECRET)?.query_row([], |row| row.get(0))
}
