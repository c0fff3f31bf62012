//! PostgreSQL itself breaks, as a process.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::json;
use vestibule_testkit::{
    postgres::{Durability, Postgres},
    site::{Place, Site},
    visitors::{Anonymous, App, Carrier, Visitor},
    wait,
};

use super::{ANSWERED_WITHIN, BACK_WITHIN, at_last, is_put_off};
use crate::{
    cluster::{VERIFY, Ways, place_of_node, renew, sign_in, visitor},
    serving::wire::memory,
    test_app::{PASSWORD, create_user, serve},
};

/// Requests that arrive at once while nothing answers.
const CROWD: usize = 100;
/// What the crowd may cost a node, in KiB: its connections, and what the allocator keeps.
const MARGIN: u64 = 24 * 1024;

/// A server of the test's own, and a node on it.
fn begin() -> (Postgres, Place) {
    // What is killed is the server, not the machine: nothing is lost that it has written.
    let server = Postgres::start(Durability::None);
    // The database that is there from the beginning, and ends with the server.
    let place = place_of_node(&server.url("postgres"), &[]);
    place.secrets().add(server.password());
    create_user(&place, "ada", &[]);
    (server, place)
}

fn ways(site: &Site) -> Ways {
    Ways::to(std::iter::once(site.address()), site.secrets())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_renews_while_it_is_killed_and_started_again_goes_on() {
    goes_on_after(Postgres::kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_renews_while_it_is_shut_down_and_started_again_goes_on() {
    goes_on_after(Postgres::shut_down).await;
}

async fn goes_on_after(end: fn(&Postgres)) {
    let (server, place) = begin();
    let site = serve(&place);
    let nobody = Anonymous::new(site.way(), "app.test");
    let (renewed, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let put_off = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::new();
    for number in 0..6 {
        let carrier = if number % 2 == 0 { Carrier::Header } else { Carrier::Cookie };
        let client: Arc<dyn Visitor> = visitor(&ways(&site), carrier).into();
        sign_in(&*client).await;
        let (renewed, is_over) = (Arc::clone(&renewed), Arc::clone(&is_over));
        let put_off = Arc::clone(&put_off);
        clients.push(tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let answer = renew(&*client).await;
                if answer.status == 200 {
                    renewed.fetch_add(1, Ordering::Relaxed);
                } else {
                    is_put_off(&answer);
                    put_off.fetch_add(1, Ordering::Relaxed);
                }
            }
            client
        }));
    }
    let grows = async |count: &AtomicUsize| {
        let enough = count.load(Ordering::Relaxed) + 50;
        let look = async || (count.load(Ordering::Relaxed) >= enough).then_some(());
        wait::until_async(2 * BACK_WITHIN, look).await.expect("it goes on");
    };
    grows(&renewed).await;
    end(&server);
    grows(&put_off).await;
    assert_eq!(nobody.get("/healthz").await.status, 200, "the process itself is well");
    is_put_off(&nobody.get("/readyz").await);
    is_put_off(
        &nobody
            .post_json("/api/auth/login", &json!({ "login": "ada", "password": PASSWORD }))
            .await,
    );
    server.restart();
    at_last(async || nobody.get("/readyz").await).await;
    grows(&renewed).await;
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        let client = client.await.expect("nobody was refused");
        assert_eq!(client.get("/api/auth/me").await.status, 200);
        assert_eq!(renew(&*client).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_before_a_frozen_one_is_answered_in_time_and_nobody_is_signed_out() {
    let (server, place) = begin();
    let site = serve(&place);
    let apps: Vec<App> = (0..CROWD / 2).map(|_| App::new(site.way(), "app.test")).collect();
    for app in &apps {
        sign_in(app).await;
    }
    let idle = memory(site.pid(), "VmRSS");

    server.stop();
    let mut grown = Vec::new();
    for _ in 0..2 {
        let crowd: Vec<_> = (0..CROWD)
            .map(|number| {
                let app = apps[number / 2].clone();
                tokio::spawn(async move {
                    let asked = async {
                        match number % 4 {
                            0 | 2 => app.lose(http::Method::POST, "/api/auth/refresh", None).await,
                            1 => app.sign_in("ada", PASSWORD).await,
                            _ => app.get(VERIFY).await,
                        }
                    };
                    let answer = tokio::time::timeout(ANSWERED_WITHIN, asked).await;
                    let answer = answer.expect("an answer in time");
                    if answer.status != 204 {
                        is_put_off(&answer);
                    }
                })
            })
            .collect();
        for one in crowd {
            one.await.unwrap();
        }
        grown.push(memory(site.pid(), "VmRSS").saturating_sub(idle));
    }
    assert!(grown.iter().all(|grown| *grown < MARGIN), "{grown:?} KiB more");

    server.cont();
    at_last(async || apps[0].refresh().await).await;
    for app in &apps {
        let answer = app.refresh().await;
        assert_eq!(answer.status, 200, "a retry after the time-out: {}", answer.text());
        assert_eq!(app.get("/api/auth/me").await.status, 200);
    }
}

/// What was noticed in memory is written before it is read. Nobody waits for another one's attempt to do so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_what_was_noticed_is_put_off_in_time_however_many_there_are() {
    let (server, place) = begin();
    create_user(&place, "root", &["--super-user"]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("root", PASSWORD).await.status, 200);
    let session =
        app.get("/api/auth/me").await.json()["session"]["id"].as_str().unwrap().to_owned();
    let paths = [
        "/api/auth/sessions".to_owned(),
        format!("/api/auth/sessions/{session}"),
        "/api/user/export".to_owned(),
        "/api/admin/audit".to_owned(),
    ];
    for path in &paths {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
    server.stop();
    // Something is noticed, so that there is something to write.
    let app = Arc::new(app);
    let crowd: Vec<_> = (0..CROWD / 2)
        .map(|number| {
            let (app, path) = (Arc::clone(&app), paths[number % paths.len()].clone());
            tokio::spawn(async move {
                let answer = tokio::time::timeout(ANSWERED_WITHIN, app.get(&path)).await;
                is_put_off(&answer.unwrap_or_else(|_| panic!("{path} is not answered in time")));
            })
        })
        .collect();
    for one in crowd {
        one.await.unwrap();
    }
    server.cont();
    at_last(async || app.get(&paths[0]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_started_before_it_opens_when_it_is_there() {
    let (server, place) = begin();
    server.shut_down();
    let address = free_address();
    let arguments = ["serve", "--listen", &address.to_string()];
    place.start_at(address, &arguments).stop();

    let site = place.start_at(address, &arguments);
    let nobody = Anonymous::new(site.way(), "app.test");
    assert_eq!(nobody.get("/healthz").await.status, 200);
    for path in ["/", "/auth/login", "/user/account", "/api/auth/me", "/readyz", "/api/"] {
        let answer = nobody.get(path).await;
        is_put_off(&answer);
        let is_page = !path.starts_with("/api") && path != "/readyz";
        let kind = if is_page { "text/html" } else { "application/problem+json" };
        assert!(answer.header("content-type").starts_with(kind), "{path}");
    }
    let command = place.run(&["user", "list"]);
    assert_eq!(command.code(), 1, "{command:?}");
    assert!(command.stderr.contains("cannot be reached"), "{command:?}");

    server.restart();
    at_last(async || nobody.get("/readyz").await).await;
    let app = App::new(site.way(), "app.test");
    sign_in(&app).await;
    assert_eq!(app.get("/api/auth/me").await.status, 200);
}

/// Freed at once: nobody else on this machine takes a port of this range in between.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
