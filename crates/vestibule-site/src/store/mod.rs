//! The traits of a store that keeps what the ready-made site has. The sentences that hold for all operations of
//! [`vestibule_core::store`] hold for these as well.

mod audit;
mod change;
mod feedback;
mod files;
mod outbox;

use vestibule_core::store::{Erasure, OneTimeTokens, Store, UserBatches};

pub use audit::{AuditTrail, DayCount, EventCursor, EventQuery, Figures, KeptEvent};
pub use change::SiteChange;
pub use feedback::{Feedback, FeedbackBox, FeedbackQuery, NewFeedback};
pub use files::{FileCatalogue, ListPlace, NotKept, Offer, Replacement, SeenFile, Share, Shared};
pub use outbox::{Outbox, OutboxQuery};

/// Everything that the ready-made site needs of its store.
///
/// [`Erasure`] goes for these tables as well: of an account that is erased, its mails, files, uploads and shares
/// go, what it sent as feedback stays without who wrote it, and its events stay without the addresses and
/// programs they were done from.
pub trait SiteStore:
    Store + FileCatalogue + AuditTrail + FeedbackBox + OneTimeTokens + Outbox + Erasure + UserBatches
{
}

impl<T> SiteStore for T where
    T: Store
        + FileCatalogue
        + AuditTrail
        + FeedbackBox
        + OneTimeTokens
        + Outbox
        + Erasure
        + UserBatches
{
}
