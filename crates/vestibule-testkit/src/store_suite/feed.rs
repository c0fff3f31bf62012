//! The feed between nodes.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    feed::Epoch,
    id::{EpochId, UserId},
    ring::KeyState,
    session::EndReason,
    store::{Change, Changed, SessionSelection},
    time::Timestamp,
    user::{UserChange, UserStatus},
};

use super::{AnyStore, add_session, add_user, change, feed, news, race};
use crate::samples::{START, at, new_user, password_hash, session, session_id, stored_key};

pub async fn an_empty_feed_ends_at_zero(store: AnyStore) {
    assert_eq!(store.last_sequence().await.expect("ok"), 0);
    assert!(feed(&store).await.is_empty());
    assert!(store.changes_since(at(-100)).await.expect("ok").is_empty());
    assert_eq!(store.purge_changes(at(100)).await.expect("ok"), 0);
}

pub async fn each_change_is_one_entry_in_order_without_gaps(store: AnyStore) {
    let id = add_user(&store, &new_user("ann")).await.id;
    let session = add_session(&store, 1, id).await;
    assert!(store.end_session(session.id, EndReason::SignedOut, at(10)).await.expect("ok"));
    let suspended = UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() };
    change(&store, id, suspended).await;
    let keys = [stored_key("a", KeyState::Active)];
    assert!(store.replace_key_ring(0, &keys, at(70)).await.expect("ok"));
    let foreign = Changed::User { id: UserId(i64::MAX), version: 77 };
    store.announce(&foreign, at(80)).await.expect("ok");
    let expected = [
        Change { sequence: 1, at: at(10), what: Changed::SessionEnded(session.id) },
        Change { sequence: 2, at: at(60), what: Changed::User { id, version: 2 } },
        Change { sequence: 3, at: at(70), what: Changed::Keys },
        Change { sequence: 4, at: at(80), what: foreign },
    ];
    assert_eq!(feed(&store).await, expected);
    assert_eq!(store.last_sequence().await.expect("ok"), 4);
}

pub async fn what_changed_nothing_is_no_entry(store: AnyStore) {
    let id = add_user(&store, &new_user("ann")).await.id;
    let ended = add_session(&store, 1, id).await;
    assert!(store.end_session(ended.id, EndReason::SignedOut, at(1)).await.expect("ok"));
    let guard = password_hash(9);
    assert!(!store.create_session(&session(2, id), Some(&guard)).await.expect("ok"));
    assert!(!store.end_session(ended.id, EndReason::Theft, at(2)).await.expect("ok"));
    assert!(!store.end_session(session_id(404), EndReason::Theft, at(2)).await.expect("ok"));
    let all = SessionSelection::All;
    assert!(store.end_sessions(all, EndReason::EndedByAdmin, at(2)).await.expect("ok").is_empty());
    assert!(!store.replace_key_ring(5, &[], at(2)).await.expect("ok"));
    let taken = store.create_user(&new_user("ann"), at(2)).await.expect("ok");
    assert!(taken.is_err());
    let open = add_session(&store, 3, id).await;
    store.confirm_session(open.id, at(3), &[]).await.expect("ok");
    store.announce(&Changed::Keys, at(4)).await.expect("ok");
    let expected = [
        Change { sequence: 1, at: at(1), what: Changed::SessionEnded(ended.id) },
        Change { sequence: 2, at: at(4), what: Changed::Keys },
    ];
    assert_eq!(feed(&store).await, expected);
}

pub async fn concurrent_changes_leave_no_gap(store: AnyStore) {
    let id = add_user(&store, &new_user("ann")).await.id;
    for number in 0..30 {
        add_session(&store, number, id).await;
    }
    race(60, |number| {
        let store = store.clone();
        async move {
            match number % 3 {
                0 => {
                    let version = UserChange { is_super_user: Some(true), ..UserChange::default() };
                    change(&store, id, version).await;
                }
                // Half of the sessions are ended twice, which is news once.
                _ => {
                    let id = session_id(number / 4);
                    store.end_session(id, EndReason::SignedOut, at(1)).await.expect("ok");
                }
            }
        }
    })
    .await;
    let changes = feed(&store).await;
    let sequences: Vec<_> = changes.iter().map(|change| change.sequence).collect();
    let expected: Vec<_> = (1..).take(changes.len()).collect();
    assert_eq!(sequences, expected);
    let versions: Vec<_> = changes
        .iter()
        .filter_map(|change| match change.what {
            Changed::User { version, .. } => Some(version),
            Changed::SessionEnded(_) | Changed::Keys => None,
        })
        .collect();
    assert_eq!(versions, (2..22).collect::<Vec<_>>(), "each version once, in order");
    assert_eq!(changes.len(), 20 + 15);
}

