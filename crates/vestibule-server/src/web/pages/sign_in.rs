//! In, out, and proving oneself again.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::{
    Admission, Carrier, ErrorCode, Principal, Problem, SignInForm,
    core::{redirect::LocalPath, user::UserStatus},
};

use super::{flash::Flash, form::FormBody, refusal::Refusal, restore, view::View};

const LOGIN: &str = "login.html";
/// The same form below what to do about blocked cookies.
const COOKIES_BLOCKED: &str = "cookies_blocked.html";

/// `GET /auth/login`: the form, or straight on for somebody who is signed in already.
pub(super) async fn show_login(view: View) -> Result<Response, Problem> {
    let next = view.next();
    let is_blocked = view.query("cookies").as_deref() == Some("blocked");
    // A renewal here would not stick either, and lead right back.
    let may_renew = !is_blocked || view.visit.recognized().is_some();
    if may_renew && is_known(&view).await? {
        // The form came while the session had to be renewed, and that has just happened.
        let flash = view.brings(Flash::SignInFirst).then_some(Flash::SendAgain);
        return Ok(view.go(next.as_str(), flash));
    }
    let template = if is_blocked { COOKIES_BLOCKED } else { LOGIN };
    view.show(template, login_content("", &next, false))
}

/// `POST /auth/login`
pub(super) async fn login(view: View, form: FormBody) -> Result<Response, Problem> {
    let next = form.next();
    let sign_in = SignInForm {
        login: form.typed("login"),
        password: form.password("password"),
        remember: form.is_ticked("remember_me"),
        carrier: Carrier::Cookie,
        device: None,
        device_token: None,
    };
    let remember = sign_in.remember;
    let mut is_unverified = false;
    let refusal = match view.visit.check_form() {
        Err(problem) => Refusal::outdated(problem),
        Ok(()) => match view.visit.sign_in_or_recognize(sign_in).await {
            Ok(Admission::SignedIn(_)) => return Ok(view.go(next.as_str(), None)),
            Ok(Admission::Deleted(user)) => {
                return restore::ask(&view, &user, &next, remember).await;
            }
            Err(problem) => {
                is_unverified = problem.code == ErrorCode::EmailUnverified;
                why_not(problem)?
            }
        },
    };
    // Whoever is signed in already is greeted all the same; what keeps that from being found out does not
    // matter beside the refusal.
    let _ = view.visit.optional_principal().await;
    let content = login_content(form.text("login"), &next, remember);
    let (template, refusal) = match refusal.is_about_cookies() {
        true => (COOKIES_BLOCKED, refusal.unsaid()),
        false => (LOGIN, refusal),
    };
    view.refuse(template, &refusal, context! { is_unverified, ..content })
}

/// `GET /auth/logout`: a button.
pub(super) async fn show_logout(view: View) -> Result<Response, Problem> {
    view.visit.optional_principal().await?;
    view.show("logout.html", context! {})
}

/// `POST /auth/logout`
pub(super) async fn logout(view: View) -> Result<Response, Problem> {
    view.visit.sign_out().await?;
    Ok(view.go("/", Some(Flash::SignedOut)))
}

/// `GET /auth/confirm`
pub(super) async fn show_confirm(_: Principal, view: View) -> Result<Response, Problem> {
    view.show("confirm.html", confirm_content(&view.next()))
}

/// `POST /auth/confirm`
pub(super) async fn confirm(
    caller: Principal,
    view: View,
    form: FormBody,
) -> Result<Response, Problem> {
    let next = form.next();
    let refusal = match view.visit.confirm(&caller, form.password("password")).await {
        Ok(_) => return Ok(view.go(next.as_str(), None)),
        Err(problem) if problem.code == ErrorCode::InvalidCredentials => {
            Refusal::notice(problem, "confirm-wrong-password")
        }
        Err(problem) => Refusal::of(problem)?,
    };
    view.refuse("confirm.html", &refusal, confirm_content(&next))
}

/// Whether somebody is signed in whose account may be used. A token may outlive that by a moment, and a
/// page that asks for the account would send them right back here.
async fn is_known(view: &View) -> Result<bool, Problem> {
    let Some(caller) = view.visit.optional_principal().await? else {
        return Ok(false);
    };
    let user = view.site.auth.users().user(caller.user_id()).await?;
    Ok(user.is_some_and(|user| user.status == UserStatus::Active))
}

fn why_not(problem: Problem) -> Result<Refusal, Problem> {
    match problem.code {
        // One text for every cause: it must not tell whether the account exists.
        ErrorCode::InvalidCredentials => Ok(Refusal::notice(problem, "login-wrong")),
        ErrorCode::EmailUnverified => Ok(Refusal::notice(problem, "login-unverified")),
        _ => Refusal::of(problem),
    }
}

fn login_content(login: &str, next: &LocalPath, remember: bool) -> Value {
    let form = context! { login, next => next.as_str(), remember_me => remember };
    context! { form }
}

fn confirm_content(next: &LocalPath) -> Value {
    context! { form => context! { next => next.as_str() } }
}
