//! Two published rules as a small server with the site's routes, as far as its visitors use them: to be
//! visited by the same visitors in the same network.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    response::{AppendHeaders, IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::plan::Times;

/// What a refresh token buys that was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Nothing: a second use is theft, whenever it comes.
    SingleUse,
    /// A new sibling of what the first use bought, until the grace is over; theft after it.
    Siblings,
}

/// Sessions and their tokens, in memory.
pub(crate) struct Rival {
    rule: Rule,
    times: Times,
    state: Mutex<Sessions>,
}

#[derive(Default)]
struct Sessions {
    /// Whether each of them has ended.
    ended: Vec<bool>,
    refresh: HashMap<String, Refresh>,
    access: HashMap<String, Access>,
    made: u64,
}

struct Refresh {
    session: usize,
    first_used_at: Option<Instant>,
}

struct Access {
    session: usize,
    expires_at: Instant,
}

#[derive(Clone)]
struct Pair {
    access: String,
    refresh: String,
}

/// What is said to whoever has to sign in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refused(&'static str);

impl Rival {
    pub(crate) fn router(rule: Rule, times: Times) -> Router {
        let rival = Arc::new(Self { rule, times, state: Mutex::default() });
        Router::new()
            .route("/api/auth/login", post(sign_in))
            .route("/api/auth/refresh", post(refresh))
            .route("/api/auth/me", get(me))
            .with_state(rival)
    }

    fn sign_in(&self, now: Instant) -> Pair {
        let mut sessions = self.sessions();
        sessions.ended.push(false);
        let session = sessions.ended.len() - 1;
        sessions.mint(session, now + self.times.access)
    }

    fn renew(&self, token: &str, now: Instant) -> Result<Pair, Refused> {
        let sessions = &mut *self.sessions();
        let presented = sessions.refresh.get_mut(token).ok_or(Refused("token_invalid"))?;
        let session = presented.session;
        let ended = sessions.ended.get_mut(session).ok_or(Refused("token_invalid"))?;
        if *ended {
            return Err(Refused("session_ended"));
        }
        match presented.first_used_at {
            None => presented.first_used_at = Some(now),
            Some(first) if self.forgives(now.duration_since(first)) => {}
            Some(_) => {
                *ended = true;
                return Err(Refused("session_ended"));
            }
        }
        Ok(sessions.mint(session, now + self.times.access))
    }

    fn forgives(&self, after: Duration) -> bool {
        self.rule == Rule::Siblings && after < self.times.grace
    }

    /// Whether an access token is good.
    fn check(&self, token: &str, now: Instant) -> Result<(), Refused> {
        let sessions = self.sessions();
        let access = sessions.access.get(token).ok_or(Refused("token_invalid"))?;
        if sessions.ended.get(access.session).is_none_or(|ended| *ended) {
            return Err(Refused("token_revoked"));
        }
        if now >= access.expires_at { Err(Refused("token_expired")) } else { Ok(()) }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    fn mint(&mut self, session: usize, expires_at: Instant) -> Pair {
        self.made += 1;
        // Nobody guesses here.
        let pair = Pair { access: format!("a{}", self.made), refresh: format!("r{}", self.made) };
        self.access.insert(pair.access.clone(), Access { session, expires_at });
        self.refresh.insert(pair.refresh.clone(), Refresh { session, first_used_at: None });
        pair
    }
}

async fn sign_in(State(rival): State<Arc<Rival>>, Json(body): Json<Value>) -> Response {
    let pair = rival.sign_in(Instant::now());
    if body.get("transport").is_some() { in_cookies(pair) } else { in_body(pair) }
}

async fn refresh(State(rival): State<Arc<Rival>>, headers: HeaderMap) -> Response {
    match rival.renew(bearer(&headers), Instant::now()) {
        Ok(pair) => in_body(pair),
        Err(refused) => refused.told(),
    }
}

/// Renews within the request, where cookies came and the access token has expired.
async fn me(State(rival): State<Arc<Rival>>, headers: HeaderMap) -> Response {
    let now = Instant::now();
    let by_cookie = cookie(&headers, "refresh");
    let access = cookie(&headers, "access").unwrap_or_else(|| bearer(&headers));
    match (rival.check(access, now), by_cookie) {
        (Ok(()), _) => Json(json!({})).into_response(),
        (Err(Refused("token_revoked")), _) | (Err(_), None) => {
            rival.check(access, now).err().unwrap_or(Refused("token_invalid")).told()
        }
        (Err(_), Some(token)) => match rival.renew(token, now) {
            Ok(pair) => in_cookies(pair),
            Err(refused) => refused.told(),
        },
    }
}

impl Refused {
    fn told(self) -> Response {
        (StatusCode::UNAUTHORIZED, Json(json!({ "code": self.0 }))).into_response()
    }
}

fn in_body(pair: Pair) -> Response {
    Json(json!({ "access_token": pair.access, "refresh_token": pair.refresh })).into_response()
}

fn in_cookies(pair: Pair) -> Response {
    let line = |name, value| (header::SET_COOKIE, format!("{name}={value}; Path=/; HttpOnly"));
    let cookies = [line("access", pair.access), line("refresh", pair.refresh)];
    (AppendHeaders(cookies), Json(json!({}))).into_response()
}

fn bearer(headers: &HeaderMap) -> &str {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rival(rule: Rule) -> (Rival, Instant) {
        let rival = Rival { rule, times: Times::FULL, state: Mutex::default() };
        (rival, Instant::now())
    }

    #[test]
    fn single_use_takes_a_second_use_for_theft() {
        let (rival, now) = rival(Rule::SingleUse);
        let first = rival.sign_in(now);
        let second = rival.renew(&first.refresh, now).unwrap();
        assert_eq!(rival.check(&second.access, now), Ok(()));
        let soon = now + Duration::from_millis(1);
        assert_eq!(rival.renew(&first.refresh, soon).err(), Some(Refused("session_ended")));
        assert_eq!(rival.check(&second.access, soon), Err(Refused("token_revoked")));
        assert_eq!(rival.renew(&second.refresh, soon).err(), Some(Refused("session_ended")));
    }

    #[test]
    fn siblings_are_minted_within_the_grace_and_each_renews() {
        let (rival, now) = rival(Rule::Siblings);
        let first = rival.sign_in(now);
        let one = rival.renew(&first.refresh, now).unwrap();
        let within = now + Times::FULL.grace - Duration::from_millis(1);
        let other = rival.renew(&first.refresh, within).unwrap();
        assert_ne!(one.refresh, other.refresh);
        assert!(rival.renew(&one.refresh, within).is_ok());
        assert!(rival.renew(&other.refresh, within).is_ok());
        let after = now + Times::FULL.grace;
        assert_eq!(rival.renew(&first.refresh, after).err(), Some(Refused("session_ended")));
        assert_eq!(rival.renew(&other.refresh, after).err(), Some(Refused("session_ended")));
    }

    #[test]
    fn an_access_token_expires() {
        let (rival, now) = rival(Rule::SingleUse);
        let pair = rival.sign_in(now);
        let expiry = now + Times::FULL.access;
        assert_eq!(rival.check(&pair.access, expiry - Duration::from_millis(1)), Ok(()));
        assert_eq!(rival.check(&pair.access, expiry), Err(Refused("token_expired")));
        assert_eq!(rival.check("made up", now), Err(Refused("token_invalid")));
    }
}
