//! Several nodes on one PostgreSQL, as equals.

mod crash;
mod keys;
mod mails;
mod renewing;
mod revoking;
mod rolling;
mod starting;
mod ways;

use std::time::Duration;

use vestibule_testkit::{
    postgres::Postgres,
    site::{Place, Site},
    visitors::{Answer, App, Browser, Carrier, CookieNames, Visitor},
    wait,
};

use crate::test_app::{PASSWORD, SECRET, cheap, clock, create_user, program, serve};

pub(crate) use ways::Ways;

/// Where people see the site, whichever node answers.
pub(crate) const ORIGIN: &str = "http://app.test";
const HOST: &str = "app.test";

/// Where a request needs no more than an access token.
pub(crate) const VERIFY: &str = "/auth/verify-request";

/// Every node acts within a second on what another one has done; the rest is for a busy machine.
pub(crate) const HEARD_WITHIN: Duration = Duration::from_secs(5);

/// Nodes of one site, each in a place of its own.
pub(crate) struct Cluster {
    // Dropped in this order: nodes before places, and the database with the first place.
    pub(crate) sites: Vec<Site>,
    pub(crate) places: Vec<Place>,
    pub(crate) ways: Ways,
}

impl Cluster {
    /// So many running nodes on a database of their own, with Ada's account.
    pub(crate) fn start(nodes: usize) -> Self {
        Self::start_with(nodes, &[])
    }

    /// The same with further settings.
    pub(crate) fn start_with(nodes: usize, settings: &[(&str, &str)]) -> Self {
        let places = places(nodes, settings);
        create_user(&places[0], "ada", &[]);
        let sites: Vec<Site> = places.iter().map(serve).collect();
        let ways = Ways::to(sites.iter().map(Site::address), places[0].secrets());
        Self { sites, places, ways }
    }

    /// A visitor who comes to this node.
    pub(crate) fn visitor(&self, carrier: Carrier, node: usize) -> Box<dyn Visitor> {
        visitor(&self.ways.alone(node), carrier)
    }

    /// Somebody who is signed in, as they are seen by each node in turn: the first one is where they signed
    /// in, and all of them have the same tokens.
    pub(crate) async fn signed_in(&self, carrier: Carrier) -> Vec<Box<dyn Visitor>> {
        let everywhere: Vec<_> =
            (0..self.sites.len()).map(|node| self.visitor(carrier, node)).collect();
        sign_in(&*everywhere[0]).await;
        let (access, refresh) = (everywhere[0].access_token(), everywhere[0].refresh_token());
        for visitor in &everywhere {
            visitor.hold(access.as_deref(), refresh.as_deref());
            assert_eq!(visitor.get("/api/auth/me").await.status, 200);
        }
        everywhere
    }

    /// An app that comes to this node.
    pub(crate) fn app(&self, node: usize) -> App {
        App::new(self.ways.alone(node), HOST)
    }
}

/// Empty places for nodes of one site; the database goes with the first one.
pub(crate) fn places(nodes: usize, settings: &[(&str, &str)]) -> Vec<Place> {
    let database = Postgres::shared().create_database();
    let first = place_of_node(&database.url(), settings);
    first.secrets().add(database.server().password());
    let others = (1..nodes)
        .map(|_| place_of_node(&database.url(), settings).sharing(first.secrets()))
        .collect::<Vec<_>>();
    std::iter::once(first.keeping(database)).chain(others).collect()
}

/// An empty place for a node on this database.
pub(crate) fn place_of_node(database: &str, settings: &[(&str, &str)]) -> Place {
    let place = cheap(Place::new(program()))
        .with("DATABASE_URL", database)
        .with("SECRET_KEY", SECRET)
        .with("VESTIBULE_PUBLIC_URL", ORIGIN)
        .with("VESTIBULE_METRICS__LISTEN", "127.0.0.1:0");
    let place = settings.iter().fold(place, |place, (name, value)| place.with(name, value));
    for secret in [PASSWORD, crate::test_app::NEW_PASSWORD, SECRET] {
        place.secrets().add(secret);
    }
    place
}

/// A visitor of a site over plain http.
pub(crate) fn visitor(ways: &Ways, carrier: Carrier) -> Box<dyn Visitor> {
    match carrier {
        Carrier::Header => Box::new(App::new(ways.clone(), HOST)),
        Carrier::Cookie => {
            Box::new(Browser::new(ways.clone(), ORIGIN, CookieNames::plain(), clock()))
        }
    }
}

/// Ada signs in.
pub(crate) async fn sign_in(visitor: &dyn Visitor) {
    let answer = visitor.sign_in("ada", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Renews: an app asks for it, for a browser the site does it in passing once the access token is gone.
pub(crate) async fn renew(visitor: &dyn Visitor) -> Answer {
    match visitor.carrier() {
        Carrier::Header => visitor.refresh().await,
        Carrier::Cookie => {
            visitor.hold(None, visitor.refresh_token().as_deref());
            visitor.get("/api/auth/me").await
        }
    }
}

/// Asks, where nothing counts but the access token and what the node has heard, until the answer is so.
pub(crate) async fn becomes(visitor: &dyn Visitor, expected: impl Fn(&Answer) -> bool) -> Answer {
    let ask = async || Some(visitor.get(VERIFY).await).filter(&expected);
    match wait::until_async(HEARD_WITHIN, ask).await {
        Some(answer) => answer,
        None => panic!("still {:?}", visitor.get(VERIFY).await.verdict()),
    }
}
