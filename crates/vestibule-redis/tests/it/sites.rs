//! Two nodes of one application, on one store and one Redis.

use std::{sync::Arc, time::Duration};

use axum::Router;
use http::Method;
use tokio::task::JoinSet;
use vestibule::{Config, MemoryStore, Registrant, SystemEntropy, Vestibule};
use vestibule_redis::{Redis, RedisOptions};
use vestibule_testkit::{
    faults::FailingStore,
    visitors::{Anonymous, InProcess, request},
};

use crate::test_app::{AT_MOST, TestApp, secret, until, within};

const PASSWORD: &str = "tangerine anvil rocket";

struct Site {
    router: Router,
    redis: Redis,
}

impl Site {
    async fn guess(&self, login: &str, number: usize) -> u16 {
        self.sign_in(login, "wrong", number).await
    }

    /// From an address of its own, so that only the account is limited.
    async fn sign_in(&self, login: &str, password: &str, number: usize) -> u16 {
        let address = format!("198.51.100.{}", number % 250).parse().unwrap();
        let nobody =
            Anonymous::new(InProcess::new(self.router.clone()).from_address(address), "app.test");
        let body =
            serde_json::json!({ "login": login, "password": password, "transport": "header" });
        let answer = nobody.send(request(Method::POST, "/api/auth/login", Some(&body))).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
        }
        answer.status.as_u16()
    }

    /// How many guesses are answered, one after the other.
    async fn answered(&self, login: &str) -> usize {
        for number in 0..50 {
            match within(self.guess(login, number)).await {
                401 => {}
                429 => return number,
                status => panic!("{status}"),
            }
        }
        panic!("nothing limits this node");
    }
}

/// Two nodes, with the accounts `anna`, `bert` and `carl`.
async fn sites(test_app: &TestApp, options: RedisOptions) -> [Arc<Site>; 2] {
    let store = FailingStore::new(MemoryStore::default());
    let mut sites = Vec::new();
    for _ in 0..2 {
        let mut config = Config::new("Test site", "https://app.test", secret()).unwrap();
        config.password_parameters = "m=64,t=1,p=1".parse().unwrap();
        let redis = Redis::open(&test_app.server.url(), options.clone()).unwrap();
        until(async || redis.is_connected().then_some(())).await;
        let auth = Vestibule::builder(store.clone())
            .config(config)
            .shared_limits(redis.limits(&secret(), &SystemEntropy))
            .build()
            .await
            .unwrap();
        if sites.is_empty() {
            for name in ["anna", "bert", "carl"] {
                let registrant = Registrant {
                    username: name.to_owned(),
                    email: format!("{name}@example.org"),
                    password: PASSWORD.into(),
                };
                let new = auth.prepare_user(registrant).await.unwrap();
                auth.users().create_user(&new, auth.now()).await.unwrap().unwrap();
            }
        }
        let router = Router::new().merge(auth.routes()).layer(auth.layer());
        sites.push(Arc::new(Site { router, redis }));
    }
    sites.try_into().ok().unwrap()
}

fn patient() -> RedisOptions {
    RedisOptions { deadline: AT_MOST, ..RedisOptions::default() }
}

#[tokio::test]
async fn failures_on_two_nodes_are_one_accounts_failures() {
    let test_app = TestApp::start();
    let [one, two] = sites(&test_app, patient()).await;
    for number in 0..6 {
        assert_eq!(one.guess("anna", number).await, 401);
    }
    assert_eq!(two.sign_in("anna", PASSWORD, 50).await, 200);
    assert_eq!(two.answered("ANNA").await, 4);
    for site in [&one, &two] {
        assert_eq!(site.sign_in("anna", PASSWORD, 51).await, 429);
        assert_eq!(site.sign_in("bert", PASSWORD, 52).await, 200);
    }
}

/// Over two nodes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_against_two_nodes_is_evaluated_no_more_often() {
    let test_app = TestApp::start();
    let sites = sites(&test_app, patient()).await;
    let mut racers = JoinSet::new();
    for number in 0..200 {
        let site = Arc::clone(&sites[number % 2]);
        racers.spawn(async move { site.guess("anna", number).await });
    }
    let statuses = within(racers.join_all()).await;
    let evaluated = statuses.iter().filter(|status| **status == 401).count();
    assert!((1..=10).contains(&evaluated), "{evaluated}");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    let mut rest = 0;
    until(async || match sites[rest % 2].guess("anna", rest).await {
        401 => {
            rest += 1;
            None
        }
        _ => Some(()),
    })
    .await;
    assert_eq!(evaluated + rest, 10, "tries in flight leave nothing behind");
}

/// Right passwords, more at once than there are places: all of them wait for their turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_right_passwords_on_two_nodes_is_let_in() {
    let test_app = TestApp::start();
    let sites = sites(&test_app, patient()).await;
    let mut racers = JoinSet::new();
    for number in 0..40 {
        let site = Arc::clone(&sites[number % 2]);
        racers.spawn(async move { site.sign_in("anna", PASSWORD, number).await });
    }
    let statuses = within(racers.join_all()).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    test_app.is_empty().await;
}

/// While Redis is away each node allows half, and counts what failed before; then they share again.
#[tokio::test]
async fn without_redis_each_node_is_stricter_and_nobody_waits_for_it() {
    // Longer than by default, so that a busy machine is not taken for an outage.
    let options = RedisOptions { deadline: Duration::from_secs(2), ..RedisOptions::default() };
    for crash in [false, true] {
        let test_app = TestApp::start();
        let [one, two] = sites(&test_app, options.clone()).await;
        for number in 0..3 {
            assert_eq!(one.guess("anna", number).await, 401);
        }
        if crash {
            test_app.server.kill()
        } else {
            test_app.server.stop()
        }
        assert_eq!(one.answered("anna").await, 2, "three of five were used up before");
        assert_eq!(two.answered("anna").await, 5);
        assert_eq!(one.answered("bert").await, 5);
        assert_eq!(one.sign_in("carl", PASSWORD, 60).await, 200, "others are let in");
        if crash {
            test_app.server.restart()
        } else {
            test_app.server.cont()
        }
        for site in [&one, &two] {
            until(async || site.redis.is_connected().then_some(())).await;
        }
        for number in 0..5 {
            assert_eq!(one.guess("carl", number).await, 401);
            assert_eq!(two.guess("carl", number).await, 401);
        }
        assert_eq!(one.answered("carl").await, 0);
        assert_eq!(one.answered("bert").await, 5, "what failed meanwhile still stands");
    }
}
