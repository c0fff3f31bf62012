//! When something that a site stands on breaks.
//!
//! | module | what breaks |
//! |---|---|
//! | `database_away` | the way to PostgreSQL: cut, silent, slow; what each part of the site does then |
//! | `postgres` | PostgreSQL itself: killed, shut down, frozen, not there yet |
//! | `redis` | Redis: killed, frozen, not there yet |
//! | `feed` | a node no longer hears what the others end |
//! | `going_back` | PostgreSQL: a lagging replica is promoted, a dump is put back |
//! | `disk` | the disk of the embedded store: full, read-only |
//! | `hanging_up` | the client: it sends, and hangs up |
//! | `clock` | the clock of one node: two hours ahead, two hours behind |
//!
//! An outage is never a 401, takes no cookie away, uses no token up, and is over when its cause is.

mod clock;
mod database_away;
mod disk;
mod feed;
mod going_back;
mod hanging_up;
mod postgres;
mod redis;

use std::{net::SocketAddr, time::Duration};

use vestibule_testkit::{
    cable::Cable,
    postgres::Postgres,
    site::{Place, Site},
    visitors::{Answer, Carrier, Visitor},
    wait,
};

use crate::{
    cluster::{Ways, place_of_node, sign_in, visitor},
    serving::figures,
    test_app::{create_user, serve},
};

/// Every answer comes within this time: the deadline of one operation, and room for a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_secs(12);

/// A site recovers by itself within five seconds; the rest is for a busy machine.
const BACK_WITHIN: Duration = Duration::from_secs(15);

/// One node with a cable to its database, and Ada by both carriers.
struct Scene {
    // Dropped in this order: the node before its way to the database, and that before the database.
    _site: Site,
    cable: Cable,
    place: Place,
    ways: Ways,
    people: [Box<dyn Visitor>; 2],
}

impl Scene {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let database = Postgres::shared().create_database();
        let cable = cable_to(database.server());
        let url = through(&cable, database.server(), &database.url());
        let place = place_of_node(&url, settings);
        place.secrets().add(database.server().password());
        let place = place.keeping(database);
        create_user(&place, "ada", &[]);
        let site = serve(&place);
        let ways = Ways::to(std::iter::once(site.address()), place.secrets());
        let people = [Carrier::Header, Carrier::Cookie].map(|carrier| visitor(&ways, carrier));
        for person in &people {
            sign_in(&**person).await;
        }
        Self { _site: site, cable, place, ways, people }
    }

    /// Has both people do something at once.
    async fn both<T>(&self, act: impl AsyncFn(&dyn Visitor) -> T) -> [T; 2] {
        let [app, browser] = &self.people;
        let (by_app, by_browser) = tokio::join!(act(&**app), act(&**browser));
        [by_app, by_browser]
    }

    /// Has both try something until it works; until then they are put off.
    async fn both_at_last(&self, act: impl AsyncFn(&dyn Visitor) -> Answer) {
        self.both(async |person| at_last(async || act(person).await).await).await;
    }
}

/// Tries something until it works; until then one is put off.
async fn at_last(act: impl AsyncFn() -> Answer) {
    let attempt = async || {
        let answer = act().await;
        if !answer.status.is_success() {
            is_put_off(&answer);
        }
        answer.status.is_success().then_some(())
    };
    wait::until_async(BACK_WITHIN, attempt).await.expect("it works again by itself");
}

/// The answer to what cannot be done right now: not the caller's fault, and nothing is lost.
fn is_put_off(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|wait| wait >= 1));
    assert_eq!(answer.header("cache-control"), "no-store");
    let touches = |name| answer.set_cookies().iter().any(|line| line.starts_with(name));
    for name in ["access=", "refresh=", "csrf="] {
        assert!(!touches(name), "{:?}", answer.set_cookies());
    }
    let is_page = answer.header("content-type").starts_with("text/html");
    assert!(is_page || answer.code() == "unavailable", "{}", answer.text());
}

fn cable_to(server: &Postgres) -> Cable {
    Cable::to(SocketAddr::from(([127, 0, 0, 1], server.port())))
}

/// The url of a database by way of the cable.
fn through(cable: &Cable, server: &Postgres, url: &str) -> String {
    let port = |port: u16| format!(":{port}/");
    let way = url.replace(&port(server.port()), &port(cable.address().port()));
    assert_ne!(way, url);
    way
}

/// A figure of the node that was started here last.
fn figure(place: &Place, name: &str) -> f64 {
    let said = place.said();
    let (_, address) = said.split_once("Metrics at http://").expect("it counts");
    let address = address.split('/').next().unwrap().parse().unwrap();
    figures::figure(&figures::read(address), name)
}

/// Waits until a figure is this one.
async fn figure_becomes(place: &Place, name: &str, expected: f64) {
    let look = async || ((figure(place, name) - expected).abs() < 0.5).then_some(());
    let seen = wait::until_async(BACK_WITHIN, look).await;
    assert!(seen.is_some(), "{name} is {} and not {expected}", figure(place, name));
}
