//! Starting, stopping and starting again.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use vestibule_testkit::{site::Signal, visitors::Visitor as _, wait};

use super::{connect, everything, status};
use crate::test_app::{PASSWORD, create_user, file_place, place, serve, serve_again};

#[test]
fn a_request_that_is_under_way_ends_well_when_the_site_stops() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let body = format!(r#"{{"login":"ada","password":"{PASSWORD}"}}"#);
    let head = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        site.address(),
        body.len()
    );
    let mut under_way = connect(site.address());
    under_way.write_all(head.as_bytes()).unwrap();
    // That it asks for the body tells that it is at work.
    let mut go_on = [0; 25];
    under_way.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"));
    let idle = connect(site.address());

    site.signal(Signal::TERM);
    let is_closed = || TcpStream::connect(site.address()).is_err().then_some(());
    wait::until(Duration::from_secs(5), is_closed).expect("nobody new is taken");
    under_way.write_all(body.as_bytes()).unwrap();
    let answer = everything(&mut under_way);
    assert_eq!(status(&answer), 200, "{answer}");
    let (_, tokens) = answer.split_once("\r\n\r\n").unwrap();
    let tokens: serde_json::Value = serde_json::from_str(tokens).unwrap();
    assert!(tokens["access_token"].is_string());
    drop(idle);
    site.stop();
    assert!(place.log().contains("sys_shutdown"));
}

#[tokio::test]
async fn sessions_outlive_the_process_and_ended_ones_stay_ended() {
    let place = place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let (stays, leaves, renews) = (site.app(), site.app(), site.app());
    for app in [&stays, &leaves, &renews] {
        assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    }
    let first = renews.refresh_token();
    for _ in 0..3 {
        assert_eq!(renews.refresh().await.status, 200);
    }
    assert_eq!(leaves.sign_out().await.status, 204);
    let address = site.address();
    site.stop();

    let site = serve_again(&place, address);
    assert_eq!(stays.get("/api/auth/me").await.status, 200);
    assert_eq!(stays.refresh().await.status, 200);
    assert_eq!(leaves.get("/api/auth/me").await.verdict(), (401, "token_revoked".into()));
    assert_eq!(leaves.refresh().await.verdict(), (401, "session_ended".into()));
    assert_eq!(renews.get("/api/auth/me").await.status, 200);
    let (access, latest) = (renews.access_token(), renews.refresh_token());
    renews.hold(access.as_deref(), first.as_deref());
    assert_eq!(renews.refresh().await.verdict(), (401, "session_ended".into()), "a thief has it");
    renews.hold(access.as_deref(), latest.as_deref());
    assert_eq!(renews.refresh().await.verdict(), (401, "session_ended".into()));
    assert_eq!(renews.get("/api/auth/me").await.verdict(), (401, "token_revoked".into()));
    site.stop();
    let log = place.log();
    for event in [
        "sys_startup",
        "sys_shutdown",
        "session_created",
        "session_renewed",
        "authn_login_success",
        "authn_token_reuse",
        "session_logout",
    ] {
        assert!(log.contains(event), "{event} is not in the log");
    }
}

#[test]
fn a_second_server_on_one_database_file_is_refused() {
    let place = file_place();
    let site = serve(&place);
    let second = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.code(), 1, "{second:?}");
    assert!(second.stderr.contains("vestibule.db"), "{second:?}");
    let taken =
        place.run(&["serve", "--listen", &site.address().to_string(), "--data-dir", "other"]);
    assert_eq!(taken.code(), 1, "{taken:?}");
    assert!(taken.stderr.contains("`listen`"), "{taken:?}");
}

#[tokio::test]
async fn the_first_start_makes_what_it_needs_and_nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = place();
    let site = serve(&place);
    assert!(place.said().contains("profile development"), "{}", place.said());
    assert_eq!(site.anonymous().get("/healthz").await.status, 200);
    let mode = |path: &str| {
        let found = std::fs::metadata(place.path().join(path)).unwrap();
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode("data/secret"), 0o600);
    assert_eq!(mode("data"), 0o700);
    let secret = std::fs::read_to_string(place.path().join("data/secret")).unwrap();
    place.secrets().add(secret.trim());
}
