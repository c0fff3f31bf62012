//! Honest visitors, who keep no locks: what they do is what the rule has to bear.

mod app;
mod browser;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use vestibule_testkit::{
    SeededEntropy,
    proxy::SENT_AT,
    visitors::Carrier,
    wire::{Message, Wire},
};

use self::{app::App, browser::Browser};
use crate::{
    Outcome,
    plan::{Gateway, Times},
    target::HOST,
};

/// Nobody asks for this long in vain: a network that loses three of four exchanges has let a hundred through
/// by then, and a server that does not answer at all is not what is measured here.
const AT_MOST: Duration = Duration::from_secs(900);
/// How many of those whose request got no answer come back only after more than the grace; once for each
/// renewal.
const AWAY: f64 = 0.1;

/// Somebody with a session.
pub(crate) struct Visitor {
    kind: Kind,
    common: Common,
}

enum Kind {
    Browser(Browser),
    App(App),
}

/// The way through the network.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) wire: Arc<Wire>,
    /// When the network began.
    pub(crate) started: Instant,
}

/// What browsers and apps have in common.
struct Common {
    /// What they call themselves, as `User-Agent`.
    name: String,
    /// Whose session it is.
    login: String,
    way: Way,
    times: Times,
    dice: SeededEntropy,
    /// Whether they have left for a while since they began to renew.
    was_away: AtomicBool,
    /// What a browser's cookies come through.
    gateway: Mutex<Gateway>,
    /// When they last got tokens.
    renewed_at: Mutex<Instant>,
}

/// A refusal of somebody who did nothing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedOut {
    /// The `code` that they were told.
    pub(crate) code: String,
}

impl Visitor {
    pub(crate) fn new(
        carrier: Carrier,
        number: usize,
        login: String,
        way: Way,
        times: Times,
    ) -> Self {
        let common = Common {
            name: format!("{carrier} {number}"),
            login,
            way,
            times,
            dice: SeededEntropy::new(number as u64),
            was_away: AtomicBool::new(false),
            gateway: Mutex::default(),
            renewed_at: Mutex::new(Instant::now()),
        };
        let kind = match carrier {
            Carrier::Cookie => Kind::Browser(Browser::new()),
            Carrier::Header => Kind::App(App::new()),
        };
        Self { kind, common }
    }

    /// Signs in, not through the network: how people sign in is not what is measured.
    pub(crate) async fn sign_in(&self, straight: &Wire, password: &str) -> Outcome<()> {
        let request = match &self.kind {
            Kind::Browser(browser) => browser.sign_in(&self.common, password),
            Kind::App(app) => app.sign_in(&self.common, password),
        };
        let answer = straight.exchange(&request).await?;
        if answer.status() != Some(200) {
            return Err(format!("a sign-in was answered {}", code(&answer)).into());
        }
        match &self.kind {
            Kind::Browser(browser) => browser.begin(&self.common, &answer),
            Kind::App(app) => app.keep(&self.common, &answer),
        }
        Ok(())
    }

    /// Goes through this gateway from now on.
    pub(crate) fn go_through(&self, gateway: Gateway) {
        *lock(&self.common.gateway) = gateway;
    }

    /// Waits for a part of an access token's life, so that not everybody comes at the same moment.
    pub(crate) async fn saunter(&self) {
        sleep(self.common.times.access.mul_f64(self.common.dice.fraction())).await;
    }

    /// Waits until the access token has expired.
    pub(crate) async fn expire(&self) {
        let later = Duration::from_millis(500).mul_f64(self.common.dice.fraction());
        let expiry = *self.common.renewed_at() + self.common.times.access + later;
        sleep_until(expiry).await;
    }

    /// Goes on with this many requests side by side until each of them was answered.
    ///
    /// # Errors
    /// Where the server says what it should not, or nothing at all for a long time.
    pub(crate) async fn renew(self: &Arc<Self>, at_once: usize) -> Outcome<Option<SignedOut>> {
        self.common.was_away.store(false, Ordering::Relaxed);
        let mut side_by_side = JoinSet::new();
        for _ in 0..at_once {
            let visitor = Arc::clone(self);
            side_by_side.spawn(async move { visitor.ask_until_answered(at_once).await });
        }
        let mut signed_out = None;
        while let Some(done) = timeout(AT_MOST, side_by_side.join_next())
            .await
            .map_err(|_| format!("{} waited too long for an answer", self.common.name))?
        {
            signed_out = done??.err().or(signed_out);
        }
        Ok(signed_out)
    }

    async fn ask_until_answered(&self, at_once: usize) -> Outcome<Result<(), SignedOut>> {
        // Many at once would use what they got many times over.
        let uses = self.common.dice.falls(if at_once == 1 { 0.75 } else { 0.25 });
        match &self.kind {
            Kind::Browser(browser) => browser.ask_until_answered(&self.common, uses).await,
            Kind::App(app) => app.ask_until_answered(&self.common, uses).await,
        }
    }
}

impl Common {
    /// A request without a body.
    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Message {
        let sent_at = self.way.started.elapsed().as_millis().to_string();
        let common = [("Host", HOST), ("User-Agent", &*self.name), (SENT_AT, &*sent_at)];
        Message::request(method, path, &[&common, headers].concat(), "")
    }

    /// Sends a request through the network; `None` where no answer came in time, after a while in which the
    /// visitor does something else.
    async fn try_once(&self, request: &Message) -> Option<Message> {
        if let Ok(Ok(answer)) = timeout(self.times.patience, self.way.wire.exchange(request)).await
            // Nothing was consumed: the server says that it cannot answer now.
            && answer.status() != Some(503)
        {
            return Some(answer);
        }
        let is_away = self.dice.falls(AWAY) && !self.was_away.swap(true, Ordering::Relaxed);
        let more = self.dice.fraction();
        sleep(if is_away {
            self.times.grace.mul_f64(1.1 + 0.4 * more)
        } else {
            Duration::from_millis(100).mul_f64(1.0 + more)
        })
        .await;
        None
    }

    /// Whether the cookie of this place in an answer reaches a browser.
    fn reaches(&self, place: usize) -> bool {
        match *lock(&self.gateway) {
            Gateway::All => true,
            Gateway::First => place == 0,
            Gateway::Any => self.dice.falls(0.5),
        }
    }

    fn renewed_at(&self) -> MutexGuard<'_, Instant> {
        lock(&self.renewed_at)
    }

    /// Tokens have come.
    fn has_renewed(&self) {
        *self.renewed_at() = Instant::now();
    }
}

/// The `code` of a refusal, or its status.
fn code(answer: &Message) -> String {
    let body: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let code = body.and_then(|body| Some(body.get("code")?.as_str()?.to_owned()));
    code.unwrap_or_else(|| format!("{:?}", answer.status()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
