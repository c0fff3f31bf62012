//! Ours holds, and the rules that others publish are shown to break, each in its own way.

use super::*;
use crate::model::RENEWED_TWICE;

/// Small enough for every run of the tests; `cargo xtask prove` looks further.
fn small(rule: Rule) -> Hall {
    Hall {
        rule,
        thief: false,
        renewals: 2,
        losses: true,
        everybody_uses: false,
        sign_out: false,
        tabs: 2,
        doubles: 0,
        crashes: 1,
    }
}

/// A tab and a thief who both go on renewing and using what they get.
fn with_thief(rule: Rule) -> Hall {
    Hall { thief: true, tabs: 1, losses: false, everybody_uses: true, renewals: 5, ..small(rule) }
}

fn broken(hall: Hall) -> Vec<&'static str> {
    broken_promises(&hall.checker().threads(2).spawn_bfs().join())
}

#[test]
fn ours_holds_for_two_tabs() {
    assert_eq!(broken(small(Rule::Ours)), [""; 0]);
    assert_eq!(broken(Hall { sign_out: true, ..small(Rule::Ours) }), [""; 0]);
}

#[test]
fn ours_catches_a_thief() {
    let hall = with_thief(Rule::Ours);
    assert_eq!(broken(hall), [""; 0]);
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

#[test]
fn a_parent_that_is_always_accepted_lets_a_thief_stay() {
    let hall = with_thief(Rule::ParentAlwaysAccepted);
    assert!(broken(hall).contains(&THIEF_CAUGHT));
}

#[test]
fn a_grace_that_covers_grandparents_lets_deep_reuse_pass() {
    let hall = with_thief(Rule::GraceCoversGrandparents);
    assert!(broken(hall).contains(&NO_DEEP_REUSE));
}
