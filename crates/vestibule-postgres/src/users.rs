//! Users.

use async_trait::async_trait;
use sqlx::PgConnection;
use vestibule_core::{
    deletion::Deletion,
    id::UserId,
    locale::Locale,
    name::{EmailAddress, LoginKey, UserName},
    store::{Changed, StoreResult, UserQuery, UserStore, join_roles},
    time::Timestamp,
    user::{Credentials, NewUser, NotChanged, Taken, User, UserChange, UserStatus},
};

use crate::{
    PostgresStore,
    error::DbError,
    feed, listing, one_time,
    rows::{self, erased_key, user_columns},
};

pub(crate) const BY_ID: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1");

/// Held until the account is changed, so that what is compared is what is replaced.
pub(crate) const EMAIL_KEY: &str = "SELECT email_key FROM users WHERE id = $1 FOR NO KEY UPDATE";

pub(crate) const BY_NAME: &str =
    concat!("SELECT ", user_columns!(), " FROM users WHERE username_key = $1");

pub(crate) const BY_EMAIL: &str =
    concat!("SELECT ", user_columns!(), " FROM users WHERE email_key = $1");

/// Whether the names belong to another account, or did until that was erased (`erased_key` in core), and whether the account that asks is there. It does not
/// take its names from itself.
pub(crate) const TAKEN: &str = concat!(
    "SELECT \
     EXISTS (SELECT FROM users WHERE username_key IN ($1, ",
    erased_key!("$1"),
    ") \
     AND id IS DISTINCT FROM $3), \
     EXISTS (SELECT FROM users WHERE email_key = $2 AND id IS DISTINCT FROM $3), \
     EXISTS (SELECT FROM users WHERE id = $3)"
);

/// Waits for whoever is just taking one of the names, and gives no row where they got it.
const INSERT: &str = concat!(
    "INSERT INTO users (username, username_key, email, email_key, email_verified_at, password_hash, \
     status, is_super_user, roles, version, created_at, updated_at, deleted_at, deleted_by, locale) \
     SELECT $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::text, $10::text, $7::boolean, $8::text, 1, \
     $11::bigint, $9::bigint, $12::bigint, $13::text, $14::text \
     WHERE NOT EXISTS (SELECT FROM users WHERE username_key = ",
    erased_key!("$2"),
    ") \
     ON CONFLICT DO NOTHING RETURNING ",
    user_columns!()
);

pub(crate) const CHANGE: &str = concat!(
    "UPDATE users SET username = COALESCE($2, username), username_key = COALESCE($3, username_key), \
     email = COALESCE($4, email), email_key = COALESCE($5, email_key), \
     email_verified_at = CASE WHEN $6::bigint IS NOT NULL THEN $6 WHEN $5 IS NOT NULL THEN NULL \
     ELSE email_verified_at END, password_hash = COALESCE($7, password_hash), \
     status = COALESCE($8, status), is_super_user = COALESCE($9, is_super_user), \
     roles = COALESCE($10, roles), version = version + $11, updated_at = $12, \
     deleted_at = CASE WHEN $8 IS NULL THEN deleted_at ELSE $14 END, \
     deleted_by = CASE WHEN $8 IS NULL THEN deleted_by ELSE $15 END, \
     locale = CASE WHEN $16 THEN $17 ELSE locale END \
     WHERE id = $1 AND ($13::text IS NULL OR password_hash = $13) RETURNING ",
    user_columns!()
);

/// The account, held against other changes. Like the change itself, it keeps nobody from writing a row that
/// refers to the account: who finishes an upload holds that and then refers to its owner, whose deletion waits
/// for it.
pub(crate) const HOLD: &str =
    concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1 FOR NO KEY UPDATE");

/// The account and all active super users, in one order, so that two who end each other wait for each other
/// once, and the second sees what the first did.
pub(crate) const HOLD_SUPER_USERS: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM users WHERE id = $1 OR (is_super_user AND status = 'active') ORDER BY id FOR NO KEY UPDATE"
);

pub(crate) const HAS_SUPER_USER: &str =
    "SELECT EXISTS (SELECT FROM users WHERE is_super_user AND status = 'active')";

