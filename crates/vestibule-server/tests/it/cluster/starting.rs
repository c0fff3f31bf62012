//! Starting, migrating, stopping.

use std::{thread, time::Duration};

use http::{Method, Request, Response};
use serde_json::json;
use vestibule_testkit::{
    postgres,
    site::{Overheard, Place, Signal, Site},
    visitors::{Anonymous, Loopback, Transport, request, with},
    wait,
};

use super::places;
use crate::house::{PASSWORD, create_user, run, run_json, serve};

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
    assert!(run(&places[0], &["migrate"]).contains("was filled, with schema version"));
    let url = places[0].variable("DATABASE_URL").unwrap();
    let _ = postgres::sql(url, "UPDATE vestibule_schema SET version = 9999");
    for command in [&["migrate"][..], &["serve", "--listen", "127.0.0.1:0"], &["user", "list"]] {
        let done = places[0].run(command);
        assert_eq!(done.code(), 2, "{command:?}: {done:?}");
        assert!(done.stderr.contains("9999") && done.stderr.contains("newer"), "{done:?}");
    }
    assert_eq!(postgres::sql(url, "SELECT version FROM vestibule_schema"), "9999");
}

/// Behind a proxy that ends https.
#[derive(Clone)]
struct Proxied(Loopback);

#[async_trait::async_trait]
impl Transport for Proxied {
    async fn send(&self, request: Request<bytes::Bytes>) -> Response<bytes::Bytes> {
        self.0.send(with(request, "x-forwarded-proto", "https")).await
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn production_waits_for_its_migration_and_answers_what_is_under_way_before_it_stops() {
    let place = production();
    let early = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(early.code(), 2, "{early:?}");
    assert!(early.stderr.contains("vestibule migrate"), "{early:?}");
    run(&place, &["migrate"]);
    create_user(&place, "ada", &["--super-user"]);
    let site = serve(&place);
    let way = Overheard::new(Proxied(Loopback::to(site.address())), site.secrets().clone());
    let nobody = Anonymous::new(way, "app.test");
    assert_eq!(nobody.get("/readyz").await.status, 200);
    // Each of them is hashed for a while.
    let login = json!({ "login": "ada", "password": PASSWORD });
    let under_way: Vec<_> = (0..8)
        .map(|_| {
            let (nobody, login) = (nobody.clone(), login.clone());
            tokio::spawn(async move {
                nobody.send(request(Method::POST, "/api/auth/login", Some(&login))).await
            })
        })
        .collect();
    let is_at_work = || place.log().contains("authn_login_success").then_some(());
    wait::until(Duration::from_secs(10), is_at_work).expect("the first one has its answer");
    site.signal(Signal::TERM);
    for answer in under_way {
        match answer.await {
            Ok(answer) => assert_eq!(answer.status, 200, "{}", answer.text()),
            // Came after the listener was closed.
            Err(refused) => assert!(refused.is_panic(), "{refused}"),
        }
    }
    site.stop();
    let log = place.log();
    let is_json = |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert!(log.lines().all(is_json), "{log}");
    assert!(log.contains("sys_shutdown"), "{log}");
    let signed_in = log.matches("authn_login_success").count();
    let sessions = run_json(&place, &["session", "list", "--json"]);
    assert_eq!(sessions.as_array().map(Vec::len), Some(signed_in), "nothing was half done");
}
