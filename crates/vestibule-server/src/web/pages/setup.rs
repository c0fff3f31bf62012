//! The first super user, by the link that the site prints while it has none.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::{
    Detail, ErrorCode, Problem, Together,
    core::{
        event::EventName,
        store::{AccountChange, Commit, Committed, Obstacle},
        user::{NotChanged, Taken},
    },
};

use super::{
    flash::Flash,
    form::FormBody,
    links,
    refusal::Refusal,
    register::{names, registrant},
    view::View,
};

/// `GET /auth/setup?token=…`
pub(super) async fn show(view: View) -> Result<Response, Problem> {
    let token = view.query("token").unwrap_or_default();
    admit(&view, &token).await?;
    view.visit.optional_principal().await?;
    view.show("setup.html", content(&token, None)).map(links::guarded)
}

/// `POST /auth/setup`
pub(super) async fn make(view: View, form: FormBody) -> Result<Response, Problem> {
    let token = form.text("token");
    admit(&view, token).await?;
    let refusal = match view.visit.check_form() {
        Err(problem) => Refusal::outdated(problem),
        Ok(()) => match create(&view, token, &form).await {
            Ok(()) => return Ok(view.go("/auth/login", Some(Flash::SetUp))),
            Err(problem) => Refusal::of(problem)?,
        },
    };
    view.refuse("setup.html", &refusal, content(token, Some(&form))).map(links::guarded)
}

/// Lets in whoever has the link, while there is no super user.
async fn admit(view: &View, token: &str) -> Result<(), Problem> {
    if !view.site.setup.accepts(token) {
        return Err(closed());
    }
    // The command may have made one meanwhile.
    if view.site.auth.users().has_super_user().await? {
        view.site.setup.close();
        return Err(closed());
    }
    Ok(())
}

async fn create(view: &View, token: &str, form: &FormBody) -> Result<(), Problem> {
    let claim = view.site.setup.claim(token).ok_or_else(closed)?;
    let auth = &view.site.auth;
    let mut new = auth.prepare_user(registrant(form)).await?;
    new.is_super_user = true;
    new.locale = view.visit.locale().cloned();
    // Whoever reads the site's own output may say which address is theirs.
    new.email_verified_at = Some(auth.now());
    let commit = Commit { account: Some(AccountChange::Create(new)), ..Commit::default() };
    let visit = view.visit.clone();
    let made = move |done: &Committed| {
        let event = visit.event(EventName::UserCreated);
        done.user.iter().fold(event, |event, user| event.of(user.id))
    };
    let with = Together::nothing().with_event(made, "the first super user was created");
    let taken = match auth.commit(commit, with).await? {
        Ok(_) => {
            claim.use_up();
            return Ok(());
        }
        Err(Obstacle::Account(NotChanged::Taken(taken))) => taken,
        Err(obstacle) => return Err(obstacle.into()),
    };
    let field = if taken == Taken::Username { "username" } else { "email" };
    Err(Problem { code: ErrorCode::Conflict, ..Problem::fault(field, &taken) })
}

fn closed() -> Problem {
    let text = "This setup link has expired or was already used. While there is no super user, every start of \
         the server prints a new one.";
    Problem::new(ErrorCode::Forbidden).because(&Detail::new("setup_closed", text))
}

fn content(token: &str, form: Option<&FormBody>) -> Value {
    context! { token, ..names(form) }
}