#[async_trait]
impl UserStore for PostgresStore {
    async fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        self.read(id, |id, connection| {
            Box::pin(async move {
                let row = sqlx::query(BY_ID).bind(id.0).fetch_optional(connection).await?;
                row.as_ref().map(rows::user).transpose()
            })
        })
        .await
    }

    async fn credentials(&self, login: &LoginKey) -> StoreResult<Option<Credentials>> {
        if login.is_nobody() {
            return Ok(None);
        }
        let statement = if login.is_email() { BY_EMAIL } else { BY_NAME };
        self.read((statement, login.as_str().to_owned()), |(statement, key), connection| {
            Box::pin(async move {
                let row = sqlx::query(*statement).bind(key).fetch_optional(connection).await?;
                row.as_ref().map(rows::credentials).transpose()
            })
        })
        .await
    }

    async fn credentials_of(&self, id: UserId) -> StoreResult<Option<Credentials>> {
        self.read(id, |id, connection| {
            Box::pin(async move {
                let row = sqlx::query(BY_ID).bind(id.0).fetch_optional(connection).await?;
                row.as_ref().map(rows::credentials).transpose()
            })
        })
        .await
    }

    async fn create_user(&self, new: &NewUser, now: Timestamp) -> StoreResult<Result<User, Taken>> {
        self.write((new.clone(), now), |(new, now), connection| {
            Box::pin(create(connection, new, *now))
        })
        .await
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        now: Timestamp,
    ) -> StoreResult<Option<Result<User, NotChanged>>> {
        self.transact((id, change.clone(), now), |(id, change, now), connection| {
            Box::pin(async move {
                let changed = update(connection, *id, change, *now).await?;
                if let Some(Ok(user)) = &changed
                    && change.raises_version()
                {
                    let what = Changed::User { id: *id, version: user.version };
                    feed::append(connection, &what, *now).await?;
                }
                Ok(changed)
            })
        })
        .await
    }

    async fn users(&self, query: &UserQuery) -> StoreResult<Vec<User>> {
        // No name holds it, and PostgreSQL's texts cannot.
        if query.prefix.as_ref().is_some_and(|prefix| prefix.contains('\0')) {
            return Ok(Vec::new());
        }
        self.read(query.clone(), |query, connection| Box::pin(listing::users(connection, query)))
            .await
    }

    async fn has_super_user(&self) -> StoreResult<bool> {
        self.read((), |(), connection| {
            Box::pin(async move {
                rows::column(&sqlx::query(HAS_SUPER_USER).fetch_one(connection).await?, 0)
            })
        })
        .await
    }
}

pub(crate) async fn create(
    connection: &mut PgConnection,
    new: &NewUser,
    now: Timestamp,
) -> Result<Result<User, Taken>, DbError> {
    let deletion = new.deletion(now);
    let made = sqlx::query(INSERT)
        .bind(new.username.as_str())
        .bind(new.username.key())
        .bind(new.email.as_str())
        .bind(new.email.key())
        .bind(new.email_verified_at.map(Timestamp::millis))
        .bind(new.password_hash.as_ref().map(|hash| hash.as_str()))
        .bind(new.is_super_user)
        .bind(join_roles(&new.roles))
        .bind(now.millis())
        .bind(new.status.name())
        .bind(new.created_at.unwrap_or(now).millis())
        .bind(deletion.map(|deletion| deletion.at.millis()))
        .bind(deletion.map(|deletion| deletion.by.name()))
        .bind(new.locale.as_ref().map(Locale::as_str))
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(row) = made {
        return Ok(Ok(rows::user(&row)?));
    }
    let names = names(connection, None, Some(&new.username), Some(&new.email)).await?;
    // Where neither is taken, whoever had it has given it up since.
    names.taken.map(Err).ok_or(DbError::Raced)
}

