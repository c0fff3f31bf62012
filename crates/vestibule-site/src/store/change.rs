//! Changes of the site's own tables, as parts of a commit.

use vestibule_core::{
    store::{Committed, Extension},
    time::Timestamp,
};

use super::{Feedback, NewFeedback};
use crate::outbox::MailId;

/// A change of the site's own tables, as [`Commit::extension`](vestibule_core::store::Commit::extension).
#[derive(Clone, Debug)]
pub enum SiteChange {
    /// Keeps feedback, as by [`FeedbackBox::add_feedback`](super::FeedbackBox::add_feedback).
    AddFeedback(NewFeedback),
    /// Notes that somebody has dealt with it, as by
    /// [`FeedbackBox::settle_feedback`](super::FeedbackBox::settle_feedback).
    SettleFeedback {
        /// Which.
        id: i64,
        /// Or whether it waits again.
        is_done: bool,
    },
    /// Has a mail tried again, as by [`Outbox::retry_mail`](super::Outbox::retry_mail).
    RetryMail {
        /// Which.
        id: MailId,
        /// Until when.
        gives_up_at: Timestamp,
    },
}

impl From<SiteChange> for Extension {
    fn from(change: SiteChange) -> Self {
        Self::new(change)
    }
}

impl Feedback {
    /// The feedback that a commit with a [`SiteChange`] has kept or settled.
    #[must_use]
    pub fn of(done: &Committed) -> Option<&Self> {
        done.extension.as_ref().and_then(Extension::downcast_ref)
    }
}
