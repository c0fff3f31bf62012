//! Users.

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith, Tables};
use crate::{
    id::UserId,
    name::{EmailAddress, LoginKey, UserName, erased_key},
    password::PasswordHash,
    store::{Changed, Erasure, StoreError, StoreResult, UserQuery, UserStore},
    time::Timestamp,
    user::{Credentials, NewUser, NotChanged, Taken, User, UserChange, UserStatus},
};

/// Nobody reads what is kept in memory but this program.
const NAME_SECRET: [u8; 32] = [0; 32];

/// An account with what only the store compares.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) user: User,
    pub(super) password_hash: Option<PasswordHash>,
    pub(super) username_key: String,
    pub(super) email_key: String,
}

impl Row {
    fn credentials(&self) -> Credentials {
        Credentials { user: self.user.clone(), password_hash: self.password_hash.clone() }
    }
}

#[async_trait]
impl<X: MemoryExtension> UserStore for MemoryStoreWith<X> {
    async fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        Ok(self.tables().users.get(&id).map(|row| row.user.clone()))
    }

    async fn credentials(&self, login: &LoginKey) -> StoreResult<Option<Credentials>> {
        if login.is_nobody() {
            return Ok(None);
        }
        let tables = self.tables();
        let row = tables.users.values().find(|row| {
            let key = if login.is_email() { &row.email_key } else { &row.username_key };
            key == login.as_str()
        });
        Ok(row.map(Row::credentials))
    }

    async fn credentials_of(&self, id: UserId) -> StoreResult<Option<Credentials>> {
        Ok(self.tables().users.get(&id).map(Row::credentials))
    }

    async fn create_user(&self, new: &NewUser, now: Timestamp) -> StoreResult<Result<User, Taken>> {
        let mut tables = self.tables();
        Ok(tables.new_row(new, now).map(|row| tables.put(row)))
    }

    async fn change_user(
        &self,
        id: UserId,
        change: &UserChange,
        now: Timestamp,
    ) -> StoreResult<Option<Result<User, NotChanged>>> {
        let mut tables = self.tables();
        let changed = tables.changed_row(id, change, now)?;
        Ok(changed.map(|changed| changed.map(|row| tables.replace(row, change, now))))
    }

    async fn users(&self, query: &UserQuery) -> StoreResult<Vec<User>> {
        let prefix = query.prefix.as_deref().unwrap_or_default();
        // Its place in the list, or nothing where it is not in it.
        let place = |row: &Row| {
            if prefix.is_empty() {
                Some((0, String::new(), row.user.id))
            } else if row.username_key.starts_with(prefix) {
                Some((0, row.username_key.clone(), row.user.id))
            } else if row.email_key.starts_with(prefix) {
                Some((1, row.email_key.clone(), row.user.id))
            } else {
                None
            }
        };
        let wanted = |row: &&Row| {
            query.status.is_none_or(|status| row.user.status == status)
                && query.role.as_ref().is_none_or(|role| row.user.roles.contains(role))
                && (!query.super_users || row.user.is_super_user)
        };
        let tables = self.tables();
        let after = match query.after {
            Some(id) if prefix.is_empty() => Some((0, String::new(), id)),
            // What is in the list no longer has nothing behind it.
            Some(id) => match tables.users.get(&id).and_then(place) {
                Some(after) => Some(after),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let mut rows: Vec<_> = tables
            .users
            .values()
            .filter(wanted)
            .filter_map(|row| Some((place(row)?, row)))
            .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
            .collect();
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        Ok(rows.into_iter().take(limit).map(|(_, row)| row.user.clone()).collect())
    }

    async fn has_super_user(&self) -> StoreResult<bool> {
        Ok(self
            .tables()
            .users
            .values()
            .any(|row| row.user.is_super_user && row.user.status == UserStatus::Active))
    }
}

#[async_trait]
impl<X: MemoryExtension> Erasure for MemoryStoreWith<X> {
    async fn erase_deleted(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> StoreResult<Vec<UserId>> {
        let mut tables = self.tables();
        let is_due = |row: &&mut Row| {
            row.user.status == UserStatus::Deleted
                && !row.user.email.is_empty()
                && row.user.deletion.is_some_and(|deletion| deletion.at < before)
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut due: Vec<_> = tables.users.values_mut().filter(is_due).collect();
        due.sort_by_key(|row| row.user.deletion.map(|deletion| deletion.at));
        let mut names = Vec::new();
        for row in due.into_iter().take(limit) {
            names.push((row.user.id, row.username_key.clone()));
            erase(row, now);
        }
        for (user, name) in &names {
            tables.extension.erase(*user, name, now);
        }
        let erased: Vec<_> = names.into_iter().map(|(user, _)| user).collect();
        tables.sessions.retain(|_, session| !erased.contains(&session.user_id));
        let Tables { sessions, histories, .. } = &mut *tables;
        histories.retain(|id, _| sessions.contains_key(id));
        tables.one_time.retain(|(owner, _), _| !erased.contains(owner));
        Ok(erased)
    }
}

fn erase(row: &mut Row, now: Timestamp) {
    let id = row.user.id;
    // No address is empty, or compared like this.
    row.email_key = format!("erased {id}");
    row.username_key = erased_key(&NAME_SECRET, &row.username_key);
    row.password_hash = None;
    let user = &mut row.user;
    user.username = format!("deleted-{id}");
    user.email = String::new();
    user.email_verified_at = None;
    user.is_super_user = false;
    user.roles.clear();
    user.locale = None;
    user.updated_at = now;
}

impl<X> Tables<X> {
    /// The row of a new account, which is not there yet.
    pub(super) fn new_row(&self, new: &NewUser, now: Timestamp) -> Result<Row, Taken> {
        if let Some(taken) = self.taken(None, Some(&new.username), Some(&new.email)) {
            return Err(taken);
        }
        // No row is ever removed, so the last number is the highest that was given out.
        let id = UserId(self.users.last_key_value().map_or(1, |(last, _)| last.0 + 1));
        let user = User {
            id,
            username: new.username.as_str().to_owned(),
            email: new.email.as_str().to_owned(),
            email_verified_at: new.email_verified_at,
            status: new.status,
            is_super_user: new.is_super_user,
            roles: new.roles.clone(),
            locale: new.locale.clone(),
            version: 1,
            created_at: new.created_at.unwrap_or(now),
            updated_at: now,
            deletion: new.deletion(now),
        };
        Ok(Row {
            user,
            password_hash: new.password_hash.clone(),
            username_key: new.username.key().to_owned(),
            email_key: new.email.key().to_owned(),
        })
    }

    /// The row of an account as it would be after a change, where that is admitted.
    pub(super) fn changed_row(
        &self,
        id: UserId,
        change: &UserChange,
        now: Timestamp,
    ) -> StoreResult<Option<Result<Row, NotChanged>>> {
        let Some(row) = self.users.get(&id) else {
            return Ok(None);
        };
        if change.instead_of.is_some() && change.instead_of != row.password_hash {
            return Ok(None);
        }
        if let Some(taken) = self.taken(Some(id), change.username.as_ref(), change.email.as_ref()) {
            return Ok(Some(Err(taken.into())));
        }
        let is_other_super_user = self.users.values().any(|row| {
            row.user.id != id && row.user.is_super_user && row.user.status == UserStatus::Active
        });
        if let Some(refusal) =
            change.refusal(&row.user, now, || Ok::<_, StoreError>(is_other_super_user))?
        {
            return Ok(Some(Err(refusal)));
        }
        let mut row = row.clone();
        apply(change, &mut row, now);
        Ok(Some(Ok(row)))
    }

    /// Writes the row of a new account.
    pub(super) fn put(&mut self, row: Row) -> User {
        let user = row.user.clone();
        self.users.insert(user.id, row);
        user
    }

    /// Writes the row of an account as it is after a change.
    pub(super) fn replace(&mut self, row: Row, change: &UserChange, now: Timestamp) -> User {
        let id = row.user.id;
        let void = self.users.get(&id).map(|before| change.voids_tokens(&before.email_key));
        let void = void.unwrap_or_default();
        self.one_time.retain(|(owner, purpose), _| *owner != id || !void.contains(purpose));
        let user = self.put(row);
        if change.raises_version() {
            self.append(Changed::User { id, version: user.version }, now);
        }
        user
    }

    /// Whose name this is, or was until it was erased.
    pub(super) fn named(&self, name: &UserName) -> Option<&Row> {
        let erased = erased_key(&NAME_SECRET, name.key());
        let is_named = |row: &&Row| row.username_key == name.key() || row.username_key == erased;
        self.users.values().find(is_named)
    }

    /// Which of the names belongs to an account other than `own`, the user name first.
    fn taken(
        &self,
        own: Option<UserId>,
        username: Option<&UserName>,
        email: Option<&EmailAddress>,
    ) -> Option<Taken> {
        let others = || self.users.values().filter(|row| Some(row.user.id) != own);
        let is_taken = |name: &UserName| {
            let erased = erased_key(&NAME_SECRET, name.key());
            others().any(|row| row.username_key == name.key() || row.username_key == erased)
        };
        if username.is_some_and(is_taken) {
            Some(Taken::Username)
        } else if email.is_some_and(|email| others().any(|row| row.email_key == email.key())) {
            Some(Taken::Email)
        } else {
            None
        }
    }
}

fn apply(change: &UserChange, row: &mut Row, now: Timestamp) {
    let user = &mut row.user;
    if let Some(name) = &change.username {
        name.as_str().clone_into(&mut user.username);
        name.key().clone_into(&mut row.username_key);
    }
    if let Some(email) = &change.email {
        email.as_str().clone_into(&mut user.email);
        email.key().clone_into(&mut row.email_key);
        user.email_verified_at = None;
    }
    if change.email_verified_at.is_some() {
        user.email_verified_at = change.email_verified_at;
    }
    if change.password_hash.is_some() {
        row.password_hash.clone_from(&change.password_hash);
    }
    user.deletion = change.deletion(user, now);
    user.status = change.status.unwrap_or(user.status);
    user.is_super_user = change.is_super_user.unwrap_or(user.is_super_user);
    if let Some(roles) = &change.roles {
        user.roles.clone_from(roles);
    }
    if let Some(locale) = &change.locale {
        user.locale.clone_from(locale);
    }
    user.version += u64::from(change.raises_version());
    user.updated_at = now;
}
