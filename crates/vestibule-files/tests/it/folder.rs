//! What only a folder has.

use std::{fs, os::unix::fs::PermissionsExt as _};

use futures_util::TryStreamExt as _;
use vestibule_core::time::Timestamp;
use vestibule_files::{Blobs, OpenError};
use vestibule_site::file::BlobKey;

use crate::suite::{folder, keep, sample};

#[tokio::test]
async fn only_its_owner_enters_it() {
    let (blobs, folder) = folder();
    keep(&blobs, &sample(1), 1).await;
    let mode = fs::metadata(folder.path().join("files")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let (_, folder) = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = Blobs::in_folder(&file.join("below")).unwrap_err();
    assert!(matches!(refused, OpenError::Folder { .. }), "{refused}");
    assert!(refused.to_string().contains("file/below"), "{refused}");
}

#[tokio::test]
async fn drafts_of_a_crash_are_removed_and_nothing_else_is() {
    let (blobs, folder) = folder();
    let content = keep(&blobs, &sample(10), 1).await;
    let key = content.blobs.first().unwrap().key;
    let name = key.to_string();
    let group = folder.path().join("files/blobs").join(&name[..2]);
    let drafts = [group.join(format!("{name}#1")), group.join(format!("{name}#22"))];
    let others = [group.join("notes.txt"), group.join("notes#1"), group.join(format!("{name}#x"))];
    for path in drafts.iter().chain(&others) {
        fs::write(path, "half").unwrap();
    }
    let listed: Vec<_> = blobs.list().try_collect().await.unwrap();
    assert_eq!(listed.iter().map(|found| found.key).collect::<Vec<BlobKey>>(), [key]);

    let (past, future) = (Timestamp::from_seconds(1), Timestamp::from_seconds(1 << 40));
    assert_eq!(blobs.remove_drafts(past).await.unwrap(), 0);
    assert!(drafts.iter().all(|draft| draft.exists()));
    assert_eq!(blobs.remove_drafts(future).await.unwrap(), 2);
    assert!(drafts.iter().all(|draft| !draft.exists()));
    assert!(others.iter().all(|other| other.exists()));
    assert_eq!(blobs.list().try_collect::<Vec<_>>().await.unwrap().len(), 1);
}
