//! Blobs that are to be removed.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use std::collections::BTreeSet;

use super::{
    AnySiteStore, add_file, add_user, begin, blob, dropped, file_id, new_file, new_upload,
    upload_id,
};
use crate::samples::at;

pub async fn dropped_blobs_come_in_the_order_in_which_they_were_dropped(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    for (number, second) in [(3, 10), (1, 20), (2, 30)] {
        add_file(&store, &new_file(number, ann, 10), at(1)).await;
        store.delete_file(file_id(number), None, at(second)).await.expect("ok");
    }
    let dropped = async |before, limit| {
        let keys = store.dropped_blobs(at(before), limit).await.expect("ok");
        keys.iter().map(|key| key.as_bytes()[0] % 100).collect::<Vec<_>>()
    };
    assert_eq!(dropped(10, 10).await, [0; 0]);
    assert_eq!(dropped(11, 10).await, [3, 3]);
    assert_eq!(dropped(100, 4).await, [3, 3, 1, 1]);
    assert_eq!(dropped(100, 10).await, [3, 3, 1, 1, 2, 2]);
}

pub async fn only_dropped_blobs_are_forgotten(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    add_file(&store, &new_file(1, ann, 10), at(1)).await;
    add_file(&store, &new_file(2, ann, 10), at(1)).await;
    store.delete_file(file_id(2), None, at(2)).await.expect("ok");
    let keys = [1, 2, 101].map(|number| blob(number, 1).key);
    store.forget_blobs(&keys).await.expect("ok");
    assert_eq!(dropped(&store).await, [102]);
    let (_, blobs) = store.content(file_id(1), ann).await.expect("ok").expect("it is there");
    assert_eq!(blobs.len(), 2);
}

pub async fn known_blobs_are_those_with_a_row(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    add_file(&store, &new_file(1, ann, 10), at(1)).await;
    add_file(&store, &new_file(2, ann, 10), at(1)).await;
    store.delete_file(file_id(2), None, at(2)).await.expect("ok");
    begin(&store, &new_upload(1, ann, 10)).await;
    store.append_blob(upload_id(1), 0, &blob(50, 5), at(2)).await.expect("ok");
    let keys = [1, 2, 3, 50, 51, 101].map(|number| blob(number, 1).key);
    let known = store.known_blobs(&keys).await.expect("ok");
    let expected = [1, 2, 50, 101].map(|number| blob(number, 1).key);
    assert_eq!(known.len(), 4);
    assert_eq!(known.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(expected));
    let held = [1, 50].map(|number| blob(number, 1).key);
    store.forget_blobs(&held).await.expect("ok");
    assert_eq!(store.known_blobs(&held).await.expect("ok").len(), 2);
}

pub async fn a_catalogue_knows_whether_it_knows_any_blob(store: AnySiteStore) {
    assert!(!store.has_blobs().await.expect("ok"));
    let ann = add_user(&store, "ann").await;
    begin(&store, &new_upload(1, ann, 10)).await;
    assert!(!store.has_blobs().await.expect("ok"));
    store.append_blob(upload_id(1), 0, &blob(50, 5), at(2)).await.expect("ok");
    assert!(store.has_blobs().await.expect("ok"));
    store.abandon_upload(upload_id(1), at(3)).await.expect("ok");
    assert!(store.has_blobs().await.expect("ok"), "it is only dropped");
    store.forget_blobs(&[blob(50, 5).key]).await.expect("ok");
    assert!(!store.has_blobs().await.expect("ok"));
}

pub async fn a_stray_is_marked_once(store: AnySiteStore) {
    let [a, b, c] = [1, 2, 3].map(|number| blob(number, 1).key);
    let mark = async |keys: &[_], second| {
        let marked = store.mark_strays(keys, at(second)).await.expect("ok");
        marked.into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(mark(&[], 1).await, BTreeSet::new());
    assert_eq!(mark(&[a, b], 10).await, BTreeSet::from([(a, at(10)), (b, at(10))]));
    assert_eq!(mark(&[b, c], 20).await, BTreeSet::from([(b, at(10)), (c, at(20))]));
    store.forget_strays(&[a, b]).await.expect("ok");
    store.forget_strays(&[a]).await.expect("ok");
    let all = BTreeSet::from([(a, at(30)), (b, at(30)), (c, at(20))]);
    assert_eq!(mark(&[a, b, c], 30).await, all);
    assert!(store.known_blobs(&[a, b, c]).await.expect("ok").is_empty(), "a mark makes none known");
}
