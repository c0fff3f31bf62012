//! Changes and rows of tables beside core's, as parts of a commit.

#[cfg(feature = "site")]
pub(crate) use site::{change, keep};

#[cfg(not(feature = "site"))]
pub(crate) use none::{change, keep};

#[cfg(feature = "site")]
mod site {
    use rusqlite::Connection;
    use vestibule_core::{
        store::{Extension, Obstacle, StoreError, UnknownExtension},
        time::Timestamp,
    };
    use vestibule_site::{outbox::OutgoingMail, store::SiteChange};

    use crate::{commit::refused, feedback, outbox};

    /// Carries out a change of the site's tables, and says what was done.
    pub(crate) fn change(
        connection: &Connection,
        change: &Extension,
        now: Timestamp,
    ) -> rusqlite::Result<Result<Option<Extension>, Obstacle>> {
        let changed = match known(change)? {
            SiteChange::AddFeedback(new) => Some(feedback::add(connection, new, now)?),
            SiteChange::SettleFeedback { id, is_done } => {
                match feedback::settle(connection, *id, *is_done, now)? {
                    Some(settled) => Some(settled),
                    None => return Ok(Err(Obstacle::Gone)),
                }
            }
            SiteChange::RetryMail { id, gives_up_at } => {
                if !outbox::retry(connection, *id, now, *gives_up_at)? {
                    return Ok(Err(Obstacle::Gone));
                }
                None
            }
        };
        Ok(Ok(changed.map(Extension::new)))
    }

    /// Keeps a row of the site's tables: a mail.
    pub(crate) fn keep(connection: &Connection, row: &Extension) -> rusqlite::Result<()> {
        outbox::insert(connection, known::<OutgoingMail>(row)?)
    }

    fn known<T: Send + Sync + 'static>(extension: &Extension) -> rusqlite::Result<&T> {
        let known = extension.downcast_ref();
        known.ok_or_else(|| refused(StoreError::unreadable(UnknownExtension)))
    }
}

#[cfg(not(feature = "site"))]
mod none {
    use rusqlite::Connection;
    use vestibule_core::{
        store::{Extension, Obstacle, StoreError, UnknownExtension},
        time::Timestamp,
    };

    use crate::commit::refused;

    pub(crate) fn change(
        _: &Connection,
        _: &Extension,
        _: Timestamp,
    ) -> rusqlite::Result<Result<Option<Extension>, Obstacle>> {
        Err(refused(StoreError::unreadable(UnknownExtension)))
    }

    pub(crate) fn keep(_: &Connection, _: &Extension) -> rusqlite::Result<()> {
        Err(refused(StoreError::unreadable(UnknownExtension)))
    }
}
