//! `/metrics`: the figures of this node, on a listener of its own, where only those who are to see them
//! reach it.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    http::{Method, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::error::CommandError;

const REQUESTS: &str = "vestibule_http_requests_total";
const REQUEST_SECONDS: &str = "vestibule_http_request_duration_seconds";
/// From an answer out of memory to one that waited for a password to be hashed, in seconds.
const BUCKETS: [f64; 10] = [0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
/// How often what is no longer needed for the next answer is dropped.
const UPKEEP: Duration = Duration::from_secs(5);

/// The listener, and what counts.
pub(crate) struct Figures {
    handle: PrometheusHandle,
    listener: TcpListener,
}

impl Figures {
    /// Binds the listener and has everything counted from here on.
    ///
    /// # Errors
    /// [`CommandError::Failed`] where the address cannot be listened on.
    pub(crate) async fn open(wanted: SocketAddr) -> Result<Self, CommandError> {
        let failed = |error: &dyn std::fmt::Display| {
            CommandError::Failed(format!(
                "cannot serve metrics on {wanted} ({error}); set \
                 `metrics.listen` to another address"
            ))
        };
        let listener = TcpListener::bind(wanted).await.map_err(|error| failed(&error))?;
        let handle = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| failed(&error))?;
        describe_counter!(REQUESTS, "Requests answered, by method and status");
        describe_histogram!(REQUEST_SECONDS, Unit::Seconds, "Time from request head to answer");
        Ok(Self { handle, listener })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until `stop`.
    pub(crate) fn serve(self, stop: CancellationToken) {
        let Self { handle, listener } = self;
        let (text, until) = (handle.clone(), stop.clone());
        let router = Router::new().route("/metrics", get(async move || answer(&text)));
        tokio::spawn(async move {
            let served =
                axum::serve(listener, router).with_graceful_shutdown(until.cancelled_owned());
            if let Err(error) = served.await {
                tracing::error!(%error, "stopped serving metrics");
            }
        });
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                handle.run_upkeep();
            }
        }));
    }
}

fn answer(handle: &PrometheusHandle) -> Response {
    // The format's own media type (Prometheus text exposition format 0.0.4).
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, handle.render()).into_response()
}

/// Counts an answered request.
pub(crate) fn answered(method: &Method, status: u16, took: Duration) {
    let (method, status) = (known(method), status.to_string());
    counter!(REQUESTS, "method" => method, "status" => status).increment(1);
    histogram!(REQUEST_SECONDS, "method" => method).record(took);
}

/// Everybody can make up methods, and each would be a figure of its own.
fn known(method: &Method) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method.as_str())
        .unwrap_or("other")
}
