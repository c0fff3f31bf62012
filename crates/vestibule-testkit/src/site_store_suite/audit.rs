//! The audit trail.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    event::{Event, EventName, EventOutcome},
    id::UserId,
    session::EndReason,
    time::Timestamp,
    user::{UserChange, UserStatus},
};
use vestibule_site::store::{DayCount, EventCursor, EventQuery, Figures};

use super::AnySiteStore;
use crate::{
    samples::{START, at, new_user, session, session_id},
    store_suite::race,
};

const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);
const DAY: i64 = 24 * 3600;

pub async fn an_event_is_read_as_it_was_written(store: AnySiteStore) {
    let bare = Event::new(EventName::SysStartup, at(1));
    let full = Event {
        address: Some("2001:db8::1".to_owned()),
        agent: Some("<b>'\";--\u{1f600}".to_owned()),
        request_id: Some("r".to_owned()),
        outcome: EventOutcome::Failure,
        ..Event::new(EventName::AuthzAdmin, at(2))
    }
    .by(ANN)
    .about(BOB)
    .in_session(session_id(1))
    .with("cause", "suspend")
    .with("generation", u64::MAX)
    .with("remembered", true);
    append(&store, &[bare.clone(), full.clone()]).await;
    assert_eq!(listed(&store, &all()).await, [full, bare]);
    for name in EventName::ALL {
        append(&store, &[Event::new(name, at(3))]).await;
        assert_eq!(listed(&store, &EventQuery { limit: 1, ..all() }).await[0].name, name);
    }
    append(&store, &[]).await;
}

pub async fn events_come_latest_first(store: AnySiteStore) {
    // Another node's batch may be written late; of one moment, the last written is the latest.
    let times = [3, 1, 2, 2];
    for (place, seconds) in times.into_iter().enumerate() {
        append(&store, &[numbered(place, at(seconds))]).await;
    }
    assert_eq!(numbers(&store, &all()).await, [0, 3, 2, 1]);
    assert_eq!(numbers(&store, &EventQuery { limit: 2, ..all() }).await, [0, 3]);
    assert!(listed(&store, &EventQuery::default()).await.is_empty(), "no more than none");
}

pub async fn events_are_found_by_what_is_known_of_them(store: AnySiteStore) {
    let here = Some("192.0.2.1".to_owned());
    append(
        &store,
        &[
            numbered(0, at(0)),
            numbered(1, at(1)).of(ANN).in_session(session_id(1)),
            Event { name: EventName::AuthzAdmin, ..numbered(2, at(2)).by(ANN).about(BOB) },
            Event { address: here.clone(), ..numbered(3, at(3)).about(ANN) },
        ],
    )
    .await;
    for (query, found) in [
        (EventQuery { name: Some(EventName::AuthzAdmin), ..all() }, &[2][..]),
        (EventQuery { actor: Some(ANN), ..all() }, &[2, 1]),
        (EventQuery { subject: Some(ANN), ..all() }, &[3, 1]),
        (EventQuery { subject: Some(ANN), actor: Some(ANN), ..all() }, &[1]),
        (EventQuery { session: Some(session_id(1)), ..all() }, &[1]),
        (EventQuery { session: Some(session_id(2)), ..all() }, &[]),
        (EventQuery { address: here, ..all() }, &[3]),
        (EventQuery { address: Some("192.0.2.%".to_owned()), ..all() }, &[]),
        (EventQuery { from: Some(at(1)), to: Some(at(3)), ..all() }, &[2, 1]),
        (EventQuery { from: Some(at(1)), subject: Some(BOB), ..all() }, &[2]),
        (EventQuery { from: Some(at(3)), to: Some(at(3)), ..all() }, &[]),
    ] {
        assert_eq!(numbers(&store, &query).await, found, "{query:?}");
    }
}

pub async fn a_list_of_events_goes_on_behind_a_place(store: AnySiteStore) {
    // Many at one moment, as the batches of a busy site have them.
    let events: Vec<_> =
        (0..30).map(|number| numbered(number, at(i64::from(number > 20)))).collect();
    append(&store, &events).await;
    let (mut seen, mut behind) = (Vec::new(), None);
    for _ in 0..10 {
        let query = EventQuery { behind, limit: 7, ..all() };
        let page = store.events(&query).await.expect("the store works");
        let Some(last) = page.last() else { break };
        behind = Some(last.cursor());
        seen.extend(page.iter().map(|kept| kept.event.details["number"].as_u64()));
        // What comes in meanwhile is not on a later page.
        append(&store, &[numbered(99, at(100))]).await;
    }
    let all: Vec<_> = (0..30).rev().map(Some).collect();
    assert_eq!(seen, all);
    let cursor = EventCursor { at: at(-1), sequence: u64::MAX };
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
}

