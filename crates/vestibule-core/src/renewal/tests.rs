//! The decision table line by line, its properties, and a visitor who does nothing wrong.

use proptest::prelude::*;

use super::*;
use crate::{
    id::{SessionId, UserId},
    session::{Carrier, End, SignIn},
};

const GRACE: Duration = Duration::from_secs(30);
/// When the current generation was made, in the tables below.
const RENEWED: i64 = 1_000_000_000;
const SECOND: i64 = 1_000;

const CONCURRENT: Decision = Decision::Repeat(Repeat::Concurrent);
const ACCESS: Decision = Decision::Repeat(Repeat::Access);
const LOST_ANSWER: Decision = Decision::Repeat(Repeat::LostAnswer);
const NOT_ISSUED: Decision = Decision::Refuse(Refusal::NotIssued);
const SUPERSEDED: Decision = Decision::Refuse(Refusal::Superseded);
const IDLE: Decision = Decision::Refuse(Refusal::Idle);
const PAST_END: Decision = Decision::Refuse(Refusal::PastEnd);

fn lifetimes(grace: Duration) -> Lifetimes {
    Lifetimes { grace, ..Lifetimes::default() }
}

/// What a refresh token alone buys of a session, by one clock.
fn of_session(session: &Session, presented: u64, now: Timestamp, grace: Duration) -> Decision {
    let state = State::of(session, now.since(session.handed_out_at), Duration::ZERO);
    decide(&state, PresentedTokens::refresh_only(presented), now, &lifetimes(grace))
}

/// The same of a state whose current generation was made at [`RENEWED`].
fn of_state(state: State, presented: u64, now: Timestamp, grace: Duration) -> Decision {
    with_access(state, presented, None, now, grace)
}

fn with_access(
    state: State,
    refresh: u64,
    access: Option<PresentedAccess>,
    now: Timestamp,
    grace: Duration,
) -> Decision {
    let state = State { handed_out_ago: now.since(Timestamp::from_millis(RENEWED)), ..state };
    decide(&state, PresentedTokens { refresh, access }, now, &lifetimes(grace))
}

/// Generation 5, idle after 1000 s, over after 5000 s.
const fn state(seen_generation: u64) -> State {
    State {
        generation: 5,
        seen_generation,
        oldest_generation: 0,
        handed_out_ago: Duration::ZERO,
        waited: Duration::ZERO,
        expires_at: Timestamp::from_millis(RENEWED + 1_000 * SECOND),
        ends_at: Timestamp::from_millis(RENEWED + 5_000 * SECOND),
        ended: None,
    }
}

#[test]
fn the_table() {
    const UNSEEN: u64 = 4;
    const SEEN: u64 = 5;
    let grace = 30 * SECOND;
    for (line, presented, seen, age, decision) in [
        ("current, at once", 5, UNSEEN, 0, Decision::Advance),
        ("current, seen, later", 5, SEEN, 999 * SECOND, Decision::Advance),
        ("current, clock set back", 5, SEEN, -7_200 * SECOND, Decision::Advance),
        ("previous, same moment", 4, UNSEEN, 0, CONCURRENT),
        ("previous, successor in use, inside the grace", 4, SEEN, 0, CONCURRENT),
        ("previous, in use, last moment of the grace", 4, SEEN, grace - 1, CONCURRENT),
        ("previous, in use, exactly the grace", 4, SEEN, grace, Decision::Theft),
        ("previous, in use, long after", 4, SEEN, 999 * SECOND, Decision::Theft),
        ("previous, unseen, last moment of half the grace", 4, UNSEEN, grace / 2 - 1, CONCURRENT),
        ("previous, unseen, half the grace", 4, UNSEEN, grace / 2, LOST_ANSWER),
        ("previous, in use, half the grace", 4, SEEN, grace / 2, CONCURRENT),
        ("previous, unseen, last moment of the grace", 4, UNSEEN, grace - 1, LOST_ANSWER),
        ("previous, unseen, exactly the grace", 4, UNSEEN, grace, LOST_ANSWER),
        ("previous, unseen, an hour later", 4, UNSEEN, 999 * SECOND, LOST_ANSWER),
        ("previous, never anything seen", 4, 0, 999 * SECOND, LOST_ANSWER),
        ("previous, in use, clock set back", 4, SEEN, -7_200 * SECOND, CONCURRENT),
        ("older, inside the grace", 3, UNSEEN, 0, Decision::Theft),
        ("older, inside the grace, seen", 3, SEEN, 0, Decision::Theft),
        ("older, later", 3, UNSEEN, 999 * SECOND, Decision::Theft),
        ("older, nothing ever seen", 3, 0, 0, Decision::Theft),
        ("oldest, clock set back", 0, UNSEEN, -7_200 * SECOND, Decision::Theft),
        ("newer", 6, UNSEEN, 0, NOT_ISSUED),
        ("newest of all", u64::MAX, SEEN, 999 * SECOND, NOT_ISSUED),
        ("current, one moment before idle", 5, SEEN, 1_000 * SECOND - 1, Decision::Advance),
        ("current, idle", 5, SEEN, 1_000 * SECOND, IDLE),
        ("previous, idle", 4, UNSEEN, 1_000 * SECOND, IDLE),
        ("older, idle", 3, UNSEEN, 1_000 * SECOND, IDLE),
        ("newer, idle", 6, UNSEEN, 1_000 * SECOND, IDLE),
        ("current, one moment before the end", 5, SEEN, 5_000 * SECOND - 1, IDLE),
        ("current, past the end", 5, SEEN, 5_000 * SECOND, PAST_END),
        ("older, past the end", 1, SEEN, 9_000 * SECOND, PAST_END),
    ] {
        let now = Timestamp::from_millis(RENEWED + age);
        assert_eq!(of_state(state(seen), presented, now, GRACE), decision, "{line}");
    }
}

