//! A new password for those who do not know theirs any more.

use axum::{http::StatusCode, response::Response};
use minijinja::{Value, context};
use vestibule::{
    Problem, Together, TypedPassword, User,
    core::{
        name::EmailAddress,
        one_time::{OneTime, OneTimeToken, Purpose, ResetPassword, TokenState},
        user::UserStatus,
    },
};

use super::{flash::Flash, form::FormBody, links, refusal::Refusal, view::View};

const FORGOT: &str = "forgot.html";
const RESET: &str = "reset.html";

/// `GET /auth/forgot`
pub(super) async fn show_forgot(view: View) -> Result<Response, Problem> {
    view.visit.optional_principal().await?;
    view.show(FORGOT, asked(""))
}

/// `POST /auth/forgot`: the answer is the same for everybody, whether they have an account or not.
pub(super) async fn forgot(view: View, form: FormBody) -> Result<Response, Problem> {
    let login = form.text("login");
    let refusal = match view.visit.check_form() {
        Err(problem) => Refusal::outdated(problem),
        Ok(()) => match view.visit.ask_for_reset(login).await {
            Ok(()) => return Ok(view.go("/auth/login", Some(Flash::ResetAsked))),
            Err(problem) => Refusal::of(problem)?,
        },
    };
    let _ = view.visit.optional_principal().await;
    view.refuse(FORGOT, &refusal, asked(login))
}

/// `GET /auth/reset?token=…`. Following the link uses nothing up.
pub(super) async fn show(view: View) -> Result<Response, Problem> {
    view.visit.optional_principal().await?;
    let token = view.query("token").unwrap_or_default();
    let found = Found::by(&view, &token).await?;
    show_found(&view, &found, &token)
}

/// `POST /auth/reset`: the link is used up once the new password is one that may be used.
pub(super) async fn reset(view: View, form: FormBody) -> Result<Response, Problem> {
    let token = form.text("token");
    let checked = view.visit.check_form();
    // Who is there is for greeting only.
    let _ = view.visit.optional_principal().await;
    let found = Found::by(&view, token).await?;
    let Found::Open(kept, user) = found else {
        return show_found(&view, &found, token);
    };
    let refusal = match checked {
        Err(problem) => Refusal::outdated(problem),
        Ok(()) => match replace(&view, &kept, &user, form.password("password")).await {
            Ok(true) => {
                let there = view.go("/auth/login", Some(Flash::PasswordReset));
                return Ok(links::guarded(there));
            }
            Ok(false) => return show_found(&view, &Found::Used, token),
            Err(problem) => Refusal::of(problem)?,
        },
    };
    view.refuse(RESET, &refusal, content("open", token, &user.username)).map(links::guarded)
}

/// Whether this was the one that replaced the password.
async fn replace(
    view: &View,
    kept: &OneTime,
    user: &User,
    password: TypedPassword,
) -> Result<bool, Problem> {
    let auth = &view.site.auth;
    let hash = auth.hash_new_password("password", password, &user.guessable_words()).await?;
    // Whoever has followed the link reads what is sent to that address.
    let is_theirs =
        EmailAddress::parse(&kept.email).is_ok_and(|email| links::is_address_of(user, &email));
    let with = Together::using(kept.key());
    Ok(view.visit.reset_password_with(kept.user, hash, is_theirs, with).await?.is_ok())
}

/// What a token stands for.
enum Found {
    /// An account that may be given a new password.
    Open(OneTime, Box<User>),
    Used,
    Expired,
    Void,
}

impl Found {
    async fn by(view: &View, token: &str) -> Result<Self, Problem> {
        let Some(token) = OneTimeToken::<ResetPassword>::parse(token) else {
            return Ok(Self::Void);
        };
        let Some(kept) = view.site.store.one_time(&token.key()).await? else {
            return Ok(Self::Void);
        };
        let user = view.site.auth.users().user(kept.user).await?;
        let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
            return Ok(Self::Void);
        };
        Ok(match links::standing(view, &kept).await? {
            TokenState::Open => Self::Open(kept, Box::new(user)),
            TokenState::Used => Self::Used,
            TokenState::Expired => Self::Expired,
            TokenState::Void => Self::Void,
        })
    }
}

fn show_found(view: &View, found: &Found, token: &str) -> Result<Response, Problem> {
    let (state, username) = match found {
        Found::Open(_, user) => ("open", user.username.as_str()),
        Found::Used => ("used", ""),
        Found::Expired => ("expired", ""),
        Found::Void => ("void", ""),
    };
    let mut response = links::guarded(view.show(RESET, content(state, token, username))?);
    if !matches!(found, Found::Open(..)) {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    Ok(response)
}

fn content(state: &str, token: &str, username: &str) -> Value {
    context! { state, token, username, minutes => minutes() }
}

fn asked(login: &str) -> Value {
    context! { minutes => minutes(), form => context! { login } }
}

fn minutes() -> u64 {
    Purpose::ResetPassword.lifetime().as_secs() / 60
}
