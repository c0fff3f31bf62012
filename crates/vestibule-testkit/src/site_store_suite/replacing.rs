//! Contents that take the place of others.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::id::UserId;
use vestibule_site::{
    file::{Content, OverQuota, Quota, Usage},
    store::Replacement,
};

use super::{
    AnySiteStore, QUOTA, add_file, add_user, blob, dropped, file_id, new_file, seen, usage,
};
use crate::{samples::at, store_suite::race};

/// A content of one blob.
fn replacement(from: u64, number: u8, size: u64, by: UserId) -> Replacement {
    let content = Content { kind: "text/csv".to_owned(), blobs: vec![blob(number, size)] };
    Replacement { from, content, by }
}

pub async fn a_content_takes_the_place_of_the_one_that_was_read(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    let made = add_file(&store, &new_file(1, ann, 60), at(1)).await;
    let new = replacement(1, 50, 70, bob);
    let replaced = store.replace_content(made.id, &new, &QUOTA, at(2)).await.expect("ok");
    let file = replaced.expect("it fits").expect("version 1 is the present one");
    assert_eq!((file.version, file.size, &*file.kind), (2, 70, "text/csv"));
    assert_eq!((file.changed_by, file.changed_at), (bob, at(2)));
    assert_eq!((file.owner, &file.name, file.created_at), (ann, &made.name, at(1)));
    assert_eq!(file.digest, new.content.digest());
    let (seen, blobs) = store.content(made.id, ann).await.expect("ok").expect("it is there");
    assert_eq!((seen.file, blobs), (file, new.content.blobs));
    let mut dropped = dropped(&store).await;
    dropped.sort_unstable();
    assert_eq!(dropped, [1, 101]);
}

pub async fn a_content_whose_place_was_taken_changes_nothing(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let made = add_file(&store, &new_file(1, ann, 60), at(1)).await;
    for from in [0, 2] {
        let late = replacement(from, 50, 70, ann);
        let replaced = store.replace_content(made.id, &late, &QUOTA, at(2)).await.expect("ok");
        assert_eq!(replaced, Ok(None));
    }
    assert_eq!(seen(&store, 1, ann).await.expect("it is there").file, made);
    assert_eq!(usage(&store, ann).await, Usage { bytes: 60, files: 1 });
    assert!(dropped(&store).await.is_empty());
    assert!(store.known_blobs(&[blob(50, 1).key]).await.expect("ok").is_empty());
}

pub async fn of_twenty_who_replace_one_version_one_does(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    add_file(&store, &new_file(1, ann, 60), at(1)).await;
    let replaced = race(20, |number| {
        let store = store.clone();
        let number = u8::try_from(number).expect("a small number") + 50;
        async move {
            let new = replacement(1, number, u64::from(number), ann);
            let replaced = store.replace_content(file_id(1), &new, &QUOTA, at(2)).await;
            replaced.expect("the store works").expect("it fits")
        }
    })
    .await;
    let winners: Vec<_> = replaced.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let (seen, blobs) = store.content(file_id(1), ann).await.expect("ok").expect("it is there");
    assert_eq!(seen.file, winners[0]);
    assert_eq!(blobs.len(), 1);
    assert_eq!(usage(&store, ann).await, Usage { bytes: winners[0].size, files: 1 });
}

pub async fn a_replacement_beyond_the_quota_changes_nothing(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let made = add_file(&store, &new_file(1, ann, 60), at(1)).await;
    let quota = Quota { bytes: 100, files: 1 };
    let new = replacement(1, 50, 101, ann);
    let replaced = store.replace_content(made.id, &new, &quota, at(2)).await.expect("ok");
    assert_eq!(replaced, Err(OverQuota::Bytes { allowed: 100, left: 40 }));
    assert_eq!(seen(&store, 1, ann).await.expect("it is there").file, made);
    assert_eq!(usage(&store, ann).await, Usage { bytes: 60, files: 1 });
    let new = replacement(1, 50, 100, ann);
    let replaced = store.replace_content(made.id, &new, &quota, at(2)).await.expect("ok");
    assert!(replaced.expect("it fits").is_some());
}

pub async fn a_replacement_counts_on_its_owner(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 60), at(1)).await;
    let new = replacement(1, 50, 10, bob);
    store.replace_content(file_id(1), &new, &QUOTA, at(2)).await.expect("ok").expect("it fits");
    assert_eq!(usage(&store, ann).await, Usage { bytes: 10, files: 1 });
    assert_eq!(usage(&store, bob).await, Usage::default());
}
