//! What every place for blobs does.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tempfile::TempDir;
use url::Url;
use vestibule_core::time::Timestamp;
use vestibule_files::{BlobError, Blobs, Intake, IntakeError};
use vestibule_site::{
    file::{Blob, BlobKey, Content, FileName, MAX_BLOB, PlaceNote, digest_of, sha256},
    id::PlaceId,
};
use vestibule_testkit::{SeededEntropy, bucket::Bucket};

/// Makes a test of each case for a folder and for a bucket.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        mod in_a_folder {
            $(
                #[tokio::test]
                async fn $case() {
                    let (blobs, _folder) = super::folder();
                    super::$case(blobs).await;
                }
            )+
        }

        mod in_a_bucket {
            $(
                #[tokio::test]
                async fn $case() {
                    let (blobs, _bucket) = super::bucket();
                    super::$case(blobs).await;
                }
            )+
        }
    };
}

cases!(
    a_content_is_read_as_it_was_taken_in,
    any_range_of_a_content_can_be_read,
    an_empty_content_has_no_blobs,
    what_is_larger_than_may_be_is_refused_and_leaves_nothing,
    an_intake_that_is_given_up_leaves_nothing,
    what_was_released_stays,
    what_is_removed_is_gone_and_removing_it_again_does_no_harm,
    what_is_missing_or_damaged_is_told_from_an_outage,
    a_listing_finds_every_blob,
    a_place_says_whose_it_is,
);

pub(crate) fn folder() -> (Blobs, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Blobs::in_folder(&folder.path().join("files")).unwrap(), folder)
}

pub(crate) fn bucket() -> (Blobs, Bucket) {
    let bucket = Bucket::start();
    (Blobs::in_bucket(&Url::parse(&bucket.url()).unwrap()).unwrap(), bucket)
}

