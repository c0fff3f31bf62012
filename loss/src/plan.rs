//! What is tried: times, networks, and how much of each.

use std::{ops::RangeInclusive, time::Duration};

use vestibule_testkit::proxy::Weather;

/// Lifetimes of the server, and the patience of its clients.
///
/// The rule assumes that a request and its answer together take less than half of the grace, and that an access
/// token lives longer than that. Tokens carry whole seconds, rounded down, so that one of them may live a
/// second less than it is said to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) grace: Duration,
    pub(crate) access: Duration,
    /// How long a client waits for an answer before it asks again.
    pub(crate) patience: Duration,
}

impl Times {
    /// The grace that a site has by default; access tokens live as short as is allowed beside it.
    pub(crate) const FULL: Self = Self {
        grace: Duration::from_secs(30),
        access: Duration::from_secs(17),
        patience: Duration::from_secs(6),
    };

    /// Scaled down together.
    pub(crate) const QUICK: Self = Self {
        grace: Duration::from_secs(12),
        access: Duration::from_secs(8),
        patience: Duration::from_secs(3),
    };
}

/// One network, and what its visitors do in it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) weather: Weather,
    /// How many requests a visitor sends side by side.
    pub(crate) at_once: usize,
    /// Which of an answer's cookies reach a browser.
    pub(crate) gateway: Gateway,
    /// How often the server is killed: every so many seconds.
    pub(crate) killed_every: Option<Duration>,
    pub(crate) effort: Effort,
}

/// What stands before the site and hands on its cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Gateway {
    /// All of them.
    #[default]
    All,
    /// The first one.
    First,
    /// Each one half of the time.
    Any,
}

impl Row {
    /// How long it takes beside others: only the order is meant.
    pub(crate) fn length(&self) -> f64 {
        // Half of all lost both ways is four tries for each request.
        self.at_once as f64 + 20.0 * self.weather.requests_lost
    }
}

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Visitors, browsers and apps in equal parts.
    pub(crate) visitors: usize,
    pub(crate) renewals: u32,
    pub(crate) visitors_of_rivals: usize,
    pub(crate) renewals_of_rivals: u32,
}

impl Effort {
    /// As many visitors as two processors serve beside those of other rows: whoever waits longer than half of
    /// the grace for want of a processor tells nothing of the rule.
    const fn full(at_once: usize) -> Self {
        let visitors = match at_once {
            1 => 2500,
            2 => 1700,
            4 => 1200,
            8 => 850,
            16 => 650,
            _ => 500,
        };
        Self {
            visitors,
            renewals: 10_000,
            visitors_of_rivals: visitors / 5,
            renewals_of_rivals: 1_000,
        }
    }

    const QUICK: Self =
        Self { visitors: 150, renewals: 200, visitors_of_rivals: 150, renewals_of_rivals: 200 };
}

/// What a whole run tries.
pub(crate) fn full() -> Vec<Row> {
    let mut rows = Vec::new();
    for delay in [0, 1000] {
        for lost in [1, 5, 20, 50] {
            rows.push(loss(lost, delay));
        }
    }
    rows.extend([2, 4, 8, 16, 32].map(burst));
    rows.extend([doubled(), reordered(), killed(), all()]);
    rows.extend([Gateway::First, Gateway::Any].map(behind));
    rows
}

/// The bounded size.
pub(crate) fn quick() -> Vec<Row> {
    let all = Row { killed_every: Some(Duration::from_secs(4)), ..all() };
    [loss(20, 0), all, behind(Gateway::Any)].map(|row| Row { effort: Effort::QUICK, ..row }).into()
}

/// Those whose name holds one of these; all where there are none.
pub(crate) fn named(mut rows: Vec<Row>, names: &[&str]) -> Vec<Row> {
    rows.retain(|row| names.is_empty() || names.iter().any(|name| row.name.contains(name)));
    rows
}

/// `lost` per cent of requests and of answers are lost; both take `delay` milliseconds.
fn loss(lost: u32, delay: u64) -> Row {
    let delay = Duration::from_millis(delay);
    Row {
        name: format!("{lost} % lost each way, {} ms each way", delay.as_millis()),
        weather: Weather { there: delay..=delay, back: delay..=delay, ..losing(lost) },
        at_once: 1,
        gateway: Gateway::All,
        killed_every: None,
        effort: match lost {
            // Most of the time they wait.
            50 => Effort { visitors: 4000, visitors_of_rivals: 800, ..Effort::full(1) },
            _ => Effort::full(1),
        },
    }
}

fn burst(at_once: usize) -> Row {
    Row {
        name: format!("{at_once} requests at once, 5 % lost each way"),
        weather: Weather { answers_cut: 0.01, ..uneven() },
        at_once,
        gateway: Gateway::All,
        killed_every: None,
        effort: Effort::full(at_once),
    }
}

fn doubled() -> Row {
    Row {
        name: "30 % of requests arrive twice, up to 2 s apart".to_owned(),
        weather: Weather { doubled: 0.3, doubled_after: millis(0..=2000), ..uneven() },
        ..burst(2)
    }
}

fn reordered() -> Row {
    Row {
        name: "30 % overtaken by a later one".to_owned(),
        weather: Weather { held: 0.3, held_at_most: Duration::from_secs(1), ..uneven() },
        ..burst(4)
    }
}

fn killed() -> Row {
    Row {
        name: "the server killed every 5 s".to_owned(),
        killed_every: Some(Duration::from_secs(5)),
        ..burst(2)
    }
}

fn all() -> Row {
    Row {
        name: "all of it, 10 % lost each way".to_owned(),
        weather: Weather {
            there: millis(0..=300),
            back: millis(0..=300),
            answers_cut: 0.05,
            doubled: 0.2,
            doubled_after: millis(0..=500),
            held: 0.2,
            held_at_most: Duration::from_millis(500),
            ..losing(10)
        },
        ..Row { at_once: 4, effort: Effort::full(4), ..killed() }
    }
}

fn behind(gateway: Gateway) -> Row {
    let what = match gateway {
        Gateway::All => "every cookie",
        Gateway::First => "the first cookie alone",
        Gateway::Any => "each cookie half of the time",
    };
    Row { name: format!("a gateway hands on {what}, 5 % lost each way"), gateway, ..burst(4) }
}

/// A network on which answers take turns in who comes first.
fn uneven() -> Weather {
    Weather { there: millis(0..=50), back: millis(0..=200), ..losing(5) }
}

fn losing(per_cent: u32) -> Weather {
    let share = f64::from(per_cent) / 100.0;
    Weather { requests_lost: share, answers_lost: share, ..Weather::default() }
}

fn millis(span: RangeInclusive<u64>) -> RangeInclusive<Duration> {
    Duration::from_millis(*span.start())..=Duration::from_millis(*span.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_rule_assumes_of_the_honest_holds_in_every_row() {
        for (times, rows) in [(Times::FULL, full()), (Times::QUICK, quick())] {
            let half = times.grace / 2;
            assert!(times.patience < half && times.access - Duration::from_secs(1) >= half);
            for row in rows {
                let Weather { there, back, doubled_after, held_at_most, .. } = row.weather;
                let longest = *there.end() + *back.end() + *doubled_after.end() + held_at_most;
                // What is left is for the server and for a busy machine.
                assert!(longest + Duration::from_secs(1) < half, "{}", row.name);
            }
        }
    }
}
