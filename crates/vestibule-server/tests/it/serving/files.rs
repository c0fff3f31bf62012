//! Contents on their way in and out of a real process: broken off, crashed, large, and in a bucket.

use std::{io::Write as _, path::Path, time::Duration};

use bytes::Bytes;
use http::Method;
use serde_json::json;
use vestibule_testkit::{
    bucket::Bucket,
    site::{Place, Site},
    visitors::{Answer, App, Visitor as _, request, with},
    wait,
};

use super::{connect, everything, status, wire::memory};
use crate::test_app::{PASSWORD, create_user, place, serve, serve_again};

const MIB: usize = 1024 * 1024;

fn sample(length: usize) -> Vec<u8> {
    (0..length as u64).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

async fn app(site: &Site) -> App {
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    app
}

async fn send(
    app: &App,
    method: Method,
    path: &str,
    headers: &[(&'static str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let mut sent = request(method, path, None);
    for (name, value) in headers {
        sent = with(sent, name, value);
    }
    *sent.body_mut() = body.into();
    app.send(sent).await
}

/// Files below a folder, drafts included.
fn count(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

fn blobs(place: &Place) -> usize {
    count(&place.path().join("data/files/blobs"))
}

/// Begins to send eight mebibytes, and stops after five.
async fn half_sent(site: &Site, app: &App, place: &Place) -> std::net::TcpStream {
    let mut stream = connect(site.address());
    let token = app.access_token().unwrap();
    let head = format!(
        "POST /api/files?name=a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {}\r\n\r\n",
        8 * MIB
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&sample(5 * MIB)).unwrap();
    let written = async || (blobs(place) > 0).then_some(());
    wait::until_async(Duration::from_secs(10), written).await.expect("a blob of it is written");
    stream
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = app(&site).await;
    let stream = half_sent(&site, &app, &place).await;
    drop(stream);
    let gone = async || (blobs(&place) == 0).then_some(());
    let gone = wait::until_async(Duration::from_secs(10), gone).await;
    assert!(gone.is_some(), "{} blobs are left", blobs(&place));
    let list = app.get("/api/files").await.json();
    assert_eq!((&list["files"], &list["usage"]["used"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn after_a_crash_in_mid_upload_no_half_file_is_seen_and_the_pieces_go_on() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = app(&site).await;
    let kept = send(&app, Method::POST, "/api/files?name=kept", &[], "whole").await;
    assert_eq!(kept.status, 201);
    let whole = sample(3 * MIB);
    let body = json!({ "name": "pieces", "size": whole.len() });
    let upload = app.post_json("/api/files/uploads", body).await.location().to_owned();
    let first =
        send(&app, Method::PATCH, &upload, &[("upload-offset", "0")], whole[..MIB].to_vec());
    assert_eq!(first.await.status, 200);
    let stream = half_sent(&site, &app, &place).await;
    let address = site.address();
    site.kill();
    drop(stream);

    let site = serve_again(&place, address);
    let list = app.get("/api/files").await.json();
    let names: Vec<_> =
        list["files"].as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["kept"]);
    assert_eq!(
        list["usage"]["used"],
        5 + 3 * MIB,
        "what is begun, and nothing of what was half sent"
    );
    let asked = app.get(&upload).await;
    assert_eq!(asked.header("upload-offset"), MIB.to_string());
    let offset = MIB.to_string();
    let rest = [("upload-offset", &*offset)];
    let made = send(&app, Method::PATCH, &upload, &rest, whole[MIB..].to_vec()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["file"]["id"].as_str().unwrap().to_owned();
    assert!(app.get(&format!("/api/files/{id}/content")).await.body == whole);
    drop(site);
}

#[tokio::test]
async fn large_files_take_little_memory() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = app(&site).await;
    let whole = sample(50 * MIB);
    // One small file, so that what every first upload takes is taken.
    send(&app, Method::POST, "/api/files?name=first", &[], sample(MIB)).await;
    let before = memory(site.pid(), "VmHWM");
    let made = send(&app, Method::POST, "/api/files?name=large", &[], whole.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let content = format!("/api/files/{}/content", made.json()["file"]["id"].as_str().unwrap());
    let read = app.get(&content).await;
    assert!(read.body == whole);
    let grown = memory(site.pid(), "VmHWM").saturating_sub(before);
    assert!(grown < 20 * 1024, "{grown} KiB more for a file of 50 MiB");
}

#[tokio::test]
async fn who_may_not_is_told_before_anything_is_sent() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = app(&site).await;
    let token = app.access_token().unwrap();
    for (authorization, length, expected) in [
        (String::new(), 5 * MIB, 401),
        ("Authorization: Bearer x.y.z\r\n".to_owned(), 5 * MIB, 401),
        (format!("Authorization: Bearer {token}\r\n"), 51 * MIB, 413),
    ] {
        let head = format!(
            "POST /api/files?name=a HTTP/1.1\r\nHost: localhost\r\n{authorization}\
             Content-Length: {length}\r\n\r\n"
        );
        let mut stream = connect(site.address());
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(status(&everything(&mut stream)), expected, "{length}");
    }
    assert_eq!(blobs(&place), 0);
}

#[tokio::test]
async fn files_lie_in_a_bucket_and_an_outage_of_it_is_one() {
    let mut bucket = Bucket::start();
    let place = place().with("VESTIBULE_FILES__URL", &bucket.url());
    place.secrets().add(bucket.secret());
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = app(&site).await;
    let whole = sample(9 * MIB);
    let made = send(&app, Method::POST, "/api/files?name=a.bin", &[], whole.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(bucket.len(), 1 + 3, "whose place it is, and blobs of four mebibytes");
    assert_eq!(blobs(&place), 0);
    let content = format!("/api/files/{}/content", made.json()["file"]["id"].as_str().unwrap());
    assert!(app.get(&content).await.body == whole);
    let range = [("range", "bytes=4194300-4194309")];
    let part = send(&app, Method::GET, &content, &range, "").await;
    assert_eq!(part.status, 206);
    assert!(part.body == whole[4_194_300..4_194_310]);

    bucket.take_down();
    for (method, path) in [(Method::GET, content.as_str()), (Method::POST, "/api/files?name=b")] {
        let answer = send(&app, method, path, &[], "x").await;
        assert_eq!(answer.verdict(), (503, "unavailable".to_owned()), "{path}");
        assert!(!answer.header("retry-after").is_empty());
    }
    assert_eq!(app.get("/api/auth/me").await.status, 200, "signing in has nothing to do with it");
    bucket.bring_back();
    assert!(app.get(&content).await.body == whole);
    let again = send(&app, Method::POST, "/api/files?name=b", &[], "x").await;
    assert_eq!(again.status, 201, "{}", again.text());
}

#[test]
fn a_bucket_that_cannot_be_meant_ends_the_start() {
    for url in ["s3://files?region=x&color=blue", "s3://files?region=x&endpoint=nowhere"] {
        let place = place().with("VESTIBULE_FILES__URL", url);
        let done = place.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(done.code(), 2, "{done:?}");
        assert!(done.stderr.contains("files.url"), "{done:?}");
    }
}

#[tokio::test]
async fn what_is_stored_is_for_the_sites_own_user_whatever_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = place();
    create_user(&place, "ada", &[]);
    let files = place.path().join("shared-files");
    std::fs::create_dir(&files).unwrap();
    std::fs::set_permissions(&files, std::fs::Permissions::from_mode(0o755)).unwrap();
    let place = place.with("VESTIBULE_FILES__URL", &format!("file://{}", files.display()));
    let site = serve(&place);
    assert!(place.log().contains("chmod 700"), "{}", place.log());
    let app = app(&site).await;
    let kept = send(&app, Method::POST, "/api/files?name=map.json", &[], "{}").await;
    assert_eq!(kept.status, 201);
    let mut blobs = 0;
    let mut folders = vec![files];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            assert_eq!(metadata.permissions().mode() & 0o077, 0, "{:?}", entry.path());
            match metadata.is_dir() {
                true => folders.push(entry.path()),
                false => blobs += 1,
            }
        }
    }
    assert!(blobs > 0, "nothing was stored");
}
