//! The routes for files.
//!
//! | module | holds |
//! |---|---|
//! | `api`, `content`, `uploads` | files, their contents, uploads that come in pieces |
//! | `serve`, `range`, `disposition` | a content on its way out |
//! | `bodies` | what the API takes and gives |

mod api;
mod bodies;
mod content;
mod disposition;
mod range;
mod serve;
mod uploads;

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, Request},
    routing::{delete, get, post, put},
};

use crate::{config, services::files::AROUND_A_FILE, web::state::Site};

pub(crate) use self::api::{Description, cursor, read_cursor};

/// For a whole upload, however large. Within it something has to arrive all the time.
pub(crate) const UPLOAD_WITHIN: Duration = Duration::from_secs(3600);

/// The routes for programs, and the address of each file. They have to be inside of the library's layer.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/api/files", get(api::list).post(api::create))
        .route("/api/files/{id}", get(api::show).delete(api::delete))
        .route("/api/files/{id}/content", get(content::read).put(content::replace))
        .route("/api/files/{id}/shares/{username}", put(api::share).delete(api::unshare))
        .route("/api/files/{id}/acceptance", put(api::accept))
        .route("/api/files/uploads", post(uploads::begin))
        .route(
            "/api/files/uploads/{id}",
            get(uploads::show).patch(uploads::append).merge(delete(uploads::abandon)),
        )
        .route("/file/{id}", get(content::open))
        // The bodies have bounds of their own.
        .layer(DefaultBodyLimit::disable())
}

/// The longest body of a request that brings a file; `None` where it is one of the others.
pub(crate) fn longest_body<B>(request: &Request<B>, settings: &config::Files) -> Option<u64> {
    let path = request.uri().path();
    let brings_a_file = match *request.method() {
        Method::POST => matches!(path, "/api/files" | "/uploads"),
        Method::PUT => path.starts_with("/api/files/") && path.ends_with("/content"),
        Method::PATCH => path.starts_with("/api/files/uploads/"),
        _ => false,
    };
    brings_a_file.then(|| settings.max_size.saturating_add(AROUND_A_FILE))
}
