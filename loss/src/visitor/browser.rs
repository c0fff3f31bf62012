//! A browser: one jar of cookies for all of its requests.

use std::sync::{Arc, Mutex};

use serde_json::json;
use vestibule::SystemClock;
use vestibule_testkit::{visitors::Jar, wire::Message};

use super::{Common, SignedOut, code, lock};
use crate::{Outcome, target::HOST};

/// Cookies are taken from answers as they arrive, in whatever order that is, and sent with whatever is sent
/// next. The server renews within a request; nothing here knows of it.
pub(super) struct Browser {
    jar: Mutex<Jar>,
}

impl Browser {
    pub(super) fn new() -> Self {
        Self { jar: Mutex::new(Jar::new(Arc::new(SystemClock::start()), false)) }
    }

    pub(super) fn sign_in(&self, common: &Common, password: &str) -> Message {
        let body = json!({
            "login": common.login, "password": password, "transport": "cookie", "remember": true,
        });
        // Signing in again is for somebody who has nothing left.
        *lock(&self.jar) = Jar::new(Arc::new(SystemClock::start()), false);
        let headers = [
            ("Host", HOST),
            ("User-Agent", &*common.name),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/json"),
        ];
        Message::request("POST", "/api/auth/login", &headers, &body.to_string())
    }

    /// Takes in the cookies of an answer that reach the browser.
    pub(super) fn keep(&self, common: &Common, answer: &Message) {
        self.apply_change(common, answer, |place| common.reaches(place));
    }

    /// Takes in all cookies of a sign-in, which does not come through the gateway.
    pub(super) fn begin(&self, common: &Common, answer: &Message) {
        self.apply_change(common, answer, |_| true);
    }

    fn apply_change(&self, common: &Common, answer: &Message, reaches: impl Fn(usize) -> bool) {
        let mut jar = lock(&self.jar);
        let tokens = |jar: &Jar| ["access", "refresh"].map(|name| jar.value(name));
        let before = tokens(&jar);
        for (place, line) in answer.headers("set-cookie").enumerate() {
            if reaches(place) {
                jar.store(line, "/api/auth/me");
            }
        }
        if tokens(&jar) != before {
            common.has_renewed();
        }
    }

    pub(super) async fn ask_until_answered(
        &self,
        common: &Common,
        uses: bool,
    ) -> Outcome<Result<(), SignedOut>> {
        for _ in 0..=usize::from(uses) {
            loop {
                let cookies = lock(&self.jar).header("/").unwrap_or_default();
                let headers = [("Sec-Fetch-Site", "same-origin"), ("Cookie", &*cookies)];
                let request = common.request("GET", "/api/auth/me", &headers);
                let Some(answer) = common.try_once(&request).await else { continue };
                self.keep(common, &answer);
                // Also an answer that is none of a refusal must not take the cookies away.
                let has_session = lock(&self.jar).value("refresh").is_some();
                match answer.status() {
                    Some(200) if has_session => break,
                    Some(200 | 401) => return Ok(Err(SignedOut { code: code(&answer) })),
                    _ => return Err(format!("a request was answered {}", code(&answer)).into()),
                }
            }
        }
        Ok(Ok(()))
    }
}
