//! Why a mail was not sent.

use vestibule_site::outbox::Failure;

/// Why a mail was not sent.
pub(super) struct SendError {
    pub(super) failure: Failure,
    pub(super) reason: String,
    /// Whether others would fail as well, and may wait.
    pub(super) is_general: bool,
}

impl SendError {
    /// This mail will never be taken.
    pub(super) fn lasting(reason: &str) -> Self {
        Self { failure: Failure::Lasting, reason: reason.to_owned(), is_general: false }
    }

    /// Nothing can be sent right now.
    pub(super) fn general(reason: String) -> Self {
        Self { failure: Failure::Passing, reason, is_general: true }
    }
}
