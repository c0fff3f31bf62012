//! The site's own routes for programs: what it is, whether it is well, and what it can do.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use utoipa::{OpenApi as _, ToSchema};
use vestibule::{Problem, Vestibule};

use crate::config::Settings;
use crate::{
    web::files,
    web::{admin, export, state::Site},
};

/// How long the store may take to answer before the site counts as not ready.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// `/api`, `/healthz`, `/readyz` and, where it is switched on, `/openapi.json`.
pub(crate) fn routes(with_description: bool) -> Router<Site> {
    let router = Router::new()
        .route("/api", get(index))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz));
    if !with_description {
        return router;
    }
    let text = description().to_json().unwrap_or_default();
    let json = [(header::CONTENT_TYPE, "application/json")];
    router.route("/openapi.json", get(async move || (json, text)))
}

/// The description of the whole API (OpenAPI 3.1).
pub(crate) fn description() -> utoipa::openapi::OpenApi {
    vestibule::api_description()
        .merge_from(Description::openapi())
        .merge_from(files::Description::openapi())
        .merge_from(admin::api::Description::openapi())
        .merge_from(admin::outbox::Description::openapi())
        .merge_from(export::Description::openapi())
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(index, healthz, readyz))]
struct Description;

/// What answers here.
#[derive(Serialize, ToSchema)]
struct Index {
    /// The site's name.
    name: String,
    /// The version of Vestibule.
    version: &'static str,
    /// Always `running`.
    status: &'static str,
}

/// What answers here.
#[utoipa::path(get, path = "/api/", tag = "site", responses((status = 200, body = Index)))]
async fn index(State(settings): State<Arc<Settings>>) -> Json<Index> {
    Json(Index {
        name: settings.site_name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        status: "running",
    })
}

/// Whether the process answers. It asks nothing else, so that an outage of the store restarts nobody.
#[utoipa::path(get, path = "/healthz", tag = "site", responses((status = 200, description = "`ok`")))]
async fn healthz() -> Response {
    ok()
}

/// Whether requests can be served: the store answers within a second.
#[utoipa::path(
    get, path = "/readyz", tag = "site",
    responses((status = 200, description = "`ok`"), (status = 503, description = "The store does not answer"))
)]
async fn readyz(State(auth): State<Vestibule>) -> Result<Response, Problem> {
    let asked = tokio::time::timeout(READY_WITHIN, auth.store().last_sequence());
    match asked.await {
        Ok(Ok(_)) => Ok(ok()),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            tracing::error!("the store did not answer within a second");
            Err(Problem::unavailable(READY_WITHIN))
        }
    }
}

fn ok() -> Response {
    (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], "ok").into_response()
}
