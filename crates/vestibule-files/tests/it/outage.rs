//! A place that cannot be used.

use std::fs;

use bytes::Bytes;
use futures_util::StreamExt as _;
use url::Url;
use vestibule_files::{BlobError, Blobs, Intake, IntakeError, OpenError};
use vestibule_site::file::BlobKey;
use vestibule_testkit::{SeededEntropy, bucket::Bucket};

use crate::suite::{bucket, folder, keep, sample};

fn is_outage<T>(outcome: &Result<T, BlobError>) -> bool {
    matches!(outcome, Err(BlobError::Unavailable(_)))
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_an_outage_and_works_again_when_it_is_back() {
    let (blobs, mut bucket) = bucket();
    let content = keep(&blobs, &sample(10), 1).await;
    let key = content.blobs.first().unwrap().key;
    bucket.take_down();
    assert!(is_outage(&blobs.put(BlobKey::from_bytes([1; 16]), Bytes::from("a")).await));
    assert!(is_outage(&blobs.remove(key).await));
    let mut pieces = std::pin::pin!(blobs.read(content.blobs.clone(), 0..10));
    assert!(is_outage(&pieces.next().await.unwrap()));
    let mut listing = std::pin::pin!(blobs.list());
    assert!(is_outage(&listing.next().await.unwrap()));
    let entropy = SeededEntropy::new(2);
    let mut intake = Intake::new(&blobs, &entropy, u64::MAX);
    let refused = intake.take(sample(vestibule_site::file::MAX_BLOB)).await;
    assert!(matches!(refused, Err(IntakeError::Blob(BlobError::Unavailable(_)))));

    bucket.bring_back();
    let mut pieces = std::pin::pin!(blobs.read(content.blobs.clone(), 0..10));
    assert_eq!(pieces.next().await.unwrap().unwrap(), sample(10));
}

#[tokio::test]
async fn a_bucket_takes_no_request_that_is_not_signed_with_its_key() {
    let bucket = Bucket::start();
    let blobs = Blobs::in_bucket(&Url::parse(&bucket.foreign_url()).unwrap()).unwrap();
    let refused = blobs.put(BlobKey::from_bytes([1; 16]), Bytes::from("a")).await.unwrap_err();
    assert!(matches!(refused, BlobError::Unavailable(_)), "{refused}");
    assert!(!refused.to_string().contains("not-the-secret"), "{refused}");
    assert!(bucket.is_empty());
}

#[tokio::test]
async fn what_lies_below_a_path_of_a_bucket_is_apart_from_the_rest() {
    let (top, bucket) = bucket();
    let url = bucket.url().replace("site-files?", "site-files/one/site?");
    let below = Blobs::in_bucket(&Url::parse(&url).unwrap()).unwrap();
    keep(&top, &sample(10), 1).await;
    keep(&below, &sample(20), 2).await;
    for (blobs, size) in [(top, 10), (below, 20)] {
        let found: Vec<_> = blobs.list().map(Result::unwrap).collect().await;
        assert_eq!(found.iter().map(|found| found.size).collect::<Vec<_>>(), [size]);
    }
    assert_eq!(bucket.len(), 2);
}

#[test]
fn what_is_not_known_of_a_bucket_is_refused() {
    for (url, word) in
        [("s3://files?region=x&style=path", "style"), ("s3://files?region=x&endpoint=nowhere", "")]
    {
        let refused = Blobs::in_bucket(&Url::parse(url).unwrap());
        match refused {
            Err(OpenError::Option(name)) => assert_eq!(name, word),
            Err(OpenError::Bucket(_)) => assert!(word.is_empty(), "{url}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_is_an_outage() {
    let (blobs, folder) = folder();
    // Root writes wherever it likes, but into a file nobody puts another one.
    let top = folder.path().join("files/blobs");
    fs::write(&top, "").unwrap();
    assert!(is_outage(&blobs.put(BlobKey::from_bytes([1; 16]), Bytes::from("a")).await));
    fs::remove_file(&top).unwrap();
    blobs.put(BlobKey::from_bytes([1; 16]), Bytes::from("a")).await.unwrap();
}
