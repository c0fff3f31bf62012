//! Files that are made and deleted.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{id::UserId, user::UserStatus};
use vestibule_site::{
    file::{Content, NewFile, OverQuota, Quota, ShareAccess, Usage},
    store::{NotKept, Replacement, Shared},
};

use super::{
    AnySiteStore, QUOTA, add_file, add_user, blob, dropped, file_id, new_file, new_upload, seen,
    set_status, upload_id, usage,
};
use crate::{samples::at, store_suite::race};

pub async fn a_file_is_read_as_it_was_made(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    let new = new_file(1, ann, 33);
    let made = add_file(&store, &new, at(7)).await;
    assert_eq!((made.id, made.owner, &made.name), (new.id, ann, &new.name));
    assert_eq!((&*made.kind, made.size, made.version), ("text/plain", 33, 1));
    assert_eq!(made.digest, new.content.digest());
    assert_eq!((made.changed_by, made.created_at, made.changed_at), (ann, at(7), at(7)));
    for reader in [ann, bob] {
        let seen = seen(&store, 1, reader).await.expect("it is there");
        assert_eq!((&seen.file, &*seen.owner_name, seen.share), (&made, "ann", None));
        let content = store.content(new.id, reader).await.expect("ok").expect("it is there");
        assert_eq!(content, (seen, new.content.blobs.clone()));
    }
    assert_eq!(usage(&store, ann).await, Usage { bytes: 33, files: 1 });
    assert_eq!(usage(&store, bob).await, Usage::default());
}

pub async fn an_empty_file_is_a_file(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let content = Content { kind: "text/plain".to_owned(), blobs: Vec::new() };
    let new = NewFile { content, ..new_file(1, ann, 0) };
    let made = add_file(&store, &new, at(7)).await;
    assert_eq!(made.size, 0);
    let (seen, blobs) = store.content(made.id, ann).await.expect("ok").expect("it is there");
    assert_eq!((seen.file, blobs.len()), (made, 0));
}

pub async fn what_is_not_there_is_no_error_either(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let (file, upload) = (file_id(9), upload_id(9));
    assert!(store.file(file, ann).await.expect("ok").is_none());
    assert!(store.content(file, ann).await.expect("ok").is_none());
    assert!(store.files_of(ann, None, 10).await.expect("ok").is_empty());
    assert!(store.files_shared_with(ann, None, 10).await.expect("ok").is_empty());
    assert!(!store.delete_file(file, None, at(1)).await.expect("ok"));
    assert_eq!(store.share_file(file, ann, ShareAccess::Read).await.expect("ok"), Shared::Nobody);
    assert!(!store.unshare_file(file, ann).await.expect("ok"));
    assert!(store.shares_of(&[file]).await.expect("ok").is_empty());
    assert!(store.shares_of(&[]).await.expect("ok").is_empty());
    let content = new_file(9, ann, 1).content;
    let replacement = Replacement { from: 1, content, by: ann };
    let replaced = store.replace_content(file, &replacement, &QUOTA, at(1)).await.expect("ok");
    assert_eq!(replaced, Ok(None));
    assert!(store.upload(upload).await.expect("ok").is_none());
    assert!(!store.append_blob(upload, 0, &blob(9, 1), at(1)).await.expect("ok"));
    assert!(store.finish_upload(upload, file, "text/plain", at(1)).await.expect("ok").is_none());
    assert!(!store.abandon_upload(upload, at(1)).await.expect("ok"));
    assert_eq!(store.expire_uploads(at(1), at(1)).await.expect("ok"), 0);
    assert!(store.dropped_blobs(at(1), 10).await.expect("ok").is_empty());
    store.forget_blobs(&[blob(9, 1).key]).await.expect("ok");
    store.forget_blobs(&[]).await.expect("ok");
    assert!(store.known_blobs(&[blob(9, 1).key]).await.expect("ok").is_empty());
    assert!(store.known_blobs(&[]).await.expect("ok").is_empty());
    assert_eq!(usage(&store, UserId(404)).await, Usage::default());
}

pub async fn a_file_beyond_the_quota_is_not_made(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    let quota = Quota { bytes: 100, files: 2 };
    let make = async |new: &NewFile| store.create_file(new, &quota, at(1)).await.expect("ok");
    make(&new_file(1, ann, 60)).await.expect("it fits");
    let over = make(&new_file(2, ann, 41)).await;
    assert_eq!(over, Err(OverQuota::Bytes { allowed: 100, left: 40 }.into()));
    assert!(seen(&store, 2, ann).await.is_none());
    assert_eq!(usage(&store, ann).await, Usage { bytes: 60, files: 1 });
    make(&new_file(2, ann, 40)).await.expect("it fits");
    let over = make(&new_file(3, ann, 0)).await;
    assert_eq!(over, Err(OverQuota::Files { allowed: 2 }.into()));
    make(&new_file(4, bob, 100)).await.expect("everybody has a quota of their own");
    assert!(dropped(&store).await.is_empty());
}

pub async fn of_twenty_who_fill_a_quota_as_many_succeed_as_fit(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let quota = Quota { bytes: 70, files: 100 };
    let made = race(20, |number| {
        let store = store.clone();
        let number = u8::try_from(number).expect("a small number");
        async move {
            let new = new_file(number, ann, 10);
            store.create_file(&new, &quota, at(1)).await.expect("the store works").is_ok()
        }
    })
    .await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 7);
    assert_eq!(usage(&store, ann).await, Usage { bytes: 70, files: 7 });
    assert_eq!(store.files_of(ann, None, 100).await.expect("ok").len(), 7);
}

pub async fn nobodys_files_are_not_kept(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    set_status(&store, ann, UserStatus::Deleted).await;
    for owner in [ann, UserId(404)] {
        let made = store.create_file(&new_file(1, owner, 1), &QUOTA, at(1)).await.expect("ok");
        assert_eq!(made, Err(NotKept::NoOwner));
        let begun = store.begin_upload(&new_upload(1, owner, 1), &QUOTA).await.expect("ok");
        assert_eq!(begun, Err(NotKept::NoOwner));
    }
    assert!(seen(&store, 1, ann).await.is_none());
    assert!(store.upload(upload_id(1)).await.expect("ok").is_none());
    assert_eq!(usage(&store, ann).await, Usage::default());
}

pub async fn deleting_gives_back_what_it_took(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    add_file(&store, &new_file(1, ann, 60), at(1)).await;
    add_file(&store, &new_file(2, ann, 30), at(2)).await;
    assert!(store.delete_file(file_id(1), None, at(3)).await.expect("ok"));
    assert!(!store.delete_file(file_id(1), None, at(3)).await.expect("ok"), "once only");
    assert!(seen(&store, 1, ann).await.is_none());
    assert!(store.content(file_id(1), ann).await.expect("ok").is_none());
    assert_eq!(usage(&store, ann).await, Usage { bytes: 30, files: 1 });
    let mut dropped = dropped(&store).await;
    dropped.sort_unstable();
    assert_eq!(dropped, [1, 101]);
}

pub async fn deleting_may_ask_for_a_version(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    add_file(&store, &new_file(1, ann, 60), at(1)).await;
    assert!(!store.delete_file(file_id(1), Some(2), at(3)).await.expect("ok"));
    assert!(seen(&store, 1, ann).await.is_some());
    assert!(store.delete_file(file_id(1), Some(1), at(3)).await.expect("ok"));
    assert!(seen(&store, 1, ann).await.is_none());
}
