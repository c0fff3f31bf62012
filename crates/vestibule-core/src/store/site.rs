//! What the ready-made site keeps beside what the library needs. An application with a store of its own
//! implements none of it.

use super::{
    AuditTrail, Erasure, FeedbackBox, FileCatalogue, OneTimeTokens, Outbox, Store, UserBatches,
};

/// Everything that the ready-made site needs of its store.
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