pub async fn events_are_counted_for_their_days(store: AnySiteStore) {
    let day = START.seconds().div_euclid(DAY);
    let on = |day: i64, name| Event::new(name, Timestamp::from_seconds(day * DAY));
    let renewed = |day, cause: &str| on(day, EventName::SessionRenewed).with("cause", cause);
    let last =
        Event::new(EventName::AuthnLoginFail, Timestamp::from_millis((day + 1) * DAY * 1000 - 1));
    append(&store, &[on(day, EventName::AuthnLoginFail), renewed(day, "advanced")]).await;
    append(&store, &[last, renewed(day, "repeated_concurrent"), renewed(day, "advanced")]).await;
    append(&store, &[renewed(day + 1, "advanced")]).await;
    let count =
        |day, name, cause: &str, count| DayCount { day, name, cause: cause.to_owned(), count };
    let (fail, renewal) = (EventName::AuthnLoginFail, EventName::SessionRenewed);
    let first = [
        count(day, fail, "", 2),
        count(day, renewal, "advanced", 2),
        count(day, renewal, "repeated_concurrent", 1),
    ];
    let second = [count(day + 1, renewal, "advanced", 1)];
    let counts = async |from, to| store.event_counts(from, to).await.expect("the store works");
    assert_eq!(counts(day, day + 1).await, first);
    assert_eq!(counts(day + 1, day + 9).await, second);
    assert_eq!(counts(day - 9, day + 9).await, [&first[..], &second].concat());
    assert!(counts(day + 2, day + 9).await.is_empty());
}

pub async fn purging_events_removes_the_oldest_first(store: AnySiteStore) {
    let start = Timestamp::from_seconds(START.seconds().div_euclid(DAY) * DAY);
    let days = |days: i64| Timestamp::from_millis(start.millis() + days * DAY * 1000);
    for (number, day) in [(0, 2), (1, 0), (2, 1), (3, 3)] {
        append(&store, &[numbered(number, days(day))]).await;
    }
    let purge = async |before, limit| store.purge_events(before, limit).await.expect("ok");
    assert_eq!(purge(days(2), 1).await, 1);
    assert_eq!(numbers(&store, &all()).await, [3, 0, 2]);
    assert_eq!(purge(days(2), 10).await, 1);
    assert_eq!(purge(days(2), 10).await, 0);
    assert_eq!(numbers(&store, &all()).await, [3, 0]);
    let day = start.seconds() / DAY;
    let counts = store.event_counts(day - 1, day + 9).await.expect("ok");
    assert_eq!(counts.iter().map(|count| count.day - day).collect::<Vec<_>>(), [2, 3]);
}

pub async fn events_written_at_once_all_stay(store: AnySiteStore) {
    race(10, |writer| {
        let store = store.clone();
        async move {
            let base = usize::try_from(writer * 10).expect("small");
            let events: Vec<_> = (base..base + 10).map(|number| numbered(number, START)).collect();
            append(&store, &events).await;
        }
    })
    .await;
    let mut found = numbers(&store, &all()).await;
    found.sort_unstable();
    assert_eq!(found, (0..100).collect::<Vec<u64>>());
    let day = START.seconds().div_euclid(DAY);
    assert_eq!(store.event_counts(day, day + 1).await.expect("ok")[0].count, 100);
}

pub async fn accounts_and_open_sessions_are_counted(store: AnySiteStore) {
    let figures = async |now| store.figures(now).await.expect("the store works");
    assert_eq!(figures(START).await, Figures { users: 0, sessions: 0 });
    for name in ["ann", "bob", "eve"] {
        store.create_user(&new_user(name), START).await.expect("ok").expect("free");
    }
    let deleted = UserChange { status: Some(UserStatus::Deleted), ..UserChange::default() };
    store.change_user(UserId(3), &deleted, START).await.expect("ok");
    for number in 1..=3 {
        assert!(store.create_session(&session(number, ANN), None).await.expect("ok"));
    }
    store.end_session(session_id(1), EndReason::SignedOut, START).await.expect("ok");
    assert_eq!(figures(START).await, Figures { users: 2, sessions: 2 });
    let expired = session(1, ANN).expires_at;
    assert_eq!(figures(expired).await, Figures { users: 2, sessions: 0 });
}

fn numbered(number: usize, at: Timestamp) -> Event {
    Event::new(EventName::SysShutdown, at).with("number", number)
}

fn all() -> EventQuery {
    EventQuery { limit: 1000, ..EventQuery::default() }
}

async fn append(store: &AnySiteStore, events: &[Event]) {
    store.append_events(events).await.expect("the store works");
}

async fn listed(store: &AnySiteStore, query: &EventQuery) -> Vec<Event> {
    let kept = store.events(query).await.expect("the store works");
    kept.into_iter().map(|kept| kept.event).collect()
}

async fn numbers(store: &AnySiteStore, query: &EventQuery) -> Vec<u64> {
    let events = listed(store, query).await;
    events.iter().map(|event| event.details["number"].as_u64().expect("a number")).collect()
}
