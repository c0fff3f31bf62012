//! Pages behind the links of mails.

use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use vestibule::{User, core::name::EmailAddress};

/// No page that is reached from this one learns where people came from: the address holds a secret.
pub(super) fn guarded(mut response: Response) -> Response {
    let policy = HeaderValue::from_static("no-referrer");
    response.headers_mut().insert(header::REFERRER_POLICY, policy);
    response
}

/// Whether an account has this address, in any spelling.
pub(super) fn is_address_of(user: &User, email: &EmailAddress) -> bool {
    EmailAddress::parse(&user.email).is_ok_and(|theirs| theirs.key() == email.key())
}
