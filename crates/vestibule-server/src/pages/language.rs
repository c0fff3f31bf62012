//! Choosing a language without an account.

use axum::response::Response;
use vestibule::{Problem, core::locale::Locale};

use super::{form::FormBody, view::View};

/// `POST /language`: keeps the language for this browser, and goes back to the page. What is kept says nothing
/// of anybody, so the form needs no value of its own: that it was on a page of ours is enough.
pub(super) async fn choose(view: View, form: FormBody) -> Result<Response, Problem> {
    view.visit.check_source()?;
    let available = view.locales();
    let chosen = Locale::parse(form.text("language")).ok();
    view.visit.keep_locale(chosen.as_ref().filter(|locale| available.contains(locale)));
    // The page with its query; where the browser does not say which, at least the page.
    let page = view.visit.asked().referer.unwrap_or_else(|| form.next());
    Ok(view.go(page.as_str(), None))
}

/// `GET /language`: to the beginning.
pub(super) async fn back(view: View) -> Response {
    view.go("/", None)
}
