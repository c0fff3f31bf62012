//! What becomes of files when their owner goes.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    id::UserId,
    user::{NotChanged, UserChange, UserStatus},
};
use vestibule_site::{
    file::{ShareAccess, Usage},
    store::Replacement,
};

use super::{
    AnySiteStore, QUOTA, add_file, add_user, begin, blob, dropped, file_id, new_file, new_upload,
    seen, set_status, upload_id, usage,
};
use crate::samples::{at, password_hash};

pub async fn what_belongs_to_a_deleted_account_is_there_for_nobody(store: AnySiteStore) {
    let Pair { ann, bob } = pair(&store).await;
    set_status(&store, ann, UserStatus::Deleted).await;
    assert!(store.files_shared_with(bob, None, 10).await.expect("ok").is_empty());
    assert!(store.files_of(ann, None, 10).await.expect("ok").is_empty());
    for reader in [ann, bob] {
        for number in [1, 2] {
            assert!(seen(&store, number, reader).await.is_none());
            assert!(store.content(file_id(number), reader).await.expect("ok").is_none());
        }
    }
    // Whoever had it open writes nothing into it any more.
    let replacement = Replacement { from: 1, content: new_file(9, bob, 5).content, by: bob };
    let replaced = store.replace_content(file_id(1), &replacement, &QUOTA, at(5)).await;
    assert_eq!(replaced.expect("ok"), Ok(None));
    assert!(store.shares_of(&[file_id(3)]).await.expect("ok").is_empty(), "nor is it shared with");
    assert!(seen(&store, 3, bob).await.is_some(), "what is another's stays");
    assert!(dropped(&store).await.is_empty(), "nothing is lost yet");
    assert_eq!(usage(&store, ann).await, Usage { bytes: 70, files: 3 });
}

pub async fn an_account_that_comes_back_has_what_it_had(store: AnySiteStore) {
    let Pair { ann, bob } = pair(&store).await;
    set_status(&store, ann, UserStatus::Deleted).await;
    set_status(&store, ann, UserStatus::Active).await;
    assert_eq!(store.files_of(ann, None, 10).await.expect("ok").len(), 2);
    let shared = seen(&store, 1, bob).await.expect("it is shared again");
    assert_eq!(shared.share, Some(ShareAccess::Write));
    assert!(store.content(file_id(1), bob).await.expect("ok").is_some());
    let shares = store.shares_of(&[file_id(3)]).await.expect("ok");
    assert_eq!(shares.iter().map(|share| share.user).collect::<Vec<_>>(), [ann]);
    assert!(store.upload(upload_id(1)).await.expect("ok").is_some());
    assert_eq!(usage(&store, ann).await, Usage { bytes: 70, files: 3 });
    assert_eq!(store.erase_deleted(at(70), 10, at(70)).await.expect("ok"), []);
    assert!(dropped(&store).await.is_empty());
}

pub async fn an_erased_account_takes_everything_with_it(store: AnySiteStore) {
    let Pair { ann, bob } = pair(&store).await;
    set_status(&store, ann, UserStatus::Deleted).await;
    let erased = store.erase_deleted(at(70), 10, at(70)).await;
    assert_eq!(erased.expect("ok"), [ann]);
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

pub async fn what_was_erased_does_not_come_back(store: AnySiteStore) {
    let Pair { ann, .. } = pair(&store).await;
    let gone = set_status(&store, ann, UserStatus::Deleted).await;
    let since = gone.deletion.expect("it is deleted").at;
    assert_eq!(store.erase_deleted(at(70), 10, since).await.expect("ok"), [ann]);
    // Within the grace, and whether whoever asks knows what they do or not.
    for guarded in [true, false] {
        for change in [
            UserChange { status: Some(UserStatus::Active), ..UserChange::default() },
            UserChange { password_hash: Some(password_hash(2)), ..UserChange::default() },
        ] {
            let change = UserChange { guarded, ..change };
            let outcome = store.change_user(ann, &change, since).await.expect("ok");
            assert_eq!(outcome.expect("the row is there"), Err(NotChanged::Deleted));
        }
    }
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
    assert!(store.files_of(bob, None, 10).await.expect("ok").is_empty());
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

struct Pair {
    ann: UserId,
    bob: UserId,
}

/// Two people: ann with two files and an upload, one of the files shared with bob; and bob with one of each, the
/// file shared with ann.
async fn pair(store: &AnySiteStore) -> Pair {
    let ann = add_user(store, "ann").await;
    let bob = add_user(store, "bob").await;
    add_file(store, &new_file(1, ann, 10), at(1)).await;
    add_file(store, &new_file(2, ann, 10), at(2)).await;
    add_file(store, &new_file(3, bob, 10), at(3)).await;
    begin(store, &new_upload(1, ann, 50)).await;
    store.append_blob(upload_id(1), 0, &blob(50, 20), at(4)).await.expect("ok");
    begin(store, &new_upload(2, bob, 50)).await;
    store.share_file(file_id(1), bob, ShareAccess::Write).await.expect("ok");
    store.share_file(file_id(3), ann, ShareAccess::Read).await.expect("ok");
    Pair { ann, bob }
}
