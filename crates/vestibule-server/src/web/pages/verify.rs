//! Showing that an e-mail address is one's own, by the link in a mail: that of the account, or the one that it
//! is to have.
//!
//! Following the link changes nothing: mail programs and their guards open links too. The button on its
//! page does.

use axum::{http::StatusCode, response::Response};
use minijinja::{Value, context};
use vestibule::{
    Problem, Together,
    core::{
        name::EmailAddress,
        one_time::{ChangeAddress, OneTime, OneTimeToken, Purpose, TokenState, VerifyAddress},
        redirect::LocalPath,
        store::Obstacle,
        user::UserStatus,
    },
};

use super::{flash::Flash, form::FormBody, links, refusal::Refusal, view::View};

const PAGE: &str = "verify.html";

/// `GET /auth/verify`: a button for whoever has the link, a form for whoever wants a new one.
pub(super) async fn show(view: View) -> Result<Response, Problem> {
    view.visit.optional_principal().await?;
    match view.query("token") {
        None => view.show(PAGE, content("ask", "", "")),
        Some(token) => {
            let found = Found::by(&view, &token).await?;
            show_found(&view, &found, &token)
        }
    }
}

/// `POST /auth/verify`
pub(super) async fn verify(view: View, form: FormBody) -> Result<Response, Problem> {
    let token = form.text("token");
    let checked = view.visit.check_form();
    // Who is there is for greeting only.
    let _ = view.visit.optional_principal().await;
    let found = Found::by(&view, token).await?;
    if let Err(problem) = checked {
        let content = content(found.state(), token, "");
        return view.refuse(PAGE, &Refusal::outdated(problem), content).map(links::guarded);
    }
    let Found::Open(kept, email) = found else {
        return show_found(&view, &found, token);
    };
    let with = Together::using(kept.key());
    let taken = match kept.session {
        Some(session) => view.visit.change_email_with(kept.user, email, session, with).await?,
        None => view.visit.verify_email_with(kept.user, email, with).await?,
    };
    match taken {
        Ok(_) => {}
        // Somebody was faster with the same link, most likely by a second press of the button.
        Err(Obstacle::TokenSpent) => {
            return show_found(&view, &Found::by(&view, token).await?, token);
        }
        // The address has gone to another account meanwhile.
        Err(_) => return show_found(&view, &Found::Void, token),
    }
    Ok(links::guarded(view.go("/auth/login", Some(Flash::Verified))))
}

/// `POST /auth/verify/again`: the answer is the same for everybody, whether they have an account or not.
pub(super) async fn again(view: View, form: FormBody) -> Result<Response, Problem> {
    let login = form.text("login");
    let refusal = match view.visit.check_form() {
        Err(problem) => Refusal::outdated(problem),
        Ok(()) => match view.visit.ask_to_verify(login).await {
            Ok(()) => return Ok(view.go(&sign_in(&form.next()), Some(Flash::VerifyAgain))),
            Err(problem) => Refusal::of(problem)?,
        },
    };
    let _ = view.visit.optional_principal().await;
    view.refuse(PAGE, &refusal, content("ask", "", login))
}

/// What a token stands for.
enum Found {
    /// An address that waits for it.
    Open(OneTime, EmailAddress),
    /// An address that was verified before.
    Done,
    /// An address that waits, but not for this one any more.
    Expired,
    /// Nothing (any more).
    Void,
}

impl Found {
    async fn by(view: &View, token: &str) -> Result<Self, Problem> {
        let (store, auth) = (&view.site.store, &view.site.auth);
        // The link in a mail opens this page for either.
        let own = OneTimeToken::<VerifyAddress>::parse(token).map(|token| token.key());
        let other = OneTimeToken::<ChangeAddress>::parse(token).map(|token| token.key());
        let mut kept = None;
        for key in own.iter().chain(&other) {
            kept = match kept {
                None => store.one_time(key).await?,
                found => found,
            };
        }
        let Some(kept) = kept else {
            return Ok(Self::Void);
        };
        let user = auth.users().user(kept.user).await?;
        let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
            return Ok(Self::Void);
        };
        let Ok(email) = EmailAddress::parse(&kept.email) else {
            return Ok(Self::Void);
        };
        let is_theirs = links::is_address_of(&user, &email);
        let is_done = is_theirs && user.email_verified_at.is_some();
        Ok(match (links::standing(view, &kept).await?, kept.purpose) {
            (TokenState::Used | TokenState::Expired, _) | (_, Purpose::VerifyAddress)
                if is_done =>
            {
                Self::Done
            }
            (TokenState::Open, Purpose::VerifyAddress) if !is_theirs => Self::Void,
            (TokenState::Open, _) => Self::Open(kept, email),
            (TokenState::Expired, _) => Self::Expired,
            (TokenState::Used | TokenState::Void, _) => Self::Void,
        })
    }

    const fn state(&self) -> &'static str {
        match self {
            Self::Open(..) => "open",
            Self::Done => "done",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }
}

fn show_found(view: &View, found: &Found, token: &str) -> Result<Response, Problem> {
    let mut response = links::guarded(view.show(PAGE, content(found.state(), token, ""))?);
    if matches!(found, Found::Expired | Found::Void) {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    Ok(response)
}

/// The sign-in page, from which people go on to where they wanted to.
fn sign_in(next: &LocalPath) -> String {
    let page = "/auth/login";
    if next.as_str() == "/" {
        return page.to_owned();
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("{page}?{}", query.append_pair("next", next.as_str()).finish())
}

fn content(state: &str, token: &str, login: &str) -> Value {
    let hours = Purpose::VerifyAddress.lifetime().as_secs() / 3600;
    context! { state, token, hours, form => context! { login } }
}
