//! Many sessions at once, on a site that is killed again and again: whatever happens, the history of what was
//! asked and answered holds to the rule.

mod check;
mod record;

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use http::Method;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};
use vestibule::core::id::SessionId;
use vestibule_testkit::{
    SeededEntropy,
    site::{Place, Site},
    visitors::{Carrier, Loopback, Visitor as _, request, with},
    wait,
};

use self::{
    check::{History, check},
    record::{Holder, Outcome, Record, Tokens, claims},
};
use crate::test_app::{PASSWORD, ask_store, clock, create_user, place, serve, serve_again};

/// How long a token counts as a racer's; the site's default.
const GRACE: Duration = Duration::from_secs(30);
const SESSIONS: usize = 40;
/// How often each of them goes on.
const STEPS: usize = 30;
const CRASHES: usize = 3;
/// Longer than the site is ever away.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries while it is.
const PAUSE: Duration = Duration::from_millis(10);

/// What becomes of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lot {
    /// It stays to the end.
    Stays,
    /// Its person signs out.
    SignsOut,
    /// Another session of the same person ends it.
    EndedFromElsewhere,
    /// Whoever runs the site ends it at the command line.
    EndedByCommand,
    /// Somebody copies a token, and uses it when it is two generations old.
    Stolen,
}

const LOTS: [Lot; 5] =
    [Lot::Stays, Lot::SignsOut, Lot::EndedFromElsewhere, Lot::EndedByCommand, Lot::Stolen];

/// One session among many.
struct Life {
    holder: Holder,
    lot: Lot,
    place: Arc<Place>,
    /// The access token of another session of the same person, fresh.
    elsewhere: String,
    dice: SeededEntropy,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_the_history_holds_to_the_rule() {
    let place = Arc::new(place());
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let address = site.address();
    let record = Arc::new(Record::new(Loopback::to(address)));
    let elsewhere = site.app();
    assert_eq!(elsewhere.sign_in("ada", PASSWORD).await.status, 200);
    let elsewhere = elsewhere.access_token().unwrap();

    let mut lives = JoinSet::new();
    let mut lots = Vec::new();
    for number in 0..SESSIONS {
        let lot = LOTS[number % LOTS.len()];
        let (holder, tokens) = begin(&site, number, &record).await;
        lots.push((holder.id.clone(), lot));
        let (place, elsewhere) = (Arc::clone(&place), elsewhere.clone());
        let dice = SeededEntropy::new(number as u64);
        let life = Arc::new(Life { holder, lot, place, elsewhere, dice });
        lives.spawn(life.live(tokens));
    }
    let site = crash_amid(site, &place, &record).await;
    lives.join_all().await;

    let books = thefts(&place);
    let of_lot = |of: Lot| {
        let numbered = lots.iter().enumerate().filter(move |(_, (_, lot))| *lot == of);
        numbered.map(|(number, _)| number).collect::<BTreeSet<usize>>()
    };
    let is_theft = |number: &usize| books.contains(&lots[*number].0);
    let thefts: BTreeSet<usize> = (0..SESSIONS).filter(is_theft).collect();
    assert_eq!(thefts, of_lot(Lot::Stolen), "every thief was caught, and nobody else");
    let events = record.events();
    let history = History { events, thefts, unharmed: of_lot(Lot::Stays) };
    assert_eq!(check(&history, GRACE), []);
    drop(site);
}

/// Kills the site several times while the sessions go on, and starts it where it was.
async fn crash_amid(mut site: Site, place: &Arc<Place>, record: &Record) -> Site {
    for crash in 1..=CRASHES {
        let so_many = SESSIONS * STEPS / 2 * crash / (CRASHES + 1);
        let enough = async || (record.renewals.load(Ordering::Relaxed) >= so_many).then_some(());
        wait::until_async(PATIENCE, enough).await.expect("renewals");
        let place = Arc::clone(place);
        let again = spawn_blocking(move || {
            let address = site.address();
            site.kill();
            serve_again(&place, address)
        });
        site = again.await.unwrap();
    }
    site
}

/// Signs in, every other one by cookie.
async fn begin(site: &Site, number: usize, record: &Arc<Record>) -> (Holder, Tokens) {
    let (carrier, csrf, access, refresh) = if (number / LOTS.len()).is_multiple_of(2) {
        let app = site.app();
        assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
        (Carrier::Header, String::new(), app.access_token(), app.refresh_token())
    } else {
        let browser = site.browser(clock());
        assert_eq!(browser.sign_in("ada", PASSWORD).await.status, 200);
        let csrf = browser.csrf().unwrap();
        (Carrier::Cookie, csrf, browser.access_token(), browser.refresh_token())
    };
    let tokens = Tokens::new(access.unwrap(), refresh.unwrap());
    let id = claims(&tokens.refresh)["sid"].as_str().unwrap().to_owned();
    (Holder { number, carrier, id, csrf, record: Arc::clone(record) }, tokens)
}

/// The sessions that were ended for theft.
fn thefts(place: &Place) -> BTreeSet<String> {
    // The one thing that the two databases do not call the same.
    let hex =
        if place.variable("DATABASE_URL").is_some() { "encode(id, 'hex')" } else { "hex(id)" };
    let question = format!("SELECT {hex} FROM sessions WHERE end_reason = 'theft'");
    ask_store(place, &question).iter().map(|hex| session_id(hex).to_string()).collect()
}

fn session_id(hex: &str) -> SessionId {
    let number = u128::from_str_radix(hex, 16).expect("sixteen bytes");
    SessionId::from_bytes(number.to_be_bytes())
}

impl Life {
    async fn live(self: Arc<Self>, mut held: Tokens) {
        let turn = STEPS / 3 + self.below(STEPS / 3);
        let mut copy = held.clone();
        for step in 0..STEPS {
            if step + 3 == turn {
                copy = held.clone();
            }
            // What ends the session, where something does, comes while it is being renewed.
            let meets_its_lot = async {
                if step == turn {
                    sleep(Duration::from_millis(5).mul_f64(self.dice.fraction())).await;
                    while !self.meets_its_lot(&held, &copy).await {
                        sleep(PAUSE).await;
                    }
                }
            };
            let both = async { tokio::join!(self.renews(&held), meets_its_lot) };
            let (renewed, ()) = timeout(PATIENCE, both).await.expect("an answer");
            if let Some(tokens) = renewed {
                held = tokens;
                self.holder.use_access(&held).await;
            }
        }
    }

