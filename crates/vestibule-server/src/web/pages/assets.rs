//! Style sheet, script and icon, inside the program.

use axum::{
    Router,
    body::Body,
    extract::{Path, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use vestibule::{ErrorCode, Problem};

use crate::{templates::Asset, web::state::Site};

/// For an address that names the content: it never changes (RFC 8246 section 2).
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// For one that does not: ask each time whether it is still the same.
const ASK_FIRST: &str = "public, no-cache";
/// For the icon, which browsers ask for by themselves.
const A_DAY: &str = "public, max-age=86400";

/// The assets. They depend on nobody: they may be outside of the library's layer.
pub(crate) fn static_routes() -> Router<Site> {
    Router::new()
        .route("/static/{*path}", get(by_path))
        .route("/favicon.svg", get(icon))
        .route("/favicon.ico", get(icon))
}

async fn by_path(
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let nothing = || Problem::new(ErrorCode::NotFound);
    let Path(path) = path.map_err(|_| nothing())?;
    let file = Asset::find(&path).ok_or_else(nothing)?;
    let asked = uri.query().and_then(|query| query.strip_prefix("v="));
    let keep = match asked {
        Some(asked) if asked == file.version() => FOR_GOOD,
        _ => ASK_FIRST,
    };
    Ok(serve(&path, file, keep, &headers))
}

async fn icon(headers: HeaderMap) -> Result<Response, Problem> {
    const ICON: &str = "favicon.svg";
    let file = Asset::find(ICON).ok_or(Problem::new(ErrorCode::NotFound))?;
    Ok(serve(ICON, file, A_DAY, &headers))
}

fn serve(name: &str, file: Asset, keep: &'static str, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", file.version());
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| {
            let known = known.trim();
            // Weak comparison (RFC 9110 section 8.8.3.2): proxies that compress weaken the tag.
            known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
        });
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(file.into_content()));
        let kind = HeaderValue::from_static(content_type(name));
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Request;
    use tower::ServiceExt as _;

    async fn get_it(uri: &str, known: Option<&str>) -> Response {
        let app =
            Router::new().route("/static/{*path}", get(by_path)).route("/favicon.ico", get(icon));
        let mut request = Request::get(uri);
        if let Some(known) = known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    fn header_of(response: &Response, name: header::HeaderName) -> &str {
        response.headers()[name].to_str().unwrap()
    }

    #[tokio::test]
    async fn an_address_that_names_the_content_is_kept_for_good() {
        let url = Asset::find("style.css").unwrap().url("style.css");
        let response = get_it(&url, None).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header_of(&response, header::CACHE_CONTROL), FOR_GOOD);
        assert_eq!(header_of(&response, header::CONTENT_TYPE), "text/css; charset=utf-8");
        assert_eq!(header_of(&response, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        for stale in ["/static/style.css", "/static/style.css?v=0123456789abcdef"] {
            let response = get_it(stale, None).await;
            assert_eq!(header_of(&response, header::CACHE_CONTROL), ASK_FIRST, "{stale}");
        }
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        let response = get_it("/static/site.js", None).await;
        let tag = header_of(&response, header::ETAG).to_owned();
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let response = get_it("/static/site.js", Some(&known)).await;
            assert_eq!(response.status(), 304, "{known}");
            assert_eq!(header_of(&response, header::ETAG), tag);
        }
        assert_eq!(get_it("/static/site.js", Some("\"other\"")).await.status(), 200);
    }

    #[tokio::test]
    async fn nothing_but_assets_is_there() {
        for path in ["nothing.css", "../Cargo.toml", "..%2FCargo.toml", "%FF", "style.css/"] {
            let response = get_it(&format!("/static/{path}"), None).await;
            assert_eq!(response.status(), 404, "{path}");
        }
        let icon = get_it("/favicon.ico", None).await;
        assert_eq!(header_of(&icon, header::CONTENT_TYPE), "image/svg+xml");
    }
}
