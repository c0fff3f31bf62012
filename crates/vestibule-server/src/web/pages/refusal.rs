//! Why a form comes back to whoever sent it.

use std::collections::BTreeMap;

use axum::{http::StatusCode, response::Response};
use minijinja::{Value, context};
use vestibule::{Carrier, ErrorCode, FieldProblem, Problem};

use super::errors;
use crate::i18n::{Language, Text};

/// What is to mend of a form, above it or beside its fields.
pub(super) struct Refusal {
    problem: Problem,
    notice: Option<Notice>,
    /// Texts of ours beside fields; what the problem says of others is its own.
    fields: BTreeMap<String, &'static str>,
}

/// The reason of a form whose cookie did not come back.
const COOKIES: &str = "cookies_blocked";

enum Notice {
    Text(&'static str),
    /// What the problem gives as its reason.
    Reason,
    /// A text that names how long to wait.
    Wait(&'static str),
}

impl Refusal {
    /// One text for the whole form.
    pub(super) fn notice(problem: Problem, text: &'static str) -> Self {
        Self { notice: Some(Notice::Text(text)), fields: BTreeMap::new(), problem }
    }

    /// The problem's own reason, for the whole form.
    pub(super) fn reason(problem: Problem) -> Self {
        Self { notice: Some(Notice::Reason), fields: BTreeMap::new(), problem }
    }

    /// One text beside a field.
    pub(super) fn field(problem: Problem, name: &str, text: &'static str) -> Self {
        let fields = BTreeMap::from([(name.to_owned(), text)]);
        Self { notice: None, fields, problem }
    }

    /// The problem's own reason, beside a field.
    pub(super) fn reason_beside(problem: Problem, name: &str) -> Self {
        let text = problem.detail_text().to_owned();
        let (code, facts) = match problem.reason.clone() {
            Some(reason) => (reason.code, reason.facts),
            None => ("invalid", BTreeMap::new()),
        };
        let field = FieldProblem { field: name.to_owned(), code, message: text, facts };
        let problem = Problem { fields: vec![field], ..problem };
        Self { notice: None, fields: BTreeMap::new(), problem }
    }

    /// What a problem says of the form.
    ///
    /// # Errors
    /// The problem itself, where nothing in the form can mend it.
    pub(super) fn of(problem: Problem) -> Result<Self, Problem> {
        let notice = match problem.code {
            ErrorCode::InvalidInput | ErrorCode::Conflict if !problem.fields.is_empty() => None,
            ErrorCode::RateLimited => Some(Notice::Wait("refusal-rate-limited")),
            ErrorCode::Unavailable => Some(Notice::Wait("refusal-unavailable")),
            _ => return Err(problem),
        };
        Ok(Self { notice, fields: BTreeMap::new(), problem })
    }

    /// A form that fails its check where nobody has to be signed in: it was open for longer than its cookie lives,
    /// or the browser blocks cookies.
    pub(super) fn outdated(problem: Problem) -> Self {
        if problem.reason.is_some() {
            return Self::reason(problem);
        }
        Self::notice(problem, "refusal-outdated")
    }

    /// The same for a page that says it by itself.
    pub(super) fn unsaid(self) -> Self {
        Self { notice: None, ..self }
    }

    /// Whether the browser blocks the cookies that the form needs.
    pub(super) fn is_about_cookies(&self) -> bool {
        self.problem.reason.as_ref().is_some_and(|reason| reason.code == COOKIES)
    }

    /// What the templates show of it.
    pub(super) fn value(&self, language: &Language) -> Value {
        let problem = &self.problem;
        let error = self.notice.as_ref().map(|notice| match notice {
            Notice::Text(text) => language.text(text),
            Notice::Reason => language
                .reason(problem)
                .unwrap_or_else(|| language.text(errors::detail_of(problem.code))),
            Notice::Wait(text) => {
                let wait = language.wait(problem.retry_after);
                language.say(&Text::new(*text).with("wait", wait))
            }
        });
        let of_problem =
            problem.fields.iter().map(|field| (field.field.clone(), language.field(field)));
        let ours = self.fields.iter().map(|(name, text)| (name.clone(), language.text(text)));
        context! { error, errors => of_problem.chain(ours).collect::<BTreeMap<_, _>>() }
    }

    /// Gives the answer its status and headers.
    pub(super) fn mark(&self, response: &mut Response) {
        *response.status_mut() = StatusCode::from_u16(self.problem.code.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // A form is no place for `WWW-Authenticate: Bearer`: who fills it in has no token to send.
        let problem = Problem { carrier: Some(Carrier::Cookie), ..self.problem.clone() };
        problem.add_headers(response.headers_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Texts;
    use vestibule::core::{locale::Locale, name::NameError};

    #[test]
    fn only_what_the_form_can_mend_comes_back_with_it() {
        let of = |code| Refusal::of(Problem::new(code)).err().map(|problem| problem.code);
        assert_eq!(of(ErrorCode::RateLimited), None);
        assert_eq!(of(ErrorCode::Unavailable), None);
        assert_eq!(of(ErrorCode::SessionEnded), Some(ErrorCode::SessionEnded));
        assert_eq!(of(ErrorCode::Internal), Some(ErrorCode::Internal));
        let texts = Texts::ours();
        let said = |problem: Problem, language: &str| {
            let language = texts.language(Some(&Locale::parse(language).unwrap()));
            let refusal = Refusal::of(problem).unwrap_or_else(|_| panic!());
            refusal
                .value(language)
                .get_attr("errors")
                .unwrap()
                .get_attr("email")
                .unwrap()
                .to_string()
        };
        assert_eq!(said(Problem::field("email", "this is taken"), "de"), "This is taken.");
        let empty = || Problem::fault("email", &NameError::Empty);
        assert_eq!(said(empty(), "en"), "This field is empty: fill it in.");
        assert_eq!(said(empty(), "de"), "Dieses Feld ist leer: Bitte füllen Sie es aus.");
    }
}
