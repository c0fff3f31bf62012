//! What the site answers.
//!
//! | module | holds |
//! |---|---|
//! | `pages`, `admin`, `api`, `files`, `export`, `app` | the routes |
//! | `middleware` | what every request passes, and every answer |
//! | `metrics` | figures about requests, and where they can be read |
//! | `state` | what the handlers work with |

pub(crate) mod admin;
pub(crate) mod api;
mod app;
pub(crate) mod export;
pub(crate) mod files;
pub(crate) mod metrics;
pub(crate) mod middleware;
pub(crate) mod pages;
pub(crate) mod state;

use std::convert::Infallible;

use axum::{Router, extract::Request, response::Response};
use tower::util::BoxCloneSyncService;
use vestibule::RouteGroup;

use self::{
    middleware::{error_layer, frame},
    state::Site,
};

/// The site as one service.
pub(crate) type SiteService = BoxCloneSyncService<Request, Response, Infallible>;

/// How the connection of a request is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transport {
    pub(crate) is_tls: bool,
}

/// The request's framing can be read in two ways: both `Content-Length` and `Transfer-Encoding`, several
/// lengths, or lines that end in LF alone (RFC 9112 sections 2.2, 6.1 and 6.3). A proxy in front may have
/// read it in the other way, so nothing after it on this connection can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// The routes and everything around them.
pub(crate) fn service(site: &Site) -> SiteService {
    let router: Router = Router::new()
        .merge(site.hall.routes_with(RouteGroup::ALL))
        .merge(api::routes(site.settings.pages.openapi))
        .merge(files::routes())
        .merge(admin::api::routes())
        .merge(export::routes())
        .merge(pages::routes())
        .merge(pages::static_routes())
        .merge(app::routes(&site.settings.pages))
        .with_state(site.clone());
    frame::around(site, error_layer::around(&site.hall, router))
}