pub async fn changes_after_a_place_are_limited(store: AnyStore) {
    announce(&store, &[1, 2, 3, 4, 5]).await;
    assert_eq!(after(&store, 0, 2).await, [1, 2]);
    assert_eq!(after(&store, 2, 2).await, [3, 4]);
    assert_eq!(after(&store, 4, 2).await, [5]);
    assert!(after(&store, 5, 2).await.is_empty());
    assert!(after(&store, u64::MAX, 2).await.is_empty());
    assert!(after(&store, 0, 0).await.is_empty());
    assert_eq!(store.last_sequence().await.expect("ok"), 5);
}

pub async fn changes_since_a_moment_include_it(store: AnyStore) {
    // The clock was set back in between: the order is that of the places, not of the times.
    announce(&store, &[1, 7, 3, 5]).await;
    assert_eq!(since(&store, 3).await, [2, 3, 4]);
    assert_eq!(since(&store, 5).await, [2, 4]);
    assert!(since(&store, 8).await.is_empty());
}

pub async fn purging_keeps_the_last_change(store: AnyStore) {
    announce(&store, &[1, 2, 3]).await;
    assert_eq!(store.purge_changes(at(1)).await.expect("ok"), 0);
    assert_eq!(store.purge_changes(at(2)).await.expect("ok"), 1);
    assert_eq!(after(&store, 0, 9).await, [2, 3]);
    assert_eq!(store.purge_changes(at(100)).await.expect("ok"), 1);
    assert_eq!(after(&store, 0, 9).await, [3]);
    assert_eq!(store.purge_changes(at(100)).await.expect("ok"), 0);
    assert_eq!(store.last_sequence().await.expect("ok"), 3);
}

pub async fn purging_never_tears_a_gap(store: AnyStore) {
    announce(&store, &[1, 7, 3, 8]).await;
    assert_eq!(store.purge_changes(at(5)).await.expect("ok"), 1);
    assert_eq!(after(&store, 0, 9).await, [2, 3, 4]);
}

pub async fn the_numbers_go_on_after_a_purge(store: AnyStore) {
    announce(&store, &[1, 2, 3]).await;
    assert_eq!(store.purge_changes(at(100)).await.expect("ok"), 2);
    announce(&store, &[4]).await;
    assert_eq!(after(&store, 0, 9).await, [3, 4]);
    assert_eq!(news(&store).await, [Changed::Keys, Changed::Keys]);
}

pub async fn a_store_is_born_in_an_epoch_and_another_can_begin(store: AnyStore) {
    announce(&store, &[1, 2]).await;
    let born = store.epoch().await.expect("ok");
    assert_eq!(born.began_at, Timestamp::from_seconds(0));
    assert_eq!(store.epoch().await.expect("ok"), born);
    let next = Epoch { id: EpochId::from_bytes([7; 16]), began_at: at(3) };
    assert_ne!(born.id, next.id);
    store.begin_epoch(next).await.expect("ok");
    assert_eq!(store.epoch().await.expect("ok"), next);
    assert_eq!(after(&store, 0, 9).await, [1, 2], "the entries stay");
    announce(&store, &[4]).await;
    assert_eq!(store.last_sequence().await.expect("ok"), 3);
}

async fn announce(store: &AnyStore, seconds: &[i64]) {
    for second in seconds {
        store.announce(&Changed::Keys, at(*second)).await.expect("ok");
    }
}

async fn after(store: &AnyStore, sequence: u64, limit: u32) -> Vec<u64> {
    let changes = store.changes_after(sequence, limit).await.expect("ok");
    changes.into_iter().map(|change| change.sequence).collect()
}

async fn since(store: &AnyStore, second: i64) -> Vec<u64> {
    let changes = store.changes_since(at(second)).await.expect("ok");
    assert!(changes.iter().all(|change| change.at >= START));
    changes.into_iter().map(|change| change.sequence).collect()
}
