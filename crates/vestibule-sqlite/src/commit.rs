//! Changes with everything that belongs to them.

use async_trait::async_trait;
use rusqlite::Connection;
use vestibule_core::{
    store::{
        AccountChange, Changed, Commit, Commits, Committed, Consequences, EndedSession, Ending,
        Obstacle, SessionSelection, StoreError, StoreResult,
    },
    time::Timestamp,
};

use crate::{SqliteStore, audit, extension, feed, keys, one_time, sessions, users};

#[async_trait]
impl Commits for SqliteStore {
    async fn commit(
        &self,
        commit: &Commit,
        now: Timestamp,
    ) -> StoreResult<Result<Committed, Obstacle>> {
        let commit = commit.clone();
        self.write(move |connection| whole(connection, &commit, now)).await
    }
}

/// Carries out all of it, or nothing: an obstacle takes back what came before it.
fn whole(
    connection: &Connection,
    commit: &Commit,
    now: Timestamp,
) -> rusqlite::Result<Result<Committed, Obstacle>> {
    connection.prepare_cached("SAVEPOINT whole")?.execute([])?;
    let done = carry_out(connection, commit, now)?;
    if done.is_err() {
        connection.prepare_cached("ROLLBACK TO whole")?.execute([])?;
    }
    connection.prepare_cached("RELEASE whole")?.execute([])?;
    Ok(done)
}

fn carry_out(
    connection: &Connection,
    commit: &Commit,
    now: Timestamp,
) -> rusqlite::Result<Result<Committed, Obstacle>> {
    let mut done = Committed::default();
    if let Some(using) = &commit.token {
        done.token = one_time::use_up(connection, using, now)?;
        if done.token.is_none() {
            return Ok(Err(Obstacle::TokenSpent));
        }
    }
    if let Some(change) = &commit.account
        && let Err(obstacle) = change_account(connection, change, &mut done, now)?
    {
        return Ok(Err(obstacle));
    }
    if let Some(token) = &done.token
        && done.user.is_some()
    {
        // Where the change voided the tokens of its user, this one goes on to say that it has been used.
        one_time::put(connection, token)?;
    }
    if let Some(new) = &commit.session
        && !sessions::create(connection, &new.session, new.guard.as_ref())?
    {
        return Ok(Err(Obstacle::Guard));
    }
    for ending in &commit.endings {
        end(connection, *ending, &mut done, now)?;
    }
    if let Some(replacement) = &commit.replacement {
        sessions::replace(connection, replacement)?;
    }
    if let Some(ring) = &commit.key_ring
        && !keys::replace(connection, ring.revision, &ring.keys, now)?
    {
        return Ok(Err(Obstacle::RingMoved));
    }
    if let Some(change) = &commit.extension {
        match extension::change(connection, change, now)? {
            Ok(changed) => done.extension = changed,
            Err(obstacle) => return Ok(Err(obstacle)),
        }
    }
    let consequences = commit.consequences(&done).map_err(refused)?;
    keep(connection, &consequences)?;
    Ok(Ok(done))
}

fn change_account(
    connection: &Connection,
    change: &AccountChange,
    done: &mut Committed,
    now: Timestamp,
) -> rusqlite::Result<Result<(), Obstacle>> {
    match change {
        AccountChange::Create(new) => match users::create(connection, new, now)? {
            Ok(user) => done.user = Some(user),
            Err(taken) => return Ok(Err(taken.into())),
        },
        AccountChange::Change { id, change } => {
            match users::update(connection, *id, change, now)? {
                Some(Ok((before, user))) => {
                    done.before = Some(before);
                    done.user = Some(user);
                }
                Some(Err(refusal)) => return Ok(Err(refusal.into())),
                None => return Ok(Err(Obstacle::NoAccount)),
            }
        }
        AccountChange::Elsewhere { before, user, raises_version } => {
            if *raises_version {
                let what = Changed::User { id: user.id, version: user.version };
                feed::append(connection, &what, now)?;
            }
            done.before.clone_from(before);
            done.user = Some(user.clone());
        }
    }
    Ok(Ok(()))
}

fn end(
    connection: &Connection,
    ending: Ending,
    done: &mut Committed,
    now: Timestamp,
) -> rusqlite::Result<()> {
    match ending {
        Ending::Session { id, reason } => {
            let user = sessions::end_one(connection, id, reason, now)?;
            done.ended.extend(user.map(|user| EndedSession { id, user, reason }));
        }
        Ending::OfUser { id: user, except, reason } => {
            let which = SessionSelection::User { id: user, except };
            let ended = sessions::end(connection, which, reason, now)?;
            done.ended.extend(ended.into_iter().map(|id| EndedSession { id, user, reason }));
        }
    }
    Ok(())
}

fn keep(connection: &Connection, consequences: &Consequences) -> rusqlite::Result<()> {
    for token in &consequences.tokens {
        one_time::put(connection, token)?;
    }
    for row in &consequences.rows {
        extension::keep(connection, row)?;
    }
    audit::append(connection, &consequences.events)
}

pub(crate) fn refused(cause: StoreError) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(cause))
}
