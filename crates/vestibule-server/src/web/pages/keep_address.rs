//! Keeping the address of an account, by the link that goes there when another one is asked for.
//!
//! Following the link changes nothing: the button on its page does.

use axum::{http::StatusCode, response::Response};
use minijinja::{Value, context};
use vestibule::{
    Problem, Together,
    core::{
        one_time::{KeepAddress, OneTime, OneTimeToken, TokenState},
        store::Obstacle,
        user::UserStatus,
    },
};

use super::{flash::Flash, form::FormBody, links, refusal::Refusal, view::View};

const PAGE: &str = "keep_address.html";

/// `GET /auth/keep-address?token=…`
pub(super) async fn show(view: View) -> Result<Response, Problem> {
    view.visit.optional_principal().await?;
    let token = view.query("token").unwrap_or_default();
    let found = Found::by(&view, &token).await?;
    show_found(&view, &found, &token)
}

/// `POST /auth/keep-address`: no other address counts that was asked for, and everybody is signed out.
pub(super) async fn keep(view: View, form: FormBody) -> Result<Response, Problem> {
    let token = form.text("token");
    let checked = view.visit.check_form();
    // Who is there is for greeting only.
    let _ = view.visit.optional_principal().await;
    let found = Found::by(&view, token).await?;
    if let Err(problem) = checked {
        let content = content(found.state(), token);
        return view.refuse(PAGE, &Refusal::outdated(problem), content).map(links::guarded);
    }
    let Found::Open(kept) = found else {
        return show_found(&view, &found, token);
    };
    match view.visit.keep_email_with(kept.user, Together::using(kept.key())).await? {
        Ok(_) => {}
        Err(Obstacle::TokenSpent) => return show_found(&view, &Found::Used, token),
        Err(_) => return show_found(&view, &Found::Void, token),
    }
    Ok(links::guarded(view.go("/auth/login", Some(Flash::AddressKeptSignedOut))))
}

/// What a token stands for.
enum Found {
    /// An account that may keep its address.
    Open(OneTime),
    Used,
    Expired,
    Void,
}

impl Found {
    async fn by(view: &View, token: &str) -> Result<Self, Problem> {
        let Some(token) = OneTimeToken::<KeepAddress>::parse(token) else {
            return Ok(Self::Void);
        };
        let Some(kept) = view.site.store.one_time(&token.key()).await? else {
            return Ok(Self::Void);
        };
        let user = view.site.auth.users().user(kept.user).await?;
        if user.is_none_or(|user| user.status != UserStatus::Active) {
            return Ok(Self::Void);
        }
        Ok(match links::standing(view, &kept).await? {
            TokenState::Open => Self::Open(kept),
            TokenState::Used => Self::Used,
            TokenState::Expired => Self::Expired,
            TokenState::Void => Self::Void,
        })
    }

    const fn state(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }
}

fn show_found(view: &View, found: &Found, token: &str) -> Result<Response, Problem> {
    let mut response = links::guarded(view.show(PAGE, content(found.state(), token))?);
    if !matches!(found, Found::Open(_)) {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    Ok(response)
}

fn content(state: &str, token: &str) -> Value {
    context! { state, token }
}
