//! How many contents arrive at once.
//!
//! Of each, one blob is held in memory. So the number of all is what bounds the memory; and the number of
//! one person's is what leaves room for the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vestibule::{ErrorCode, Problem, Said, core::id::UserId};

/// At once, of everybody. With four mebibytes each.
const OF_ALL: usize = 32;
/// At once, of one person: more than a browser opens connections.
const OF_ONE: u32 = 8;
/// How long somebody waits for a place before they are asked to come again.
const WAIT: Duration = Duration::from_secs(10);
/// When that may be.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// The places.
pub(super) struct Turns {
    places: Arc<Semaphore>,
    people: Mutex<HashMap<UserId, u32>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(OF_ALL)), people: Mutex::default() }
    }
}

/// A place that somebody has, until it is dropped.
pub(crate) struct Turn {
    _person: Person,
    _place: OwnedSemaphorePermit,
}

impl Turns {
    /// Waits for a place.
    ///
    /// # Errors
    /// `rate_limited` for somebody who has too many already, `unavailable` where everybody together has.
    pub(super) async fn take(self: &Arc<Self>, who: UserId) -> Result<Turn, Problem> {
        let person = self.enter(who).ok_or_else(|| {
            let text = format!("You have {OF_ONE} uploads under way; let one of them end first.");
            let reason = Said::new("too_many_uploads", text).with("max", u64::from(OF_ONE));
            let problem = Problem::new(ErrorCode::RateLimited).because(&reason);
            Problem { retry_after: Some(TRY_AGAIN), ..problem }
        })?;
        let places = Arc::clone(&self.places);
        match tokio::time::timeout(WAIT, places.acquire_owned()).await {
            Ok(Ok(place)) => Ok(Turn { _person: person, _place: place }),
            Ok(Err(_)) | Err(_) => Err(Problem::unavailable(TRY_AGAIN)),
        }
    }

    fn enter(self: &Arc<Self>, who: UserId) -> Option<Person> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let count = people.entry(who).or_default();
        if *count >= OF_ONE {
            return None;
        }
        *count += 1;
        Some(Person { turns: Arc::clone(self), who })
    }
}

struct Person {
    turns: Arc<Turns>,
    who: UserId,
}

impl Drop for Person {
    fn drop(&mut self) {
        let mut people = self.turns.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = people.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                people.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_person_leaves_room_for_the_others_and_all_together_have_a_bound() {
        let turns = Arc::new(Turns::default());
        let mut held = Vec::new();
        for _ in 0..OF_ONE {
            held.push(turns.take(UserId(1)).await.unwrap_or_else(|_| panic!("a place")));
        }
        let refused = turns.take(UserId(1)).await.err().unwrap();
        assert_eq!((refused.code, refused.retry_after), (ErrorCode::RateLimited, Some(TRY_AGAIN)));
        for number in u64::from(OF_ONE)..OF_ALL as u64 {
            let who = UserId(2 + i64::try_from(number / 8).unwrap());
            held.push(turns.take(who).await.unwrap_or_else(|_| panic!("a place")));
        }
        let refused = turns.take(UserId(99)).await.err().unwrap();
        assert_eq!(refused.code, ErrorCode::Unavailable);
        held.clear();
        assert!(turns.take(UserId(1)).await.is_ok());
        assert!(turns.people.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
