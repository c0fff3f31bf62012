//! Before the store can be reached: the site says that it is not there yet, and opens when it is. So nodes and
//! their database may be started in any order.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header},
    middleware::map_response,
    response::{IntoResponse as _, Response},
    routing::get,
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use vestibule::Problem;

use super::{
    connections::{Admission, Connections},
    stop::Signals,
};
use crate::web::{
    SiteService,
    middleware::headers::{self, Guards},
};
use crate::{
    bootstrap::{self, Opened},
    config::{self, Settings},
    error::CommandError,
    templates::Templates,
    web::pages,
};

/// How often it is tried.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the answers that are under way may take when the store is there.
const DRAIN: Duration = Duration::from_secs(1);

/// Opens the store, however long that takes; `None` where a signal came first.
///
/// # Errors
/// Whatever waiting does not mend.
pub(super) async fn for_store(
    settings: &Settings,
    templates: &Arc<Templates>,
    listener: &TcpListener,
    acceptor: Option<&TlsAcceptor>,
    most_connections: usize,
    signals: &mut Signals,
) -> Result<Option<Opened>, CommandError> {
    let away = match bootstrap::open_store(settings).await {
        Err(CommandError::Away(away)) => away,
        opened => return opened.map(Some),
    };
    tracing::error!(
        "{away}. Until then, every request is answered with 503; retrying every second"
    );
    let stop = CancellationToken::new();
    let service = service(settings, templates);
    let trusted_proxies = settings.trusted_proxies.clone();
    let admission = Admission { most: most_connections, trusted_proxies };
    let connections = Connections::new(acceptor.cloned(), service, stop.clone(), admission);
    let opened = tokio::select! {
        () = connections.accept(listener) => Ok(None),
        signal = signals.next() => {
            tracing::info!(signal, "stopped before the store could be reached");
            Ok(None)
        }
        opened = open_at_last(settings) => opened.map(Some),
    };
    stop.cancel();
    // Whoever is slow to take a refusal holds up nobody.
    let _ = tokio::time::timeout(DRAIN, connections.ended()).await;
    opened
}

async fn open_at_last(settings: &Settings) -> Result<Opened, CommandError> {
    loop {
        tokio::time::sleep(PAUSE).await;
        match bootstrap::open_store(settings).await {
            Err(CommandError::Away(_)) => {}
            opened => return opened,
        }
    }
}

/// Nothing but that nothing is there yet. The process itself is well.
fn service(settings: &Settings, templates: &Arc<Templates>) -> SiteService {
    let guards = Arc::new(Guards::new(settings));
    let (settings, templates) = (Arc::new(settings.clone()), Arc::clone(templates));
    let router: Router = Router::new()
        .route("/healthz", get(async || "ok"))
        .fallback(async move |request: Request| {
            let expects_json = config::API_PREFIXES.iter().any(|prefix| {
                let rest = request.uri().path().strip_prefix(prefix);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            let page = (!expects_json)
                .then(|| pages::away(&templates, &settings, request.headers()))
                .flatten();
            page.unwrap_or_else(|| Problem::unavailable(PAUSE).into_response())
        })
        .layer(map_response(move |response| finish(Arc::clone(&guards), response)));
    SiteService::new(router)
}

async fn finish(guards: Arc<Guards>, mut response: Response) -> Response {
    guards.add(response.headers_mut(), "/", "", false);
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::CACHE_CONTROL, headers::NO_STORE);
    }
    response
}
