//! Pages behind the links of mails.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use vestibule::{
    User,
    core::{
        name::EmailAddress,
        one_time::{OneTime, TokenState},
        store::StoreResult,
    },
};

use super::view::View;

/// The address holds a secret: whoever receives a request from this page learns the site and no more. Not
/// `no-referrer`, by which browsers send `Origin: null` with the page's own form.
pub(super) fn guarded(mut response: Response) -> Response {
    let policy = HeaderValue::from_static("strict-origin");
    response.headers_mut().insert(header::REFERRER_POLICY, policy);
    response
}

/// How a token stands now.
///
/// # Errors
/// Where the store cannot be used.
pub(super) async fn standing(view: &View, kept: &OneTime) -> StoreResult<TokenState> {
    let session = match kept.session {
        Some(session) => view.site.store.session(session).await?,
        None => None,
    };
    Ok(kept.standing(session.as_ref(), view.site.auth.now()))
}

/// Whether an account has this address, in any spelling.
pub(super) fn is_address_of(user: &User, email: &EmailAddress) -> bool {
    EmailAddress::parse(&user.email).is_ok_and(|theirs| theirs.key() == email.key())
}