    /// Renews by some requests side by side until one of them is answered; nothing where that was a refusal.
    async fn renews(self: &Arc<Self>, held: &Tokens) -> Option<Tokens> {
        let at_once = 1 + self.below(4);
        loop {
            let mut racers = JoinSet::new();
            for _ in 0..at_once {
                let (life, held) = (Arc::clone(self), held.clone());
                racers.spawn(async move { life.holder.renew(&held).await });
            }
            let (mut renewed, mut is_refused) = (None, false);
            for outcome in racers.join_all().await {
                match outcome {
                    Outcome::Renewed(tokens) => renewed = Some(tokens),
                    Outcome::Refused => is_refused = true,
                    Outcome::Nothing => {}
                }
            }
            if renewed.is_some() || is_refused {
                return renewed;
            }
            sleep(PAUSE).await;
        }
    }

    /// Says whether it is done: the site may be gone at the moment.
    async fn meets_its_lot(&self, held: &Tokens, copy: &Tokens) -> bool {
        match self.lot {
            Lot::Stays => true,
            Lot::SignsOut => self.holder.sign_out(held).await,
            Lot::EndedFromElsewhere => self.holder.end(self.delete()).await,
            Lot::EndedByCommand => self.holder.end(self.command()).await,
            Lot::Stolen => !matches!(self.holder.renew(copy).await, Outcome::Nothing),
        }
    }

    async fn delete(&self) -> bool {
        let path = format!("/api/auth/sessions/{}", self.holder.id);
        let ask = request(Method::DELETE, &path, None);
        let ask = with(ask, "authorization", &format!("Bearer {}", self.elsewhere));
        let answer = self.holder.record.send(ask).await;
        answer.is_some_and(|answer| answer.status == 204)
    }

    async fn command(&self) -> bool {
        let (place, id) = (Arc::clone(&self.place), self.holder.id.clone());
        let done = spawn_blocking(move || place.run(&["session", "end", &id]));
        done.await.unwrap().status.success()
    }

    fn below(&self, most: usize) -> usize {
        (self.dice.fraction() * most as f64) as usize
    }
}
