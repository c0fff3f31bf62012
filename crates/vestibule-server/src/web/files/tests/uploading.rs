//! Uploads in pieces.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use vestibule_testkit::{
    both_carriers,
    visitors::{Answer, Carrier},
};

use super::{MAX_SIZE, Person, TestApp, content_of, sample};

/// Of one piece.
const PIECE: usize = 1024 * 1024;

both_carriers!(
    a_file_that_comes_in_pieces_is_kept,
    a_large_piece_counts_blob_by_blob,
    a_client_whose_last_answer_was_lost_finds_its_file,
    pieces_that_do_not_fit_change_nothing,
    an_upload_is_its_owners,
    an_upload_that_is_given_up_or_forgotten_counts_no_more,
    an_upload_beyond_the_bounds_does_not_begin,
);

async fn begin(person: &Person, name: &str, size: usize) -> String {
    let body = json!({ "name": name, "size": size });
    let answer = person.visitor().post_json("/api/files/uploads", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let upload = answer.json()["upload"].clone();
    assert_eq!((&upload["name"], &upload["size"]), (&json!(name), &json!(size)));
    assert_eq!((answer.header("upload-offset"), &upload["offset"]), ("0", &json!(0)));
    let path = format!("/api/files/uploads/{}", upload["id"].as_str().unwrap());
    assert_eq!(answer.location(), path);
    path
}

async fn append(person: &Person, path: &str, offset: usize, piece: impl Into<Bytes>) -> Answer {
    let headers = [("upload-offset", &*offset.to_string())];
    person.send(Method::PATCH, path, &headers, piece).await
}

async fn used(person: &Person) -> Value {
    person.get("/api/files").await.json()["usage"]["used"].clone()
}

async fn a_file_that_comes_in_pieces_is_kept(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let whole = sample(2 * PIECE + 5);
    let path = begin(&ann, "Brücke.bin", whole.len()).await;
    let first = append(&ann, &path, 0, whole.slice(..PIECE)).await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(first.header("upload-offset"), PIECE.to_string());
    assert_eq!(first.json()["upload"]["offset"], PIECE);
    assert_eq!(first.json()["file"], json!(null));
    append(&ann, &path, PIECE, whole.slice(PIECE..2 * PIECE)).await;
    let asked = ann.get(&path).await;
    assert_eq!(asked.header("upload-offset"), (2 * PIECE).to_string());
    assert_eq!(asked.header("upload-length"), whole.len().to_string());
    assert_eq!(ann.get("/api/files").await.json()["files"], json!([]), "no half file is seen");

    let last = append(&ann, &path, 2 * PIECE, whole.slice(2 * PIECE..)).await;
    assert_eq!(last.status, 201, "{}", last.text());
    let file = last.json()["file"].clone();
    assert_eq!((&file["name"], &file["size"]), (&json!("Brücke.bin"), &json!(whole.len())));
    assert_eq!(file["type"], "application/octet-stream");
    assert!(ann.get(&content_of(&file)).await.body == whole);
    assert_eq!(used(&ann).await, whole.len());

    let empty = begin(&ann, "empty.txt", 0).await;
    let made = append(&ann, &empty, 0, "").await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["file"]["type"], "text/plain");
}

async fn a_large_piece_counts_blob_by_blob(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let whole = sample(MAX_SIZE);
    let path = begin(&ann, "a.bin", whole.len()).await;
    let made = append(&ann, &path, 0, whole.clone()).await;
    assert_eq!(made.status, 201);
    assert_eq!(app.blobs().await, 2);
    assert!(ann.get(&content_of(&made.json()["file"])).await.body == whole);
}

