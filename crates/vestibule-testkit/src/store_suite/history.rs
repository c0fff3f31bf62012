//! What became of presented refresh tokens.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    id::{SessionId, UserId},
    renewal::{Advance, Outcome},
    session::{EndReason, Session},
    store::{HISTORY_KEPT, RenewalNote},
};

use super::{AnyStore, add_session, race};
use crate::samples::{at, session_id};

pub async fn what_became_of_tokens_is_read_as_it_was_noted(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let other = add_session(&store, 2, UserId(1)).await;
    assert!(history(&store, session.id).await.is_empty());
    let mut notes: Vec<_> = (0..)
        .zip(Outcome::ALL)
        .map(|(place, outcome)| note(&session, 1, outcome, 100 - place))
        .collect();
    notes.push(note(&session, u64::MAX >> 1, Outcome::NotIssued, 1));
    let reversed: Vec<_> = notes.iter().rev().cloned().collect();
    store.note_renewals(&reversed).await.expect("ok");
    store.note_renewals(&[]).await.expect("ok");
    assert_eq!(history(&store, session.id).await, notes, "the latest first");
    assert!(history(&store, other.id).await.is_empty());
    let same_time = [note(&other, 2, Outcome::Theft, 5), note(&other, 1, Outcome::Advanced, 5)];
    store.note_renewals(&same_time).await.expect("ok");
    assert_eq!(history(&store, other.id).await, same_time, "then the highest generation");
}

pub async fn notes_of_one_kind_are_added_up(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let first = note(&session, 1, Outcome::RepeatedConcurrent, 5);
    let mut later = note(&session, 1, Outcome::RepeatedConcurrent, 9);
    later.count = 14;
    later.address = "192.0.2.200".to_owned();
    later.agent = "App/2".to_owned();
    // In one batch and in two.
    store.note_renewals(&[first.clone(), later.clone()]).await.expect("ok");
    store.note_renewals(std::slice::from_ref(&later)).await.expect("ok");
    let sum = RenewalNote { count: 29, first_at: at(5), ..later };
    assert_eq!(history(&store, session.id).await, [sum]);
}

pub async fn a_late_note_counts_but_does_not_move_back(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let known = note(&session, 1, Outcome::Ended, 9);
    store.note_renewals(std::slice::from_ref(&known)).await.expect("ok");
    let mut late = note(&session, 1, Outcome::Ended, 3);
    late.address = "192.0.2.3".to_owned();
    late.agent = "Late/1".to_owned();
    store.note_renewals(&[late]).await.expect("ok");
    let sum = RenewalNote { count: 2, first_at: at(3), ..known };
    assert_eq!(history(&store, session.id).await, [sum]);
}

pub async fn a_history_goes_back_so_many_generations(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let last = HISTORY_KEPT + 20;
    for from in 1..=last {
        let step = Advance { from, renewed_at: at(1), expires_at: at(9999) };
        assert!(store.advance_session(session.id, &step).await.expect("ok"));
        let note = note(&session, from, Outcome::Advanced, i64::try_from(from).expect("small"));
        store.note_renewals(&[note]).await.expect("ok");
    }
    // The current generation is one above the last that was presented.
    let kept = |history: Vec<RenewalNote>| {
        history.into_iter().map(|note| note.presented).rev().collect::<Vec<_>>()
    };
    let expected: Vec<_> = (last + 1 - HISTORY_KEPT..=last).collect();
    assert_eq!(kept(history(&store, session.id).await), expected);
    // What was never issued pushes nothing out, and what is too old does not come in.
    let strange =
        [note(&session, 9999, Outcome::NotIssued, 1), note(&session, 3, Outcome::Theft, 2)];
    store.note_renewals(&strange).await.expect("ok");
    let now = history(&store, session.id).await;
    assert_eq!(now.len(), expected.len() + 1);
    assert!(now.iter().all(|note| note.presented > 3));
}

pub async fn a_note_of_no_session_is_passed_over(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let mut gone = note(&session, 1, Outcome::Ended, 1);
    gone.session = session_id(404);
    let good = note(&session, 1, Outcome::Advanced, 2);
    store.note_renewals(&[gone, good.clone()]).await.expect("ok");
    assert_eq!(history(&store, session.id).await, [good]);
    assert!(history(&store, session_id(404)).await.is_empty());
}

pub async fn a_history_goes_with_its_session(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let other = add_session(&store, 2, UserId(1)).await;
    let notes = [note(&session, 1, Outcome::Advanced, 2), note(&other, 1, Outcome::Advanced, 2)];
    store.note_renewals(&notes).await.expect("ok");
    assert!(store.end_session(session.id, EndReason::SignedOut, at(10)).await.expect("ok"));
    assert_eq!(history(&store, session.id).await.len(), 1, "an ended session keeps its own");
    assert_eq!(store.purge_sessions(at(11)).await.expect("ok"), 1);
    assert!(history(&store, session.id).await.is_empty());
    assert_eq!(history(&store, other.id).await.len(), 1);
}

pub async fn of_twenty_who_note_the_same_all_are_counted(store: AnyStore) {
    let sessions =
        [add_session(&store, 1, UserId(1)).await, add_session(&store, 2, UserId(1)).await];
    race(20, |number| {
        let store = store.clone();
        // Two batches whose sessions come in different order get into each other's way nowhere.
        let mut notes = sessions.clone().map(|session| note(&session, 1, Outcome::Advanced, 1));
        if number % 2 == 0 {
            notes.reverse();
        }
        async move { store.note_renewals(&notes).await.expect("ok") }
    })
    .await;
    for session in sessions {
        assert_eq!(history(&store, session.id).await[0].count, 20);
    }
}

async fn history(store: &AnyStore, id: SessionId) -> Vec<RenewalNote> {
    store.renewals_of(id).await.expect("ok")
}

fn note(session: &Session, presented: u64, outcome: Outcome, second: i64) -> RenewalNote {
    RenewalNote {
        session: session.id,
        presented,
        outcome,
        count: 1,
        first_at: at(second),
        last_at: at(second),
        address: "192.0.2.1".to_owned(),
        agent: "Browser/1.0".to_owned(),
    }
}
