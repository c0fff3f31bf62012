//! Why a form comes back to whoever sent it.

use std::{collections::BTreeMap, time::Duration};

use axum::{http::StatusCode, response::Response};
use minijinja::{Value, context};
use vestibule::{Carrier, ErrorCode, Problem};

/// What is to mend of a form, above it or beside its fields.
pub(super) struct Refusal {
    problem: Problem,
    notice: Option<String>,
    fields: BTreeMap<String, String>,
}

impl Refusal {
    /// One text for the whole form.
    pub(super) fn notice(problem: Problem, text: impl Into<String>) -> Self {
        Self { notice: Some(text.into()), fields: BTreeMap::new(), problem }
    }

    /// One text beside a field.
    pub(super) fn field(problem: Problem, name: &str, text: &str) -> Self {
        Self { notice: None, fields: BTreeMap::from([(name.to_owned(), sentence(text))]), problem }
    }

    /// What a problem says of the form.
    ///
    /// # Errors
    /// The problem itself, where nothing in the form can mend it.
    pub(super) fn of(problem: Problem) -> Result<Self, Problem> {
        match problem.code {
            ErrorCode::InvalidInput | ErrorCode::Conflict if !problem.fields.is_empty() => {
                let fields = problem.fields.iter();
                Ok(Self {
                    notice: None,
                    fields: fields
                        .map(|field| (field.field.clone(), sentence(&field.message)))
                        .collect(),
                    problem,
                })
            }
            ErrorCode::RateLimited => {
                let wait = wait(problem.retry_after);
                let text =
                    format!("There were too many tries. Please wait {wait}, then try again.");
                Ok(Self::notice(problem, text))
            }
            ErrorCode::Unavailable => {
                let wait = wait(problem.retry_after);
                let text = format!(
                    "The site is too busy for this right now. Nothing was changed; please try again in {wait}."
                );
                Ok(Self::notice(problem, text))
            }
            _ => Err(problem),
        }
    }

    /// A form that fails its check where nobody has to be signed in: most often because it was open for
    /// longer than its cookie lives.
    pub(super) fn outdated(problem: Problem) -> Self {
        let text = "This page had been open for a while. Please try again; if it happens again, allow cookies \
                    for this site.";
        Self::notice(problem, text)
    }

    /// What the templates show of it.
    pub(super) fn value(&self) -> Value {
        context! { error => self.notice.as_deref(), errors => self.fields.clone() }
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

/// A wait in words, rounded up: whoever waits so long is not refused again for being early.
fn wait(time: Option<Duration>) -> String {
    let seconds = time.map_or(1, |time| time.as_millis().div_ceil(1000).max(1));
    match seconds {
        1 => "a second".to_owned(),
        2..90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// Messages of the rules begin in lower case where they also end a log line.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up() {
        let words = |millis| wait(Some(Duration::from_millis(millis)));
        assert_eq!(words(0), "a second");
        assert_eq!(words(1001), "2 seconds");
        assert_eq!(words(89_000), "89 seconds");
        assert_eq!(words(89_001), "2 minutes");
        assert_eq!(words(120_001), "3 minutes");
        assert_eq!(wait(None), "a second");
    }

    #[test]
    fn only_what_the_form_can_mend_comes_back_with_it() {
        let of = |code| Refusal::of(Problem::new(code)).err().map(|problem| problem.code);
        assert_eq!(of(ErrorCode::RateLimited), None);
        assert_eq!(of(ErrorCode::Unavailable), None);
        assert_eq!(of(ErrorCode::SessionEnded), Some(ErrorCode::SessionEnded));
        assert_eq!(of(ErrorCode::Internal), Some(ErrorCode::Internal));
        let field =
            Refusal::of(Problem::field("email", "this is taken")).unwrap_or_else(|_| panic!());
        assert_eq!(field.fields.get("email").map(String::as_str), Some("This is taken."));
    }
}
