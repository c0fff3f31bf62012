//! Lists of users, page by page. Each page reads about as many rows as it has, however many there are.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use vestibule_core::{
    id::UserId,
    store::UserQuery,
    user::{User, UserStatus},
};

use crate::{
    error::DbError,
    rows::{self, user_columns},
};

pub(crate) const KEYS: &str = "SELECT username_key, email_key FROM users WHERE id = $1";

const SELECT: &str = concat!("SELECT ", user_columns!(), " FROM users WHERE ");

/// The users of one page.
pub(crate) async fn users(
    connection: &mut PgConnection,
    query: &UserQuery,
) -> Result<Vec<User>, DbError> {
    match query.prefix.as_deref() {
        None | Some("") => {
            let mut statement = QueryBuilder::new(SELECT);
            statement.push("id > ").push_bind(query.after.map_or(0, |id| id.0));
            filter(&mut statement, query);
            run(statement, connection, "id", query.limit).await
        }
        Some(prefix) => by_prefix(connection, query, prefix).await,
    }
}

/// Two ranges of the indexes of the keys, one after the other. No pattern: nothing in a prefix has a meaning
/// of its own.
async fn by_prefix(
    connection: &mut PgConnection,
    query: &UserQuery,
    prefix: &str,
) -> Result<Vec<User>, DbError> {
    // The last of all characters, which no name holds: every key with the prefix is less.
    let end = format!("{prefix}{}", char::MAX);
    let start = match query.after {
        None => Some(Start::Names(None)),
        Some(after) => start_behind(connection, after, prefix).await?,
    };
    let (mut found, of_addresses) = match start {
        None => return Ok(Vec::new()),
        Some(Start::Addresses(after)) => (Vec::new(), Some(after)),
        Some(Start::Names(after)) => {
            let mut statement = QueryBuilder::new(SELECT);
            statement.push(if after.is_some() { "username_key > " } else { "username_key >= " });
            statement.push_bind(after.unwrap_or_else(|| prefix.to_owned()));
            statement.push(" AND username_key < ").push_bind(end.clone());
            filter(&mut statement, query);
            (run(statement, &mut *connection, "username_key", query.limit).await?, None)
        }
    };
    let left = query.limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    if left > 0 {
        let mut statement = QueryBuilder::new(SELECT);
        statement.push(if of_addresses.is_some() { "email_key > " } else { "email_key >= " });
        statement.push_bind(of_addresses.unwrap_or_else(|| prefix.to_owned()));
        statement.push(" AND email_key < ").push_bind(end.clone());
        statement.push(" AND NOT (username_key >= ").push_bind(prefix.to_owned());
        statement.push(" AND username_key < ").push_bind(end).push(")");
        filter(&mut statement, query);
        found.extend(run(statement, connection, "email_key", left).await?);
    }
    Ok(found)
}

/// Where a page of a prefix begins.
enum Start {
    /// Among the names, behind this one.
    Names(Option<String>),
    /// Among the addresses, behind this one.
    Addresses(String),
}

async fn start_behind(
    connection: &mut PgConnection,
    after: UserId,
    prefix: &str,
) -> Result<Option<Start>, DbError> {
    let row = sqlx::query(KEYS).bind(after.0).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    let (username, email): (String, String) = (rows::column(&row, 0)?, rows::column(&row, 1)?);
    Ok(if username.starts_with(prefix) {
        Some(Start::Names(Some(username)))
    } else if email.starts_with(prefix) {
        Some(Start::Addresses(email))
    } else {
        None
    })
}

/// The few who are not active, have a role or run the site have indexes of their own.
fn filter(statement: &mut QueryBuilder<Postgres>, query: &UserQuery) {
    if let Some(status) = query.status {
        statement.push(" AND status = ").push_bind(status.name());
        if status != UserStatus::Active {
            statement.push(" AND status <> 'active'");
        }
    }
    if let Some(role) = &query.role {
        statement.push(" AND roles <> '' AND string_to_array(roles, ' ') @> ARRAY[");
        statement.push_bind(role.as_str().to_owned()).push("]::text[]");
    }
    if query.super_users {
        statement.push(" AND is_super_user");
    }
}

async fn run(
    mut statement: QueryBuilder<Postgres>,
    connection: &mut PgConnection,
    order: &'static str,
    limit: u32,
) -> Result<Vec<User>, DbError> {
    statement.push(" ORDER BY ").push(order).push(" LIMIT ").push_bind(i64::from(limit));
    rows::all(&statement.build().fetch_all(connection).await?, rows::user)
}
