//! The renewal rule: what a refresh token buys.
//!
//! One pure function, [`decide`], of the session's row, what was presented, and now. The server, the
//! property tests and the model checker all call this one.
//!
//! | presented | condition | decision |
//! |---|---|---|
//! | current | | advance: generation + 1 |
//! | current, with an access token that is older, or does not work here though it cannot have run out | handed out less than one and a half times the grace ago | its access token once more |
//! | previous | its successor was never seen in use, or was handed out less than the grace ago | repeat the same successor |
//! | previous, with an access token of the current generation | always | repeat the same successor |
//! | previous | otherwise | theft |
//! | older, with an access token of the previous generation | like the previous one | |
//! | older | otherwise, also inside the grace | theft |
//! | newer than current | | refuse: not issued by this store |
//! | older than a change of the password | without an access token of since then | refuse, and no theft |
//! | any | session ended, idle too long, past its absolute end | refuse |
//!
//! The grace counts from when the successor was made, or was handed out again because its answer was lost
//! ([`Repeat::LostAnswer`]): a visitor whose answer was lost comes back with several requests side by side,
//! and the first of them must not turn the others into thieves by using what it got. For the same reason a
//! successor that nobody has used within half of the grace counts as lost already: from every hand-out at
//! least half of the grace is left.
//!
//! The access token that comes along says which generation its holder was given. A gateway may hand on one
//! cookie of several: a browser then holds the access token of one generation and the refresh token of the one
//! before, or the other way round. Only whoever was given a generation has its access token, so such a request
//! comes from the visitor. Without an access token that works, a browser would also renew with each request;
//! the second line gives it one and no new generation, since requests that are still on their way with the
//! previous one must not become older than that. The refresh token is not handed out again there: an answer
//! that comes late must not put it back over its successor.

use std::{fmt, str::FromStr, time::Duration};

use crate::{
    id::SessionId,
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
    /// The oldest generation that still counts: tokens from before were replaced ([`Replacement`]).
    pub oldest_generation: u64,
    /// How long ago the current generation was made, or last handed out again because its answer had been
    /// lost. By the store's clock: those of the nodes differ.
    pub handed_out_ago: Duration,
    /// How long ago that was told: the row's way from the store.
    pub waited: Duration,
    /// When the session ends by not being used.
    pub expires_at: Timestamp,
    /// When it ends whatever happens.
    pub ends_at: Timestamp,
    /// Why it was ended, if it was.
    pub ended: Option<EndReason>,
}

impl State {
    /// The state of a session whose current generation was handed out so long ago, as was told so long ago.
    #[must_use]
    pub fn of(session: &Session, handed_out_ago: Duration, waited: Duration) -> Self {
        Self {
            generation: session.generation,
            seen_generation: session.seen_generation,
            oldest_generation: session.oldest_generation,
            handed_out_ago,
            waited,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
            ended: session.end.map(|end| end.reason),
        }
    }
}

/// What a request holds out of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PresentedTokens {
    /// The generation of its refresh token.
    pub refresh: u64,
    /// The access token of the same session that came along.
    pub access: Option<PresentedAccess>,
}

impl PresentedTokens {
    /// A refresh token alone, as apps send it.
    #[must_use]
    pub const fn refresh_only(generation: u64) -> Self {
        Self { refresh: generation, access: None }
    }
}

/// An access token that came along with a refresh token. Its signature is good, whatever the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PresentedAccess {
    /// Its generation.
    pub generation: u64,
    /// Whether it works at this node: then the renewal was asked for on purpose.
    pub works: bool,
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
    /// The successor was not seen in use for half of the grace or longer: its answer was lost on the way, or
    /// a part of it that held the refresh token.
    /// The store notes that it is handed out again ([`crate::store::SessionStore::note_handout`]) before
    /// the answer goes out.
    LostAnswer,
    /// The current refresh token came without the access token that was handed out with it a moment ago, or
    /// with one that does not work at this node. An access token is handed out, and nothing else.
    Access,
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
    /// A change of the password has replaced it. Another page of the same browser may still hold it, so it is no
    /// sign of theft.
    Superseded,
}

