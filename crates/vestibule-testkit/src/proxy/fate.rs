//! What happens to an exchange: drawn from a seed and its number.

use std::{ops::RangeInclusive, time::Duration};

use crate::SeededEntropy;

/// How long something takes: at least, at most.
pub type Span = RangeInclusive<Duration>;

/// What the network does. Shares lie between 0 and 1, and each is drawn by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Weather {
    /// How long a request is on its way.
    pub there: Span,
    /// How long an answer is on its way.
    pub back: Span,
    /// Requests that never reach the server.
    pub requests_lost: f64,
    /// Answers that never reach the client: the server has done what was asked.
    pub answers_lost: f64,
    /// How many of the lost leave the client waiting until it gives up. For the others its connection is
    /// cut.
    pub silent: f64,
    /// Answers that are cut in the middle, and the connection with them.
    pub answers_cut: f64,
    /// Requests that reach the server a second time. The second answer goes nowhere.
    pub doubled: f64,
    /// How much later they do.
    pub doubled_after: Span,
    /// Exchanges that are held until a later one of the same visitor (of the same `User-Agent`) has
    /// overtaken them, half of them on the way there and half on the way back.
    pub held: f64,
    /// How long they are held where no other one comes.
    pub held_at_most: Duration,
}

impl Default for Weather {
    /// Fair: everything passes at once.
    fn default() -> Self {
        Self {
            there: at_once(),
            back: at_once(),
            requests_lost: 0.0,
            answers_lost: 0.0,
            silent: 0.5,
            answers_cut: 0.0,
            doubled: 0.0,
            doubled_after: at_once(),
            held: 0.0,
            held_at_most: Duration::ZERO,
        }
    }
}

const fn at_once() -> Span {
    Duration::ZERO..=Duration::ZERO
}

/// What a client notices of a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Its connection is cut.
    Cut,
    /// Nothing.
    Silent,
}

/// What happens to one exchange.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fate {
    pub(super) there: Duration,
    pub(super) back: Duration,
    pub(super) request_lost: Option<Loss>,
    pub(super) answer_lost: Option<Loss>,
    pub(super) answer_cut: bool,
    /// How much later it comes again.
    pub(super) doubled: Option<Duration>,
    pub(super) request_held: bool,
    pub(super) answer_held: bool,
    pub(super) held_at_most: Duration,
}

impl Fate {
    /// The fate of exchange `number`. Everything is drawn, in one order, whatever the weather: a knob that
    /// is turned changes nothing of what the others do.
    pub(super) fn draw(seed: u64, number: u64, weather: &Weather) -> Self {
        // Far apart, so that neighbouring numbers share nothing.
        let dice = SeededEntropy::new(seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let there = within(&dice, &weather.there);
        let back = within(&dice, &weather.back);
        let request_lost = dice.falls(weather.requests_lost);
        let answer_lost = dice.falls(weather.answers_lost);
        let loss = if dice.falls(weather.silent) { Loss::Silent } else { Loss::Cut };
        let answer_cut = dice.falls(weather.answers_cut);
        let doubled = dice.falls(weather.doubled);
        let later = within(&dice, &weather.doubled_after);
        let held = dice.falls(weather.held);
        let on_the_way_there = dice.falls(0.5);
        Self {
            there,
            back,
            request_lost: request_lost.then_some(loss),
            answer_lost: answer_lost.then_some(loss),
            answer_cut,
            doubled: doubled.then_some(later),
            request_held: held && on_the_way_there,
            answer_held: held && !on_the_way_there,
            held_at_most: weather.held_at_most,
        }
    }
}

fn within(dice: &SeededEntropy, span: &Span) -> Duration {
    *span.start() + span.end().saturating_sub(*span.start()).mul_f64(dice.fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storm() -> Weather {
        let second = Duration::from_secs(1);
        Weather {
            there: Duration::ZERO..=second,
            back: second..=second * 2,
            requests_lost: 0.2,
            answers_lost: 0.3,
            silent: 0.25,
            answers_cut: 0.1,
            doubled: 0.4,
            doubled_after: Duration::ZERO..=second,
            held: 0.5,
            held_at_most: second,
        }
    }

    #[test]
    fn the_same_exchange_meets_the_same_fate_and_another_one_another() {
        let fates = |seed| (0..100).map(move |number| Fate::draw(seed, number, &storm()));
        assert!(fates(1).eq(fates(1)));
        assert!(!fates(1).eq(fates(2)));
        let mut delays: Vec<_> = fates(1).map(|fate| fate.there).collect();
        delays.sort();
        delays.dedup();
        assert_eq!(delays.len(), 100);
    }

    #[test]
    fn shares_and_spans_are_kept() {
        const DRAWS: u64 = 20_000;
        let fates: Vec<_> = (0..DRAWS).map(|number| Fate::draw(7, number, &storm())).collect();
        let share = |is: &dyn Fn(&Fate) -> bool| {
            fates.iter().filter(|fate| is(fate)).count() as f64 / DRAWS as f64
        };
        for (found, expected) in [
            (share(&|fate| fate.request_lost.is_some()), 0.2),
            (share(&|fate| fate.answer_lost.is_some()), 0.3),
            (share(&|fate| fate.answer_lost == Some(Loss::Silent)), 0.3 * 0.25),
            (share(&|fate| fate.answer_cut), 0.1),
            (share(&|fate| fate.doubled.is_some()), 0.4),
            (share(&|fate| fate.request_held), 0.25),
            (share(&|fate| fate.answer_held), 0.25),
            (share(&|fate| fate.there > Duration::from_millis(500)), 0.5),
        ] {
            assert!((found - expected).abs() < 0.02, "{found} instead of {expected}");
        }
        assert!(fates.iter().all(|fate| storm().back.contains(&fate.back)));
    }

    #[test]
    fn a_knob_changes_nothing_of_what_the_others_do() {
        let calm = Weather { requests_lost: 0.0, held: 0.0, ..storm() };
        for number in 0..100 {
            let (one, other) = (Fate::draw(7, number, &storm()), Fate::draw(7, number, &calm));
            let lost_none =
                Fate { request_lost: None, request_held: false, answer_held: false, ..one };
            assert_eq!(lost_none, other);
        }
    }
}
