//! Histories that break each sentence, and ones that only look as if they did.

use super::*;

const GRACE: Duration = Duration::from_secs(30);

/// A moment: its place in the order is its second as well.
fn moment(second: u64) -> Moment {
    Moment { order: second, at: Duration::from_secs(second) }
}

fn event(span: (u64, u64), what: What) -> Event {
    Event { session: 0, began: moment(span.0), ended: moment(span.1), what }
}

fn renewal(span: (u64, u64), presented: u64, generation: u64) -> Event {
    let token = format!("token {generation}");
    let answer = Some(Answer::Token { generation, token });
    event(span, What::Renewal { presented, answer })
}

fn refused(span: (u64, u64), presented: u64) -> Event {
    event(span, What::Renewal { presented, answer: Some(Answer::Refused) })
}

fn unanswered(span: (u64, u64), presented: u64) -> Event {
    event(span, What::Renewal { presented, answer: None })
}

fn used(span: (u64, u64), generation: u64) -> Event {
    event(span, What::Use { generation })
}

fn ended(span: (u64, u64), acknowledged: bool) -> Event {
    event(span, What::End { acknowledged })
}

fn breaches(events: &[Event]) -> Vec<Breach> {
    check(&History { events: events.to_vec(), ..History::default() }, GRACE)
}

fn of_theft(events: &[Event]) -> Vec<Breach> {
    let thefts = BTreeSet::from([0]);
    check(&History { events: events.to_vec(), thefts, ..History::default() }, GRACE)
}

fn of_unharmed(events: &[Event]) -> Vec<Breach> {
    let unharmed = BTreeSet::from([0]);
    check(&History { events: events.to_vec(), unharmed, ..History::default() }, GRACE)
}

#[test]
fn one_generation_has_one_token() {
    let mut other = renewal((3, 4), 1, 2);
    assert_eq!(breaches(&[renewal((1, 2), 1, 2), other.clone()]), []);
    let token = "another token".to_owned();
    let answer = Some(Answer::Token { generation: 2, token });
    other.what = What::Renewal { presented: 1, answer };
    let two = Breach::TwoTokens { session: 0, generation: 2 };
    assert_eq!(breaches(&[renewal((1, 2), 1, 2), other.clone()]), [two]);
    other.session = 1;
    assert_eq!(breaches(&[renewal((1, 2), 1, 2), other]), []);
}

#[test]
fn generations_do_not_go_back() {
    let newer = renewal((1, 4), 2, 3);
    let back = Breach::WentBack { session: 0, from: 3, to: 2 };
    assert_eq!(breaches(&[newer.clone(), renewal((5, 6), 1, 2)]), [back]);
    assert_eq!(breaches(&[newer.clone(), renewal((3, 6), 1, 2)]), [], "both were under way");
    assert_eq!(breaches(&[newer, renewal((5, 6), 2, 3)]), []);
}

#[test]
fn nothing_is_renewed_after_an_acknowledged_end() {
    let after = Breach::RenewedAfterEnd { session: 0 };
    assert_eq!(breaches(&[ended((1, 2), true), renewal((3, 4), 1, 2)]), [after]);
    assert_eq!(breaches(&[ended((1, 4), true), renewal((3, 5), 1, 2)]), [], "both were under way");
    assert_eq!(breaches(&[ended((1, 2), false), renewal((3, 4), 1, 2)]), [], "perhaps it was lost");
    assert_eq!(breaches(&[ended((1, 2), true), refused((3, 4), 1)]), []);
    assert_eq!(breaches(&[ended((1, 2), true), unanswered((3, 4), 1)]), []);
}

#[test]
fn a_theft_is_justified_by_a_token_that_is_too_old() {
    let renewed = [renewal((1, 2), 1, 2), renewal((3, 4), 2, 3)];
    let with = |more: Event| [renewed.to_vec(), vec![more]].concat();
    assert_eq!(of_theft(&with(refused((5, 6), 1))), [], "two generations old");
    let taken = [Breach::TakenForThief { session: 0 }];
    assert_eq!(of_theft(&renewed), taken, "nobody presented anything old");
    assert_eq!(of_theft(&with(refused((5, 6), 3))), taken, "the current one");
    assert_eq!(of_theft(&with(refused((5, 6), 2))), taken, "the one before, its successor unused");
    assert_eq!(of_theft(&[]), taken);
    let under_way = [refused((1, 4), 1), renewal((2, 3), 2, 3)];
    assert_eq!(of_theft(&under_way), [], "it may have come after the other one");
    let too_early = [refused((1, 2), 1), renewal((3, 4), 2, 3)];
    assert_eq!(of_theft(&too_early), taken, "it had come before");
}

#[test]
fn a_theft_is_justified_by_the_one_before_when_its_successor_was_used_and_the_grace_is_over() {
    let renewed = |more: &[Event]| [&[renewal((1, 2), 1, 2)], more].concat();
    assert_eq!(of_theft(&renewed(&[used((3, 4), 2), refused((35, 36), 1)])), []);
    let taken = [Breach::TakenForThief { session: 0 }];
    assert_eq!(of_theft(&renewed(&[used((3, 4), 2), refused((5, 6), 1)])), taken, "the grace");
    assert_eq!(of_theft(&renewed(&[used((3, 4), 1), refused((35, 36), 1)])), taken, "unused");
    assert_eq!(of_theft(&renewed(&[refused((35, 36), 1), used((37, 38), 2)])), taken, "too early");
}

#[test]
fn whoever_did_nothing_wrong_can_renew_in_the_end() {
    let out = [Breach::SignedOut { session: 0 }];
    assert_eq!(of_unharmed(&[renewal((1, 2), 1, 2)]), []);
    assert_eq!(of_unharmed(&[renewal((1, 2), 1, 2), refused((3, 4), 2)]), out);
    assert_eq!(of_unharmed(&[refused((1, 2), 1), renewal((3, 4), 1, 2)]), []);
    assert_eq!(of_unharmed(&[unanswered((1, 2), 1)]), out, "nobody saw it renew");
    assert_eq!(of_unharmed(&[]), out);
}
