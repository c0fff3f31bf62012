//! Forms of pages: the value they carry, also where nobody is signed in.

use std::time::Duration;

use vestibule_core::{
    csrf::{self, Source},
    error::ErrorCode,
    session::Carrier,
};

use crate::{
    body::CsrfField,
    cookies::VISITOR_MAX_AGE,
    extract::Principal,
    problem::{Detail, Problem},
    visit::Visit,
};

impl Visit {
    /// The CSRF value for the forms of this page, masked anew for every response. It belongs to the
    /// session of the cookies, or else to this browser, which gets a short-lived cookie for it.
    ///
    /// It goes into a hidden field `csrf_token`. In a form with files (`multipart/form-data`) that has to be the
    /// **first** field: of such a body only the first part is looked at before the handler runs.
    #[must_use]
    pub fn form_token(&self) -> String {
        let key = &self.auth().0.csrf;
        // A form of a session whose cookies go with this very page could not be sent.
        let value = match self.cookie_session().filter(|_| !self.is_forgetting()) {
            Some(session) => key.of_session(session),
            None => key.of_visitor(&self.visitor()),
        };
        value.for_form(self.auth().entropy(), self.auth().now())
    }

    /// Both CSRF rules for a form that is there for people who are not signed in: the value of this
    /// browser, or of the session that it has meanwhile.
    ///
    /// # Errors
    /// `csrf_failed`. Its reason is `cookies_blocked` if the form is a recent one of ours and its cookie did not come
    /// back with it.
    pub fn check_form(&self) -> Result<(), Problem> {
        let key = &self.auth().0.csrf;
        let values: Vec<_> = [
            self.cookie_session().map(|session| key.of_session(session)),
            self.known_visitor().map(|visitor| key.of_visitor(&visitor)),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.check_forms(&values).map_err(|problem| {
            if values.is_empty() && self.source() == Source::Own && self.form_is_recent() {
                let text =
                    "The browser did not send this form's cookie: allow cookies for this site.";
                problem.because(&Detail::new("cookies_blocked", text))
            } else {
                problem
            }
        })
    }

    /// Whether the cookie that came with the form cannot have expired yet.
    fn form_is_recent(&self) -> bool {
        let CsrfField::One(value) = self.csrf_field() else { return false };
        csrf::rendered_at(value.expose()).is_some_and(|at| {
            let now = self.auth().now();
            now >= at && now.since(at) < Duration::from_secs(VISITOR_MAX_AGE)
        })
    }

    /// What every way in asks for first, so that no handler can forget it: a page of another origin signs
    /// nobody in and makes no account in somebody's name.
    ///
    /// A form brings its value ([`Visit::check_form`]). JSON cannot be sent from another origin without asking
    /// first, and so needs only to come from a page of ours; where no cookies are set, an app may send it too,
    /// which names no origin, and a page whose origin is allowed to call the API.
    pub(crate) fn check_entry(&self, carrier: Carrier) -> Result<(), Problem> {
        if carrier == Carrier::Cookie && !self.sends_json() {
            return self.check_form();
        }
        match (self.source(), carrier) {
            (Source::Own, _) | (Source::Unsaid, Carrier::Header) => Ok(()),
            (Source::Foreign, Carrier::Header) if self.is_allowed_origin() => Ok(()),
            (Source::Foreign | Source::Unsaid, _) => self.refused_source(false),
        }
    }

    /// The same where no session begins: JSON as from an app, anything else as a form.
    pub(crate) fn check_anonymous(&self) -> Result<(), Problem> {
        self.check_entry(if self.sends_json() { Carrier::Header } else { Carrier::Cookie })
    }

    /// Who was found to be calling, where this request was asked already: for a page about a refusal,
    /// which must not find out anything anew.
    #[must_use]
    pub fn known_caller(&self) -> Option<Principal> {
        self.caller().get()?.clone().ok().map(Principal::from)
    }

    /// Who is calling, if anybody: never a refusal, for pages that only greet.
    ///
    /// # Errors
    /// An outage is an outage, not nobody.
    pub async fn optional_principal(&self) -> Result<Option<Principal>, Problem> {
        match self.authenticate().await {
            Ok(caller) => {
                if !self.auth().config().locales.is_empty() {
                    self.known_user().await;
                }
                Ok(Some(caller.into()))
            }
            Err(problem)
                if problem.code.status() == 401 || problem.code == ErrorCode::CsrfFailed =>
            {
                // A page that comes back with a form that was refused looks as signed in as before.
                self.recognize_for_page(&problem).await;
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }
}
