//! A process that may open few files.

use std::{io::Write as _, net::TcpStream, time::Duration};

use http::Method;
use vestibule_testkit::{
    site::{Place, Site},
    visitors::{Visitor as _, request},
};

use super::{connect, everything, status};
use crate::test_app::{PASSWORD, cheap, program};

/// A site that is started under these limits.
fn limited(limits: &str) -> (Place, Site) {
    let place = cheap(Place::new("/bin/sh"));
    place.secrets().add(PASSWORD);
    let script = format!("ulimit {limits}; exec \"$0\" serve --listen 127.0.0.1:0");
    let site = place.start(&["-c", &script, &program().display().to_string()]);
    (place, site)
}

/// As many connections as are asked for, each with its first answer; those that are closed unread are left out.
fn connections(site: &Site, number: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..number {
        let mut stream = connect(site.address());
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        if asked.is_ok()
            && std::io::Read::read(&mut stream, &mut [0; 12]).is_ok_and(|read| read > 0)
        {
            held.push(stream);
        }
    }
    held
}

#[test]
fn a_soft_limit_of_open_files_is_raised() {
    let (place, site) = limited("-Sn 128");
    assert_eq!(connections(&site, 300).len(), 300);
    drop(site);
    assert!(place.log().contains("connection limit"), "{}", place.log());
}

#[tokio::test]
async fn under_a_hard_limit_fewer_connections_are_taken_and_files_are_still_kept() {
    let (place, site) = limited("-n 256");
    let app = site.app();
    let ada = serde_json::json!({
        "username": "ada", "email": "ada@people.test", "password": PASSWORD
    });
    assert_eq!(app.post_json("/api/auth/register", ada).await.status, 202);
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    let held = connections(&site, 300);
    // Half of the files may be connections, and a third of those are one network's.
    assert!((38..=43).contains(&held.len()), "{}", held.len());
    drop(held);

    // Among many that come and go, files are written and read.
    for _ in 0..8 {
        let held = connections(&site, 30);
        let mut upload = request(Method::POST, "/api/files?name=a", None);
        *upload.body_mut() = vec![7; 1024 * 1024].into();
        let made = app.send(upload).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let id = made.json()["file"]["id"].as_str().unwrap().to_owned();
        assert_eq!(app.get(&format!("/api/files/{id}/content")).await.body.len(), 1024 * 1024);
        drop(held);
    }
    let mut last = connect(site.address());
    last.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert_eq!(status(&everything(&mut last)), 200);
    drop(site);
    let log = place.log();
    assert!(log.contains("this process may open only 256 files"), "{log}");
    assert!(!log.contains("cannot accept a connection"), "{log}");
}
