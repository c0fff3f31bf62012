//! Ending sessions.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use std::collections::BTreeSet;

use vestibule_core::{
    id::{SessionId, UserId},
    renewal::Advance,
    session::{End, EndReason},
    store::{Changed, SessionSelection},
};

use super::{AnyStore, add_session, news, race, read};
use crate::samples::at;

const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);

pub async fn the_first_reason_stays(store: AnyStore) {
    let mut session = add_session(&store, 1, ANN).await;
    let other = add_session(&store, 2, ANN).await;
    assert!(store.end_session(session.id, EndReason::Theft, at(3)).await.expect("ok"));
    session.end = Some(End { at: at(3), reason: EndReason::Theft });
    assert!(!store.end_session(session.id, EndReason::SignedOut, at(4)).await.expect("ok"));
    let all = SessionSelection::User { id: ANN, except: Some(other.id) };
    assert!(store.end_sessions(all, EndReason::Deleted, at(5)).await.expect("ok").is_empty());
    assert_eq!(read(&store, &session).await, session);
    assert_eq!(read(&store, &other).await, other);
}

pub async fn of_twenty_who_end_a_session_one_did(store: AnyStore) {
    let session = add_session(&store, 1, ANN).await;
    let id = session.id;
    let ended = race(20, |number| {
        let store = store.clone();
        let reason = if number % 2 == 0 { EndReason::SignedOut } else { EndReason::Theft };
        async move { store.end_session(id, reason, at(1)).await.expect("ok").then_some(reason) }
    })
    .await;
    let ended: Vec<_> = ended.into_iter().flatten().collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(read(&store, &session).await.end.map(|end| end.reason), ended.first().copied());
    assert_eq!(news(&store).await, [Changed::SessionEnded(id)]);
}

pub async fn ending_a_users_sessions_says_which(store: AnyStore) {
    let mut expected = BTreeSet::new();
    for number in 1..=3 {
        expected.insert(add_session(&store, number, ANN).await.id);
    }
    let bobs = add_session(&store, 4, BOB).await;
    let all = SessionSelection::User { id: ANN, except: None };
    let ended = store.end_sessions(all, EndReason::Suspended, at(7)).await.expect("ok");
    assert_eq!(set(&ended), expected);
    assert_eq!(ended.len(), 3);
    for id in ended {
        let session = store.session(id).await.expect("ok").expect("the row stays");
        assert_eq!(session.end, Some(End { at: at(7), reason: EndReason::Suspended }));
    }
    assert_eq!(read(&store, &bobs).await, bobs);
    assert_eq!(ended_in_feed(&store).await, expected);
}

pub async fn one_session_can_stay(store: AnyStore) {
    let stays = add_session(&store, 1, ANN).await;
    let goes = add_session(&store, 2, ANN).await;
    let bobs = add_session(&store, 3, BOB).await;
    let others = SessionSelection::User { id: ANN, except: Some(stays.id) };
    let ended = store.end_sessions(others, EndReason::EndedByUser, at(7)).await.expect("ok");
    assert_eq!(ended, [goes.id]);
    assert_eq!(read(&store, &stays).await, stays);
    assert_eq!(read(&store, &bobs).await, bobs);
    // A session of somebody else as the exception protects nobody.
    let all = SessionSelection::User { id: ANN, except: Some(bobs.id) };
    let ended = store.end_sessions(all, EndReason::EndedByUser, at(8)).await.expect("ok");
    assert_eq!(ended, [stays.id]);
}

pub async fn ending_all_sessions_ends_everybodys(store: AnyStore) {
    let mut expected = BTreeSet::new();
    for (number, user) in [(1, ANN), (2, BOB), (3, ANN)] {
        expected.insert(add_session(&store, number, user).await.id);
    }
    let ended = store.end_sessions(SessionSelection::All, EndReason::EndedByAdmin, at(7)).await;
    assert_eq!(set(&ended.expect("ok")), expected);
    assert_eq!(ended_in_feed(&store).await, expected);
}

pub async fn sessions_that_have_ended_are_not_ended_again(store: AnyStore) {
    let first = add_session(&store, 1, ANN).await;
    let second = add_session(&store, 2, ANN).await;
    assert!(store.end_session(first.id, EndReason::SignedOut, at(1)).await.expect("ok"));
    let ended = store.end_sessions(SessionSelection::All, EndReason::EndedByAdmin, at(2)).await;
    assert_eq!(ended.expect("ok"), [second.id]);
    assert_eq!(
        news(&store).await,
        [Changed::SessionEnded(first.id), Changed::SessionEnded(second.id)]
    );
}

pub async fn advancing_and_ending_do_not_pass_each_other(store: AnyStore) {
    let session = add_session(&store, 1, ANN).await;
    let id = session.id;
    let outcomes = race(40, |number| {
        let store = store.clone();
        async move {
            if number == 20 {
                assert!(store.end_session(id, EndReason::Theft, at(1)).await.expect("ok"));
                // From now on nothing advances it, whoever is still on the way.
                store.session(id).await.expect("ok").expect("there").generation
            } else {
                let generation = store.session(id).await.expect("ok").expect("there").generation;
                let step = Advance { from: generation, renewed_at: at(2), expires_at: at(900) };
                store.advance_session(id, &step).await.expect("ok");
                0
            }
        }
    })
    .await;
    let at_the_end = outcomes.into_iter().max();
    let session = read(&store, &session).await;
    assert_eq!(Some(session.generation), at_the_end);
    assert_eq!(session.end, Some(End { at: at(1), reason: EndReason::Theft }));
}

fn set(ids: &[SessionId]) -> BTreeSet<SessionId> {
    ids.iter().copied().collect()
}

async fn ended_in_feed(store: &AnyStore) -> BTreeSet<SessionId> {
    let news = news(store).await;
    let ended: BTreeSet<_> = news
        .iter()
        .filter_map(|what| match what {
            Changed::SessionEnded(id) => Some(*id),
            Changed::User { .. } | Changed::Keys => None,
        })
        .collect();
    assert_eq!(ended.len(), news.len(), "one entry for each session");
    ended
}
