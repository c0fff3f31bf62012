//! The renewal rule: what a refresh token buys.
//!
//! One pure function, [`decide`], of the session's row, the generation that was presented, and now.
//! The server, the property tests and the model checker all call this one.
//!
//! | presented | condition | decision |
//! |---|---|---|
//! | current | | advance: generation + 1 |
//! | previous | its successor was never seen in use, or was handed out less than the grace ago | repeat the same successor |
//! | previous | otherwise | theft |
//! | older | always, also inside the grace | theft |
//! | newer than current | | refuse: not issued by this store |
//! | any | session ended, idle too long, past its absolute end | refuse |
//!
//! The grace counts from when the successor was made, or was handed out again because its answer was lost
//! ([`Repeat::LostAnswer`]): a visitor whose answer was lost comes back with several requests side by side,
//! and the first of them must not turn the others into thieves by using what it got. For the same reason a
//! successor that nobody has used within half of the grace counts as lost already: from every hand-out at
//! least half of the grace is left.

use std::{fmt, str::FromStr, time::Duration};

use crate::{
    session::{EndReason, Lifetimes, Session, UnknownName},
    time::Timestamp,
};

/// What the rule reads of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The current generation.
    pub generation: u64,
    /// The highest generation seen in use, also by observations that have not reached the store yet.
    pub seen_generation: u64,
    /// When the current generation was made, or last handed out again because its answer had been lost.
    pub handed_out_at: Timestamp,
    /// When the session ends by not being used.
    pub expires_at: Timestamp,
    /// When it ends whatever happens.
    pub ends_at: Timestamp,
    /// Why it was ended, if it was.
    pub ended: Option<EndReason>,
}

impl From<&Session> for State {
    fn from(session: &Session) -> Self {
        Self {
            generation: session.generation,
            seen_generation: session.seen_generation,
            handed_out_at: session.handed_out_at,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
            ended: session.end.map(|end| end.reason),
        }
    }
}

/// What is to be done with a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Make the next generation: a compare-and-set on the current one.
    Advance,
    /// Hand out the current generation again, byte for byte.
    Repeat(Repeat),
    /// End the session: two parties hold its tokens.
    Theft,
    /// Give nothing, change nothing.
    Refuse(Refusal),
}

/// Why a generation is handed out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// The successor was handed out less than the grace ago: another request of the same visitor was
    /// faster.
    Concurrent,
    /// The successor was not seen in use for half of the grace or longer: its answer was lost on the way.
    /// The store notes that it is handed out again ([`crate::store::SessionStore::note_handout`]) before
    /// the answer goes out.
    LostAnswer,
}

/// Why a refresh token buys nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The session was ended.
    Ended(EndReason),
    /// The session was not used for longer than its idle life.
    Idle,
    /// The session reached its absolute end.
    PastEnd,
    /// The generation was never issued by this store: it was restored from a backup, or the token
    /// comes from elsewhere.
    NotIssued,
}

/// What became of a presented refresh token, as logs, counters and a session's history name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The session moved on by one generation.
    Advanced,
    /// The successor once more, to a request that raced the one that made it.
    RepeatedConcurrent,
    /// The successor once more, because its answer had been lost.
    RepeatedLostAnswer,
    /// Two parties held the session's tokens: it was ended.
    Theft,
    /// Refused: the session had been ended.
    Ended,
    /// Refused: the session was not used for longer than its idle life.
    Idle,
    /// Refused: the session had reached its absolute end.
    PastEnd,
    /// Refused: this store has not issued it.
    NotIssued,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Advanced,
        Self::RepeatedConcurrent,
        Self::RepeatedLostAnswer,
        Self::Theft,
        Self::Ended,
        Self::Idle,
        Self::PastEnd,
        Self::NotIssued,
    ];

    /// Its name in logs, counters, answers and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advanced => "advanced",
            Self::RepeatedConcurrent => "repeated_concurrent",
            Self::RepeatedLostAnswer => "repeated_lost_answer",
            Self::Theft => "theft",
            Self::Ended => "ended",
            Self::Idle => "idle",
            Self::PastEnd => "past_end",
            Self::NotIssued => "not_issued",
        }
    }
}

impl From<Decision> for Outcome {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Advance => Self::Advanced,
            Decision::Repeat(Repeat::Concurrent) => Self::RepeatedConcurrent,
            Decision::Repeat(Repeat::LostAnswer) => Self::RepeatedLostAnswer,
            Decision::Theft => Self::Theft,
            Decision::Refuse(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Ended(_) => Self::Ended,
            Refusal::Idle => Self::Idle,
            Refusal::PastEnd => Self::PastEnd,
            Refusal::NotIssued => Self::NotIssued,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Outcome {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name).ok_or(UnknownName)
    }
}

/// Decides what presenting the refresh token of generation `presented` does at `now`.
#[must_use]
pub fn decide(state: &State, presented: u64, now: Timestamp, grace: Duration) -> Decision {
    if let Some(reason) = state.ended {
        return Decision::Refuse(Refusal::Ended(reason));
    }
    if now >= state.ends_at {
        return Decision::Refuse(Refusal::PastEnd);
    }
    if now >= state.expires_at {
        return Decision::Refuse(Refusal::Idle);
    }
    if presented > state.generation {
        return Decision::Refuse(Refusal::NotIssued);
    }
    let age = now.since(state.handed_out_at);
    match state.generation - presented {
        0 => Decision::Advance,
        1 if age < grace / 2 => Decision::Repeat(Repeat::Concurrent),
        1 if state.seen_generation < state.generation => Decision::Repeat(Repeat::LostAnswer),
        1 if age < grace => Decision::Repeat(Repeat::Concurrent),
        _ => Decision::Theft,
    }
}

/// The next generation of a session, to be written where the current one is still `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Advance {
    /// The generation that must still be current.
    pub from: u64,
    /// When the next one is made.
    pub renewed_at: Timestamp,
    /// When its refresh token expires.
    pub expires_at: Timestamp,
}

impl Advance {
    /// The step from the session's current generation at `now`.
    #[must_use]
    pub fn of(session: &Session, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        Self {
            from: session.generation,
            renewed_at: now,
            expires_at: lifetimes.refresh_expiry(session.remembered, session.ends_at, now),
        }
    }

    /// The generation that this step makes.
    #[must_use]
    pub const fn to(&self) -> u64 {
        self.from + 1
    }

    /// The session's row after this step. Whoever presented the current generation's refresh token
    /// has shown that generation in use.
    pub fn apply(&self, session: &mut Session) {
        session.generation = self.to();
        session.seen_generation = session.seen_generation.max(self.from);
        session.renewed_at = self.renewed_at;
        session.handed_out_at = self.renewed_at;
        session.expires_at = self.expires_at;
    }
}

#[cfg(test)]
mod tests;
