//! The pages of those who run the site. What they do is in `crate::web::admin`.
//!
//! | module | holds |
//! |---|---|
//! | `front` | the figures |
//! | `chart` | how they are drawn |
//! | `users`, `user` | accounts, and one of them |
//! | `audit`, `csv` | what happened, as pages and as a file |
//! | `words` | how an event is put into words |
//! | `feedback`, `outbox`, `keys` | what people said, the mails, and the key ring |

mod audit;
mod chart;
pub(super) mod csv;
mod feedback;
mod front;
mod keys;
mod outbox;
mod user;
mod users;
mod words;

use axum::{
    Router,
    extract::{Path, rejection::PathRejection},
    http::Uri,
    response::Response,
    routing::{get, post},
};
use vestibule::{ErrorCode, Fresh, Principal, Problem, Require, SuperUser};

use super::{refusal::Refusal, view::View};
use crate::web::{admin::Admin, state::Site};

/// Somebody who runs the site.
type Caller = Require<SuperUser>;
/// The same, for changes.
type FreshCaller = Fresh<Caller>;
type Segment = Result<Path<String>, PathRejection>;
type Segments = Result<Path<(String, String)>, PathRejection>;

pub(super) fn routes() -> Router<Site> {
    // GET where only forms are sent: somebody who had to sign in first, in a browser that does not say which
    // page a form was on.
    Router::new()
        .route("/admin", get(front::show))
        .route("/admin/users", get(users::list))
        .route("/admin/users/{id}", get(user::show))
        .route("/admin/users/{id}/change", post(user::change).get(user::back))
        .route("/admin/users/{id}/reset", post(user::start_reset).get(user::back))
        .route("/admin/users/{id}/sessions/end", post(user::end_sessions).get(user::back))
        .route("/admin/users/{id}/sessions/{session}", get(user::session))
        .route(
            "/admin/users/{id}/sessions/{session}/end",
            post(user::end_session).get(user::back_two),
        )
        .route("/admin/audit", get(audit::list))
        .route("/admin/audit.csv", get(csv::download))
        .route("/admin/feedback", get(feedback::list))
        .route("/admin/feedback/{id}", post(feedback::settle).get(feedback::back))
        .route("/admin/outbox", get(outbox::list))
        .route("/admin/outbox/{id}/retry", post(outbox::retry).get(outbox::back))
        .route("/admin/keys", get(keys::list))
        .route("/admin/keys/rotate", post(keys::rotate).get(keys::back))
        .route("/admin/keys/retire", post(keys::retire).get(keys::back))
}

impl View {
    fn admin<'a>(&'a self, caller: &'a Principal) -> Admin<'a> {
        Admin { site: &self.site, visit: &self.visit, caller }
    }
}

/// What a segment of the path names, if it can name anything.
fn named<T: std::str::FromStr>(segment: &str) -> Result<T, Problem> {
    segment.parse().map_err(|_| Problem::new(ErrorCode::NotFound))
}

fn segment<T: std::str::FromStr>(segment: Segment) -> Result<T, Problem> {
    let Path(text) = segment.map_err(|_| Problem::new(ErrorCode::NotFound))?;
    named(&text)
}

/// A link to another page of the same list: the query as it is, but with another place, or none.
fn page_link(uri: &Uri, path: &str, cursor: Option<&str>) -> String {
    let query = uri.query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| name != "cursor" && !value.trim().is_empty());
    let mut link = url::form_urlencoded::Serializer::new(String::new());
    link.extend_pairs(pairs).extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
    match link.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// What a problem says of a form whose button cannot be pressed now.
///
/// # Errors
/// The problem itself, where nothing on the page can mend it.
fn refusal(problem: Problem) -> Result<Refusal, Problem> {
    if problem.code != ErrorCode::Conflict {
        return Refusal::of(problem);
    }
    Ok(Refusal::reason(problem))
}

/// On to a page, where only forms are sent.
fn back_to(view: &View, page: &str) -> Response {
    view.go(page, None)
}
