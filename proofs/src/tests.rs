//! Ours holds, and the rules that others publish are shown to break, each in its own way.

use super::*;
use crate::model::RENEWED_TWICE;

/// Small enough for every run of the tests; `cargo xtask prove` looks further.
fn small(rule: Rule) -> Setup {
    Setup {
        rule,
        thief: false,
        renewals: 2,
        losses: true,
        everybody_uses: false,
        sign_out: false,
        tabs: 2,
        doubles: 0,
        crashes: 1,
        access: ACCESS,
        gateway: false,
        wrong_clock: false,
    }
}

/// Two tabs behind a gateway that hands on any part of the cookies.
fn behind_a_gateway(rule: Rule) -> Setup {
    Setup { gateway: true, access: LONG_ACCESS, crashes: 0, ..small(rule) }
}

/// Two tabs and two nodes, of which one has a wrong clock.
fn with_a_wrong_clock(rule: Rule) -> Setup {
    Setup { wrong_clock: true, access: LONG_ACCESS, crashes: 0, ..small(rule) }
}

/// A tab and a thief who both go on renewing and using what they get.
fn with_thief(rule: Rule) -> Setup {
    Setup { thief: true, tabs: 1, losses: false, everybody_uses: true, renewals: 5, ..small(rule) }
}

fn broken(setup: Setup) -> Vec<&'static str> {
    let checker = setup.checker().threads(2).spawn_bfs().join();
    let broken = broken_promises(&checker);
    for promise in &broken {
        println!("{promise}, but: {:?}", steps(&checker, promise));
    }
    broken
}

#[test]
fn ours_holds_for_two_tabs() {
    assert_eq!(broken(small(Rule::Ours)), [""; 0]);
    assert_eq!(broken(Setup { sign_out: true, ..small(Rule::Ours) }), [""; 0]);
}

#[test]
fn ours_catches_a_thief() {
    let setup = with_thief(Rule::Ours);
    assert_eq!(broken(setup), [""; 0]);
}

#[test]
fn ours_holds_behind_a_gateway() {
    assert_eq!(broken(behind_a_gateway(Rule::Ours)), [""; 0]);
    assert_eq!(
        broken(Setup { gateway: true, access: LONG_ACCESS, ..with_thief(Rule::Ours) }),
        [""; 0]
    );
}

#[test]
fn ours_holds_where_a_clock_is_wrong() {
    assert_eq!(broken(with_a_wrong_clock(Rule::Ours)), [""; 0]);
}

#[test]
fn the_sessions_that_are_looked_at_are_renewed_more_than_once() {
    let checker = small(Rule::Ours).checker().threads(2).spawn_bfs().join();
    assert!(checker.discovery(RENEWED_TWICE).is_some());
}

#[test]
fn strict_single_use_signs_honest_people_out() {
    assert!(broken(small(Rule::StrictSingleUse)).contains(&NO_FALSE_THEFT));
}

#[test]
fn siblings_within_the_grace_are_unequal_and_sign_honest_people_out() {
    let broken = broken(small(Rule::SiblingWithinGrace));
    assert!(broken.contains(&ONE_TOKEN), "{broken:?}");
}

#[test]
fn a_grace_that_counts_from_the_making_signs_honest_people_out() {
    assert!(broken(small(Rule::GraceFromMaking)).contains(&NO_FALSE_THEFT));
}

/// A gateway hands on the access token and drops the refresh token: the browser comes back with the one before.
#[test]
fn a_rule_that_ignores_the_access_token_signs_people_out_behind_a_gateway() {
    assert!(broken(behind_a_gateway(Rule::IgnoresAccess)).contains(&NO_FALSE_THEFT));
}

/// A gateway drops the access tokens: each request renews, and one that was sent before is two generations old.
#[test]
fn a_rule_that_always_advances_signs_people_out_who_have_no_access_token_that_works() {
    assert!(broken(behind_a_gateway(Rule::AlwaysAdvances)).contains(&NO_FALSE_THEFT));
    assert!(broken(with_a_wrong_clock(Rule::AlwaysAdvances)).contains(&NO_FALSE_THEFT));
}

#[test]
fn an_age_by_the_clock_of_each_node_signs_racers_out() {
    assert!(broken(with_a_wrong_clock(Rule::AgeByOwnClock)).contains(&NO_FALSE_THEFT));
}

#[test]
fn a_parent_that_is_always_accepted_lets_a_thief_stay() {
    let setup = with_thief(Rule::ParentAlwaysAccepted);
    assert!(broken(setup).contains(&THIEF_CAUGHT));
}

#[test]
fn a_grace_that_covers_grandparents_lets_deep_reuse_pass() {
    let setup = with_thief(Rule::GraceCoversGrandparents);
    assert!(broken(setup).contains(&NO_DEEP_REUSE));
}
