//! Taking back that one deleted one's account: a question after the right password, and its answer.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::{
    Carrier, ErrorCode, Problem, SignInForm, Together, TypedPassword, User,
    core::{
        deletion::{Actor, Deletion, may_restore},
        name::EmailAddress,
        one_time::{LinkSecret, OneTime, OneTimeToken, Purpose, RestoreAccount, TokenState},
        redirect::LocalPath,
    },
};

use super::{flash::Flash, form::FormBody, refusal::Refusal, view::View};

const PAGE: &str = "restore.html";

/// Asks somebody who gave the right password whether they want their account back. The form holds a secret that
/// works once and for a few minutes; the password is not asked for again.
pub(super) async fn ask(
    view: &View,
    user: &User,
    next: &LocalPath,
    remember: bool,
) -> Result<Response, Problem> {
    let (auth, token) = (&view.site.auth, LinkSecret::draw(view.site.auth.entropy()));
    // An address of an account was read before it was kept.
    let email = EmailAddress::parse(&user.email).map_err(|error| {
        tracing::error!(%error, user = %user.id, "the address of an account is none");
        Problem::new(ErrorCode::Internal)
    })?;
    let kept = OneTime::new(&token, Purpose::RestoreAccount, user.id, &email, auth.now());
    view.site.store.put_one_time(&kept).await?;
    // As on the sign-in page: who is there is for greeting only.
    let _ = view.visit.optional_principal().await;
    view.show(PAGE, content(user, &token.encode(), next, remember))
}

/// `GET /auth/restore`: there is nothing to see without the password.
pub(super) async fn show(view: View) -> Response {
    view.go("/auth/login", None)
}

/// `POST /auth/restore`
pub(super) async fn restore(view: View, form: FormBody) -> Result<Response, Problem> {
    let Some((kept, user)) = asked(&view, form.text("token")).await? else {
        return Ok(too_late(&view));
    };
    let (next, remember) = (form.next(), form.is_ticked("remember_me"));
    if let Err(problem) = view.visit.check_form() {
        let _ = view.visit.optional_principal().await;
        let content = content(&user, form.text("token"), &next, remember);
        return view.refuse(PAGE, &Refusal::outdated(problem), content);
    }
    let token = kept.key();
    let sign_in = SignInForm {
        login: String::new(),
        password: TypedPassword::default(),
        remember,
        carrier: Carrier::Cookie,
        device: None,
        device_token: None,
    };
    let with = Together::using(token);
    match view.visit.restore_proven_with(kept.user, &sign_in, with).await {
        Ok(_) => Ok(view.go(next.as_str(), Some(Flash::AccountKept))),
        // It is back; what is missing is said, with what mends it, at the next sign-in.
        Err(problem) if problem.code == ErrorCode::EmailUnverified => {
            Ok(view.go("/auth/login", Some(Flash::AccountKeptLogIn)))
        }
        // Conflict: the answer was given once already.
        Err(Problem { code: ErrorCode::InvalidCredentials | ErrorCode::Conflict, .. }) => {
            Ok(too_late(&view))
        }
        Err(problem) => Err(problem),
    }
}

/// Who was asked, by the secret in the form, if they may still answer.
async fn asked(view: &View, token: &str) -> Result<Option<(OneTime, User)>, Problem> {
    let now = view.site.auth.now();
    let Some(token) = OneTimeToken::<RestoreAccount>::parse(token) else { return Ok(None) };
    let kept = view.site.store.one_time(&token.key()).await?;
    let Some(kept) = kept.filter(|kept| kept.standing(None, now) == TokenState::Open) else {
        return Ok(None);
    };
    let user = view.site.auth.users().user(kept.user).await?;
    let user = user.filter(|user| may_restore(user, Actor::Owner, now).is_ok());
    Ok(user.map(|user| (kept, user)))
}

/// The same for every reason: the password says which one it is.
fn too_late(view: &View) -> Response {
    view.go("/auth/login", Some(Flash::RestoreAgain))
}

fn content(user: &User, token: &str, next: &LocalPath, remember: bool) -> Value {
    context! {
        username => user.username.as_str(),
        until => user.deletion.as_ref().map(|deletion: &Deletion| deletion.is_final_at().seconds()),
        token,
        form => context! { next => next.as_str(), remember_me => remember },
    }
}
