//! The key ring.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::{
    Problem, Signing,
    core::ring::{KeyState, StoredKey},
};

use super::{Caller, FreshCaller, View, back_to, refusal};
use crate::web::pages::{flash::Flash, form::FormBody};

const PAGE: &str = "/admin/keys";

/// `GET /admin/keys`
pub(super) async fn list(_: Caller, view: View) -> Result<Response, Problem> {
    let content = content(&view).await?;
    view.show("admin/keys.html", content)
}

/// `POST /admin/keys/rotate`
pub(super) async fn rotate(caller: FreshCaller, view: View) -> Result<Response, Problem> {
    let done = view.admin(&caller).rotate_keys().await;
    answer(done, &view).await
}

/// `POST /admin/keys/retire`
pub(super) async fn retire(
    caller: FreshCaller,
    view: View,
    form: FormBody,
) -> Result<Response, Problem> {
    let done = view.admin(&caller).retire_key(form.text("kid")).await;
    answer(done, &view).await
}

pub(super) async fn back(view: View) -> Response {
    back_to(&view, PAGE)
}

async fn answer(done: Result<Vec<StoredKey>, Problem>, view: &View) -> Result<Response, Problem> {
    let refusal = match done {
        Ok(_) => return Ok(view.go(PAGE, Some(Flash::Saved))),
        Err(problem) => refusal(problem)?,
    };
    let content = content(view).await?;
    view.refuse("admin/keys.html", &refusal, content)
}

async fn content(view: &View) -> Result<Value, Problem> {
    let is_shared = matches!(view.site.auth.config().signing, Signing::Shared(_));
    let (_, mut keys) = view.site.store.key_ring().await?;
    // Those that matter come first.
    keys.sort_by_key(|key| match key.state {
        KeyState::Active => 0,
        KeyState::Next => 1,
        KeyState::Retiring => 2,
        KeyState::Retired => 3,
    });
    let value = |key: &StoredKey| {
        context! {
            kid => key.kid.as_str(),
            algorithm => key.algorithm.name(),
            state => key.state.name(),
            created_at => key.created_at.seconds(),
            changed_at => key.changed_at.seconds(),
        }
    };
    Ok(context! { is_shared, keys => keys.iter().map(value).collect::<Vec<Value>>() })
}
