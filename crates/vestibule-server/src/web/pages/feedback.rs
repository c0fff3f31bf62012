//! Telling those who run the site something.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::Problem;

use super::{flash::Flash, form::FormBody, refusal::Refusal, view::View};

const PAGE: &str = "/feedback";

/// `GET /feedback`
pub(super) async fn show(view: View) -> Result<Response, Problem> {
    view.visit.optional_principal().await?;
    view.show("feedback.html", content("", ""))
}

/// `POST /feedback`
pub(super) async fn send(view: View, form: FormBody) -> Result<Response, Problem> {
    let (text, email) = (form.text("text"), form.text("email"));
    // It may come from somebody whose session has ended while they wrote: it is taken from nobody, too.
    view.visit.optional_principal().await?;
    let refusal = match view.visit.check_form() {
        Err(problem) => Refusal::outdated(problem),
        Ok(()) => match view.site.feedback.take(&view.visit, text, email).await {
            Ok(()) => return Ok(view.go(PAGE, Some(Flash::FeedbackTaken))),
            Err(problem) => Refusal::of(problem)?,
        },
    };
    view.refuse("feedback.html", &refusal, content(text, email))
}

fn content(text: &str, email: &str) -> Value {
    context! { form => context! { text, email } }
}
