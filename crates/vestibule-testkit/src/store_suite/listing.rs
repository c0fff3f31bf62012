//! Listing and purging sessions.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    id::{SessionId, UserId},
    session::{EndReason, Session},
    time::Timestamp,
};

use super::{AnyStore, add, add_session};
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
    assert_eq!(of_ann(&store, at(100)).await, ids(&[2, 3, 4]));
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
    let active = store.active_sessions(now, 100).await.expect("ok");
    assert_eq!(active, [bobs, just]);
}

pub async fn active_sessions_are_limited(store: AnyStore) {
    for (number, seen) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)] {
        add(&store, &last_seen(session(number, ANN), at(seen))).await;
    }
    let active = store.active_sessions(at(10), 2).await.expect("ok");
    let active: Vec<_> = active.into_iter().map(|session| session.id).collect();
    assert_eq!(active, ids(&[5, 4]));
    assert!(store.active_sessions(at(10), 0).await.expect("ok").is_empty());
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
    let sessions = store.sessions_of(ANN, ended_since).await.expect("ok");
    sessions.into_iter().map(|session| session.id).collect()
}
