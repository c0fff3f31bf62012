//! The rule that the server runs, and rules that others publish, for the checker to tell apart.

use std::time::Duration;

use vestibule_core::{
    renewal::{Decision, PresentedTokens, Repeat, State, decide},
    session::Lifetimes,
    time::Timestamp,
};

/// How long a predecessor counts as a racer, in ticks.
///
/// A request and its answer take at most a tick each, and a second request may have left just before that
/// answer came: two ticks pass between a hand-out and the last honest request that knows nothing of it. Half
/// of the grace has to be longer than that.
pub(crate) const GRACE: u8 = 5;
/// A tick, so long that the whole seconds of tokens do not matter.
const TICK: Duration = Duration::from_secs(1000);
/// How far the clocks of two nodes are apart, where they are: beyond the grace.
const APART: u8 = GRACE + 1;

/// So many ticks.
pub(crate) fn ticks(ticks: u8) -> Duration {
    TICK * ticks.into()
}

/// A rule of renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The one of the server: the same function.
    Ours,
    /// Every token renews once; a second time is theft.
    StrictSingleUse,
    /// The predecessor renews for ever.
    ParentAlwaysAccepted,
    /// Within the grace the predecessor gets a token of its own.
    SiblingWithinGrace,
    /// Within the grace every older token is a racer.
    GraceCoversGrandparents,
    /// As ours, but the grace counts from when the successor was made, also after a lost answer.
    GraceFromMaking,
    /// As ours, but an access token that comes along says nothing.
    IgnoresAccess,
    /// As ours, but the current refresh token renews however shortly ago it was handed out.
    AlwaysAdvances,
    /// As ours, but each node tells the age of a hand-out by its own clock.
    AgeByOwnClock,
}

/// What a rule says, and whether the repeated token is one of its own.
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) sibling: bool,
}

impl Rule {
    /// The ones that have to be found out.
    pub(crate) const BROKEN: [Self; 8] = [
        Self::StrictSingleUse,
        Self::ParentAlwaysAccepted,
        Self::SiblingWithinGrace,
        Self::GraceCoversGrandparents,
        Self::GraceFromMaking,
        Self::IgnoresAccess,
        Self::AlwaysAdvances,
        Self::AgeByOwnClock,
    ];

    /// What this rule says to tokens that are presented to a node whose clock is wrong, or right.
    pub(crate) fn decide(
        self,
        state: &State,
        tokens: PresentedTokens,
        now: Timestamp,
        wrong_clock: bool,
        access: Duration,
    ) -> Verdict {
        let lifetimes = Lifetimes { grace: ticks(GRACE), access, ..Lifetimes::default() };
        let decide = |state: &State, tokens| decide(state, tokens, now, &lifetimes);
        let ours = decide(state, tokens);
        let presented = tokens.refresh;
        let young = state.handed_out_ago + state.waited < lifetimes.grace;
        let is_parent = presented + 1 == state.generation;
        let is_older = presented < state.generation;
        let repeat = Decision::Repeat(Repeat::Concurrent);
        let decision = match self {
            Self::Ours | Self::GraceFromMaking => ours,
            Self::IgnoresAccess => decide(state, PresentedTokens::refresh_only(presented)),
            Self::AlwaysAdvances => match ours {
                Decision::Repeat(_) if presented == state.generation => Decision::Advance,
                other => other,
            },
            Self::AgeByOwnClock if wrong_clock => {
                let handed_out_ago = state.handed_out_ago + ticks(APART);
                decide(&State { handed_out_ago, ..*state }, tokens)
            }
            Self::AgeByOwnClock => ours,
            Self::StrictSingleUse => match ours {
                Decision::Repeat(_) => Decision::Theft,
                other => other,
            },
            Self::ParentAlwaysAccepted => match ours {
                Decision::Theft if is_parent => repeat,
                other => other,
            },
            Self::SiblingWithinGrace => match ours {
                Decision::Repeat(_) if !young => Decision::Theft,
                other => other,
            },
            Self::GraceCoversGrandparents => match ours {
                Decision::Theft if is_older && young => repeat,
                other => other,
            },
        };
        let sibling = self == Self::SiblingWithinGrace && matches!(decision, Decision::Repeat(_));
        Verdict { decision, sibling }
    }

    /// Whether a lost answer starts the grace anew.
    pub(crate) fn notes_handouts(self) -> bool {
        self != Self::GraceFromMaking
    }
}
