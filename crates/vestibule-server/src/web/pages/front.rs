//! The front page, and where there is none.

use axum::{http::Method, response::Response};
use minijinja::context;
use vestibule::{ErrorCode, Problem, Visit};

use super::view::View;

/// `GET /`
pub(super) async fn show(view: View) -> Result<Response, Problem> {
    view.visit.optional_principal().await?;
    view.show("index.html", context! {})
}

/// Whatever has no route. A page of the site greets whoever is there; a program is told without that.
pub(super) async fn nothing_here(visit: Visit) -> Problem {
    let request_info = visit.request_info();
    if !request_info.expects_json && request_info.method == Method::GET {
        // There is nothing here, whoever asks and whether or not that can be found out.
        let _ = visit.optional_principal().await;
    }
    Problem::new(ErrorCode::NotFound)
}
