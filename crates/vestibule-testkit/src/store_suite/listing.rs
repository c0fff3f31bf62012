//! Listing and purging sessions.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    id::{SessionId, UserId},
    session::{End, EndReason, Session},
    store::{SESSIONS_AT_ONCE, SessionBound, SessionCursor, SessionQuery, SessionSelection},
    time::Timestamp,
};

use super::{AnyStore, add, add_session, all_of, news};
use crate::samples::{at, session, session_id};

const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);

pub async fn a_users_sessions_come_last_used_first(store: AnyStore) {
    for (number, seen) in [(1, 10), (2, 30), (3, 20)] {
        add(&store, &last_seen(session(number, ANN), at(seen))).await;
    }
    add(&store, &last_seen(session(4, BOB), at(99))).await;
    assert_eq!(of_ann(&store, at(0)).await, ids(&[2, 3, 1]));
}

pub async fn ended_sessions_are_listed_from_a_moment_on(store: AnyStore) {
    for (number, seen) in [(1, 9), (2, 8), (3, 7), (4, 6)] {
        add(&store, &last_seen(session(number, ANN), at(seen))).await;
    }
    for (number, ended) in [(1, 99), (2, 100), (3, 101)] {
        let id = session_id(number);
        assert!(store.end_session(id, EndReason::SignedOut, at(ended)).await.expect("ok"));
    }
    assert_eq!(of_ann(&store, at(100)).await, ids(&[4, 2, 3]), "those that go on come first");
    assert_eq!(of_ann(&store, at(102)).await, ids(&[4]));
}

pub async fn active_sessions_have_neither_ended_nor_expired(store: AnyStore) {
    let now = at(1000);
    let mut idle = last_seen(session(1, ANN), at(1));
    idle.expires_at = now;
    let mut over = last_seen(session(2, ANN), at(2));
    over.ends_at = now;
    let mut just = last_seen(session(3, ANN), at(3));
    just.expires_at = Timestamp::from_millis(now.millis() + 1);
    let bobs = last_seen(session(4, BOB), at(4));
    for session in [&idle, &over, &just, &bobs] {
        add(&store, session).await;
    }
    let ended = add_session(&store, 5, BOB).await;
    assert!(store.end_session(ended.id, EndReason::SignedOut, at(5)).await.expect("ok"));
    let active = store.active_sessions(now, None, 100).await.expect("ok");
    assert_eq!(active, [just, bobs]);
}

pub async fn active_sessions_come_page_by_page(store: AnyStore) {
    for number in 1..=5 {
        add(&store, &session(number, ANN)).await;
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.active_sessions(at(10), after, 2).await.expect("ok");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|session| session.id));
    }
    let mut all = ids(&[1, 2, 3, 4, 5]);
    all.sort();
    assert_eq!(seen, all);
    assert!(store.active_sessions(at(10), None, 0).await.expect("ok").is_empty());
}

/// Also where several were used in one moment.
pub async fn a_users_sessions_come_page_by_page(store: AnyStore) {
    for number in 1..=7 {
        add(
            &store,
            &last_seen(session(number, ANN), at(i64::try_from(number / 3).expect("small"))),
        )
        .await;
    }
    for number in [2, 3, 6] {
        let id = session_id(number);
        assert!(store.end_session(id, EndReason::SignedOut, at(20)).await.expect("ok"));
    }
    let whole = store.sessions_of(&all_of(ANN, at(0))).await.expect("ok");
    assert_eq!(whole.len(), 7);
    let mut seen = Vec::new();
    let mut query = SessionQuery { limit: 2, ..all_of(ANN, at(0)) };
    loop {
        let page = store.sessions_of(&query).await.expect("ok");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        query.behind = Some(SessionCursor::of(last));
        seen.extend(page);
    }
    assert_eq!(seen, whole);
    assert!(seen.is_sorted_by_key(|session| std::cmp::Reverse(SessionCursor::of(session))));
}

