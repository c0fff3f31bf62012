//! What all pages have around their content.

use std::{fmt, sync::Arc};

use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
};
use minijinja::{
    Value, context,
    value::{Object, ObjectRepr},
};
use vestibule::Visit;

use crate::{
    config::{Registration, Settings},
    i18n::Language,
};

/// What `base.html` needs, whatever the page. It greets whoever was found to be calling or recognized before, and
/// finds out nothing anew: an error page has to work while nothing else does.
pub(super) fn frame(settings: &Settings, visit: &Visit, path: &str) -> Value {
    let current_user = visit
        .recognized()
        .map(|user| context! { username => user.username, is_super_user => user.is_super_user });
    context! {
        site_name => settings.site_name.as_str(),
        path => match path.trim_end_matches('/') { "" => "/", path => path },
        current_user,
        csrf_token => Value::from_object(FormToken(visit.clone())),
        features => features(settings),
    }
}

/// A page that nobody keeps: it depends on who asks, and on what languages they know.
pub(super) fn html(text: String, language: &Language) -> Response {
    let mut response = Html(text).into_response();
    if let Ok(name) = HeaderValue::from_str(language.locale().as_str()) {
        response.headers_mut().insert(header::CONTENT_LANGUAGE, name);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Which links the pages show beside those that every site has.
pub(super) fn features(settings: &Settings) -> Value {
    context! {
        registration => settings.accounts.registration == Registration::Open,
        reset => true,
        feedback => true,
        admin => true,
    }
}

/// The CSRF value of a page's forms, made when a template writes it: only then does a browser without a
/// session get a cookie for it. Every time it is masked anew.
struct FormToken(Visit);

impl Object for FormToken {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.form_token())
    }
}

impl fmt::Debug for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormToken(…)")
    }
}
