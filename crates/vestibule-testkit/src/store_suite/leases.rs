//! Leases.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use super::{AnyStore, race};
use crate::samples::at;

pub async fn a_lease_has_one_holder(store: AnyStore) {
    assert!(take(&store, "purge", "a", 0).await);
    assert!(!take(&store, "purge", "b", 1).await);
    assert!(take(&store, "purge", "a", 2).await, "the holder keeps it");
    assert!(take(&store, "keys", "b", 1).await, "another lease is another's");
    assert!(
        !take(&store, "purge", "b", 11).await,
        "kept until ten seconds after the second taking"
    );
}

pub async fn a_lease_that_ran_out_passes_on(store: AnyStore) {
    assert!(take(&store, "purge", "a", 0).await);
    assert!(!take(&store, "purge", "b", 9).await);
    assert!(take(&store, "purge", "b", 10).await);
    assert!(!take(&store, "purge", "a", 11).await);
}

pub async fn a_lease_that_was_given_back_passes_on(store: AnyStore) {
    assert!(take(&store, "purge", "a", 0).await);
    store.release_lease("purge", "a").await.expect("ok");
    store.release_lease("purge", "a").await.expect("giving back twice does no harm");
    assert!(take(&store, "purge", "b", 1).await);
}

pub async fn only_the_holder_gives_a_lease_back(store: AnyStore) {
    assert!(take(&store, "purge", "a", 0).await);
    store.release_lease("purge", "b").await.expect("ok");
    store.release_lease("nothing", "a").await.expect("ok");
    assert!(!take(&store, "purge", "b", 1).await);
}

pub async fn of_twenty_who_want_a_lease_one_gets_it(store: AnyStore) {
    for round in 0..3 {
        let got = race(20, |number| {
            let store = store.clone();
            async move { take(&store, "purge", &format!("node {round} {number}"), round * 10).await }
        })
        .await;
        assert_eq!(got.into_iter().filter(|got| *got).count(), 1);
    }
}

/// For ten seconds.
async fn take(store: &AnyStore, name: &str, holder: &str, now: i64) -> bool {
    store.take_lease(name, holder, at(now), at(now + 10)).await.expect("the store works")
}
