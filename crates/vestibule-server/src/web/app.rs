//! A built JavaScript app, served from a folder while it is being developed.

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::Response,
};
use tower_http::services::{ServeDir, ServeFile};

use crate::{config::Pages, web::state::Site};

/// For a name that a build tool has made of the content: it never changes (RFC 8246 section 2).
const FOR_GOOD: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// For any other file: ask each time whether it is still the same.
const ASK_FIRST: HeaderValue = HeaderValue::from_static("private, no-cache");
/// For pages, which show what belongs to whoever is signed in: *Back* after a sign-out must not show them again.
const NOT_AT_ALL: HeaderValue = HeaderValue::from_static("no-store");

/// The app's files below its path. What is no file is a page of the app, which finds its own way from
/// `index.html`.
pub(crate) fn routes(pages: &Pages) -> Router<Site> {
    let Some(folder) = &pages.app_dir else {
        return Router::new();
    };
    let files = ServeDir::new(folder).fallback(ServeFile::new(folder.join("index.html")));
    Router::new().nest_service(&pages.app_path, files).layer(from_fn(say_how_long_to_keep))
}

async fn say_how_long_to_keep(request: Request, next: Next) -> Response {
    let is_hashed = has_hash(request.uri().path());
    let mut response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_page = kind.is_some_and(|kind| {
        kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml")
    });
    let keep = match (is_page, is_hashed) {
        (true, _) => NOT_AT_ALL,
        // One that is not there may be there soon.
        (false, true) if !status.is_client_error() && !status.is_server_error() => FOR_GOOD,
        (false, _) => ASK_FIRST,
    };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(keep);
    response
}

/// Whether a file's name ends with a hash, as build tools write it: `index-DiwrgTda.js`, `main.8f3e2a1c.css`. A hash
/// looks like no word: capitals, small letters and digits follow each other in no order.
fn has_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.strip_suffix(".map").unwrap_or(name).rsplit_once('.').map(|(stem, _)| stem);
    let Some(last) = stem.and_then(|stem| stem.rsplit(['-', '.']).next()) else { return false };
    let is_plain = last.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let kind = |byte: u8| (byte.is_ascii_uppercase(), byte.is_ascii_lowercase());
    let changes = last.bytes().zip(last.bytes().skip(1)).filter(|(a, b)| kind(*a) != kind(*b));
    last.len() >= 8 && is_plain && changes.count() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_build_tool_has_made_of_the_content_have_a_hash() {
        for path in [
            "/assets/index-DiwrgTda.js",
            "/index-B4x9_fZ1.css",
            "/main.8f3e2a1c.js",
            "/main.8f3e2a1c9d0b7e6f.js.map",
        ] {
            assert!(has_hash(path), "{path}");
        }
        for path in [
            "/",
            "",
            "/index.html",
            "/app.js",
            "/userSettings.js",
            "/vendor-settings.js",
            "/layout-version2b.js",
            "/report-20240101.js",
            "/jquery-3.7.1.min.js",
            "/8f3e2a1c/app.js",
            "/8f3e2a1c",
        ] {
            assert!(!has_hash(path), "{path}");
        }
    }
}
