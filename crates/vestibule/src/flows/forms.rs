//! Forms of pages: the value they carry, also where nobody is signed in.

use vestibule_core::error::ErrorCode;

use crate::{extract::Principal, problem::Problem, visit::Visit};

impl Visit {
    /// The CSRF value for the forms of this page, masked anew for every response. It belongs to the
    /// session of the cookies, or else to this browser, which gets a short-lived cookie for it.
    #[must_use]
    pub fn form_token(&self) -> String {
        let key = &self.hall().0.csrf;
        // A form of a session whose cookies go with this very page could not be sent.
        let value = match self.cookie_session().filter(|_| !self.is_forgetting()) {
            Some(session) => key.of_session(session),
            None => key.of_visitor(&self.visitor()),
        };
        value.masked(self.hall().entropy())
    }

    /// Both CSRF rules for a form that is there for people who are not signed in: the value of this
    /// browser, or of the session that it has meanwhile.
    ///
    /// # Errors
    /// `csrf_failed`.
    pub fn check_form(&self) -> Result<(), Problem> {
        let key = &self.hall().0.csrf;
        let values: Vec<_> = [
            self.cookie_session().map(|session| key.of_session(session)),
            self.known_visitor().map(|visitor| key.of_visitor(&visitor)),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.check_forms(&values)
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
    pub async fn greeted(&self) -> Result<Option<Principal>, Problem> {
        match self.authenticate().await {
            Ok(caller) => {
                if !self.hall().config().locales.is_empty() {
                    self.known_user().await;
                }
                Ok(Some(caller.into()))
            }
            Err(problem)
                if problem.code.status() == 401 || problem.code == ErrorCode::CsrfFailed =>
            {
                Ok(None)
            }
            Err(problem) => Err(problem),
        }
    }
}