async fn a_client_whose_last_answer_was_lost_finds_its_file(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let path = begin(&ann, "a.txt", 3).await;
    let made = append(&ann, &path, 0, "abc").await.json()["file"].clone();
    let asked = ann.get(&path).await;
    assert_eq!(asked.header("upload-offset"), "3");
    assert_eq!((&asked.json()["upload"], &asked.json()["file"]), (&json!(null), &made));
    let again = append(&ann, &path, 3, "").await;
    assert_eq!((again.status.as_u16(), &again.json()["file"]), (200, &made));
    assert_eq!(append(&ann, &path, 0, "abc").await.verdict(), (409, "conflict".to_owned()));
    assert_eq!(ann.get("/api/files").await.json()["files"].as_array().unwrap().len(), 1);
}

async fn pieces_that_do_not_fit_change_nothing(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let whole = sample(2 * PIECE);
    let path = begin(&ann, "a.bin", whole.len()).await;
    append(&ann, &path, 0, whole.slice(..PIECE)).await;
    for (offset, piece, status) in [
        (0, whole.slice(..PIECE), 409),
        (PIECE + 1, whole.slice(..PIECE), 409),
        (PIECE, whole.slice(..PIECE + 1), 413),
        (PIECE, whole.slice(..1000), 422),
    ] {
        let length = piece.len();
        let answer = append(&ann, &path, offset, piece).await;
        assert_eq!(answer.status, status, "{offset} {length}: {}", answer.text());
    }
    for offset in ["", "-1", "x"] {
        let answer = ann.send(Method::PATCH, &path, &[("upload-offset", offset)], "x").await;
        assert_eq!(answer.verdict(), (400, "malformed_request".to_owned()), "{offset}");
    }
    assert_eq!(ann.get(&path).await.header("upload-offset"), PIECE.to_string());
    app.until_blobs_are(1).await;
    assert_eq!(append(&ann, &path, PIECE, whole.slice(PIECE..)).await.status, 201);
}

async fn an_upload_is_its_owners(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let path = begin(&ann, "a.txt", 3).await;
    for is_file in [false, true] {
        assert_eq!(ben.get(&path).await.status, 404, "{is_file}");
        assert_eq!(append(&ben, &path, 0, "abc").await.status, 404, "{is_file}");
        assert_eq!(ben.visitor().delete(&path).await.status, 404, "{is_file}");
        append(&ann, &path, 0, "abc").await;
    }
    let file = ann.get(&path).await.json()["file"].clone();
    ann.share(&file, "ben", "write").await;
    assert_eq!(ben.get(&path).await.status, 404);
    assert_eq!(ann.visitor().delete(&path).await.status, 404, "it is a file now");
}

async fn an_upload_that_is_given_up_or_forgotten_counts_no_more(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let path = begin(&ann, "a.bin", MAX_SIZE).await;
    assert_eq!(used(&ann).await, MAX_SIZE, "from the beginning");
    append(&ann, &path, 0, sample(PIECE)).await;
    assert_eq!(ann.visitor().delete(&path).await.status, 204);
    assert_eq!(ann.get(&path).await.status, 404);
    assert_eq!(used(&ann).await, 0);

    let path = begin(&ann, "b.bin", MAX_SIZE).await;
    app.clock.advance(Duration::from_secs(24 * 3600));
    ann.visitor().sign_in("ann", super::PASSWORD).await;
    assert_eq!(ann.get(&path).await.status, 404);
    assert_eq!(append(&ann, &path, 0, sample(PIECE)).await.status, 404);
}

async fn an_upload_beyond_the_bounds_does_not_begin(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    begin(&ann, "a.bin", MAX_SIZE).await;
    for (body, status) in [
        (json!({ "name": "b", "size": MAX_SIZE + 1 }), 413),
        (json!({ "name": "b", "size": MAX_SIZE }), 413),
        (json!({ "name": "b", "size": -1 }), 422),
        (json!({ "name": "b" }), 422),
        (json!({ "size": 1 }), 422),
        (json!({ "name": "a/b", "size": 1 }), 422),
    ] {
        let answer = ann.visitor().post_json("/api/files/uploads", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
}
