//! What the site answers.
//!
//! | module | holds |
//! |---|---|
//! | `pages`, `admin`, `api`, `files`, `export`, `app` | the routes |
//! | `middleware` | what every request passes, and every answer |
//! | `metrics` | figures about requests, and where they can be read |
//! | `state` | what the handlers work with |
//! | `site_service` | what a listener serves, and what it says of a request |

pub(crate) mod admin;
pub(crate) mod api;
mod app;
pub(crate) mod export;
pub(crate) mod files;
pub(crate) mod metrics;
pub(crate) mod middleware;
pub(crate) mod pages;
mod site_service;
pub(crate) mod state;

use axum::Router;
use vestibule::RouteGroup;

pub(crate) use self::site_service::{Ambiguous, SiteService, Transport};
use self::{
    middleware::{error_layer, frame},
    state::Site,
};

/// The routes and everything around them.
pub(crate) fn service(site: &Site) -> SiteService {
    let router: Router = Router::new()
        .merge(site.auth.routes_with(RouteGroup::ALL))
        .merge(api::routes(site.settings.pages.openapi))
        .merge(files::routes())
        .merge(admin::api::routes())
        .merge(export::routes())
        .merge(pages::routes())
        .merge(pages::static_routes())
        .merge(app::routes(&site.settings.pages))
        .with_state(site.clone());
    frame::around(site, error_layer::around(&site.auth, router))
}
