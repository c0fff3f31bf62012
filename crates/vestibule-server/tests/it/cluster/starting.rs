//! Starting, migrating, stopping.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
};

use vestibule_testkit::{
    postgres,
    site::{Place, Signal, Site},
    visitors::Anonymous,
    wait,
};

use super::{HEARD_WITHIN, places};
use crate::{
    serving::{connect, everything, status},
    test_app::{PASSWORD, create_user, run, run_json, serve},
};

const NODES: usize = 3;

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_database_fill_it_once_and_agree() {
    let places = places(NODES, &[]);
    let sites: Vec<Site> = thread::scope(|scope| {
        let starting: Vec<_> =
            places.iter().map(|place| scope.spawn(move || serve(place))).collect();
        starting.into_iter().map(|site| site.join().unwrap()).collect()
    });
    assert!(run(&places[1], &["migrate"]).contains("is up to date"));
    let keys = sites[0].anonymous().get("/.well-known/jwks.json").await.json();
    assert!(!keys["keys"].as_array().unwrap().is_empty());
    for site in &sites {
        let nobody = Anonymous::new(site.way(), "app.test");
        assert_eq!(nobody.get("/readyz").await.status, 200);
        assert_eq!(nobody.get("/.well-known/jwks.json").await.json(), keys, "one ring for all");
    }
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let places = places(1, &[]);
    assert!(run(&places[0], &["migrate"]).contains("Created the tables of the database"));
    let url = places[0].variable("DATABASE_URL").unwrap();
    let _ = postgres::sql(url, "UPDATE vestibule_schema SET version = 9999");
    for command in [&["migrate"][..], &["serve", "--listen", "127.0.0.1:0"], &["user", "list"]] {
        let done = places[0].run(command);
        assert_eq!(done.code(), 2, "{command:?}: {done:?}");
        assert!(done.stderr.contains("9999") && done.stderr.contains("newer"), "{done:?}");
    }
    assert_eq!(postgres::sql(url, "SELECT version FROM vestibule_schema"), "9999");
}

fn production() -> Place {
    let production = [
        ("VESTIBULE_PASSWORDS__ARGON2", "m=19456,t=2,p=1"),
        ("VESTIBULE_PROFILE", "production"),
        ("VESTIBULE_PUBLIC_URL", "https://app.test"),
        ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    places(1, &production).remove(0)
}

#[test]
fn production_waits_for_its_migration_and_answers_what_is_under_way_before_it_stops() {
    let place = production();
    let early = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(early.code(), 2, "{early:?}");
    assert!(early.stderr.contains("vestibule migrate"), "{early:?}");
    run(&place, &["migrate"]);
    create_user(&place, "ada", &["--super-user"]);
    let site = serve(&place);
    let body = format!(r#"{{"login":"ada","password":"{PASSWORD}"}}"#);
    let head = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-Proto: https\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut under_way = connect(site.address());
    under_way.write_all(head.as_bytes()).unwrap();
    // That it asks for the body tells that it is at work.
    let mut go_on = [0; 25];
    under_way.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"));
    site.signal(Signal::TERM);
    let is_closed = || TcpStream::connect(site.address()).is_err().then_some(());
    wait::until(HEARD_WITHIN, is_closed).expect("nobody new is taken");
    under_way.write_all(body.as_bytes()).unwrap();
    let answer = everything(&mut under_way);
    assert_eq!(status(&answer), 200, "{answer}");
    site.stop();
    let log = place.log();
    let is_json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert!(log.lines().all(is_json), "{log}");
    assert!(log.contains("sys_shutdown"), "{log}");
    let sessions = run_json(&place, &["session", "list", "--json"]);
    assert_eq!(sessions.as_array().map(Vec::len), Some(1), "the session is there");
}
