//! The rule that the server runs, and rules that others publish, for the checker to tell apart.

use std::time::Duration;

use vestibule_core::{
    renewal::{Decision, Repeat, State, decide},
    time::Timestamp,
};

/// How long a predecessor counts as a racer, in ticks.
///
/// A request and its answer take at most a tick each, and a second request may have left just before that
/// answer came: two ticks pass between a hand-out and the last honest request that knows nothing of it. Half
/// of the grace has to be longer than that.
pub(crate) const GRACE: u8 = 5;

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
}

/// What a rule says, and whether the repeated token is one of its own.
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) sibling: bool,
}

impl Rule {
    /// The ones that have to be found out.
    pub(crate) const BROKEN: [Self; 5] = [
        Self::StrictSingleUse,
        Self::ParentAlwaysAccepted,
        Self::SiblingWithinGrace,
        Self::GraceCoversGrandparents,
        Self::GraceFromMaking,
    ];

    pub(crate) fn decide(self, state: &State, presented: u64, now: Timestamp) -> Verdict {
        let grace = Duration::from_millis(GRACE.into());
        let ours = decide(state, presented, now, grace);
        let young = now.since(state.handed_out_at) < grace;
        let is_parent = presented + 1 == state.generation;
        let is_older = presented < state.generation;
        let repeat = Decision::Repeat(Repeat::Concurrent);
        let decision = match self {
            Self::Ours | Self::GraceFromMaking => ours,
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
