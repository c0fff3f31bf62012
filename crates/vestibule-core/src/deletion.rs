//! Deleted accounts: for how long they can come back, and who may bring them back.
//!
//! A deletion takes effect at once: nobody signs in, and what belongs to the account is seen by nobody. For
//! [`GRACE`] it can be undone. After that the account is erased
//! ([`Erasure`](crate::store::Erasure)), and what is gone does not come back.

use std::{fmt, str::FromStr, time::Duration};

use crate::{
    session::UnknownName,
    time::Timestamp,
    user::{User, UserStatus},
};

/// For how long a deletion can be undone, and what is known of somebody stays: for slips and disputes.
pub const GRACE: Duration = Duration::from_secs(14 * 24 * 3600);

/// Who decides something about an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The person whose account it is.
    Owner,
    /// Those who run the site.
    #[default]
    Site,
}

impl Actor {
    /// Its name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Site => "site",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Actor {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        [Self::Owner, Self::Site].into_iter().find(|party| party.name() == name).ok_or(UnknownName)
    }
}

/// That an account was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: Timestamp,
    /// Whose decision it was.
    pub by: Actor,
}

impl Deletion {
    /// From when on it cannot be undone any more.
    #[must_use]
    pub fn is_final_at(&self) -> Timestamp {
        self.at + GRACE
    }

    /// What is kept where `by` deletes an account at `now` for which `before` is kept. The time does not start
    /// anew, and what those who run the site have decided stays their decision.
    #[must_use]
    pub fn repeated(before: Option<Self>, by: Actor, now: Timestamp) -> Self {
        match before {
            None => Self { at: now, by },
            Some(Self { at, by: Actor::Site }) => Self { at, by: Actor::Site },
            Some(Self { at, by: Actor::Owner }) => Self { at, by },
        }
    }
}

/// Why an account is not brought back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRestorable {
    /// It is there.
    #[error("this account is not deleted")]
    NotDeleted,
    /// Its data is gone, or about to go.
    #[error("this account was deleted too long ago to be restored")]
    TooLate,
    /// Those who run the site deleted it, and only they undo that.
    #[error("this account was deleted by an administrator")]
    NotYours,
}

/// Whether `by` may bring a deleted account back at `now`. What an owner deleted comes back for them and for
/// those who run the site; what those deleted, for them alone.
///
/// # Errors
/// [`NotRestorable`], the plainest reason first.
pub fn may_restore(user: &User, by: Actor, now: Timestamp) -> Result<(), NotRestorable> {
    if user.status != UserStatus::Deleted {
        return Err(NotRestorable::NotDeleted);
    }
    // A store that does not say when an account was deleted cannot say either what is left of it.
    let deletion = user.deletion.filter(|_| !user.is_erased());
    let deletion = deletion.ok_or(NotRestorable::TooLate)?;
    if now >= deletion.is_final_at() {
        return Err(NotRestorable::TooLate);
    }
    match (deletion.by, by) {
        (_, Actor::Site) | (Actor::Owner, Actor::Owner) => Ok(()),
        (Actor::Site, Actor::Owner) => Err(NotRestorable::NotYours),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::id::UserId;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn user(status: UserStatus, deletion: Option<Deletion>) -> User {
        User {
            id: UserId(1),
            username: "anna".to_owned(),
            email: "anna@example.org".to_owned(),
            email_verified_at: None,
            status,
            is_super_user: false,
            roles: BTreeSet::new(),
            locale: None,
            version: 1,
            created_at: NOW,
            updated_at: NOW,
            deletion,
        }
    }

    fn deleted(by: Actor) -> User {
        user(UserStatus::Deleted, Some(Deletion { at: NOW, by }))
    }

    #[test]
    fn an_owner_takes_back_what_they_did_and_nothing_else() {
        let may = |deleter, by| may_restore(&deleted(deleter), by, NOW);
        assert_eq!(may(Actor::Owner, Actor::Owner), Ok(()));
        assert_eq!(may(Actor::Owner, Actor::Site), Ok(()));
        assert_eq!(may(Actor::Site, Actor::Site), Ok(()));
        assert_eq!(may(Actor::Site, Actor::Owner), Err(NotRestorable::NotYours));
    }

    #[test]
    fn the_grace_ends_to_the_millisecond() {
        let end = NOW + GRACE;
        for (deleter, by) in
            [(Actor::Owner, Actor::Owner), (Actor::Owner, Actor::Site), (Actor::Site, Actor::Site)]
        {
            let before = end - Duration::from_millis(1);
            assert_eq!(may_restore(&deleted(deleter), by, before), Ok(()));
            assert_eq!(may_restore(&deleted(deleter), by, end), Err(NotRestorable::TooLate));
        }
    }

    #[test]
    fn what_was_erased_never_comes_back() {
        let erased = User { email: String::new(), ..deleted(Actor::Owner) };
        let unknown = user(UserStatus::Deleted, None);
        for user in [erased, unknown] {
            for by in [Actor::Owner, Actor::Site] {
                assert_eq!(may_restore(&user, by, NOW), Err(NotRestorable::TooLate));
            }
        }
    }

    #[test]
    fn there_is_nothing_to_bring_back_of_an_account_that_is_there() {
        for status in [UserStatus::Active, UserStatus::Suspended] {
            for by in [Actor::Owner, Actor::Site] {
                let there = may_restore(&user(status, None), by, NOW);
                assert_eq!(there, Err(NotRestorable::NotDeleted));
            }
        }
    }

    #[test]
    fn deleting_again_moves_no_time_and_takes_nothing_from_the_site() {
        let later = NOW + Duration::from_secs(60);
        let first = |by| Some(Deletion { at: NOW, by });
        let again = |before, by| Deletion::repeated(before, by, later);
        assert_eq!(again(None, Actor::Owner), Deletion { at: later, by: Actor::Owner });
        assert_eq!(again(first(Actor::Owner), Actor::Owner).by, Actor::Owner);
        assert_eq!(again(first(Actor::Owner), Actor::Site).by, Actor::Site);
        assert_eq!(again(first(Actor::Site), Actor::Owner).by, Actor::Site);
        assert_eq!(again(first(Actor::Site), Actor::Owner).at, NOW);
    }

    #[test]
    fn parties_are_read_as_they_are_written() {
        for party in [Actor::Owner, Actor::Site] {
            assert_eq!(party.name().parse(), Ok(party));
        }
        assert_eq!("nobody".parse::<Actor>(), Err(UnknownName));
    }
}
