//! All accounts.

use axum::{http::Uri, response::Response};
use minijinja::{Value, context};
use vestibule::{
    Problem, User,
    core::{
        deletion::{Actor, may_restore},
        store::UserQuery,
        time::Timestamp,
    },
};

use super::{Caller, View, page_link};
use crate::web::{
    admin::filter::{self, Parameters},
    pages::refusal::Refusal,
};

const PAGE: &str = "/admin/users";

/// `GET /admin/users`
pub(super) async fn list(_: Caller, view: View, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::of(&uri);
    let typed = |name| parameters.text(name).unwrap_or_default().to_owned();
    let filter = context! {
        q => typed("q"),
        status => typed("status"),
        role => typed("role"),
        super_user => typed("super_user"),
    };
    let query = match parameters.users() {
        Ok(query) => query,
        Err(problem) if problem.fields.iter().any(|field| field.field == "cursor") => {
            return Ok(view.go(&page_link(&uri, PAGE, None), None));
        }
        Err(problem) => {
            let content = context! { filter, users => Vec::<Value>::new(), is_first => true };
            return view.refuse("admin/users.html", &Refusal::of(problem)?, content);
        }
    };
    let (users, next) = filter::users(&parameters, &query, &view.site).await?;
    let now = view.site.auth.now();
    let users: Vec<Value> = users.iter().map(|user| value(user, now)).collect();
    let content = context! {
        filter,
        users,
        is_first => is_first(&query),
        next => next.map(|next| page_link(&uri, PAGE, Some(&next))),
        start => page_link(&uri, PAGE, None),
    };
    view.show("admin/users.html", content)
}

fn is_first(query: &UserQuery) -> bool {
    query.after.is_none()
}

/// An account as the templates show it.
pub(super) fn value(user: &User, now: Timestamp) -> Value {
    context! {
        id => user.id.0,
        username => user.username.as_str(),
        email => user.email.as_str(),
        email_verified => user.email_verified_at.is_some(),
        status => user.status.name(),
        is_super_user => user.is_super_user,
        roles => user.roles.iter().map(|role| role.as_str().to_owned()).collect::<Vec<_>>(),
        created_at => user.created_at.seconds(),
        restorable => may_restore(user, Actor::Site, now).is_ok(),
        deleted_by => user.deletion.map(|deletion| deletion.by.name()),
        final_at => user.deletion.map(|deletion| deletion.is_final_at().seconds()),
    }
}
