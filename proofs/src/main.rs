//! The renewal rule, checked in every order of events: ours holds, and rules that break are shown to.

#![expect(clippy::print_stdout, reason = "a proof prints what it looked at")]

mod model;
mod rule;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use stateright::{Checker, Model as _};

use crate::{
    model::{
        Action, NO_DEEP_REUSE, NO_FALSE_THEFT, NO_HONEST_REFUSAL, NOTHING_AFTER_END, ONE_TOKEN,
        Setup, THIEF_CAUGHT,
    },
    rule::Rule,
};

fn main() -> ExitCode {
    let mut good = true;
    for (name, setup) in worlds(Rule::Ours) {
        let checker = setup.checker().threads(2).spawn_bfs().join();
        let broken = broken_promises(&checker);
        println!(
            "ours, {name}: {} states ({} different), depth {}: {}",
            checker.state_count(),
            checker.unique_state_count(),
            checker.max_depth(),
            if broken.is_empty() { "holds".to_owned() } else { format!("BROKEN: {broken:?}") },
        );
        for promise in &broken {
            println!("  {promise}, but: {:?}", steps(&checker, promise));
        }
        good &= broken.is_empty();
    }
    for rule in Rule::BROKEN {
        let found: Vec<_> = worlds(rule)
            .into_iter()
            .map(|(_, setup)| {
                broken_promises(
                    &setup.checker().threads(2).target_state_count(2_000_000).spawn_bfs().join(),
                )
            })
            .find(|broken| !broken.is_empty())
            .unwrap_or_default();
        println!(
            "{rule:?}: {}",
            if found.is_empty() { "NOT FOUND OUT".to_owned() } else { format!("breaks {found:?}") }
        );
        good &= !found.is_empty();
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The shortest way to where a promise is broken.
fn steps(checker: &impl Checker<Setup>, promise: &'static str) -> Vec<Action> {
    checker.discovery(promise).map(|path| path.into_actions()).unwrap_or_default()
}

/// The promises that were seen broken.
fn broken_promises(checker: &impl Checker<Setup>) -> Vec<&'static str> {
    [NO_FALSE_THEFT, NO_HONEST_REFUSAL, NOTHING_AFTER_END, ONE_TOKEN, THIEF_CAUGHT, NO_DEEP_REUSE]
        .into_iter()
        .filter(|promise| checker.discovery(promise).is_some())
        .collect()
}

/// How long an access token lives, in ticks.
const ACCESS: u8 = 4;
/// The same where it has to outlive the grace.
const LONG_ACCESS: u8 = 6;

/// What is explored for a rule.
fn worlds(rule: Rule) -> [(&'static str, Setup); 8] {
    let setup = Setup {
        rule,
        thief: false,
        renewals: 2,
        losses: true,
        everybody_uses: false,
        sign_out: false,
        tabs: 2,
        doubles: 2,
        crashes: 2,
        access: ACCESS,
        gateway: false,
        wrong_clock: false,
    };
    let long = Setup { access: LONG_ACCESS, doubles: 0, crashes: 1, ..setup.clone() };
    let gateway = Setup { gateway: true, ..long.clone() };
    let wrong_clock = Setup { wrong_clock: true, ..long };
    let thief = Setup { thief: true, doubles: 0, crashes: 1, ..setup.clone() };
    [
        ("two tabs", setup.clone()),
        ("two tabs, sign-out", Setup { sign_out: true, doubles: 1, crashes: 1, ..setup }),
        (
            "a tab and a thief who go on",
            Setup { tabs: 1, renewals: 6, losses: false, everybody_uses: true, ..thief.clone() },
        ),
        (
            "two tabs, a thief, sign-out",
            Setup { sign_out: true, crashes: 0, renewals: 1, ..thief.clone() },
        ),
        ("two tabs behind a gateway", gateway.clone()),
        ("two tabs and a wrong clock", wrong_clock),
        (
            "two tabs behind a gateway, and a wrong clock",
            Setup { wrong_clock: true, crashes: 0, ..gateway },
        ),
        (
            "a tab behind a gateway and a thief who go on",
            Setup {
                gateway: true,
                access: LONG_ACCESS,
                tabs: 1,
                renewals: 4,
                losses: false,
                everybody_uses: true,
                ..thief
            },
        ),
    ]
}