#[test]
fn what_a_change_of_the_password_replaced_is_refused_and_is_no_theft() {
    let now = Timestamp::from_millis(RENEWED);
    let decide_with = |oldest_generation, refresh, access: Option<u64>| {
        let state = State { oldest_generation, ..state(5) };
        let access = access.map(|generation| PresentedAccess { generation, works: false });
        decide(&state, PresentedTokens { refresh, access }, now, &lifetimes(GRACE))
    };
    for (line, oldest, refresh, access, decision) in [
        ("current", 5, 5, None, Decision::Advance),
        ("previous", 5, 4, None, SUPERSEDED),
        ("older", 5, 3, None, SUPERSEDED),
        ("previous, with its own access token", 5, 4, Some(4), SUPERSEDED),
        ("previous, with an access token of since then", 5, 4, Some(5), LOST_ANSWER),
        ("previous, which came after the change", 4, 4, None, CONCURRENT),
        ("older than the change", 4, 3, None, SUPERSEDED),
        ("older, with an access token of since then", 4, 3, Some(4), CONCURRENT),
        ("newer", 5, 6, None, NOT_ISSUED),
    ] {
        assert_eq!(decide_with(oldest, refresh, access), decision, "{line}");
    }
}

#[test]
fn the_table_with_an_access_token() {
    const UNSEEN: u64 = 4;
    const SEEN: u64 = 5;
    const OLD: bool = false;
    const GOOD: bool = true;
    let hour = 999 * SECOND;
    for (line, refresh, (generation, works), seen, age, decision) in [
        ("previous, current access", 4, (5, OLD), SEEN, hour, LOST_ANSWER),
        ("previous, current access, good", 4, (5, GOOD), SEEN, hour, LOST_ANSWER),
        ("previous, current access, at once", 4, (5, OLD), UNSEEN, 0, LOST_ANSWER),
        ("previous, previous access", 4, (4, OLD), SEEN, hour, Decision::Theft),
        ("previous, previous access, good", 4, (4, GOOD), SEEN, hour, Decision::Theft),
        ("previous, older access", 4, (3, OLD), SEEN, hour, Decision::Theft),
        ("previous, access never issued", 4, (6, GOOD), SEEN, hour, Decision::Theft),
        ("older, current access", 3, (5, GOOD), SEEN, 0, Decision::Theft),
        ("older, previous access, at once", 3, (4, OLD), SEEN, 0, CONCURRENT),
        ("older, previous access, unseen", 3, (4, OLD), UNSEEN, hour, LOST_ANSWER),
        ("older, previous access, later", 3, (4, GOOD), SEEN, hour, Decision::Theft),
        ("older, access as old", 3, (3, GOOD), UNSEEN, 0, Decision::Theft),
        ("older still, previous access", 2, (4, GOOD), UNSEEN, 0, Decision::Theft),
        (
            "current, current access that has run out",
            5,
            (5, OLD),
            SEEN,
            900 * SECOND,
            Decision::Advance,
        ),
        ("current, current access that has not", 5, (5, OLD), SEEN, 45 * SECOND - 1, ACCESS),
        ("current, later", 5, (5, OLD), SEEN, 900 * SECOND, Decision::Advance),
        ("current, on purpose", 5, (5, GOOD), SEEN, 0, Decision::Advance),
        ("current, older access, at once", 5, (2, OLD), SEEN, 45 * SECOND - 1, ACCESS),
        ("current, older access, later", 5, (4, OLD), SEEN, 45 * SECOND, Decision::Advance),
        ("current, older access, on purpose", 5, (4, GOOD), SEEN, 0, Decision::Advance),
        ("current, access never issued", 5, (6, OLD), SEEN, 0, Decision::Advance),
        ("newer, whatever comes along", 6, (6, GOOD), SEEN, 0, NOT_ISSUED),
        ("previous, current access, idle", 4, (5, GOOD), SEEN, 1_000 * SECOND, IDLE),
    ] {
        let now = Timestamp::from_millis(RENEWED + age);
        let access = Some(PresentedAccess { generation, works });
        assert_eq!(with_access(state(seen), refresh, access, now, GRACE), decision, "{line}");
    }
}

