//! What becomes of files when their owner goes.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    file::{ShareAccess, Usage},
    user::{NotChanged, UserChange, UserStatus},
};

use super::{
    AnySiteStore, add_file, add_user, begin, blob, dropped, file_id, new_file, new_upload, seen,
    set_status, upload_id, usage,
};
use crate::samples::at;

pub async fn a_deleted_account_takes_everything_with_it(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 10), at(1)).await;
    add_file(&store, &new_file(2, ann, 10), at(2)).await;
    add_file(&store, &new_file(3, bob, 10), at(3)).await;
    begin(&store, &new_upload(1, ann, 50)).await;
    store.append_blob(upload_id(1), 0, &blob(50, 20), at(4)).await.expect("ok");
    begin(&store, &new_upload(2, bob, 50)).await;
    store.share_file(file_id(1), bob, ShareAccess::Write).await.expect("ok");
    store.share_file(file_id(3), ann, ShareAccess::Read).await.expect("ok");

    set_status(&store, ann, UserStatus::Deleted).await;
    assert!(store.files_of(ann, None, 10).await.expect("ok").is_empty());
    assert!(store.files_shared_with(bob, None, 10).await.expect("ok").is_empty());
    for number in [1, 2] {
        assert!(seen(&store, number, bob).await.is_none());
    }
    assert!(store.upload(upload_id(1)).await.expect("ok").is_none());
    assert!(store.shares_of(&[file_id(3)]).await.expect("ok").is_empty());
    assert_eq!(usage(&store, ann).await, Usage::default());
    let mut dropped = dropped(&store).await;
    dropped.sort_unstable();
    assert_eq!(dropped, [1, 2, 50, 101, 102]);

    assert!(seen(&store, 3, bob).await.is_some(), "what is another's stays");
    assert!(store.upload(upload_id(2)).await.expect("ok").is_some());
    assert_eq!(usage(&store, bob).await, Usage { bytes: 60, files: 2 });
}

pub async fn an_account_that_must_stay_keeps_its_files(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    let runs_the_site = UserChange { is_super_user: Some(true), ..UserChange::default() };
    store.change_user(ann, &runs_the_site, at(1)).await.expect("ok");
    for owner in [ann, bob] {
        let number = u8::try_from(owner.0).expect("small");
        add_file(&store, &new_file(number, owner, 10), at(2)).await;
        begin(&store, &new_upload(number, owner, 50)).await;
    }
    let deletion =
        UserChange { status: Some(UserStatus::Deleted), guarded: true, ..UserChange::default() };
    let refused = store.change_user(ann, &deletion, at(3)).await.expect("ok").expect("there");
    assert_eq!(refused.expect_err("nobody else runs the site"), NotChanged::LastSuperUser);
    assert_eq!(usage(&store, ann).await, Usage { bytes: 60, files: 2 });
    assert!(dropped(&store).await.is_empty());

    store.change_user(bob, &deletion, at(4)).await.expect("ok").expect("there").expect("may go");
    assert_eq!(usage(&store, bob).await, Usage::default());
    let mut dropped = dropped(&store).await;
    dropped.sort_unstable();
    assert_eq!(dropped, [2, 102]);
    assert_eq!(store.files_of(ann, None, 10).await.expect("ok").len(), 1);
}

pub async fn a_suspended_account_keeps_its_files(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 10), at(1)).await;
    store.share_file(file_id(1), bob, ShareAccess::Read).await.expect("ok");
    begin(&store, &new_upload(1, ann, 50)).await;
    set_status(&store, ann, UserStatus::Suspended).await;
    assert_eq!(store.files_shared_with(bob, None, 10).await.expect("ok").len(), 1);
    set_status(&store, ann, UserStatus::Active).await;
    assert_eq!(store.files_of(ann, None, 10).await.expect("ok").len(), 1);
    assert!(store.upload(upload_id(1)).await.expect("ok").is_some());
    assert_eq!(usage(&store, ann).await, Usage { bytes: 60, files: 2 });
    assert!(dropped(&store).await.is_empty());
}