pub async fn beyond_a_bound_the_sessions_unused_longest_end(store: AnyStore) {
    for (number, seen) in [(1, 50), (2, 10), (3, 40), (4, 20), (5, 30)] {
        add(&store, &last_seen(session(number, ANN), at(seen))).await;
    }
    let mut expired = last_seen(session(6, ANN), at(60));
    expired.expires_at = at(70);
    add(&store, &expired).await;
    let bobs = add_session(&store, 7, BOB).await;
    // The one that was just written stays, whatever clock it was written by.
    let bound = SessionBound { open: 3, over: 10 };
    let bounded =
        async |bound| store.bound_sessions(ANN, session_id(2), bound, at(80)).await.expect("ok");
    let mut ended = bounded(bound).await;
    ended.sort();
    let mut expected = ids(&[4, 5]);
    expected.sort();
    assert_eq!(ended, expected);
    for id in ended {
        let session = store.session(id).await.expect("ok").expect("the row stays");
        assert_eq!(session.end, Some(End { at: at(80), reason: EndReason::TooMany }));
    }
    assert!(bounded(bound).await.is_empty());
    // Of those that are over, the ones that have been so for longest are removed: first the expired one.
    assert_eq!(store.sessions_of(&all_of(ANN, at(0))).await.expect("ok").len(), 6);
    assert!(bounded(SessionBound { open: 3, over: 2 }).await.is_empty());
    assert_eq!(store.session(expired.id).await.expect("ok"), None);
    assert_eq!(store.sessions_of(&all_of(ANN, at(0))).await.expect("ok").len(), 5);
    assert_eq!(store.session(bobs.id).await.expect("ok"), Some(bobs));
    assert_eq!(news(&store).await.len(), 2, "what ended is in the feed");
}

/// More than one transaction takes.
pub async fn ending_very_many_sessions_ends_all_of_them(store: AnyStore) {
    let many = u64::from(SESSIONS_AT_ONCE) * 2 + 1;
    for number in 1..=many {
        add(&store, &session(number, ANN)).await;
    }
    add_session(&store, many + 1, BOB).await;
    let all = SessionSelection::User { id: ANN, except: Some(session_id(7)) };
    let ended = store.end_sessions(all, EndReason::EndedByUser, at(7)).await.expect("ok");
    assert_eq!(u64::try_from(ended.len()).ok(), Some(many - 1));
    let ended = store.end_sessions(SessionSelection::All, EndReason::EndedByAdmin, at(8)).await;
    assert_eq!(ended.expect("ok").len(), 2);
}

pub async fn purging_removes_what_ended_or_expired_before(store: AnyStore) {
    let before = at(1000);
    let earlier = Timestamp::from_millis(before.millis() - 1);
    let mut expired = session(1, ANN);
    expired.expires_at = earlier;
    let mut expires_then = session(2, ANN);
    expires_then.expires_at = before;
    for session in [&expired, &expires_then] {
        add(&store, session).await;
    }
    for (number, ended) in [(3, earlier), (4, before)] {
        let session = add_session(&store, number, ANN).await;
        assert!(store.end_session(session.id, EndReason::SignedOut, ended).await.expect("ok"));
    }
    add_session(&store, 5, BOB).await;
    assert_eq!(store.purge_sessions(before).await.expect("ok"), 2);
    let mut left = of_ann(&store, at(0)).await;
    left.sort();
    assert_eq!(left, ids(&[2, 4]));
    assert!(store.session(session_id(5)).await.expect("ok").is_some());
    assert_eq!(store.purge_sessions(before).await.expect("ok"), 0);
}

fn last_seen(session: Session, last_seen_at: Timestamp) -> Session {
    Session { last_seen_at, ..session }
}

fn ids(numbers: &[u64]) -> Vec<SessionId> {
    numbers.iter().copied().map(session_id).collect()
}

async fn of_ann(store: &AnyStore, ended_since: Timestamp) -> Vec<SessionId> {
    let sessions = store.sessions_of(&all_of(ANN, ended_since)).await.expect("ok");
    sessions.into_iter().map(|session| session.id).collect()
}
