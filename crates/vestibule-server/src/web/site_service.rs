//! What a listener serves, and what it says of a request.

use std::convert::Infallible;

use axum::{extract::Request, response::Response};
use tower::util::BoxCloneSyncService;

/// The site as one service.
pub(crate) type SiteService = BoxCloneSyncService<Request, Response, Infallible>;

/// How the connection of a request is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transport {
    pub(crate) is_tls: bool,
}

/// The request's framing can be read in two ways: both `Content-Length` and `Transfer-Encoding`, several
/// lengths, or lines that end in LF alone (RFC 9112 sections 2.2, 6.1 and 6.3). A proxy in front may have
/// read it in the other way, so nothing after it on this connection can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;