/// An access token that lives shorter than half of the grace runs out before that.
#[test]
fn a_short_access_token_is_renewed_when_it_has_run_out() {
    let decided = |millis| {
        let state = State { handed_out_ago: Duration::from_millis(millis), ..state(5) };
        let access = Some(PresentedAccess { generation: 5, works: false });
        let lifetimes = Lifetimes { access: Duration::from_secs(3), ..lifetimes(GRACE) };
        let now = Timestamp::from_millis(RENEWED);
        decide(&state, PresentedTokens { refresh: 5, access }, now, &lifetimes)
    };
    assert_eq!((decided(1_999), decided(2_000)), (ACCESS, Decision::Advance));
}

#[test]
fn an_ended_session_stays_ended_whatever_is_presented() {
    for reason in
        [EndReason::SignedOut, EndReason::PasswordChanged, EndReason::Suspended, EndReason::Theft]
    {
        let ended = State { ended: Some(reason), ..state(4) };
        for presented in [0, 3, 4, 5, 6] {
            for age in [-7_200, 0, 29, 999, 1_000, 5_000] {
                let now = Timestamp::from_millis(RENEWED + age * SECOND);
                assert_eq!(
                    of_state(ended, presented, now, GRACE),
                    Decision::Refuse(Refusal::Ended(reason))
                );
            }
        }
    }
}

#[test]
fn without_a_grace_only_the_lost_answer_is_repeated() {
    let now = Timestamp::from_millis(RENEWED);
    assert_eq!(of_state(state(5), 4, now, Duration::ZERO), Decision::Theft);
    assert_eq!(of_state(state(4), 4, now, Duration::ZERO), LOST_ANSWER);
    let before = Timestamp::from_millis(RENEWED - 1);
    assert_eq!(of_state(state(5), 4, before, Duration::ZERO), Decision::Theft);
}

#[test]
fn the_first_generation_has_no_predecessor_that_was_issued() {
    let session = begun(0);
    assert_eq!((session.generation, session.seen_generation), (1, 0));
    assert_eq!(of_session(&session, 1, session.created_at, GRACE), Decision::Advance);
    assert_eq!(of_session(&session, 2, session.created_at, GRACE), NOT_ISSUED);
}

#[test]
fn a_thief_who_renews_and_uses_it_is_found_out_by_the_victim() {
    for victim_comes_after in [30, 31, 600, 86_400] {
        let mut session = begun(0);
        let at = |seconds| Timestamp::from_seconds(seconds);
        assert_eq!(of_session(&session, 1, at(1_000), GRACE), Decision::Advance);
        Advance::of(&session, &Lifetimes::default(), at(1_000)).apply(&mut session);
        session.seen_generation = 2;
        assert_eq!(of_session(&session, 1, at(1_000 + victim_comes_after), GRACE), Decision::Theft);
    }
}

