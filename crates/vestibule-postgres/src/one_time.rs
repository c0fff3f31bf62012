//! One-time tokens.

use async_trait::async_trait;
use sqlx::PgConnection;
use vestibule_core::{
    id::UserId,
    one_time::{OneTime, Purpose, TokenKey, TokenState},
    store::{OneTimeTokens, StoreResult},
    time::Timestamp,
};

use crate::{PostgresStore, error::DbError, rows, sessions};

/// The columns that [`rows::one_time`] reads, in its order.
macro_rules! columns {
    () => {
        "hash, purpose, user_id, email, created_at, expires_at, used_at, session_id"
    };
}

pub(crate) const PUT: &str = concat!(
    "INSERT INTO one_time (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id, purpose) DO UPDATE SET \
     hash = excluded.hash, email = excluded.email, created_at = excluded.created_at, \
     expires_at = excluded.expires_at, used_at = excluded.used_at, \
     session_id = excluded.session_id"
);

pub(crate) const BY_KEY: &str =
    concat!("SELECT ", columns!(), " FROM one_time WHERE hash = $1 AND purpose = $2");

pub(crate) const OF_USER: &str =
    concat!("SELECT ", columns!(), " FROM one_time WHERE user_id = $1 AND purpose = $2");

pub(crate) const USE: &str = concat!(
    "UPDATE one_time SET used_at = $3 \
     WHERE hash = $1 AND purpose = $2 AND used_at IS NULL RETURNING ",
    columns!()
);

pub(crate) const DROP: &str = "DELETE FROM one_time WHERE user_id = $1";

const DROP_ALL: &str = "DELETE FROM one_time";

pub(crate) const VOID: &str = "DELETE FROM one_time WHERE user_id = $1 AND purpose = ANY($2)";

pub(crate) const PURGE: &str = "DELETE FROM one_time WHERE expires_at < $1";

#[async_trait]
impl OneTimeTokens for PostgresStore {
    async fn put_one_time(&self, token: &OneTime) -> StoreResult<()> {
        self.write(token.clone(), |token, connection| Box::pin(put(connection, token))).await
    }

    async fn one_time(&self, key: &TokenKey) -> StoreResult<Option<OneTime>> {
        self.read(*key, |key, connection| Box::pin(by_key(connection, key))).await
    }

    async fn one_time_of(&self, user: UserId, purpose: Purpose) -> StoreResult<Option<OneTime>> {
        self.read((user, purpose), |(user, purpose), connection| {
            Box::pin(async move {
                let select = sqlx::query(OF_USER).bind(user.0).bind(purpose.name());
                let row = select.fetch_optional(connection).await?;
                row.as_ref().map(rows::one_time).transpose()
            })
        })
        .await
    }

    async fn use_one_time(&self, key: &TokenKey, now: Timestamp) -> StoreResult<Option<OneTime>> {
        self.transact((*key, now), |(key, now), connection| Box::pin(use_up(connection, key, *now)))
            .await
    }

    async fn drop_one_time(&self, user: UserId) -> StoreResult<()> {
        self.write(user, |user, connection| Box::pin(drop_of(connection, *user))).await
    }

    async fn drop_all_one_time(&self) -> StoreResult<u64> {
        self.write((), |(), connection| {
            Box::pin(
                async move { Ok(sqlx::query(DROP_ALL).execute(connection).await?.rows_affected()) },
            )
        })
        .await
    }

    async fn purge_one_time(&self, before: Timestamp) -> StoreResult<u64> {
        self.write(before, |before, connection| {
            Box::pin(async move {
                let purge = sqlx::query(PURGE).bind(before.millis());
                Ok(purge.execute(connection).await?.rows_affected())
            })
        })
        .await
    }
}

/// Removes all of a user's.
pub(crate) async fn drop_of(connection: &mut PgConnection, user: UserId) -> Result<(), DbError> {
    sqlx::query(DROP).bind(user.0).execute(connection).await?;
    Ok(())
}

/// Removes those of a user that were made for one of these purposes.
pub(crate) async fn void(
    connection: &mut PgConnection,
    user: UserId,
    purposes: &[Purpose],
) -> Result<(), DbError> {
    if purposes.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = purposes.iter().map(|purpose| purpose.name()).collect();
    sqlx::query(VOID).bind(user.0).bind(names).execute(connection).await?;
    Ok(())
}

pub(crate) async fn put(connection: &mut PgConnection, token: &OneTime) -> Result<(), DbError> {
    sqlx::query(PUT)
        .bind(&token.hash.as_bytes()[..])
        .bind(token.purpose.name())
        .bind(token.user.0)
        .bind(&token.email)
        .bind(token.created_at.millis())
        .bind(token.expires_at.millis())
        .bind(token.used_at.map(Timestamp::millis))
        .bind(token.session.map(|session| session.as_bytes().to_vec()))
        .execute(connection)
        .await?;
    Ok(())
}

async fn by_key(connection: &mut PgConnection, key: &TokenKey) -> Result<Option<OneTime>, DbError> {
    let select = sqlx::query(BY_KEY).bind(&key.hash().as_bytes()[..]).bind(key.purpose().name());
    let row = select.fetch_optional(connection).await?;
    row.as_ref().map(rows::one_time).transpose()
}

pub(crate) async fn use_up(
    connection: &mut PgConnection,
    key: &TokenKey,
    now: Timestamp,
) -> Result<Option<OneTime>, DbError> {
    let Some(kept) = by_key(connection, key).await? else {
        return Ok(None);
    };
    let session = match kept.session {
        Some(session) => sessions::read(connection, session).await?,
        None => None,
    };
    if kept.standing(session.as_ref(), now) != TokenState::Open {
        return Ok(None);
    }
    let using = sqlx::query(USE).bind(&key.hash().as_bytes()[..]);
    let using = using.bind(key.purpose().name()).bind(now.millis());
    let row = using.fetch_optional(connection).await?;
    row.as_ref().map(rows::one_time).transpose()
}
