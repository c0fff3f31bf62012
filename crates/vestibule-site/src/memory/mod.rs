//! A store in memory that keeps a whole site, for tests.
//!
//! It is that of [`vestibule_core::memory`] with the tables of this crate beside its own.

mod audit;
mod feedback;
mod files;
mod outbox;
mod uploads;

use std::collections::HashMap;

use vestibule_core::{
    event::Event,
    id::UserId,
    memory::{MemoryExtension, MemoryStoreWith},
    store::{Extension, Obstacle, StoreError, StoreResult, UnknownExtension},
    time::Timestamp,
};

use crate::{
    outbox::{MailId, OutgoingMail},
    store::{Feedback, SiteChange},
};

/// A store whose rows live as long as this value. Clones are the same store.
pub type MemoryStore = MemoryStoreWith<SiteTables>;

/// The tables of a site.
#[derive(Clone, Default)]
pub struct SiteTables {
    files: files::Files,
    trail: audit::Trail,
    feedback: Vec<Feedback>,
    mails: HashMap<MailId, outbox::Row>,
}

impl std::fmt::Debug for SiteTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SiteTables").finish_non_exhaustive()
    }
}

impl MemoryExtension for SiteTables {
    fn change(
        &mut self,
        change: &Extension,
        now: Timestamp,
    ) -> StoreResult<Result<Option<Extension>, Obstacle>> {
        let unknown = || StoreError::unreadable(UnknownExtension);
        let changed = match change.downcast_ref().ok_or_else(unknown)? {
            SiteChange::AddFeedback(new) => Some(self.add_feedback(new, now)),
            SiteChange::SettleFeedback { id, is_done } => {
                match self.settle_feedback(*id, *is_done, now) {
                    Some(settled) => Some(settled),
                    None => return Ok(Err(Obstacle::Gone)),
                }
            }
            SiteChange::RetryMail { id, gives_up_at } => {
                if !self.retry_mail(*id, now, *gives_up_at) {
                    return Ok(Err(Obstacle::Gone));
                }
                None
            }
        };
        Ok(Ok(changed.map(Extension::new)))
    }

    fn keep(&mut self, events: &[Event], rows: &[Extension]) -> StoreResult<()> {
        let mails = rows.iter().map(|row| row.downcast_ref::<OutgoingMail>());
        let mails: Option<Vec<_>> = mails.collect();
        for mail in mails.ok_or_else(|| StoreError::unreadable(UnknownExtension))? {
            self.enqueue_mail(mail.clone());
        }
        events.iter().for_each(|event| self.trail.append(event));
        Ok(())
    }

    fn erase(&mut self, user: UserId, name: &str, now: Timestamp) {
        self.mails.retain(|_, row| row.mail.user != Some(user));
        self.files.leave(user, name, now);
        for feedback in &mut self.feedback {
            if feedback.content.user == Some(user) {
                feedback.content.forget_author();
            }
        }
        for event in self.trail.events.values_mut() {
            if event.subject == Some(user) || event.actor == Some(user) {
                event.forget_origin();
            }
        }
    }
}
