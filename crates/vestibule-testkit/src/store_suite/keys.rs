//! The shared key ring.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    jws::Algorithm,
    ring::{KeyState, StoredKey},
    store::Changed,
};

use super::{AnyStore, feed, news, race};
use crate::samples::{START, at, stored_key};

pub async fn an_empty_ring_has_revision_zero(store: AnyStore) {
    assert_eq!(store.key_ring().await.expect("ok"), (0, Vec::new()));
}

pub async fn a_ring_is_read_as_it_was_written(store: AnyStore) {
    // In the order in which it was given, which is nobody's alphabet.
    let keys = [
        stored_key("zz", KeyState::Retired),
        StoredKey { algorithm: Algorithm::EdDSA, ..stored_key("b", KeyState::Retiring) },
        StoredKey {
            algorithm: Algorithm::HS256,
            sealed: vec![],
            ..stored_key("c", KeyState::Active)
        },
        StoredKey { created_at: at(-9), ..stored_key("a-_", KeyState::Next) },
    ];
    assert!(store.replace_key_ring(0, &keys, START).await.expect("ok"));
    assert_eq!(store.key_ring().await.expect("ok"), (1, keys.to_vec()));
}

pub async fn a_ring_is_replaced_only_from_its_revision(store: AnyStore) {
    let first = [stored_key("a", KeyState::Active), stored_key("b", KeyState::Next)];
    let second = [stored_key("b", KeyState::Active)];
    assert!(!store.replace_key_ring(1, &first, START).await.expect("ok"));
    assert!(!store.replace_key_ring(u64::MAX, &first, START).await.expect("ok"));
    assert!(store.replace_key_ring(0, &first, START).await.expect("ok"));
    assert!(!store.replace_key_ring(0, &second, START).await.expect("ok"));
    assert_eq!(store.key_ring().await.expect("ok"), (1, first.to_vec()));
    assert!(store.replace_key_ring(1, &second, at(5)).await.expect("ok"));
    assert_eq!(store.key_ring().await.expect("ok"), (2, second.to_vec()));
    assert_eq!(news(&store).await, [Changed::Keys, Changed::Keys]);
    assert_eq!(feed(&store).await.last().map(|change| change.at), Some(at(5)));
}

pub async fn of_ten_who_replace_a_ring_one_does(store: AnyStore) {
    let replaced = race(10, |number| {
        let store = store.clone();
        async move {
            let keys = [stored_key(&format!("key{number}"), KeyState::Active)];
            store.replace_key_ring(0, &keys, START).await.expect("ok").then_some(keys)
        }
    })
    .await;
    let replaced: Vec<_> = replaced.into_iter().flatten().flatten().collect();
    assert_eq!(replaced.len(), 1);
    assert_eq!(store.key_ring().await.expect("ok"), (1, replaced));
    assert_eq!(news(&store).await, [Changed::Keys]);
}
