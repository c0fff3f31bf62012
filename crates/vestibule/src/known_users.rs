//! Users read a moment ago.
//!
//! A page and the requests that it makes ask for the same row within a breath. What changes a user is
//! learned from the feed, or from this node itself, and the row is then forgotten at once; a change that the
//! feed does not tell is seen after [`YOUNG`]. While the store cannot be reached, the last row known is given
//! to whoever holds a good access token: an outage is not the caller's fault.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use vestibule_core::{id::UserId, user::User};

/// How long a row is given out without being read again.
const YOUNG: Duration = Duration::from_secs(1);
/// Rows remembered at most; each takes about half a kilobyte.
const CAPACITY: usize = 4096;

#[derive(Default)]
pub(crate) struct KnownUsers(Mutex<Known>);

#[derive(Default)]
struct Known {
    rows: HashMap<UserId, (Arc<User>, Duration)>,
    /// How often something was forgotten.
    forgotten: u64,
}

/// A row is being read.
#[derive(Clone, Copy)]
#[must_use = "a row that was read is kept with this"]
pub(crate) struct Reading {
    forgotten: u64,
}

impl KnownUsers {
    /// The row, if it was read a moment ago.
    pub(crate) fn young(&self, id: UserId, now: Duration) -> Option<Arc<User>> {
        self.within(id, now, YOUNG)
    }

    /// The row, if it was read within `age`.
    pub(crate) fn within(&self, id: UserId, now: Duration, age: Duration) -> Option<Arc<User>> {
        let known = self.lock();
        let (user, read_at) = known.rows.get(&id)?;
        (now.saturating_sub(*read_at) < age).then(|| Arc::clone(user))
    }

    /// To be called before a row is read.
    pub(crate) fn begin_reading(&self) -> Reading {
        Reading { forgotten: self.lock().forgotten }
    }

    /// Keeps a row, unless a change was learned since its reading began: it may be the row from before.
    pub(crate) fn keep(&self, user: &Arc<User>, now: Duration, reading: Reading) {
        let mut known = self.lock();
        if known.forgotten != reading.forgotten {
            return;
        }
        let rows = &mut known.rows;
        if rows.len() >= CAPACITY && !rows.contains_key(&user.id) {
            rows.retain(|_, (_, read_at)| now.saturating_sub(*read_at) < YOUNG);
            if rows.len() >= CAPACITY {
                rows.clear();
            }
        }
        rows.insert(user.id, (Arc::clone(user), now));
    }

    pub(crate) fn forget(&self, id: UserId) {
        let mut known = self.lock();
        known.forgotten = known.forgotten.wrapping_add(1);
        known.rows.remove(&id);
    }

    /// Forgets everybody.
    pub(crate) fn clear(&self) {
        let mut known = self.lock();
        known.forgotten = known.forgotten.wrapping_add(1);
        known.rows.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::{memory::MemoryStore, store::UserStore as _};
    use vestibule_testkit::samples::{START, new_user};

    use super::*;

    #[tokio::test]
    async fn a_row_whose_reading_began_before_a_change_is_not_kept() {
        let row = MemoryStore::new().create_user(&new_user("anna"), START).await;
        let user = Arc::new(row.unwrap().unwrap());
        let (known, now) = (KnownUsers::default(), Duration::ZERO);
        let reading = known.begin_reading();
        known.forget(user.id);
        known.keep(&user, now, reading);
        assert!(known.young(user.id, now).is_none());
        known.keep(&user, now, known.begin_reading());
        assert!(known.young(user.id, now).is_some());
        known.forget(user.id);
        assert!(known.young(user.id, now).is_none());
    }
}
