//! Changes and rows of tables beside core's, as parts of a commit.

#[cfg(feature = "site")]
pub(crate) use site::{change, keep};

#[cfg(not(feature = "site"))]
pub(crate) use none::{change, keep};

#[cfg(feature = "site")]
mod site {
    use sqlx::PgConnection;
    use vestibule_core::{
        store::{Extension, Obstacle, UnknownExtension},
        time::Timestamp,
    };
    use vestibule_site::{outbox::OutgoingMail, store::SiteChange};

    use crate::{error::DbError, feedback, outbox};

    /// Carries out a change of the site's tables, and says what was done.
    pub(crate) async fn change(
        connection: &mut PgConnection,
        change: &Extension,
        now: Timestamp,
    ) -> Result<Result<Option<Extension>, Obstacle>, DbError> {
        let changed = match known(change)? {
            SiteChange::AddFeedback(new) => Some(feedback::add(connection, new, now).await?),
            SiteChange::SettleFeedback { id, is_done } => {
                match feedback::settle(connection, *id, *is_done, now).await? {
                    Some(settled) => Some(settled),
                    None => return Ok(Err(Obstacle::Gone)),
                }
            }
            SiteChange::RetryMail { id, gives_up_at } => {
                if !outbox::retry(connection, *id, now, *gives_up_at).await? {
                    return Ok(Err(Obstacle::Gone));
                }
                None
            }
        };
        Ok(Ok(changed.map(Extension::new)))
    }

    /// Keeps a row of the site's tables: a mail.
    pub(crate) async fn keep(
        connection: &mut PgConnection,
        row: &Extension,
    ) -> Result<(), DbError> {
        outbox::insert(connection, known::<OutgoingMail>(row)?).await
    }

    fn known<T: Send + Sync + 'static>(extension: &Extension) -> Result<&T, DbError> {
        extension.downcast_ref().ok_or_else(|| DbError::row(UnknownExtension))
    }
}

#[cfg(not(feature = "site"))]
mod none {
    use std::future::{Ready, ready};

    use sqlx::PgConnection;
    use vestibule_core::{
        store::{Extension, Obstacle, UnknownExtension},
        time::Timestamp,
    };

    use crate::error::DbError;

    pub(crate) fn change(
        _: &mut PgConnection,
        _: &Extension,
        _: Timestamp,
    ) -> Ready<Result<Result<Option<Extension>, Obstacle>, DbError>> {
        ready(Err(DbError::row(UnknownExtension)))
    }

    pub(crate) fn keep(_: &mut PgConnection, _: &Extension) -> Ready<Result<(), DbError>> {
        ready(Err(DbError::row(UnknownExtension)))
    }
}
