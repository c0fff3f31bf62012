//! An app: it keeps its tokens itself and asks for new ones when it is told that they have expired.

use std::sync::Mutex;

use serde_json::{Value, json};
use vestibule_testkit::wire::Message;

use super::{Common, SignedOut, code, lock};
use crate::{Outcome, target::HOST};

/// What every app has to do, and no more: tokens are saved before they are used, a refresh without an
/// answer is tried again with the same token, and two requests that find the token expired each ask for new
/// ones.
pub(super) struct App {
    saved: Mutex<Tokens>,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Tokens {
    access: String,
    refresh: String,
}

impl App {
    pub(super) fn new() -> Self {
        Self { saved: Mutex::default() }
    }

    pub(super) fn sign_in(&self, common: &Common, password: &str) -> Message {
        let body = json!({ "login": common.login, "password": password });
        let headers =
            [("Host", HOST), ("User-Agent", &*common.name), ("Content-Type", "application/json")];
        Message::request("POST", "/api/auth/login", &headers, &body.to_string())
    }

    /// Saves the tokens of an answer.
    pub(super) fn keep(&self, common: &Common, answer: &Message) {
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let text = |name: &str| Some(body.get(name)?.as_str()?.to_owned());
        if let (Some(access), Some(refresh)) = (text("access_token"), text("refresh_token")) {
            *lock(&self.saved) = Tokens { access, refresh };
            common.has_renewed();
        }
    }

    pub(super) async fn ask_until_answered(
        &self,
        common: &Common,
        uses: bool,
    ) -> Outcome<Result<(), SignedOut>> {
        loop {
            let held = lock(&self.saved).clone();
            let request = bearing(common, "GET", "/api/auth/me", &held.access);
            let Some(answer) = common.try_once(&request).await else { continue };
            match (answer.status(), &*code(&answer)) {
                (Some(200), _) => return Ok(Ok(())),
                (Some(401), "token_expired") => {}
                (Some(401), code) => return Ok(Err(SignedOut { code: code.to_owned() })),
                (_, code) => return Err(format!("a request was answered {code}").into()),
            }
            if let Err(signed_out) = self.renew(common, &held).await? {
                return Ok(Err(signed_out));
            }
            if !uses {
                return Ok(Ok(()));
            }
        }
    }

    /// Asks for new tokens until there are any.
    async fn renew(&self, common: &Common, held: &Tokens) -> Outcome<Result<(), SignedOut>> {
        // Another request may have got new ones since.
        while *lock(&self.saved) == *held {
            let request = bearing(common, "POST", "/api/auth/refresh", &held.refresh);
            let Some(answer) = common.try_once(&request).await else { continue };
            match answer.status() {
                Some(200) => {
                    self.keep(common, &answer);
                    break;
                }
                Some(401) => return Ok(Err(SignedOut { code: code(&answer) })),
                _ => return Err(format!("a refresh was answered {}", code(&answer)).into()),
            }
        }
        Ok(Ok(()))
    }
}

fn bearing(common: &Common, method: &str, path: &str, token: &str) -> Message {
    let bearer = format!("Bearer {token}");
    common.request(method, path, &[("Authorization", &bearer)])
}
