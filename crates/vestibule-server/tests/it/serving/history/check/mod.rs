//! What a history has to be like, whatever happened in between.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Everything that was asked and answered. Sessions are numbered.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) events: Vec<Event>,
    /// Sessions that the site's books say were ended for theft.
    pub(super) thefts: BTreeSet<usize>,
    /// Sessions whose holders did nothing wrong and that nobody asked to end.
    pub(super) unharmed: BTreeSet<usize>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) session: usize,
    /// When it began: before whatever began later.
    pub(super) began: Moment,
    /// When its answer had come, or it was known that none would.
    pub(super) ended: Moment,
    pub(super) what: What,
}

/// A place in the order of all beginnings and ends, and the time of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) order: u64,
    pub(super) at: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A refresh token of this generation was presented.
    Renewal { presented: u64, answer: Option<Answer> },
    /// An access token of this generation was used.
    Use { generation: u64 },
    /// Somebody asked to end the session; whether they were told that it has ended.
    End { acknowledged: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The refresh token that was handed out, and its generation.
    Token {
        generation: u64,
        token: String,
    },
    Refused,
}

/// A sentence that a history breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Breach {
    /// One generation has one refresh token.
    TwoTokens { session: usize, generation: u64 },
    /// No answer that began after another one had ended hands out an older generation.
    WentBack { session: usize, from: u64, to: u64 },
    /// Nothing is renewed after an end was acknowledged.
    RenewedAfterEnd { session: usize },
    /// A session ends for theft only where two parties held its tokens.
    TakenForThief { session: usize },
    /// Whoever did nothing wrong, and whose session nobody ended, can renew in the end.
    SignedOut { session: usize },
}

/// Holds a history against every sentence.
pub(super) fn check(history: &History, grace: Duration) -> Vec<Breach> {
    let mut sessions: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
    for event in &history.events {
        sessions.entry(event.session).or_default().push(event);
    }
    let mut breaches = Vec::new();
    for (session, events) in &sessions {
        let renewals = renewals(events);
        breaches.extend(two_tokens(*session, &renewals));
        breaches.extend(went_back(*session, &renewals));
        breaches.extend(renewed_after_end(*session, events, &renewals));
    }
    for session in &history.thefts {
        let events = sessions.get(session).map(Vec::as_slice).unwrap_or_default();
        if !is_justified(events, grace) {
            breaches.push(Breach::TakenForThief { session: *session });
        }
    }
    for session in &history.unharmed {
        let events = sessions.get(session).map(Vec::as_slice).unwrap_or_default();
        let last = renewals(events).into_iter().max_by_key(|renewal| renewal.event.began);
        if last.is_none_or(|last| last.token.is_none()) {
            breaches.push(Breach::SignedOut { session: *session });
        }
    }
    breaches
}

/// A renewal that was answered.
struct Renewal<'h> {
    event: &'h Event,
    token: Option<(u64, &'h str)>,
}

fn renewals<'h>(events: &[&'h Event]) -> Vec<Renewal<'h>> {
    let answered = events.iter().filter_map(|event| {
        let What::Renewal { answer: Some(answer), .. } = &event.what else { return None };
        let token = match answer {
            Answer::Token { generation, token } => Some((*generation, &**token)),
            Answer::Refused => None,
        };
        Some(Renewal { event, token })
    });
    answered.collect()
}

fn two_tokens(session: usize, renewals: &[Renewal<'_>]) -> Vec<Breach> {
    let mut tokens: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for (generation, token) in renewals.iter().filter_map(|renewal| renewal.token) {
        tokens.entry(generation).or_default().insert(token);
    }
    let double = tokens.iter().filter(|(_, tokens)| tokens.len() > 1);
    double.map(|(generation, _)| Breach::TwoTokens { session, generation: *generation }).collect()
}

fn went_back(session: usize, renewals: &[Renewal<'_>]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (earlier, (from, _)) in handed_out(renewals) {
        for (later, (to, _)) in handed_out(renewals) {
            if earlier.ended < later.began && to < from {
                breaches.push(Breach::WentBack { session, from, to });
            }
        }
    }
    breaches
}

fn handed_out<'r, 'h>(
    renewals: &'r [Renewal<'h>],
) -> impl Iterator<Item = (&'h Event, (u64, &'h str))> + 'r {
    renewals.iter().filter_map(|renewal| Some((renewal.event, renewal.token?)))
}

fn renewed_after_end(
    session: usize,
    events: &[&Event],
    renewals: &[Renewal<'_>],
) -> Option<Breach> {
    let is_end = |event: &&&Event| event.what == What::End { acknowledged: true };
    let end = events.iter().filter(is_end).map(|event| event.ended).min()?;
    let is_renewed = handed_out(renewals).any(|(renewal, _)| renewal.began > end);
    is_renewed.then_some(Breach::RenewedAfterEnd { session })
}

/// Whether somebody presented a token that only a thief, or the victim of one, still holds: its successor had
/// been renewed itself by then, or had been used, and was handed out longer than the grace ago.
///
/// What was under way at the same time may have come first: only what began after the end of the other one
/// cannot have.
fn is_justified(events: &[&Event], grace: Duration) -> bool {
    events.iter().any(|event| {
        let What::Renewal { presented, .. } = event.what else { return false };
        events.iter().filter(|other| other.began < event.ended).any(|other| match other.what {
            What::Renewal { presented: newer, .. } => newer > presented,
            What::Use { generation } if generation > presented => {
                let first = handing_out(events, presented + 1);
                first.is_some_and(|first| event.ended.at.saturating_sub(first.at) >= grace)
            }
            What::Use { .. } | What::End { .. } => false,
        })
    })
}

/// When a generation was handed out for the first time, at the earliest.
fn handing_out(events: &[&Event], of: u64) -> Option<Moment> {
    let givers = events.iter().filter(|event| match &event.what {
        What::Renewal { answer: Some(Answer::Token { generation, .. }), .. } => *generation == of,
        _ => false,
    });
    givers.map(|event| event.began).min()
}
