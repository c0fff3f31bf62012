//! What a site keeps once.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use super::{AnyStore, race};

pub async fn a_value_is_kept_under_its_name(store: AnyStore) {
    assert_eq!(store.site_value("a").await.expect("ok"), None);
    assert!(store.replace_site_value("a", None, b"one").await.expect("ok"));
    assert!(store.replace_site_value("b", None, b"").await.expect("ok"));
    assert_eq!(store.site_value("a").await.expect("ok").as_deref(), Some(&b"one"[..]));
    assert_eq!(store.site_value("b").await.expect("ok").as_deref(), Some(&b""[..]));
    assert_eq!(store.site_value("A").await.expect("ok"), None);
}

pub async fn a_value_is_replaced_only_where_it_still_stands(store: AnyStore) {
    assert!(!store.replace_site_value("a", Some(b"one"), b"two").await.expect("ok"));
    assert!(store.replace_site_value("a", None, b"one").await.expect("ok"));
    assert!(!store.replace_site_value("a", None, b"two").await.expect("ok"));
    assert!(!store.replace_site_value("a", Some(b"three"), b"two").await.expect("ok"));
    assert!(store.replace_site_value("a", Some(b"one"), b"two").await.expect("ok"));
    assert_eq!(store.site_value("a").await.expect("ok").as_deref(), Some(&b"two"[..]));
}

pub async fn of_twenty_who_keep_a_first_value_one_does(store: AnyStore) {
    let kept = race(20, |number| {
        let store = store.clone();
        async move {
            let value = number.to_be_bytes();
            store.replace_site_value("a", None, &value).await.expect("ok").then_some(value)
        }
    })
    .await;
    let kept: Vec<_> = kept.into_iter().flatten().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(store.site_value("a").await.expect("ok").as_deref(), Some(&kept[0][..]));
}
