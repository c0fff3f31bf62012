//! What a node remembers of ended sessions and changed users: the check of a request is one look-up,
//! without I/O.
//!
//! Nothing has to be remembered for longer than an access token lives: after that the token has
//! expired, and its renewal asks the store.

use std::collections::HashMap;

use crate::{
    id::{SessionId, UserId},
    store::Changed,
    time::{Moment, Timestamp},
};

/// How a token stands against what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationStatus {
    /// Nothing is known against it.
    Good,
    /// Its session was ended.
    Ended,
    /// What it says of the user is no longer true: it is treated as expired, so that a renewal
    /// re-reads the user.
    Stale,
}

/// Sessions ended and users changed within the life of an access token.
#[derive(Debug, Default)]
pub struct Revocations {
    sessions: HashMap<SessionId, Moment>,
    users: HashMap<UserId, (u64, Moment)>,
    /// Tokens from before are renewed before they count.
    renewed_since: Option<Timestamp>,
}

impl Revocations {
    /// Takes in one change, to be remembered until `forget_at`.
    pub fn apply(&mut self, change: &Changed, forget_at: Moment) {
        match *change {
            Changed::SessionEnded(id) => {
                let until = self.sessions.entry(id).or_insert(forget_at);
                *until = forget_at.latest(*until);
            }
            Changed::User { id, version } => {
                let known = self.users.entry(id).or_insert((version, forget_at));
                // Changes can arrive twice and out of order: a version never goes back.
                *known = (version.max(known.0), forget_at.latest(known.1));
            }
            Changed::Keys => {}
        }
    }

    /// The store is in another history than the one that was known: what tokens from before `since` say has
    /// to be read anew, by renewing them. Of users only what comes now counts: the store may give a version out
    /// a second time. A session that was ended stays ended.
    pub fn begin_anew(&mut self, since: Timestamp) {
        self.users.clear();
        self.renewed_since = self.renewed_since.max(Some(since));
    }

    /// How a token of this session, user and claims version stands that was made at `issued_at`.
    #[must_use]
    pub fn standing(
        &self,
        session: SessionId,
        user: UserId,
        version: u64,
        issued_at: Timestamp,
    ) -> RevocationStatus {
        // Tokens count in whole seconds.
        let is_older = |since: Timestamp| issued_at.seconds() < since.seconds();
        if self.sessions.contains_key(&session) {
            RevocationStatus::Ended
        } else if self.renewed_since.is_some_and(is_older)
            || self.users.get(&user).is_some_and(|(current, _)| version < *current)
        {
            RevocationStatus::Stale
        } else {
            RevocationStatus::Good
        }
    }

    /// The ended sessions that are remembered, in no order.
    #[must_use]
    pub fn ended(&self) -> Vec<SessionId> {
        self.sessions.keys().copied().collect()
    }

    /// Forgets what no living access token can say any more.
    pub fn sweep(&mut self, now: Moment) {
        self.sessions.retain(|_, forget_at| !now.has_reached(*forget_at));
        self.users.retain(|_, (_, forget_at)| !now.has_reached(*forget_at));
    }

    /// How many sessions and users are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len() + self.users.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SESSION: SessionId = SessionId::from_bytes([1; 16]);
    const USER: UserId = UserId(7);
    const ISSUED: Timestamp = Timestamp::from_seconds(10);

    fn at(seconds: u32) -> Moment {
        moment(seconds, seconds)
    }

    fn moment(wall: u32, monotonic: u32) -> Moment {
        Moment {
            wall: Timestamp::from_seconds(wall.into()),
            monotonic: Duration::from_secs(monotonic.into()),
        }
    }

    #[test]
    fn a_wall_clock_that_jumps_ahead_forgets_nothing() {
        let mut known = Revocations::default();
        known.apply(&Changed::SessionEnded(SESSION), at(100));
        known.sweep(moment(3700, 50));
        known.sweep(moment(50, 3700));
        assert_eq!(known.standing(SESSION, USER, 1, ISSUED), RevocationStatus::Ended);
        known.sweep(moment(100, 100));
        assert!(known.is_empty());
    }

    #[test]
    fn an_ended_session_is_known_until_its_tokens_are_dead() {
        let mut known = Revocations::default();
        assert_eq!(known.standing(SESSION, USER, 1, ISSUED), RevocationStatus::Good);
        known.apply(&Changed::SessionEnded(SESSION), at(100));
        known.apply(&Changed::SessionEnded(SESSION), at(50));
        known.sweep(at(99));
        assert_eq!(known.standing(SESSION, USER, 1, ISSUED), RevocationStatus::Ended);
        known.sweep(at(100));
        assert!(known.is_empty());
    }

    #[test]
    fn lower_versions_are_stale_and_a_late_notice_does_not_lower_them_again() {
        let mut known = Revocations::default();
        known.apply(&Changed::User { id: USER, version: 3 }, at(100));
        known.apply(&Changed::User { id: USER, version: 2 }, at(100));
        assert_eq!(known.standing(SESSION, USER, 2, ISSUED), RevocationStatus::Stale);
        assert_eq!(known.standing(SESSION, USER, 3, ISSUED), RevocationStatus::Good);
        assert_eq!(known.standing(SESSION, UserId(8), 1, ISSUED), RevocationStatus::Good);
    }

    #[test]
    fn in_another_history_old_tokens_are_stale_and_ended_sessions_stay_ended() {
        let mut known = Revocations::default();
        known.apply(&Changed::SessionEnded(SESSION), at(100));
        known.apply(&Changed::User { id: USER, version: 5 }, at(100));
        known.begin_anew(Timestamp::from_millis(20_700));
        let other = SessionId::from_bytes([2; 16]);
        let issued = |second| known.standing(other, USER, 4, Timestamp::from_seconds(second));
        assert_eq!(issued(19), RevocationStatus::Stale);
        assert_eq!(issued(20), RevocationStatus::Good, "its version counts anew");
        assert_eq!(known.standing(SESSION, USER, 4, at(30).wall), RevocationStatus::Ended);
        known.begin_anew(Timestamp::from_seconds(5));
        assert_eq!(
            known.standing(other, USER, 4, ISSUED),
            RevocationStatus::Stale,
            "never earlier"
        );
    }
}