/// The grace counts anew where the successor is handed out again: its first use must not turn the
/// requests that came side by side with the one that got it into thieves.
#[test]
fn after_a_lost_answer_the_grace_counts_from_the_second_hand_out() {
    let much_later = Timestamp::from_millis(RENEWED + 900 * SECOND);
    assert_eq!(of_state(state(4), 4, much_later, GRACE), LOST_ANSWER);
    let later = |ago| {
        let state = State { handed_out_ago: ago, ..state(5) };
        decide(&state, PresentedTokens::refresh_only(4), much_later + ago, &lifetimes(GRACE))
    };
    assert_eq!(later(GRACE - Duration::from_millis(1)), CONCURRENT);
    assert_eq!(later(GRACE), Decision::Theft);
}

#[test]
fn the_row_is_read_as_it_is() {
    let mut session = begun(1_500);
    session.generation = 9;
    session.seen_generation = 8;
    session.expires_at = Timestamp::from_millis(2);
    session.ends_at = Timestamp::from_millis(3);
    session.end = Some(End { at: Timestamp::from_millis(4), reason: EndReason::Replaced });
    let expected = State {
        generation: 9,
        seen_generation: 8,
        oldest_generation: 0,
        handed_out_ago: GRACE,
        waited: Duration::from_secs(1),
        expires_at: Timestamp::from_millis(2),
        ends_at: Timestamp::from_millis(3),
        ended: Some(EndReason::Replaced),
    };
    assert_eq!(State::of(&session, GRACE, Duration::from_secs(1)), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_table_has_no_holes((state, presented, now, grace) in any_case()) {
        let over = state.ended.is_some() || now >= state.expires_at || now >= state.ends_at;
        let (tokens, access) = (presented, presented.access.filter(|access| access.generation <= state.generation));
        let decision = decide(&state, tokens, now, &lifetimes(grace));
        let presented = tokens.refresh;
        prop_assert_eq!(over, matches!(decision, Decision::Refuse(refusal) if refusal != Refusal::NotIssued));
        if !over {
            prop_assert_eq!(presented > state.generation, decision == NOT_ISSUED);
            let needs_none = access.is_some_and(|access| !access.works);
            prop_assert_eq!(presented == state.generation, decision == Decision::Advance || (presented == state.generation && needs_none && decision == ACCESS));
            let was_given = access.map_or(presented, |access| access.generation.max(presented));
            prop_assert!(was_given + 1 >= state.generation || decision == Decision::Theft);
            prop_assert!(presented + 2 >= state.generation || decision == Decision::Theft);
            if presented + 1 == state.generation && was_given == state.generation {
                prop_assert_eq!(decision, LOST_ANSWER);
            }
        }
        if let Decision::Repeat(_) = decision {
            prop_assert!(access.is_some() || presented + 1 == state.generation);
        }
    }

    /// What a change of the password replaced buys nothing and makes nobody a thief; the rest is as without it.
    #[test]
    fn a_replacement_only_refuses((state, presented, now, grace) in any_case(), oldest in 0..6u64) {
        let replaced = State { oldest_generation: oldest.min(state.generation), ..state };
        let grace = lifetimes(grace);
        let before = decide(&state, presented, now, &grace);
        let after = decide(&replaced, presented, now, &grace);
        let is_next = |access: &PresentedAccess| access.generation == presented.refresh + 1;
        let held = presented.refresh + u64::from(presented.access.as_ref().is_some_and(is_next));
        let is_superseded =
            !matches!(before, Decision::Refuse(_)) && held < replaced.oldest_generation;
        let expected = if is_superseded { SUPERSEDED } else { before };
        prop_assert_eq!(after, expected);
    }

    /// Learning that a successor was in use can only turn a repetition into a theft, or give it its other
    /// name.
    #[test]
    fn more_seen_is_never_kinder((state, presented, now, grace) in any_case(), more in 0..4u64) {
        let later = State { seen_generation: state.seen_generation + more, ..state };
        let grace = lifetimes(grace);
        match (decide(&state, presented, now, &grace), decide(&later, presented, now, &grace)) {
            (LOST_ANSWER, Decision::Theft | CONCURRENT) => {}
            (before, after) => prop_assert_eq!(before, after),
        }
    }

    /// A longer grace can only turn a theft, or the name of a repetition, into a racer; and a renewal that is not
    /// needed into none.
    #[test]
    fn more_grace_is_never_harder((state, presented, now, grace) in any_case(), more in 0..60u64) {
        let longer = lifetimes(grace + Duration::from_secs(more));
        match (decide(&state, presented, now, &lifetimes(grace)), decide(&state, presented, now, &longer)) {
            (Decision::Theft | LOST_ANSWER, CONCURRENT) | (Decision::Advance, ACCESS) => {}
            (before, after) => prop_assert_eq!(before, after),
        }
    }

    /// An access token that comes along makes nobody a thief, and none that was not issued changes anything.
    #[test]
    fn an_access_token_is_never_harder((state, presented, now, grace) in any_case()) {
        let grace = lifetimes(grace);
        let alone = decide(&state, PresentedTokens::refresh_only(presented.refresh), now, &grace);
        let together = decide(&state, presented, now, &grace);
        match (alone, together) {
            (Decision::Theft, Decision::Repeat(_)) | (Decision::Advance, ACCESS) | (CONCURRENT, LOST_ANSWER) => {}
            (alone, together) => prop_assert_eq!(alone, together),
        }
        if presented.access.is_none_or(|access| access.generation > state.generation) {
            prop_assert_eq!(alone, together);
        }
    }

    #[test]
    fn a_step_changes_what_it_says_and_nothing_else(
        remembered: bool, generation in 1..1_000u64, lag in 0..3u64, age in -7_200..100_000_000i64,
    ) {
        let lifetimes = Lifetimes::default();
        let mut before = begun(500);
        before.remembered = remembered;
        before.generation = generation;
        before.seen_generation = generation.saturating_sub(lag);
        let now = Timestamp::from_millis(before.created_at.millis() + age * SECOND);

        let step = Advance::of(&before, &lifetimes, now);
        let mut after = before.clone();
        step.apply(&mut after);
        prop_assert_eq!(step.from, generation);
        prop_assert_eq!(after.generation, step.to());
        prop_assert_eq!(after.generation, generation + 1);
        prop_assert_eq!(after.seen_generation, generation);
        prop_assert_eq!(after.renewed_at, now);
        prop_assert_eq!(after.handed_out_at, now);
        prop_assert!(after.expires_at <= after.ends_at);
        prop_assert_eq!(after.expires_at, before.ends_at.min(now + lifetimes.idle(remembered)));
        let rest = Session {
            generation: before.generation,
            seen_generation: before.seen_generation,
            renewed_at: before.renewed_at,
            handed_out_at: before.handed_out_at,
            expires_at: before.expires_at,
            ..after.clone()
        };
        prop_assert_eq!(rest, before);

        if now < after.expires_at {
            prop_assert_eq!(of_session(&after, generation + 1, now, GRACE), Decision::Advance);
            prop_assert_eq!(of_session(&after, generation, now, GRACE), CONCURRENT);
            prop_assert_eq!(of_session(&after, generation, now, Duration::ZERO), LOST_ANSWER);
        }
    }

    /// The promise to whoever does nothing wrong. Their requests may race each other by the dozen, any
    /// answer may be lost, they may be away for weeks and the clock may be set back: they are never
    /// taken for a thief. What is assumed of them: requests sent side by side arrive within half of the
    /// grace of each other, and a browser that got a successor does not go back to its predecessor.
    #[test]
    fn an_honest_visitor_is_never_a_thief(rounds in prop::collection::vec(any_round(), 1..60)) {
        let lifetimes = Lifetimes { grace: GRACE, ..Lifetimes::default() };
        let mut session = begun(0);
        let mut now = session.created_at;
        let mut held = session.generation;
        for round in rounds {
            now = Timestamp::from_millis(now.millis() + round.pause);
            let sent_with = held;
            let mut advanced = 0;
            let mut seen = 0;
            for request in round.requests {
                let arrival = now + request.delay;
                match of_session(&session, sent_with, arrival, lifetimes.grace) {
                    Decision::Advance => {
                        advanced += 1;
                        Advance::of(&session, &lifetimes, arrival).apply(&mut session);
                    }
                    Decision::Repeat(Repeat::Concurrent) => {}
                    Decision::Repeat(Repeat::LostAnswer) => session.handed_out_at = arrival,
                    Decision::Refuse(Refusal::Idle) => {
                        prop_assert!(arrival >= session.expires_at);
                        return Ok(());
                    }
                    Decision::Refuse(Refusal::PastEnd) => {
                        prop_assert!(arrival >= session.ends_at);
                        return Ok(());
                    }
                    other => prop_assert!(false, "generation {sent_with} of {session:?} at {arrival} was met with {other:?}"),
                }
                if request.delivered {
                    held = session.generation;
                    seen = if request.used { held } else { seen };
                    session.seen_generation = session.seen_generation.max(seen);
                }
            }
            // However many race, there is one successor.
            prop_assert!(advanced <= 1);
            prop_assert!(session.generation - held <= 1);
        }
    }

    /// Two who both hold the tokens of one session, and both go on using it, cannot both do so for long.
    #[test]
    fn two_parties_are_found_out(turns in prop::collection::vec(any::<bool>(), 3..40), pause in 30..5_000i64) {
        prop_assume!(turns.windows(2).filter(|pair| pair[0] != pair[1]).count() >= 2);
        let lifetimes = Lifetimes { grace: GRACE, ..Lifetimes::default() };
        let mut session = begun(0);
        let mut now = session.created_at;
        let mut held = [1, 1];
        let mut found = false;
        for turn in turns {
            now = Timestamp::from_millis(now.millis() + pause * SECOND);
            let held = &mut held[usize::from(turn)];
            match of_session(&session, *held, now, lifetimes.grace) {
                Decision::Advance => Advance::of(&session, &lifetimes, now).apply(&mut session),
                Decision::Theft => {
                    found = true;
                    break;
                }
                other => prop_assert!(false, "{other:?}"),
            }
            *held = session.generation;
            session.seen_generation = session.generation;
        }
        prop_assert!(found);
    }
}

/// What one visitor does at one time: requests side by side, all with the token that they held before.
#[derive(Debug, Clone)]
struct Round {
    pause: i64,
    requests: Vec<Request>,
}

#[derive(Debug, Clone)]
struct Request {
    /// How long after the round began it reaches the server.
    delay: Duration,
    /// Whether its answer reaches the visitor.
    delivered: bool,
    /// Whether what it brought is then seen in use while others of the round are still on their way.
    used: bool,
}

fn any_round() -> impl Strategy<Value = Round> {
    let pause = prop_oneof![
        8 => 60 * SECOND..20 * 60 * SECOND,
        3 => 3_600 * SECOND..25 * 86_400 * SECOND,
        1 => -7_200 * SECOND..0,
    ];
    let request =
        (0..15_000u64, any::<bool>(), any::<bool>()).prop_map(|(delay, delivered, used)| Request {
            delay: Duration::from_millis(delay),
            delivered,
            used,
        });
    (pause, prop::collection::vec(request, 1..12)).prop_map(|(pause, mut requests)| {
        requests.sort_by_key(|request| request.delay);
        Round { pause, requests }
    })
}

fn any_case() -> impl Strategy<Value = (State, PresentedTokens, Timestamp, Duration)> {
    let around = -100..100i64;
    let ended = prop_oneof![5 => Just(None), 1 => Just(Some(EndReason::SignedOut)), 1 => Just(Some(EndReason::Theft))];
    let access = (0..8u64, any::<bool>());
    let access = prop::option::of(
        access.prop_map(|(generation, works)| PresentedAccess { generation, works }),
    );
    let presented =
        (0..7u64, access).prop_map(|(refresh, access)| PresentedTokens { refresh, access });
    (0..6u64, 0..7u64, presented, 0..100u64, around.clone(), around, ended, 0..60u64).prop_map(
        |(generation, seen_generation, presented, age, expires_in, ends_in, ended, grace)| {
            let now = Timestamp::from_seconds(1_000_000);
            let state = State {
                generation,
                seen_generation,
                oldest_generation: 0,
                handed_out_ago: Duration::from_secs(age),
                waited: Duration::ZERO,
                expires_at: Timestamp::from_seconds(1_000_050 + expires_in),
                ends_at: Timestamp::from_seconds(1_000_050 + ends_in),
                ended,
            };
            (state, presented, now, Duration::from_secs(grace))
        },
    )
}

fn begun(seconds: i64) -> Session {
    let sign_in = SignIn {
        user_id: UserId(7),
        carrier: Carrier::Cookie,
        remembered: true,
        methods: vec!["pwd".to_owned()],
        address: "192.0.2.1".to_owned(),
        agent: "Test/1".to_owned(),
        device: None,
    };
    sign_in.begin(
        SessionId::from_bytes([1; 16]),
        &Lifetimes::default(),
        Timestamp::from_seconds(seconds),
    )
}
