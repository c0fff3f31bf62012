//! What the tests keep of events and mails, in the transaction of the change that they are about.

use vestibule::core::{
    event::Event,
    id::UserId,
    memory::MemoryExtension,
    store::{Extension, Obstacle, StoreError, StoreResult, UnknownExtension},
    time::Timestamp,
};

/// Tables beside those of the library.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) events: Vec<Event>,
    pub(crate) mails: Vec<Mail>,
}

/// A mail, by what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mail(pub(crate) &'static str);

impl MemoryExtension for Kept {
    fn change(
        &mut self,
        _: &Extension,
        _: Timestamp,
    ) -> StoreResult<Result<Option<Extension>, Obstacle>> {
        Err(StoreError::unreadable(UnknownExtension))
    }

    fn keep(&mut self, events: &[Event], rows: &[Extension]) -> StoreResult<()> {
        let mails: Option<Vec<Mail>> = rows.iter().map(|row| row.downcast_ref().copied()).collect();
        self.mails.extend(mails.ok_or_else(|| StoreError::unreadable(UnknownExtension))?);
        self.events.extend_from_slice(events);
        Ok(())
    }

    fn erase(&mut self, _: UserId, _: &str, _: Timestamp) {}
}
