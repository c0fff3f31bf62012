//! Visitors who write down what they asked and what came of it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;
use tokio::time::Instant;
use vestibule_testkit::visitors::{Answer, Carrier, Loopback, request, with};

use super::check::{self, Event, Moment, What};

/// How long an answer may take. Only a killed site gives none, and then the connection is cut at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// The way to the site, and everything that was said on it.
pub(super) struct Record {
    way: Loopback,
    host: String,
    started: Instant,
    order: AtomicU64,
    pub(super) renewals: AtomicUsize,
    events: Mutex<Vec<Event>>,
}

/// A session, as those who hold its tokens know it.
pub(super) struct Holder {
    pub(super) number: usize,
    pub(super) carrier: Carrier,
    pub(super) id: String,
    pub(super) csrf: String,
    pub(super) record: Arc<Record>,
}

/// The tokens of one generation.
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) generation: u64,
    pub(super) access: String,
    pub(super) refresh: String,
}

/// What presenting a refresh token has brought.
pub(super) enum Outcome {
    Renewed(Tokens),
    Refused,
    /// The site was gone.
    Nothing,
}

impl Record {
    pub(super) fn new(way: Loopback) -> Self {
        Self {
            way,
            host: way.address().to_string(),
            started: Instant::now(),
            order: AtomicU64::new(0),
            renewals: AtomicUsize::new(0),
            events: Mutex::default(),
        }
    }

    /// What was written down so far.
    pub(super) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Sends a request, as soon as it is decided; nothing where the site is gone.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Option<Answer> {
        let request = with(request, "host", &self.host);
        self.way.try_send(request, PATIENCE).await.map(Answer::from)
    }

    pub(super) fn now(&self) -> Moment {
        let order = self.order.fetch_add(1, Ordering::SeqCst);
        Moment { order, at: self.started.elapsed() }
    }

    pub(super) fn note(&self, session: usize, began: Moment, what: What) {
        let event = Event { session, began, ended: self.now(), what };
        self.events.lock().unwrap().push(event);
    }
}

impl Holder {
    /// Presents a refresh token.
    pub(super) async fn renew(&self, held: &Tokens) -> Outcome {
        let began = self.record.now();
        let answer = self.record.send(self.renewal(held)).await;
        let outcome = answer.map_or(Outcome::Nothing, |answer| self.outcome(&answer));
        let answer = match &outcome {
            Outcome::Renewed(tokens) => {
                self.record.renewals.fetch_add(1, Ordering::Relaxed);
                let (generation, token) = (tokens.generation, tokens.refresh.clone());
                Some(check::Answer::Token { generation, token })
            }
            Outcome::Refused => Some(check::Answer::Refused),
            Outcome::Nothing => None,
        };
        let presented = held.generation;
        self.record.note(self.number, began, What::Renewal { presented, answer });
        outcome
    }

    /// Uses an access token.
    pub(super) async fn use_access(&self, held: &Tokens) {
        let ask = request(Method::GET, "/api/auth/me", None);
        let ask = match self.carrier {
            Carrier::Header => with(ask, "authorization", &format!("Bearer {}", held.access)),
            Carrier::Cookie => with(ask, "cookie", &format!("access={}", held.access)),
        };
        let began = self.record.now();
        self.record.send(ask).await;
        self.record.note(self.number, began, What::Use { generation: held.generation });
    }

    /// Signs out; says whether that was acknowledged.
    pub(super) async fn sign_out(&self, held: &Tokens) -> bool {
        let ask = request(Method::POST, "/api/auth/logout", None);
        let ask = match self.carrier {
            Carrier::Header => with(ask, "authorization", &format!("Bearer {}", held.refresh)),
            Carrier::Cookie => {
                let ask = with(ask, "cookie", &format!("refresh={}", held.refresh));
                with(with(ask, "sec-fetch-site", "same-origin"), "x-csrf-token", &self.csrf)
            }
        };
        self.end(async { self.record.send(ask).await.is_some_and(|answer| answer.status == 204) })
            .await
    }

    /// Notes that somebody asks to end the session, and whether that was acknowledged.
    pub(super) async fn end(&self, ending: impl Future<Output = bool>) -> bool {
        let began = self.record.now();
        let acknowledged = ending.await;
        self.record.note(self.number, began, What::End { acknowledged });
        acknowledged
    }

    /// A page renews within a request that comes without an access cookie.
    fn renewal(&self, held: &Tokens) -> Request<Bytes> {
        match self.carrier {
            Carrier::Header => {
                let ask = request(Method::POST, "/api/auth/refresh", None);
                with(ask, "authorization", &format!("Bearer {}", held.refresh))
            }
            Carrier::Cookie => {
                let ask = request(Method::GET, "/api/auth/me", None);
                with(ask, "cookie", &format!("refresh={}", held.refresh))
            }
        }
    }

    fn outcome(&self, answer: &Answer) -> Outcome {
        match answer.verdict() {
            (200, _) => Outcome::Renewed(self.handed_out(answer)),
            (401, code) if code == "session_ended" => Outcome::Refused,
            // Nothing was consumed.
            (503, _) => Outcome::Nothing,
            verdict => panic!("a renewal was answered {verdict:?}"),
        }
    }

    fn handed_out(&self, answer: &Answer) -> Tokens {
        let token = |name: &str| match self.carrier {
            Carrier::Header => {
                let body = answer.json();
                body[format!("{name}_token")].as_str().expect("a token").to_owned()
            }
            Carrier::Cookie => {
                let prefix = format!("{name}=");
                let cookies = answer.set_cookies();
                let line = cookies.iter().find_map(|line| line.strip_prefix(&prefix));
                let value = line.and_then(|line| line.split(';').next());
                value.expect("a cookie").to_owned()
            }
        };
        Tokens::new(token("access"), token("refresh"))
    }
}

impl Tokens {
    pub(super) fn new(access: String, refresh: String) -> Self {
        let generation = claims(&refresh)["gen"].as_u64().expect("a generation");
        Self { generation, access, refresh }
    }
}

/// What a token says, nothing verified.
pub(super) fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}
