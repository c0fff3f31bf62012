//! One's own account.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::{
    CurrentUser, ErrorCode, Fresh, Principal, Problem, ProfileChange, User,
    core::one_time::{Purpose, TokenState},
};

use super::{flash::Flash, form::FormBody, links, refusal::Refusal, view::View};
use crate::web::export;

const PAGE: &str = "/user/account";

/// `GET /user/account`
pub(super) async fn show(user: CurrentUser, view: View) -> Result<Response, Problem> {
    let content = content(&view, &user, &user.username, &user.email).await?;
    view.show("account.html", content)
}

/// `POST /user/account`: `action` says whether to save, to drop an address that was asked for, or to delete.
pub(super) async fn change(
    user: CurrentUser,
    view: View,
    form: FormBody,
) -> Result<Response, Problem> {
    match form.text("action") {
        "" | "save" => save(&user, &view, &form).await,
        "keep-address" => keep_address(&user, &view).await,
        "delete" => delete(&user, &view).await,
        _ => Err(Problem::new(ErrorCode::MalformedRequest)),
    }
}

/// `GET /user/account/export`: everything that the site knows of them, as a file.
pub(super) async fn export(caller: Principal, view: View) -> Result<Response, Problem> {
    if caller.freshness().is_fresh(view.site.auth.now()) {
        return export::download(&view.site, caller.user_id(), view.visit.network()?).await;
    }
    // Back to the page with the link, not to the file: a browser that gets a file stays where it was, which
    // would be the form that was just filled in.
    Ok(view.go("/auth/confirm?next=%2Fuser%2Faccount", Some(Flash::ConfirmForExport)))
}

/// `GET /user/password`
pub(super) async fn show_password(_: Fresh<Principal>, view: View) -> Result<Response, Problem> {
    view.show("password.html", context! {})
}

/// `POST /user/password`
pub(super) async fn change_password(
    caller: Fresh<Principal>,
    view: View,
    form: FormBody,
) -> Result<Response, Problem> {
    let (current, new) = (form.password("current"), form.password("new"));
    let refusal = match view.visit.change_password(&caller, current, new).await {
        Ok(_) => return Ok(view.go(PAGE, Some(Flash::PasswordChanged))),
        Err(problem) if problem.code == ErrorCode::InvalidCredentials => {
            Refusal::field(problem, "current", "password-not-current")
        }
        Err(problem) => Refusal::of(problem)?,
    };
    view.refuse("password.html", &refusal, context! {})
}

async fn save(user: &CurrentUser, view: &View, form: &FormBody) -> Result<Response, Problem> {
    let (username, email) = (form.text("username"), form.text("email"));
    let change = ProfileChange {
        username: Some(username.to_owned()),
        email: Some(email.to_owned()),
        // A form from before there was one leaves it as it is.
        locale: form.given("locale"),
    };
    let waited = pending_email(view, user).await?.is_some();
    let refusal = match view.visit.change_profile(&user.principal, change).await {
        Ok(_) => {
            let is_new = email.trim() != user.email;
            let flash = match (is_new, waited) {
                (true, _) => Flash::AddressAsked,
                (false, true) => Flash::AddressKept,
                (false, false) => Flash::Saved,
            };
            return Ok(view.go(PAGE, Some(flash)));
        }
        Err(problem) => Refusal::of(problem)?,
    };
    let content = content(view, user, username, email).await?;
    view.refuse("account.html", &refusal, content)
}

/// What was asked for does not wait any more. That takes nothing from anybody, so no proof is asked for.
async fn keep_address(user: &CurrentUser, view: &View) -> Result<Response, Problem> {
    let change = ProfileChange { email: Some(user.email.clone()), ..ProfileChange::default() };
    view.visit.change_profile(&user.principal, change).await?;
    Ok(view.go(PAGE, Some(Flash::AddressKept)))
}

async fn delete(user: &CurrentUser, view: &View) -> Result<Response, Problem> {
    let freshness = user.principal.freshness();
    if !freshness.is_fresh(view.site.auth.now()) {
        return Err(Problem::new(ErrorCode::FreshTokenRequired));
    }
    view.visit.delete_account(&user.principal).await?;
    Ok(view.go("/", Some(Flash::AccountDeleted)))
}

/// The address that waits until it is verified.
async fn pending_email(view: &View, user: &User) -> Result<Option<String>, Problem> {
    let Some(asked) = view.site.store.one_time_of(user.id, Purpose::ChangeAddress).await? else {
        return Ok(None);
    };
    let is_open = links::standing(view, &asked).await? == TokenState::Open;
    Ok(is_open.then_some(asked.email))
}

async fn content(view: &View, user: &User, username: &str, email: &str) -> Result<Value, Problem> {
    let row = context! {
        username => user.username.as_str(),
        email_verified => user.email_verified_at.is_some(),
        pending_email => pending_email(view, user).await?,
        created_at => user.created_at.seconds(),
        locale => user.locale.as_ref().map(|locale| locale.as_str().to_owned()),
    };
    Ok(context! { user => row, form => context! { username, email } })
}
