//! One server behind its network, and everybody who visits it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use vestibule_testkit::{
    proxy::{Counts, Proxy},
    visitors::Carrier,
    wire::Wire,
};

use crate::{
    Outcome,
    door::Door,
    plan::{Row, Times},
    target::{self, Books, PASSWORD, Target},
    visitor::{SignedOut, Visitor, Way},
};

/// Sign-ins at once, before anything is measured.
const SIGN_INS: usize = 32;

/// See the module.
pub(crate) struct World {
    app: Target,
    proxy: Arc<Proxy>,
    door: Arc<Door>,
    straight: Arc<Wire>,
    visitors: Vec<Arc<Visitor>>,
}

/// How far a row is, for people who wait.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    begun: AtomicU32,
    done: AtomicU32,
    signed_out: AtomicU32,
}

impl Progress {
    /// Renewals tried, and how many of their visitors were signed out.
    pub(crate) fn so_far(&self) -> (u32, u32) {
        (self.done.load(Ordering::Relaxed), self.signed_out.load(Ordering::Relaxed))
    }
}

/// What came of a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// How often a visitor whose access token had expired went on.
    pub(crate) renewals: u32,
    /// How many of them were told to sign in again.
    pub(crate) signed_out: u32,
    /// With which codes.
    pub(crate) codes: BTreeMap<String, u32>,
    /// What the network did.
    pub(crate) counts: Counts,
    /// How often the server was killed.
    pub(crate) crashes: u32,
    /// What the server's database says of it, where there is one.
    pub(crate) books: Option<Books>,
}

impl World {
    /// Signs everybody in.
    pub(crate) async fn new(
        app: Target,
        times: Times,
        visitors: usize,
        seed: u64,
    ) -> Outcome<Self> {
        let address = app.address()?;
        let proxy = Arc::new(Proxy::start(address, seed).await?);
        let wire = Arc::new(Wire::to(proxy.address()));
        let way = Way { wire, started: proxy.started() };
        let straight = Arc::new(Wire::to(address));
        let visitor = |number| {
            let carrier = if number % 2 == 0 { Carrier::Cookie } else { Carrier::Header };
            let login = target::login(number);
            Arc::new(Visitor::new(carrier, number, login, way.clone(), times))
        };
        let visitors: Vec<_> = (0..visitors).map(visitor).collect();
        let mut doors = JoinSet::new();
        for some in visitors.chunks(visitors.len().div_ceil(SIGN_INS).max(1)) {
            let (some, straight) = (some.to_vec(), Arc::clone(&straight));
            doors.spawn(async move {
                for visitor in some {
                    visitor.sign_in(&straight, PASSWORD).await?;
                }
                Outcome::Ok(())
            });
        }
        while let Some(signed_in) = doors.join_next().await {
            signed_in??;
        }
        Ok(Self { app, proxy, door: Arc::new(Door::new()), straight, visitors })
    }

    /// Has so many renewals made in the row's network.
    pub(crate) async fn run(
        &self,
        row: &Row,
        renewals: u32,
        progress: &Arc<Progress>,
    ) -> Outcome<Figures> {
        self.proxy.set_weather(row.weather.clone());
        let mut crowd = JoinSet::new();
        for visitor in &self.visitors {
            let (visitor, straight) = (Arc::clone(visitor), Arc::clone(&self.straight));
            let (progress, at_once) = (Arc::clone(progress), row.at_once);
            visitor.go_through(row.gateway);
            let (door, proxy) = (Arc::clone(&self.door), Arc::clone(&self.proxy));
            crowd.spawn(async move {
                let mut signed_out = Vec::new();
                visitor.saunter().await;
                while progress.begun.fetch_add(1, Ordering::Relaxed) < renewals {
                    visitor.expire().await;
                    door.enter(&proxy, at_once).await;
                    if let Some(refused) = visitor.renew(at_once).await? {
                        progress.signed_out.fetch_add(1, Ordering::Relaxed);
                        signed_out.push(refused);
                        visitor.sign_in(&straight, PASSWORD).await?;
                    }
                    progress.done.fetch_add(1, Ordering::Relaxed);
                }
                Outcome::Ok(signed_out)
            });
        }
        let (over, is_over) = watch::channel(false);
        let everybody = async {
            let mut all = Vec::new();
            while let Some(one) = crowd.join_next().await {
                all.append(&mut one??);
            }
            over.send_replace(true);
            Outcome::Ok(all)
        };
        let killing = self.keep_killing(row.killed_every, is_over);
        let (signed_out, crashes) = tokio::try_join!(everybody, killing)?;
        // What is on its way a second time is part of it.
        sleep(*row.weather.doubled_after.end()).await;
        Ok(Figures {
            renewals: progress.done.load(Ordering::Relaxed),
            signed_out: u32::try_from(signed_out.len())?,
            codes: count(signed_out),
            counts: self.proxy.counts(),
            crashes,
            books: self.app.books()?,
        })
    }

    /// Kills the server again and again until the row is over, and says how often.
    async fn keep_killing(
        &self,
        every: Option<Duration>,
        mut is_over: watch::Receiver<bool>,
    ) -> Outcome<u32> {
        let (Some(every), Target::Site(site)) = (every, &self.app) else { return Ok(0) };
        let mut crashes = 0;
        // Between the crashes, never within one: the server is up when the row is over.
        while timeout(every, is_over.wait_for(|over| *over)).await.is_err() {
            let address = site.crash().await?;
            self.proxy.lead_to(address);
            self.straight.lead_to(address);
            crashes += 1;
        }
        Ok(crashes)
    }
}

fn count(signed_out: Vec<SignedOut>) -> BTreeMap<String, u32> {
    signed_out.into_iter().fold(BTreeMap::new(), |mut codes, one| {
        *codes.entry(one.code).or_default() += 1;
        codes
    })
}