/// Bytes of which no two pieces are alike.
pub(crate) fn sample(length: u64) -> Bytes {
    (0..length).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

pub(crate) async fn keep(blobs: &Blobs, bytes: &Bytes, seed: u64) -> Content {
    let entropy = SeededEntropy::new(seed);
    let mut intake = Intake::new(blobs, &entropy, u64::MAX);
    // As a network brings it: in pieces that fit to nothing.
    for piece in bytes.chunks(77_777) {
        intake.take(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    intake.finish(&FileName::parse("a.bin").unwrap()).await.unwrap()
}

async fn read(blobs: &Blobs, content: &Content, range: std::ops::Range<u64>) -> Vec<u8> {
    let pieces = blobs.read(content.blobs.clone(), range);
    pieces.map_ok(|piece| piece.to_vec()).try_concat().await.unwrap()
}

async fn keys(blobs: &Blobs) -> BTreeSet<BlobKey> {
    blobs.list().map_ok(|found| found.key).try_collect().await.unwrap()
}

/// Waits for what happens beside: at most five seconds.
async fn until_empty(blobs: &Blobs) {
    let look = async || keys(blobs).await.is_empty().then_some(());
    let empty = vestibule_testkit::wait::until_async(std::time::Duration::from_secs(5), look).await;
    assert!(empty.is_some(), "{:?} is left", keys(blobs).await);
}

async fn a_content_is_read_as_it_was_taken_in(blobs: Blobs) {
    let bytes = sample(2 * MAX_BLOB + 4321);
    let content = keep(&blobs, &bytes, 1).await;
    assert_eq!(content.size(), bytes.len() as u64);
    let sizes: Vec<_> = content.blobs.iter().map(|blob| blob.size).collect();
    assert_eq!(sizes, [MAX_BLOB, MAX_BLOB, 4321]);
    for (blob, piece) in content.blobs.iter().zip(bytes.chunks(MAX_BLOB as usize)) {
        assert_eq!(blob.digest, sha256(piece));
    }
    assert_eq!(content.digest(), digest_of(&content.blobs));
    assert_eq!(content.kind, "application/octet-stream");
    assert!(read(&blobs, &content, 0..u64::MAX).await == bytes);
}

async fn any_range_of_a_content_can_be_read(blobs: Blobs) {
    let bytes = sample(MAX_BLOB + 1_000_000);
    let content = keep(&blobs, &bytes, 1).await;
    let end = content.size();
    for range in [0..1, 0..end, MAX_BLOB - 1..MAX_BLOB + 1, 600_000..1_700_000, end - 1..end] {
        let expected = bytes.slice(range.start as usize..range.end as usize);
        assert!(read(&blobs, &content, range.clone()).await == expected, "{range:?}");
    }
    assert!(read(&blobs, &content, 5..5).await.is_empty());
}

async fn an_empty_content_has_no_blobs(blobs: Blobs) {
    let content = keep(&blobs, &Bytes::new(), 1).await;
    assert_eq!((content.size(), content.blobs.len()), (0, 0));
    assert!(read(&blobs, &content, 0..0).await.is_empty());
    assert!(keys(&blobs).await.is_empty());
}

async fn what_is_larger_than_may_be_is_refused_and_leaves_nothing(blobs: Blobs) {
    let entropy = SeededEntropy::new(1);
    let mut intake = Intake::new(&blobs, &entropy, MAX_BLOB + 10);
    assert_eq!(intake.take(sample(MAX_BLOB + 10)).await.unwrap().len(), 1);
    let refused = intake.take(sample(1)).await;
    assert!(matches!(refused, Err(IntakeError::TooLarge { limit }) if limit == MAX_BLOB + 10));
    assert!(intake.take(sample(1)).await.is_err(), "and stays refused");
    drop(intake);
    until_empty(&blobs).await;
}

async fn an_intake_that_is_given_up_leaves_nothing(blobs: Blobs) {
    let entropy = SeededEntropy::new(1);
    let mut intake = Intake::new(&blobs, &entropy, u64::MAX);
    intake.take(sample(2 * MAX_BLOB + 1)).await.unwrap();
    assert_eq!(keys(&blobs).await.len(), 2);
    drop(intake);
    until_empty(&blobs).await;
}

async fn what_was_released_stays(blobs: Blobs) {
    let entropy = SeededEntropy::new(1);
    let mut intake = Intake::new(&blobs, &entropy, u64::MAX);
    let first = intake.take(sample(MAX_BLOB + 1)).await.unwrap();
    intake.release();
    assert_eq!(intake.waiting(), 1);
    let rest = intake.flush().await.unwrap().unwrap();
    assert!(intake.flush().await.unwrap().is_none());
    assert_eq!(rest.size, 1);
    drop(intake);
    let only = BTreeSet::from([first.first().unwrap().key]);
    let look = async || (keys(&blobs).await == only).then_some(());
    let seen = vestibule_testkit::wait::until_async(std::time::Duration::from_secs(5), look).await;
    assert!(seen.is_some(), "{:?}", keys(&blobs).await);
}

async fn what_is_removed_is_gone_and_removing_it_again_does_no_harm(blobs: Blobs) {
    let content = keep(&blobs, &sample(10), 1).await;
    let other = keep(&blobs, &sample(20), 2).await;
    let key = content.blobs.first().unwrap().key;
    blobs.remove(key).await.unwrap();
    blobs.remove(key).await.unwrap();
    assert_eq!(keys(&blobs).await, BTreeSet::from([other.blobs.first().unwrap().key]));
    assert!(read(&blobs, &other, 0..20).await == sample(20));
}

async fn what_is_missing_or_damaged_is_told_from_an_outage(blobs: Blobs) {
    let content = keep(&blobs, &sample(10), 1).await;
    let first = content.blobs.first().unwrap();
    let longer = Blob { size: 11, ..*first };
    let missing = Blob { key: BlobKey::from_bytes([9; 16]), ..*first };
    for blob in [longer, missing] {
        let pieces: Vec<_> = blobs.read(vec![blob], 0..blob.size).collect().await;
        let failed = pieces.last().unwrap();
        assert!(matches!(failed, Err(BlobError::Missing(key)) if *key == blob.key), "{failed:?}");
    }
}

async fn a_listing_finds_every_blob(blobs: Blobs) {
    let mut expected = BTreeSet::new();
    for seed in 0..20 {
        let content = keep(&blobs, &sample(seed + 1), seed).await;
        expected.extend(content.blobs.iter().map(|blob| (blob.key, blob.size)));
    }
    let blobs = Arc::new(blobs);
    let found: Vec<_> = blobs.list().try_collect().await.unwrap();
    assert_eq!(found.len(), 20);
    assert_eq!(
        found.iter().map(|found| (found.key, found.size)).collect::<BTreeSet<_>>(),
        expected
    );
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = Timestamp::from_millis(now as i64);
    for found in found {
        assert!(now.since(found.written_at).as_secs() < 600, "{found:?}");
    }
}

async fn a_place_says_whose_it_is(blobs: Blobs) {
    assert_eq!(blobs.note().await.unwrap(), None);
    let note = |number| PlaceNote { id: PlaceId::from_bytes([number; 16]), position: None };
    assert!(blobs.write_first_note(&note(1)).await.unwrap());
    assert!(!blobs.write_first_note(&note(2)).await.unwrap());
    assert_eq!(blobs.note().await.unwrap(), Some(note(1)));
    blobs.write_note(&note(3)).await.unwrap();
    assert_eq!(blobs.note().await.unwrap(), Some(note(3)));
    assert!(keys(&blobs).await.is_empty(), "it is no blob");
}
