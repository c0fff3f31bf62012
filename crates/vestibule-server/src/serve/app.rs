//! A built JavaScript app, served from a folder while it is being developed.

use axum::Router;
use tower_http::services::{ServeDir, ServeFile};

use crate::{config::Pages, site::Site};

/// The app's files below its path. What is no file is a page of the app, which finds its own way from
/// `index.html`.
pub(super) fn routes(pages: &Pages) -> Router<Site> {
    let Some(folder) = &pages.app_dir else {
        return Router::new();
    };
    let files = ServeDir::new(folder).fallback(ServeFile::new(folder.join("index.html")));
    Router::new().nest_service(&pages.app_path, files)
}
