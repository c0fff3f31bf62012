//! Uploads that come in pieces.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::id::UserId;
use vestibule_site::file::{OverQuota, Quota, Upload, Usage, digest_of};

use super::{
    AnySiteStore, add_file, add_user, begin, blob, dropped, file_id, new_file, new_upload, seen,
    upload_id, usage,
};
use crate::{samples::at, store_suite::race};

async fn append(store: &AnySiteStore, offset: u64, number: u8, size: u64) -> bool {
    let blob = blob(number, size);
    store.append_blob(upload_id(1), offset, &blob, at(9)).await.expect("the store works")
}

async fn read(store: &AnySiteStore) -> Upload {
    store.upload(upload_id(1)).await.expect("the store works").expect("it is there")
}

pub async fn an_upload_is_read_as_it_was_begun(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let upload = new_upload(1, ann, 100);
    begin(&store, &upload).await;
    assert_eq!(read(&store).await, upload);
    assert!(store.upload(upload_id(2)).await.expect("ok").is_none());
}

pub async fn an_upload_grows_and_becomes_a_file(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    begin(&store, &new_upload(1, ann, 100)).await;
    assert!(append(&store, 0, 1, 40).await);
    assert!(append(&store, 40, 2, 50).await);
    let upload = read(&store).await;
    assert_eq!(upload.blobs, [blob(1, 40), blob(2, 50)]);
    assert_eq!((upload.created_at, upload.touched_at), (at(5), at(9)));
    assert!(append(&store, 90, 3, 10).await);
    let made = store.finish_upload(upload_id(1), file_id(7), "text/csv", at(11)).await;
    let made = made.expect("ok").expect("everything has arrived");
    let blobs = [blob(1, 40), blob(2, 50), blob(3, 10)];
    assert_eq!((made.id, made.owner, made.size, made.version), (file_id(7), ann, 100, 1));
    assert_eq!((&*made.kind, made.name.as_str()), ("text/csv", "Brücke.gpx"));
    assert_eq!(made.digest, digest_of(&blobs));
    assert_eq!((made.changed_by, made.created_at, made.changed_at), (ann, at(11), at(11)));
    let (seen, read) = store.content(file_id(7), ann).await.expect("ok").expect("it is there");
    assert_eq!((seen.file, &*read), (made, &blobs[..]));
    assert!(store.upload(upload_id(1)).await.expect("ok").is_none());
    assert_eq!(usage(&store, ann).await, Usage { bytes: 100, files: 1 });
    assert!(dropped(&store).await.is_empty());
}

pub async fn a_blob_that_does_not_follow_is_not_added(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    begin(&store, &new_upload(1, ann, 100)).await;
    assert!(!append(&store, 1, 1, 10).await, "a gap");
    assert!(!append(&store, 0, 1, 101).await, "more than the size");
    assert!(append(&store, 0, 1, 60).await);
    assert!(!append(&store, 0, 2, 60).await, "once more");
    assert!(!append(&store, 60, 2, 41).await, "more than the rest");
    assert!(!append(&store, u64::MAX, 2, 1).await);
    assert_eq!(read(&store).await.blobs, [blob(1, 60)]);
    assert!(store.known_blobs(&[blob(2, 1).key]).await.expect("ok").is_empty());
}

pub async fn of_twenty_who_add_at_one_place_one_does(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    begin(&store, &new_upload(1, ann, 100)).await;
    let added = race(20, |number| {
        let store = store.clone();
        let number = u8::try_from(number).expect("a small number");
        async move { append(&store, 0, number, 10 + u64::from(number)).await }
    })
    .await;
    assert_eq!(added.into_iter().filter(|added| *added).count(), 1);
    assert_eq!(read(&store).await.blobs.len(), 1);
}

pub async fn only_a_whole_upload_becomes_a_file(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    begin(&store, &new_upload(1, ann, 100)).await;
    append(&store, 0, 1, 99).await;
    let early = store.finish_upload(upload_id(1), file_id(7), "text/csv", at(11)).await;
    assert!(early.expect("ok").is_none());
    assert!(seen(&store, 7, ann).await.is_none());
    append(&store, 99, 2, 1).await;
    let finished = race(5, |number| {
        let store = store.clone();
        let file = file_id(10 + u8::try_from(number).expect("a small number"));
        async move {
            let made = store.finish_upload(upload_id(1), file, "text/csv", at(11)).await;
            made.expect("the store works").is_some()
        }
    })
    .await;
    assert_eq!(finished.into_iter().filter(|finished| *finished).count(), 1);
    assert_eq!(store.files_of(ann, None, 10).await.expect("ok").len(), 1);
    assert_eq!(usage(&store, ann).await, Usage { bytes: 100, files: 1 });
}

pub async fn an_upload_counts_from_its_beginning(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let quota = Quota { bytes: 100, files: 2 };
    let begin = async |number, size| {
        store.begin_upload(&new_upload(number, ann, size), &quota).await.expect("ok")
    };
    assert_eq!(begin(1, 60).await, Ok(()));
    assert_eq!(usage(&store, ann).await, Usage { bytes: 60, files: 1 });
    assert_eq!(begin(2, 41).await, Err(OverQuota::Bytes { allowed: 100, left: 40 }.into()));
    let made = store.create_file(&new_file(3, ann, 41), &quota, at(1)).await.expect("ok");
    assert_eq!(made, Err(OverQuota::Bytes { allowed: 100, left: 40 }.into()));
    assert_eq!(begin(2, 0).await, Ok(()));
    assert_eq!(begin(3, 0).await, Err(OverQuota::Files { allowed: 2 }.into()));
}

pub async fn an_upload_that_is_given_up_gives_back_what_it_took(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    add_file(&store, &new_file(7, ann, 10), at(1)).await;
    begin(&store, &new_upload(1, ann, 100)).await;
    append(&store, 0, 1, 40).await;
    assert!(store.abandon_upload(upload_id(1), at(10)).await.expect("ok"));
    assert!(!store.abandon_upload(upload_id(1), at(10)).await.expect("ok"), "once only");
    assert!(store.upload(upload_id(1)).await.expect("ok").is_none());
    assert_eq!(usage(&store, ann).await, Usage { bytes: 10, files: 1 });
    assert_eq!(dropped(&store).await, [1]);
    assert!(!append(&store, 40, 2, 1).await);
}

pub async fn uploads_that_wait_for_too_long_are_given_up(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    for (number, touched) in [(1, 5), (2, 6), (3, 7)] {
        let upload = Upload { touched_at: at(touched), ..new_upload(number, ann, 10) };
        begin(&store, &upload).await;
    }
    // What arrives makes it younger.
    assert!(append(&store, 0, 1, 5).await);
    assert_eq!(store.expire_uploads(at(7), at(20)).await.expect("ok"), 1);
    let is_there = async |number| store.upload(upload_id(number)).await.expect("ok").is_some();
    assert!(is_there(1).await && !is_there(2).await && is_there(3).await);
    assert_eq!(usage(&store, ann).await, Usage { bytes: 20, files: 2 });
    assert_eq!(store.expire_uploads(at(10), at(20)).await.expect("ok"), 2);
    assert_eq!(usage(&store, ann).await, Usage { bytes: 0, files: 0 });
    assert_eq!(dropped(&store).await, [1]);
    assert_eq!(usage(&store, UserId(404)).await, Usage::default());
}
