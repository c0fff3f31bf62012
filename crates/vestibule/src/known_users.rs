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
pub(crate) struct KnownUsers(Mutex<HashMap<UserId, (Arc<User>, Duration)>>);

impl KnownUsers {
    /// The row, if it was read a moment ago.
    pub(crate) fn young(&self, id: UserId, now: Duration) -> Option<Arc<User>> {
        self.within(id, now, YOUNG)
    }

    /// The row, if it was read within `age`.
    pub(crate) fn within(&self, id: UserId, now: Duration, age: Duration) -> Option<Arc<User>> {
        let known = self.lock();
        let (user, read_at) = known.get(&id)?;
        (now.saturating_sub(*read_at) < age).then(|| Arc::clone(user))
    }

    pub(crate) fn keep(&self, user: &Arc<User>, now: Duration) {
        let mut known = self.lock();
        if known.len() >= CAPACITY && !known.contains_key(&user.id) {
            known.retain(|_, (_, read_at)| now.saturating_sub(*read_at) < YOUNG);
            if known.len() >= CAPACITY {
                known.clear();
            }
        }
        known.insert(user.id, (Arc::clone(user), now));
    }

    pub(crate) fn forget(&self, id: UserId) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, (Arc<User>, Duration)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
