//! One line in the log for each request.

use std::{net::IpAddr, time::Duration};

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use vestibule::{RequestId, SystemClock, core::time::Clock as _};

use crate::web::metrics;

/// The longest text of a client that is logged, in characters.
const LONGEST: usize = 300;

/// What will be logged of a request, at its end or when it is given up. No header but the user agent, no
/// query, no body: nothing that can hold a secret.
///
/// The texts are values of fields, in which both formats of the log escape quotes; [`short`] leaves no
/// character that ends a line.
pub(super) struct AccessRecord {
    method: Method,
    path: String,
    agent: String,
    address: IpAddr,
    id: RequestId,
    clock: SystemClock,
    began: Duration,
    answered: Option<StatusCode>,
}

impl AccessRecord {
    pub(super) fn begin(
        request: &Request,
        address: IpAddr,
        id: RequestId,
        clock: SystemClock,
    ) -> Self {
        let agent = request.headers().get(header::USER_AGENT);
        Self {
            method: request.method().clone(),
            path: short(request.uri().path()),
            agent: agent.map_or_else(String::new, |agent| {
                short(&String::from_utf8_lossy(agent.as_bytes()))
            }),
            address,
            id,
            clock,
            began: clock.monotonic(),
            answered: None,
        }
    }

    /// Ends it with the answer's status.
    pub(super) fn end(mut self, status: StatusCode) {
        self.answered = Some(status);
    }
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        let method = short(self.method.as_str());
        let took = self.clock.monotonic().saturating_sub(self.began);
        let duration_ms = took.as_micros() as f64 / 1000.0;
        if let Some(status) = self.answered {
            metrics::answered(&self.method, status.as_u16(), took);
        }
        let Self { path, agent, address, id: RequestId(id), .. } = self;
        match self.answered {
            Some(status) => tracing::info!(
                method, path, status = status.as_u16(), duration_ms, %address, request_id = &**id, agent,
                "request"
            ),
            None => tracing::info!(
                method, path, duration_ms, %address, request_id = &**id, agent,
                "request without an answer: aborted by the client or by a shutdown"
            ),
        }
    }
}

/// The beginning of a text, for one line of the log: some readers also take U+2028 for the end of one.
fn short(text: &str) -> String {
    let ends_line = |sign: char| sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}');
    let plain = text.chars().take(LONGEST);
    plain.map(|sign| if ends_line(sign) { char::REPLACEMENT_CHARACTER } else { sign }).collect()
}
