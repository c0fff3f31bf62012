//! Making an account of one's own.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::{ErrorCode, Problem, Registrant};

use super::{flash::Flash, form::FormBody, refusal::Refusal, view::View};
use crate::config::VerifiedEmail;

/// `GET /auth/register`
pub(super) async fn show(view: View) -> Result<Response, Problem> {
    view.visit.optional_principal().await?;
    view.show("register.html", names(None))
}

/// `POST /auth/register`: on to the sign-in page, whether the e-mail address had an account or not.
pub(super) async fn make(view: View, form: FormBody) -> Result<Response, Problem> {
    let refusal = match view.visit.check_form() {
        Err(problem) => Refusal::outdated(problem),
        Ok(()) => match view.visit.register(registrant(&form)).await {
            Ok(()) => {
                let flash = match view.site.settings.accounts.verified_email {
                    VerifiedEmail::Optional => Flash::Registered,
                    VerifiedEmail::Required => Flash::RegisteredUnverified,
                };
                return Ok(view.go("/auth/login", Some(flash)));
            }
            Err(problem) if problem.code == ErrorCode::Forbidden => Refusal::reason(problem),
            Err(problem) => Refusal::of(problem)?,
        },
    };
    // As on the sign-in page: who is there is for greeting only.
    let _ = view.visit.optional_principal().await;
    view.refuse("register.html", &refusal, names(Some(&form)))
}

/// Name, address and password, as typed.
pub(super) fn registrant(form: &FormBody) -> Registrant {
    Registrant {
        username: form.typed("username"),
        email: form.typed("email"),
        password: form.password("password"),
    }
}

/// What was typed, without the password.
pub(super) fn names(form: Option<&FormBody>) -> Value {
    let typed = |name| form.map_or("", |form| form.text(name));
    context! { form => context! { username => typed("username"), email => typed("email") } }
}