/// Changes an account; the feed is for the caller to append to, at the end of the transaction.
pub(crate) async fn update(
    connection: &mut PgConnection,
    id: UserId,
    change: &UserChange,
    now: Timestamp,
) -> Result<Option<Result<User, NotChanged>>, DbError> {
    // Asked before the row is written, so that which of the names is taken need not be read out of an error.
    if change.username.is_some() || change.email.is_some() {
        let (username, email) = (change.username.as_ref(), change.email.as_ref());
        let names = names(connection, Some(id), username, email).await?;
        if !names.asker_is_there {
            return Ok(None);
        }
        if let Some(taken) = names.taken {
            return Ok(Some(Err(taken.into())));
        }
    }
    let deletion = match judge(connection, id, change, now).await? {
        None => return Ok(None),
        Some(Err(refusal)) => return Ok(Some(Err(refusal))),
        Some(Ok(deletion)) => deletion,
    };
    let may_void = change.password_hash.is_some()
        || change.email.is_some()
        || change.status.is_some()
        || change.keeps_email;
    let voids_tokens: &[_] = match may_void {
        false => &[],
        true => match sqlx::query(EMAIL_KEY).bind(id.0).fetch_optional(&mut *connection).await? {
            Some(row) => change.voids_tokens(rows::column(&row, 0)?),
            None => return Ok(None),
        },
    };
    let row = sqlx::query(CHANGE)
        .bind(id.0)
        .bind(change.username.as_ref().map(UserName::as_str))
        .bind(change.username.as_ref().map(UserName::key))
        .bind(change.email.as_ref().map(EmailAddress::as_str))
        .bind(change.email.as_ref().map(EmailAddress::key))
        .bind(change.email_verified_at.map(Timestamp::millis))
        .bind(change.password_hash.as_ref().map(|hash| hash.as_str()))
        .bind(change.status.map(UserStatus::name))
        .bind(change.is_super_user)
        .bind(change.roles.as_ref().map(join_roles))
        .bind(i64::from(change.raises_version()))
        .bind(now.millis())
        .bind(change.instead_of.as_ref().map(|hash| hash.as_str()))
        .bind(deletion.map(|deletion| deletion.at.millis()))
        .bind(deletion.map(|deletion| deletion.by.name()))
        .bind(change.locale.is_some())
        .bind(change.locale.as_ref().and_then(Option::as_ref).map(Locale::as_str))
        .fetch_optional(&mut *connection)
        .await;
    let row = match row.map_err(DbError::from) {
        // Taken between the question and the change: the next time, the question finds it.
        Err(trouble) if trouble.is_taken() => return Err(DbError::Raced),
        row => row?,
    };
    let Some(row) = row else {
        return Ok(None);
    };
    let user = rows::user(&row)?;
    one_time::void(connection, id, voids_tokens).await?;
    Ok(Some(Ok(user)))
}

/// Holds an account, and with it all active super users where the change is one that the rule about the last of
/// them is asked about, and gives it as it is.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    id: UserId,
    change: &UserChange,
) -> Result<Option<User>, DbError> {
    let hold = if change.ends_super_user() { HOLD_SUPER_USERS } else { HOLD };
    let held = sqlx::query(hold).bind(id.0).fetch_all(connection).await?;
    Ok(rows::all(&held, rows::user)?.into_iter().find(|user| user.id == id))
}

/// Asks the rule, holds what it was asked about until the change is done, and gives what is kept of a deletion
/// then. What the rule has nothing to say about holds nothing.
async fn judge(
    connection: &mut PgConnection,
    id: UserId,
    change: &UserChange,
    now: Timestamp,
) -> Result<Option<Result<Option<Deletion>, NotChanged>>, DbError> {
    if !change.is_judged() {
        return Ok(Some(Ok(None)));
    }
    let hold = if change.ends_super_user() { HOLD_SUPER_USERS } else { HOLD };
    let held = sqlx::query(hold).bind(id.0).fetch_all(connection).await?;
    let held = rows::all(&held, rows::user)?;
    let Some(user) = held.iter().find(|user| user.id == id) else {
        return Ok(None);
    };
    let is_other =
        |other: &User| other.id != id && other.is_super_user && other.status == UserStatus::Active;
    let refusal = change.refusal(user, now, || Ok::<_, DbError>(held.iter().any(is_other)))?;
    Ok(Some(refusal.map_or_else(|| Ok(change.deletion(user, now)), Err)))
}

struct Names {
    taken: Option<Taken>,
    asker_is_there: bool,
}

async fn names(
    connection: &mut PgConnection,
    asker: Option<UserId>,
    username: Option<&UserName>,
    email: Option<&EmailAddress>,
) -> Result<Names, DbError> {
    let row = sqlx::query(TAKEN)
        .bind(username.map(UserName::key))
        .bind(email.map(EmailAddress::key))
        .bind(asker.map(|id| id.0))
        .fetch_one(connection)
        .await?;
    let taken = if rows::column(&row, 0)? {
        Some(Taken::Username)
    } else if rows::column(&row, 1)? {
        Some(Taken::Email)
    } else {
        None
    };
    Ok(Names { taken, asker_is_there: rows::column(&row, 2)? })
}
