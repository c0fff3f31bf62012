//! What every page handler has at hand.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, Uri, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use minijinja::{Value, context};
use vestibule::{
    Problem, Visit,
    core::{locale::Locale, redirect::LocalPath},
};

use super::layout::{frame, html};
use super::{flash::Flash, refusal::Refusal};
use crate::templates::Templates;
use crate::{i18n::Language, web::state::Site};

/// A request for a page, and what its answer needs.
pub(super) struct View {
    pub(super) site: Site,
    pub(super) visit: Visit,
    /// One state of them for the whole answer.
    templates: Arc<Templates>,
    uri: Uri,
    has_cookies: bool,
    flash: Option<Flash>,
}

impl FromRequestParts<Site> for View {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let visit = <Visit as FromRequestParts<Site>>::from_request_parts(parts, site).await?;
        // By their own setting the page is in their language.
        visit.known_user().await;
        Ok(Self {
            site: site.clone(),
            visit,
            templates: site.templates.get(),
            uri: parts.uri.clone(),
            has_cookies: parts.headers.contains_key(header::COOKIE),
            flash: Flash::read(&parts.headers, site.auth.config()),
        })
    }
}

impl View {
    /// The language of the answer.
    pub(super) fn language(&self) -> &Arc<Language> {
        self.templates.language(self.visit.locale())
    }

    /// The languages that it can be in, the usual one first.
    pub(super) fn locales(&self) -> &[Locale] {
        self.templates.texts().locales()
    }

    /// A page. It greets whoever was found to be calling before.
    ///
    /// # Errors
    /// A 500 where the template cannot be rendered.
    pub(super) fn show(&self, template: &str, content: Value) -> Result<Response, Problem> {
        let (settings, language) = (&self.site.settings, self.language());
        let flashes = self.flash.into_iter().chain(Flash::about(&self.visit));
        let flashes: Vec<Value> = flashes.map(|flash| flash.value(language)).collect();
        let around = context! {
            flashes,
            password_min => settings.passwords.min_length,
            ..frame(settings, &self.visit, self.uri.path())
        };
        let page = context! { ..content, ..around };
        let mut response = html(self.templates.render(language, template, page)?, language);
        if self.flash.is_some() && self.visit.may_set_cookies() {
            add_cookie(&mut response, Flash::cleared(self.site.auth.config()));
        }
        Ok(response)
    }

    /// A form on its way back to whoever sent it, with what is to mend.
    ///
    /// # Errors
    /// A 500 where the template cannot be rendered.
    pub(super) fn refuse(
        &self,
        template: &str,
        refusal: &Refusal,
        content: Value,
    ) -> Result<Response, Problem> {
        let mut response =
            self.show(template, context! { ..refusal.value(self.language()), ..content })?;
        refusal.mark(&mut response);
        Ok(response)
    }

    /// On to another page, which may show a notice (303, RFC 9110 section 15.4.4).
    pub(super) fn go(&self, target: &str, flash: Option<Flash>) -> Response {
        let flash = Flash::about(&self.visit).or(flash).filter(|_| self.visit.may_set_cookies());
        go(target, flash.and_then(|flash| flash.cookie(self.site.auth.config())))
    }

    /// Whether the browser keeps cookies, as far as this request tells.
    pub(super) const fn brings_cookies(&self) -> bool {
        self.has_cookies
    }

    /// Whether this notice came along.
    pub(super) fn brings(&self, flash: Flash) -> bool {
        self.flash == Some(flash)
    }

    /// A parameter of the query; of several the first counts.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Where the query wants people to land, if that is a path of ours.
    pub(super) fn next(&self) -> LocalPath {
        self.query("next").and_then(|next| LocalPath::parse(&next)).unwrap_or_default()
    }
}

/// A redirect that nobody keeps, with a cookie if there is one.
pub(super) fn go(target: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = Redirect::to(target).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    add_cookie(&mut response, cookie);
    response
}

fn add_cookie(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
