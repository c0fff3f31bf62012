//! Redis, which two nodes share limits and wake each other through, is not there.

use vestibule_testkit::{
    redis::Redis,
    visitors::{App, Carrier, Visitor as _},
};

use super::{figure, figure_becomes};
use crate::{
    cluster::{Cluster, VERIFY, Ways, becomes, places, renew, sign_in},
    test_app::{PASSWORD, create_user, serve},
};

const CONNECTED: &str = "vestibule_feed_notifier_connected";

/// How it is away.
#[derive(Clone, Copy)]
enum Outage {
    Killed,
    BlackHole,
}

impl Outage {
    fn begins(self, redis: &Redis) {
        match self {
            Self::Killed => redis.kill(),
            Self::BlackHole => redis.stop(),
        }
    }

    fn ends(self, redis: &Redis) {
        match self {
            Self::Killed => redis.restart(),
            Self::BlackHole => redis.cont(),
        }
    }
}

/// Makes two tests of each `async fn(Outage)` that is named.
macro_rules! in_every_outage {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                use super::Outage;

                #[tokio::test]
                async fn while_it_is_down() {
                    super::$case(Outage::Killed).await;
                }

                #[tokio::test]
                async fn while_it_is_a_black_hole() {
                    super::$case(Outage::BlackHole).await;
                }
            }
        )+
    };
}

in_every_outage!(
    everything_works_and_ends_are_heard_of_all_the_same,
    each_node_limits_guessing_by_itself_and_more_strictly
);

/// As many failures of one account are answered on both nodes together.
const TOGETHER: usize = 6;

/// Two nodes that share this Redis.
fn cluster(redis: &Redis) -> Cluster {
    let url = redis.url();
    let rate = format!("{TOGETHER}/15m");
    let places = places(2, &[("VESTIBULE_LIMITS__ACCOUNT", &rate), ("REDIS_URL", &url)]);
    places[0].secrets().add(redis.password());
    create_user(&places[0], "ada", &[]);
    let sites: Vec<_> = places.iter().map(serve).collect();
    let ways = Ways::to(sites.iter().map(|site| site.address()), places[0].secrets());
    Cluster { sites, places, ways }
}

async fn is_connected(cluster: &Cluster, expected: f64) {
    for place in &cluster.places {
        figure_becomes(place, CONNECTED, expected).await;
    }
}

/// Guesses until it is not listened to any more; how often it was.
async fn guess(app: &App) -> usize {
    for number in 0..=TOGETHER {
        let answer = app.sign_in("ada", "not my password").await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|wait| wait <= 900));
            return number;
        }
        assert_eq!(answer.code(), "invalid_credentials");
    }
    panic!("more than {TOGETHER} guesses were listened to");
}

#[tokio::test]
async fn guesses_count_on_both_nodes_together() {
    let redis = Redis::start();
    let cluster = cluster(&redis);
    is_connected(&cluster, 1.0).await;
    for guesser in [cluster.app(0), cluster.app(1), cluster.app(0)] {
        assert_eq!(guesser.sign_in("ada", "not my password").await.code(), "invalid_credentials");
    }
    assert_eq!(guess(&cluster.app(1)).await, TOGETHER - 3, "six of them altogether");
    assert_eq!(guess(&cluster.app(0)).await, 0);
    assert_eq!(cluster.app(0).sign_in("ada", PASSWORD).await.status, 429, "the right one as well");
}

async fn everything_works_and_ends_are_heard_of_all_the_same(outage: Outage) {
    let redis = Redis::start();
    let cluster = cluster(&redis);
    is_connected(&cluster, 1.0).await;
    let before =
        [cluster.signed_in(Carrier::Header).await, cluster.signed_in(Carrier::Cookie).await];
    outage.begins(&redis);
    for carrier in [Carrier::Header, Carrier::Cookie] {
        let leaver = cluster.visitor(carrier, 0);
        sign_in(&*leaver).await;
        let seen = cluster.visitor(carrier, 1);
        seen.hold(leaver.access_token().as_deref(), leaver.refresh_token().as_deref());
        assert_eq!(seen.get(VERIFY).await.status, 204);
        assert_eq!(leaver.refresh().await.status, 200);
        assert_eq!(leaver.sign_out().await.status, 204);
        becomes(&*seen, |answer| answer.code() == "token_revoked").await;
    }
    for visitor in before.iter().flatten() {
        assert_eq!(visitor.get("/api/auth/me").await.status, 200);
    }
    is_connected(&cluster, 0.0).await;
    for place in &cluster.places {
        assert!(figure(place, "vestibule_feed_lost") < 0.5, "the feed is in the database");
    }
    outage.ends(&redis);
    is_connected(&cluster, 1.0).await;
    for visitor in before.iter().map(|everywhere| &everywhere[1]) {
        assert_eq!(renew(&**visitor).await.status, 200);
    }
}

async fn each_node_limits_guessing_by_itself_and_more_strictly(outage: Outage) {
    let redis = Redis::start();
    let cluster = cluster(&redis);
    is_connected(&cluster, 1.0).await;
    let [one, other] = [cluster.app(0), cluster.app(1)];
    assert_eq!(one.sign_in("ada", "not my password").await.code(), "invalid_credentials");
    outage.begins(&redis);
    assert_eq!(guess(&one).await, 2, "half of six, and what failed before counts");
    assert_eq!(guess(&other).await, 3, "half of six");
    for app in [&one, &other] {
        assert_eq!(app.sign_in("ada", PASSWORD).await.status, 429, "never without a limit");
    }
    outage.ends(&redis);
    is_connected(&cluster, 1.0).await;
    for app in [&one, &other] {
        // None while the node does not try Redis again yet; then what is left of six where three have failed.
        let guesses = guess(app).await;
        assert!(guesses <= 3, "{guesses} more: what failed meanwhile still counts on its node");
    }
}

#[tokio::test]
async fn a_node_starts_without_it_and_finds_it() {
    let redis = Redis::start();
    redis.kill();
    let cluster = cluster(&redis);
    let app = cluster.app(0);
    sign_in(&app).await;
    assert_eq!(app.refresh().await.status, 200);
    is_connected(&cluster, 0.0).await;
    redis.restart();
    is_connected(&cluster, 1.0).await;
    assert_eq!(guess(&cluster.app(0)).await, TOGETHER);
    assert_eq!(guess(&cluster.app(1)).await, 0, "they share their limits");
}
