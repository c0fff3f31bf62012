//! Changes with everything that belongs to them.
//!
//! Whatever is locked is locked in one order, so that two commits never wait for each other in a circle: the
//! account (with it, where the rule asks, all active super users in the order of their numbers), one-time
//! tokens, sessions, the rest, the counters of events in the order of their keys, and last the feed's counter,
//! for which all endings of the site wait.

use async_trait::async_trait;
use sqlx::PgConnection;
use vestibule_core::{
    id::SessionId,
    store::{
        AccountChange, Changed, Commit, Commits, Committed, EndedSession, Ending, Obstacle,
        StoreResult,
    },
    time::Timestamp,
};

use crate::{
    PostgresStore, audit, error::DbError, extension, feed, keys, one_time, sessions, users,
};

#[async_trait]
impl Commits for PostgresStore {
    async fn commit(
        &self,
        commit: &Commit,
        now: Timestamp,
    ) -> StoreResult<Result<Committed, Obstacle>> {
        self.transact((commit.clone(), now), |(commit, now), connection| {
            Box::pin(whole(connection, commit, *now))
        })
        .await
    }
}

/// Carries out all of it, or nothing: an obstacle takes back what came before it.
async fn whole(
    connection: &mut PgConnection,
    commit: &Commit,
    now: Timestamp,
) -> Result<Result<Committed, Obstacle>, DbError> {
    let done = carry_out(connection, commit, now).await?;
    if done.is_err() {
        // The transaction that is committed after this is an empty one.
        sqlx::raw_sql("ROLLBACK; BEGIN").execute(connection).await?;
    }
    Ok(done)
}

async fn carry_out(
    connection: &mut PgConnection,
    commit: &Commit,
    now: Timestamp,
) -> Result<Result<Committed, Obstacle>, DbError> {
    let mut done = Committed::default();
    if let Some(AccountChange::Change { id, change }) = &commit.account {
        done.before = users::hold(connection, *id, change).await?;
        if done.before.is_none() {
            return Ok(Err(Obstacle::NoAccount));
        }
    }
    if let Some(using) = &commit.token {
        done.token = one_time::use_up(connection, using, now).await?;
        if done.token.is_none() {
            return Ok(Err(Obstacle::TokenSpent));
        }
    }
    if let Some(change) = &commit.account
        && let Err(obstacle) = change_account(connection, change, &mut done, now).await?
    {
        return Ok(Err(obstacle));
    }
    if let Some(token) = &done.token
        && done.user.is_some()
    {
        // Where the change voided the tokens of its user, this one goes on to say that it has been used.
        one_time::put(connection, token).await?;
    }
    if let Some(new) = &commit.session
        && !sessions::create(connection, &new.session, new.guard.as_ref()).await?
    {
        return Ok(Err(Obstacle::Guard));
    }
    for ending in &commit.endings {
        end(connection, *ending, &mut done, now).await?;
    }
    if let Some(replacement) = &commit.replacement {
        sessions::replace(connection, replacement).await?;
    }
    if let Some(ring) = &commit.key_ring
        && !keys::replace(connection, ring.revision, &ring.keys).await?
    {
        return Ok(Err(Obstacle::RingMoved));
    }
    if let Some(change) = &commit.extension {
        match extension::change(connection, change, now).await? {
            Ok(changed) => done.extension = changed,
            Err(obstacle) => return Ok(Err(obstacle)),
        }
    }
    keep(connection, commit, &done).await?;
    announce(connection, commit, &done, now).await?;
    Ok(Ok(done))
}

async fn change_account(
    connection: &mut PgConnection,
    change: &AccountChange,
    done: &mut Committed,
    now: Timestamp,
) -> Result<Result<(), Obstacle>, DbError> {
    done.user = match change {
        AccountChange::Create(new) => match users::create(connection, new, now).await? {
            Ok(user) => Some(user),
            Err(taken) => return Ok(Err(taken.into())),
        },
        AccountChange::Change { id, change } => {
            match users::update(connection, *id, change, now).await? {
                Some(Ok(user)) => Some(user),
                Some(Err(refusal)) => return Ok(Err(refusal.into())),
                None => return Ok(Err(Obstacle::NoAccount)),
            }
        }
        AccountChange::Elsewhere { before, user, .. } => {
            done.before.clone_from(before);
            Some(user.clone())
        }
    };
    Ok(Ok(()))
}

async fn end(
    connection: &mut PgConnection,
    ending: Ending,
    done: &mut Committed,
    now: Timestamp,
) -> Result<(), DbError> {
    match ending {
        Ending::Session { id, reason } => {
            let user = sessions::ending::end_one(connection, id, reason, now).await?;
            done.ended.extend(user.map(|user| EndedSession { id, user, reason }));
        }
        Ending::OfUser { id: user, except, reason } => {
            let ended = sessions::ending::end_of(connection, user, except, reason, now).await?;
            done.ended.extend(ended.into_iter().map(|id| EndedSession { id, user, reason }));
        }
    }
    Ok(())
}

async fn keep(
    connection: &mut PgConnection,
    commit: &Commit,
    done: &Committed,
) -> Result<(), DbError> {
    let consequences = commit.consequences(done).map_err(DbError::row)?;
    for token in &consequences.tokens {
        one_time::put(connection, token).await?;
    }
    for row in &consequences.rows {
        extension::keep(connection, row).await?;
    }
    if consequences.events.is_empty() {
        return Ok(());
    }
    audit::append(connection, &consequences.events).await
}

async fn announce(
    connection: &mut PgConnection,
    commit: &Commit,
    done: &Committed,
    now: Timestamp,
) -> Result<(), DbError> {
    let raises_version = match &commit.account {
        Some(AccountChange::Change { change, .. }) => change.raises_version(),
        Some(AccountChange::Elsewhere { raises_version, .. }) => *raises_version,
        Some(AccountChange::Create(_)) | None => false,
    };
    if let Some(user) = done.user.as_ref().filter(|_| raises_version) {
        let what = Changed::User { id: user.id, version: user.version };
        feed::append(connection, &what, now).await?;
    }
    if !done.ended.is_empty() {
        let ended: Vec<SessionId> = done.ended.iter().map(|session| session.id).collect();
        feed::append_ended(connection, &ended, now).await?;
    }
    if commit.key_ring.is_some() {
        feed::append(connection, &Changed::Keys, now).await?;
    }
    Ok(())
}
