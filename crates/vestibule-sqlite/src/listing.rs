//! Lists of users, page by page. Each page reads about as many rows as it has, however many there are.

use rusqlite::{Connection, OptionalExtension as _, ToSql, params_from_iter};
use vestibule_core::{
    id::UserId,
    store::UserQuery,
    user::{User, UserStatus},
};

use crate::rows::{self, user_columns};

pub(crate) const KEYS: &str = "SELECT username_key, email_key FROM users WHERE id = ?1";

/// The users of one page.
pub(crate) fn users(connection: &Connection, query: &UserQuery) -> rusqlite::Result<Vec<User>> {
    match query.prefix.as_deref() {
        None | Some("") => by_number(connection, query),
        Some(prefix) => by_prefix(connection, query, prefix),
    }
}

fn by_number(connection: &Connection, query: &UserQuery) -> rusqlite::Result<Vec<User>> {
    let mut statement = Statement::new("id > ?1");
    statement.value(query.after.map_or(0, |id| id.0));
    statement.filter(query, Order::Number);
    statement.run(connection, "id", query.limit)
}

/// Two ranges of the indexes of the keys, one after the other. No pattern: nothing in a prefix has a meaning
/// of its own.
fn by_prefix(
    connection: &Connection,
    query: &UserQuery,
    prefix: &str,
) -> rusqlite::Result<Vec<User>> {
    // The last of all characters, which no name holds: every key with the prefix is less.
    let end = format!("{prefix}{}", char::MAX);
    let start = match query.after {
        None => Some(Start::Names(None)),
        Some(after) => start_behind(connection, after, prefix)?,
    };
    let (mut found, of_addresses) = match start {
        None => return Ok(Vec::new()),
        Some(Start::Addresses(after)) => (Vec::new(), Some(after)),
        Some(Start::Names(after)) => {
            let from = if after.is_some() { "username_key > ?1" } else { "username_key >= ?1" };
            let mut statement = Statement::new(from);
            statement.value(after.unwrap_or_else(|| prefix.to_owned()));
            statement.and("username_key < ?2").value(end.clone());
            statement.filter(query, Order::Key);
            (statement.run(connection, "username_key", query.limit)?, None)
        }
    };
    let left = query.limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    if left > 0 {
        let from = if of_addresses.is_some() { "email_key > ?1" } else { "email_key >= ?1" };
        let mut statement = Statement::new(from);
        statement.value(of_addresses.unwrap_or_else(|| prefix.to_owned()));
        statement.and("email_key < ?2").value(end.clone());
        statement.and("NOT (+username_key >= ?3 AND +username_key < ?2)").value(prefix.to_owned());
        statement.filter(query, Order::Key);
        found.extend(statement.run(connection, "email_key", left)?);
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

fn start_behind(
    connection: &Connection,
    after: UserId,
    prefix: &str,
) -> rusqlite::Result<Option<Start>> {
    let keys = connection
        .prepare_cached(KEYS)?
        .query_row([after.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    Ok(keys.and_then(|(username, email)| {
        if username.starts_with(prefix) {
            Some(Start::Names(Some(username)))
        } else if email.starts_with(prefix) {
            Some(Start::Addresses(email))
        } else {
            None
        }
    }))
}

/// What a page is ordered by, and so which index it walks along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The users' numbers. The few who are not active, have a role or run the site have indexes of their own.
    Number,
    /// One of the keys: no other index is to be used, since its rows would have to be sorted.
    Key,
}

/// A statement that is put together from texts of this file alone.
struct Statement {
    conditions: String,
    values: Vec<Box<dyn ToSql>>,
}

impl Statement {
    fn new(condition: &str) -> Self {
        Self { conditions: condition.to_owned(), values: Vec::new() }
    }

    fn and(&mut self, condition: &str) -> &mut Self {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
        self
    }

    /// The value of the next number.
    fn value(&mut self, value: impl ToSql + 'static) -> usize {
        self.values.push(Box::new(value));
        self.values.len()
    }

    fn filter(&mut self, query: &UserQuery, order: Order) {
        let own_index = if order == Order::Key { "+" } else { "" };
        if let Some(status) = query.status {
            let number = self.value(status.name());
            self.and(&format!("{own_index}status = ?{number}"));
            if status != UserStatus::Active && order == Order::Number {
                self.and("status <> 'active'");
            }
        }
        if let Some(role) = &query.role {
            let number = self.value(format!(" {role} "));
            self.and(&format!("instr(' ' || roles || ' ', ?{number}) > 0"));
            if order == Order::Number {
                self.and("roles <> ''");
            }
        }
        if query.super_users {
            self.and(&format!("{own_index}is_super_user = 1"));
        }
    }

    fn run(
        mut self,
        connection: &Connection,
        order: &str,
        limit: u32,
    ) -> rusqlite::Result<Vec<User>> {
        let number = self.value(limit);
        let text = format!(
            concat!("SELECT ", user_columns!(), " FROM users WHERE {} ORDER BY {} LIMIT ?{}"),
            self.conditions, order, number
        );
        #[cfg(test)]
        tests::explain(connection, &text)?;
        connection
            .prepare_cached(&text)?
            .query_map(params_from_iter(&self.values), rows::user)?
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use rusqlite::types::Value;

    use super::*;
    use crate::schema;

    thread_local! {
        /// How SQLite went about the statements of this thread.
        static PLANS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn explain(connection: &Connection, text: &str) -> rusqlite::Result<()> {
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?;
        let nothing = vec![Value::Null; explained.parameter_count()];
        let steps: Vec<String> = explained
            .query_map(params_from_iter(nothing), |row| row.get(3))?
            .collect::<Result<_, _>>()?;
        PLANS.with_borrow_mut(|plans| plans.push(steps.join("; ")));
        Ok(())
    }

    #[test]
    fn every_page_walks_along_an_index_and_sorts_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let base = UserQuery { limit: 50, ..UserQuery::default() };
        let role = "editor".parse().unwrap();
        for (query, plan) in [
            (base.clone(), &["INTEGER PRIMARY KEY (rowid>?)"][..]),
            (
                UserQuery { status: Some(UserStatus::Active), ..base.clone() },
                &["INTEGER PRIMARY KEY (rowid>?)"],
            ),
            (
                UserQuery { status: Some(UserStatus::Suspended), ..base.clone() },
                &["INDEX users_not_active (status=? AND id>?)"],
            ),
            (UserQuery { role: Some(role), ..base.clone() }, &["INDEX users_with_roles (id>?)"]),
            (UserQuery { super_users: true, ..base.clone() }, &["INDEX users_super (id>?)"]),
            (
                UserQuery {
                    prefix: Some("a".to_owned()),
                    status: Some(UserStatus::Suspended),
                    super_users: true,
                    ..base
                },
                &[
                    "sqlite_autoindex_users_1 (username_key>? AND username_key<?)",
                    "sqlite_autoindex_users_2 (email_key>? AND email_key<?)",
                ],
            ),
        ] {
            PLANS.take();
            users(&connection, &query).unwrap();
            let plans = PLANS.take();
            assert_eq!(plans.len(), plan.len(), "{plans:?}");
            for (is, wanted) in plans.iter().zip(plan) {
                assert!(is.contains(wanted) && !is.contains("TEMP B-TREE"), "{query:?}: {is}");
            }
        }
    }
}
