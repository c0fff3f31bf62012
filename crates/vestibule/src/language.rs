//! In which language somebody is answered.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use vestibule_core::{locale::Locale, user::User};

use crate::{config::Config, cookies, visit::Visit};

/// What a request says of the language that it would be answered in.
#[derive(Default)]
pub(crate) struct Wished {
    /// What was chosen in this browser.
    cookie: Option<Locale>,
    header: Option<HeaderValue>,
}

impl Wished {
    /// Asks nothing of a request to a site that speaks no languages.
    pub(crate) fn of(config: &Config, headers: &HeaderMap) -> Self {
        if config.locales.is_empty() {
            return Self::default();
        }
        Self {
            cookie: cookies::find(headers, &config.cookies.language)
                .one()
                .and_then(|name| Locale::parse(name).ok())
                .filter(|locale| config.locales.contains(locale)),
            header: headers.get(header::ACCEPT_LANGUAGE).cloned(),
        }
    }
}

impl Visit {
    /// The language to answer in, among [`Config::locales`]: what the person set for their account, or else what
    /// was chosen in this browser, or else what the browser likes best (RFC 9110 section 12.5.4). `None` where
    /// none of it names one of them.
    ///
    /// What the person set is known once they were found to be calling and their row was read, as
    /// [`Visit::optional_principal`], [`crate::CurrentUser`] and [`Visit::known_user`] do.
    #[must_use]
    pub fn locale(&self) -> Option<&Locale> {
        let available = &self.auth().config().locales;
        let set = self.0.user.get().and_then(|user| user.locale.as_ref());
        let wished = &self.0.wished;
        set.and_then(|locale| Locale::closest(locale.as_str(), available))
            .or(wished.cookie.as_ref())
            .or_else(|| Locale::preferred(wished.header.as_ref()?.to_str().ok()?, available))
    }

    /// The language that was chosen in this browser, if it kept the cookie.
    #[must_use]
    pub fn kept_locale(&self) -> Option<&Locale> {
        self.0.wished.cookie.as_ref()
    }

    /// The row of whoever was found to be calling, read a moment ago at the most; `None` where nobody was, and
    /// where it cannot be read.
    pub async fn known_user(&self) -> Option<Arc<User>> {
        if let Some(user) = self.0.user.get() {
            return Some(Arc::clone(user));
        }
        let id = self.known_caller()?.user_id();
        // Whoever cannot be looked up is answered like somebody who set nothing.
        let user = self.auth().0.current_user(id).await.ok().flatten()?;
        self.know_user(&user);
        Some(user)
    }

    /// Keeps a language for this browser, or forgets the one that was kept, by a cookie on the answer.
    pub fn keep_locale(&self, chosen: Option<&Locale>) {
        self.send_cookies(self.auth().config().cookies.language(chosen));
    }

    pub(crate) fn know_user(&self, user: &Arc<User>) {
        // Both are rows of one moment.
        let _ = self.0.user.set(Arc::clone(user));
    }
}
