//! Lists of files.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::id::UserId;
use vestibule_site::{file::ShareAccess, store::SeenFile};

use super::{AnySiteStore, add_file, add_user, file_id, new_file};
use crate::samples::at;

/// When each of these files was made; some at one moment.
const MADE: [(u8, i64); 5] = [(1, 30), (2, 10), (3, 20), (4, 20), (5, 40)];
/// The latest first.
const ORDER: [u8; 5] = [5, 1, 4, 3, 2];

/// Two people of which the first has shared all her files with the second.
async fn shared(store: &AnySiteStore) -> (UserId, UserId) {
    let ann = add_user(store, "ann").await;
    let bob = add_user(store, "bob").await;
    for (number, second) in MADE {
        add_file(store, &new_file(number, ann, 1), at(second)).await;
        let access = if number == 1 { ShareAccess::Write } else { ShareAccess::Read };
        store.share_file(file_id(number), bob, access).await.expect("ok");
    }
    add_file(store, &new_file(9, bob, 1), at(25)).await;
    (ann, bob)
}

fn numbers(files: &[SeenFile]) -> Vec<u8> {
    files.iter().map(|seen| seen.file.id.as_bytes()[0]).collect()
}

pub async fn own_files_come_latest_first(store: AnySiteStore) {
    let (ann, bob) = shared(&store).await;
    let files = store.files_of(ann, None, 10).await.expect("ok");
    assert_eq!(numbers(&files), ORDER);
    assert!(files.iter().all(|seen| seen.owner_name == "ann" && seen.share.is_none()));
    assert_eq!(numbers(&store.files_of(bob, None, 10).await.expect("ok")), [9]);
    assert_eq!(files[1], store.file(file_id(1), ann).await.expect("ok").expect("it is there"));
}

pub async fn shared_files_come_latest_first(store: AnySiteStore) {
    let (ann, bob) = shared(&store).await;
    let files = store.files_shared_with(bob, None, 10).await.expect("ok");
    assert_eq!(numbers(&files), ORDER);
    assert_eq!(files[1], store.file(file_id(1), bob).await.expect("ok").expect("it is there"));
    assert_eq!(files[1].share, Some(ShareAccess::Write));
    assert!(files.iter().all(|seen| seen.owner_name == "ann"));
    assert!(store.files_shared_with(ann, None, 10).await.expect("ok").is_empty());
}

pub async fn a_list_goes_on_behind_a_place(store: AnySiteStore) {
    let (ann, bob) = shared(&store).await;
    let (mut own, mut foreign) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let after = own.last().map(SeenFile::place);
        own.extend(store.files_of(ann, after, 2).await.expect("ok"));
        let after = foreign.last().map(SeenFile::place);
        foreign.extend(store.files_shared_with(bob, after, 2).await.expect("ok"));
    }
    assert_eq!(numbers(&own), ORDER);
    assert_eq!(numbers(&foreign), ORDER);
    let last = own.last().map(SeenFile::place);
    assert!(store.files_of(ann, last, 2).await.expect("ok").is_empty());
}
