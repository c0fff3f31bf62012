//! Renewing sessions and noting their use.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use std::time::Duration;

use vestibule_core::{
    id::UserId,
    renewal::Advance,
    session::{EndReason, Session},
    store::SessionActivity,
    time::Timestamp,
};

use super::{AnyStore, add_session, race, read};
use crate::samples::{START, at, session_id};

pub async fn advancing_makes_the_next_generation(store: AnyStore) {
    let mut session = add_session(&store, 1, UserId(1)).await;
    let other = add_session(&store, 2, UserId(1)).await;
    for from in 1..=3 {
        let step = step(from);
        assert!(store.advance_session(session.id, &step).await.expect("ok"));
        step.apply(&mut session);
        assert_eq!(read(&store, &session).await, session);
    }
    assert_eq!((session.generation, session.seen_generation), (4, 3));
    assert_eq!(read(&store, &other).await, other);
}

pub async fn advancing_from_an_older_or_later_generation_does_nothing(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    assert!(store.advance_session(session.id, &step(1)).await.expect("ok"));
    let now = read(&store, &session).await;
    for from in [0, 1, 3, u64::MAX - 1] {
        assert!(!store.advance_session(session.id, &step(from)).await.expect("ok"), "{from}");
    }
    assert_eq!(read(&store, &session).await, now);
}

pub async fn handing_out_again_is_noted_for_the_current_generation(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let hand_out = async |generation, second| {
        store.note_handout(session.id, generation, at(second)).await.expect("ok")
    };
    // By whichever clock the store goes.
    let is_just_handed_out = async |second| {
        let (row, ago) =
            store.session_to_renew(session.id, at(second)).await.expect("ok").expect("there");
        assert_eq!(read(&store, &row).await, row);
        ago < Duration::from_secs(60)
    };
    assert!(hand_out(1, 500).await);
    assert!(is_just_handed_out(500).await);
    assert!(hand_out(1, 40).await, "noted already, and later");
    assert!(is_just_handed_out(500).await);
    assert!(!hand_out(0, 600).await);
    assert!(!hand_out(2, 600).await);
    assert!(!store.note_handout(session_id(404), 1, at(600)).await.expect("ok"));
    assert!(store.session_to_renew(session_id(404), at(600)).await.expect("ok").is_none());
    assert_eq!(read(&store, &session).await, session, "nothing else was noted");
    assert!(store.advance_session(session.id, &step(1)).await.expect("ok"));
    assert!(is_just_handed_out(1).await);
    assert!(store.end_session(session.id, EndReason::SignedOut, at(700)).await.expect("ok"));
    assert!(!store.note_handout(session.id, 2, at(800)).await.expect("ok"));
}

pub async fn an_ended_session_does_not_advance(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    assert!(store.end_session(session.id, EndReason::SignedOut, at(1)).await.expect("ok"));
    let ended = read(&store, &session).await;
    assert!(!store.advance_session(session.id, &step(1)).await.expect("ok"));
    assert_eq!(read(&store, &session).await, ended);
}

pub async fn of_fifty_racers_one_advances(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let id = session.id;
    for from in 1..=3 {
        let won = race(50, |_| {
            let store = store.clone();
            async move { store.advance_session(id, &step(from)).await.expect("ok") }
        })
        .await;
        assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    }
    assert_eq!(read(&store, &session).await.generation, 4);
}

pub async fn advancing_never_lowers_the_seen_generation(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    store.mark_seen(&[sighting(&session, 5, at(1), "192.0.2.9")]).await.expect("ok");
    assert!(store.advance_session(session.id, &step(1)).await.expect("ok"));
    assert_eq!(read(&store, &session).await.seen_generation, 5);
}

pub async fn a_sighting_raises_what_was_seen(store: AnyStore) {
    let mut session = add_session(&store, 1, UserId(1)).await;
    let other = add_session(&store, 2, UserId(1)).await;
    store.mark_seen(&[sighting(&session, 1, at(5), "2001:db8::1")]).await.expect("ok");
    session.seen_generation = 1;
    session.last_seen_at = at(5);
    session.address = "2001:db8::1".to_owned();
    assert_eq!(read(&store, &session).await, session);
    assert_eq!(read(&store, &other).await, other);
}

pub async fn a_late_sighting_lowers_nothing(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    store.mark_seen(&[sighting(&session, 3, at(9), "192.0.2.9")]).await.expect("ok");
    // Earlier, of a lower generation.
    store.mark_seen(&[sighting(&session, 2, at(5), "192.0.2.5")]).await.expect("ok");
    seen(&store, &session, 3, at(9), "192.0.2.9").await;
    // Earlier, of a higher generation: only that is news.
    store.mark_seen(&[sighting(&session, 4, at(8), "192.0.2.8")]).await.expect("ok");
    seen(&store, &session, 4, at(9), "192.0.2.9").await;
    // Later, of a lower generation: a racer's old token came from there.
    store.mark_seen(&[sighting(&session, 1, at(10), "192.0.2.10")]).await.expect("ok");
    seen(&store, &session, 4, at(10), "192.0.2.10").await;
}

pub async fn sightings_of_one_batch_may_come_in_any_order(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let other = add_session(&store, 2, UserId(2)).await;
    let batch = [
        sighting(&session, 2, at(9), "192.0.2.9"),
        sighting(&other, 1, at(1), "192.0.2.1"),
        sighting(&session, 3, at(5), "192.0.2.5"),
    ];
    store.mark_seen(&batch).await.expect("ok");
    store.mark_seen(&[]).await.expect("ok");
    seen(&store, &session, 3, at(9), "192.0.2.9").await;
    seen(&store, &other, 1, at(1), "192.0.2.1").await;
}

pub async fn a_sighting_of_no_session_is_passed_over(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    let mut gone = sighting(&session, 9, at(9), "192.0.2.9");
    gone.session = session_id(404);
    let batch = [gone, sighting(&session, 1, at(2), "192.0.2.2")];
    store.mark_seen(&batch).await.expect("ok");
    seen(&store, &session, 1, at(2), "192.0.2.2").await;
    assert!(store.session(session_id(404)).await.expect("ok").is_none());
}

fn step(from: u64) -> Advance {
    let second = i64::try_from(from).unwrap_or(i64::MAX).min(1000);
    Advance { from, renewed_at: at(second), expires_at: at(second + 3600) }
}

fn sighting(session: &Session, generation: u64, at: Timestamp, address: &str) -> SessionActivity {
    SessionActivity { session: session.id, generation, at, address: address.to_owned() }
}

async fn seen(store: &AnyStore, of: &Session, generation: u64, at: Timestamp, address: &str) {
    let now = read(store, of).await;
    assert_eq!(
        (now.seen_generation, now.last_seen_at, now.address.as_str()),
        (generation, at, address)
    );
    assert_eq!((now.generation, now.renewed_at), (1, START), "sightings renew nothing");
}
