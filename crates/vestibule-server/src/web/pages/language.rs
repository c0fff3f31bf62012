//! Choosing a language without an account.

use axum::response::Response;
use minijinja::context;
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
    let page = view.visit.request_info().referer.unwrap_or_else(|| form.next());
    if view.brings_cookies() {
        return Ok(view.go(page.as_str(), None));
    }
    // A browser that has none may block them.
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("kept", form.text("language"))
        .append_pair("next", page.as_str())
        .finish();
    Ok(view.go(&format!("/language?{query}"), None))
}

/// `GET /language`: back to the page, once the browser shows that it has kept the choice.
pub(super) async fn back(view: View) -> Result<Response, Problem> {
    let next = view.next();
    let chosen = view.query("kept").and_then(|kept| Locale::parse(&kept).ok());
    let available = view.locales();
    let is_kept = chosen
        .filter(|chosen| available.contains(chosen))
        .is_none_or(|chosen| view.visit.kept_locale() == Some(&chosen));
    if is_kept {
        return Ok(view.go(next.as_str(), None));
    }
    view.show("language_blocked.html", context! { next => next.as_str() })
}