/// What became of a presented refresh token, as logs, counters and a session's history name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The session moved on by one generation.
    Advanced,
    /// The successor once more, or its access token, to a request that came a moment after the one that made it.
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
    /// Refused: a change of the password has replaced it.
    Superseded,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Advanced,
        Self::RepeatedConcurrent,
        Self::RepeatedLostAnswer,
        Self::Theft,
        Self::Ended,
        Self::Idle,
        Self::PastEnd,
        Self::NotIssued,
        Self::Superseded,
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
            Self::Superseded => "superseded",
        }
    }
}

impl From<Decision> for Outcome {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Advance => Self::Advanced,
            Decision::Repeat(Repeat::Concurrent | Repeat::Access) => Self::RepeatedConcurrent,
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
            Refusal::Superseded => Self::Superseded,
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

/// Decides what presenting these tokens does at `now`.
#[must_use]
pub fn decide(
    state: &State,
    presented: PresentedTokens,
    now: Timestamp,
    lifetimes: &Lifetimes,
) -> Decision {
    if let Some(reason) = state.ended {
        return Decision::Refuse(Refusal::Ended(reason));
    }
    if now >= state.ends_at {
        return Decision::Refuse(Refusal::PastEnd);
    }
    if now >= state.expires_at {
        return Decision::Refuse(Refusal::Idle);
    }
    let PresentedTokens { refresh, access } = presented;
    if refresh > state.generation {
        return Decision::Refuse(Refusal::NotIssued);
    }
    // The generation that the holder was given last: a gateway may have dropped its refresh token.
    let given = access.filter(|access| access.generation.checked_sub(1) == Some(refresh));
    let held = given.map_or(refresh, |access| access.generation);
    if held < state.oldest_generation {
        return Decision::Refuse(Refusal::Superseded);
    }
    let age = state.handed_out_ago + state.waited;
    let half = lifetimes.grace / 2;
    if refresh == state.generation {
        // By what was known when the row was read: another request may have been given this generation since.
        // And by then whoever raced it has their answer: half of the grace after the last repetition.
        let lacks_access = state.handed_out_ago < lifetimes.grace + half
            && access.is_some_and(|access| lacks_new(state, access, lifetimes));
        return if lacks_access { Decision::Repeat(Repeat::Access) } else { Decision::Advance };
    }
    match state.generation - held {
        0 => Decision::Repeat(Repeat::LostAnswer),
        1 if age < half => Decision::Repeat(Repeat::Concurrent),
        1 if state.seen_generation < state.generation => Decision::Repeat(Repeat::LostAnswer),
        1 if age < lifetimes.grace => Decision::Repeat(Repeat::Concurrent),
        _ => Decision::Theft,
    }
}

/// Whether somebody with the current refresh token lacks an access token that they were given a moment ago: it
/// is older than the refresh token, or does not work at this node although it cannot have run out. A clock that
/// is wrong does that, or a change of the user.
fn lacks_new(state: &State, access: PresentedAccess, lifetimes: &Lifetimes) -> bool {
    // Tokens carry whole seconds, rounded down.
    let has_life_left = state.handed_out_ago + Duration::from_secs(1) < lifetimes.access;
    !access.works
        && (access.generation < state.generation
            || (access.generation == state.generation && has_life_left))
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

/// All tokens of a session so far give way to the next generation, whichever is current, and are not repeated:
/// what follows from a change of the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Which session.
    pub id: SessionId,
    /// When the next generation is made.
    pub renewed_at: Timestamp,
    /// When its refresh token expires.
    pub expires_at: Timestamp,
}

impl Replacement {
    /// The replacement of a session's tokens at `now`.
    #[must_use]
    pub fn of(session: &Session, lifetimes: &Lifetimes, now: Timestamp) -> Self {
        let Advance { renewed_at, expires_at, .. } = Advance::of(session, lifetimes, now);
        Self { id: session.id, renewed_at, expires_at }
    }

    /// The session's row afterwards.
    pub fn apply(&self, session: &mut Session) {
        let Self { renewed_at, expires_at, .. } = *self;
        Advance { from: session.generation, renewed_at, expires_at }.apply(session);
        session.oldest_generation = session.generation;
    }
}

#[cfg(test)]
mod tests;
