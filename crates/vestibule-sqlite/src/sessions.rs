//! Sessions.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use vestibule_core::{
    id::{SessionId, UserId},
    password::PasswordHash,
    renewal::{Advance, Replacement},
    session::{EndReason, Session},
    store::{
        Changed, RenewalNote, SESSIONS_AT_ONCE, SessionActivity, SessionBound, SessionQuery,
        SessionSelection, SessionStore, StoreResult,
    },
    time::Timestamp,
};

use crate::{
    SqliteStore, feed, history,
    rows::{self, session_columns, signed},
};

pub(crate) const SELECT: &str =
    concat!("SELECT ", session_columns!(), " FROM sessions WHERE id = ?1");

pub(crate) const GUARD: &str = "SELECT EXISTS \
     (SELECT 1 FROM users WHERE id = ?1 AND status = 'active' AND password_hash = ?2)";

const INSERT: &str = concat!(
    "INSERT INTO sessions (",
    session_columns!(),
    ") VALUES \
     (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
);

pub(crate) const ADVANCE: &str = "UPDATE sessions SET generation = ?3, \
     seen_generation = MAX(seen_generation, ?2), renewed_at = ?4, handed_out_at = ?4, \
     expires_at = ?5 \
     WHERE id = ?1 AND generation = ?2 AND end_at IS NULL";

pub(crate) const REPLACE: &str = "UPDATE sessions SET generation = generation + 1, \
     seen_generation = MAX(seen_generation, generation), oldest_generation = generation + 1, \
     renewed_at = ?2, handed_out_at = ?2, expires_at = ?3 \
     WHERE id = ?1 AND end_at IS NULL";

pub(crate) const HAND_OUT: &str = "UPDATE sessions SET handed_out_at = MAX(handed_out_at, ?3) \
     WHERE id = ?1 AND generation = ?2 AND end_at IS NULL";

pub(crate) const CONFIRM: &str =
    "UPDATE sessions SET auth_time = ?2, methods = ?3 WHERE id = ?1 AND end_at IS NULL";

pub(crate) const END: &str = "UPDATE sessions SET end_at = ?2, end_reason = ?3 \
     WHERE id = ?1 AND end_at IS NULL RETURNING user_id";

pub(crate) const END_OF_USER: &str = "UPDATE sessions SET end_at = ?2, end_reason = ?3 \
     WHERE user_id = ?1 AND end_at IS NULL AND id IS NOT ?4 RETURNING id";

/// The next ones after an id.
pub(crate) const END_ALL: &str = "UPDATE sessions SET end_at = ?1, end_reason = ?2 \
     WHERE rowid IN (SELECT rowid FROM sessions WHERE end_at IS NULL AND id > ?3 \
     ORDER BY id LIMIT ?4) RETURNING id";

pub(crate) const END_BEYOND: &str = "UPDATE sessions SET end_at = ?2, end_reason = ?3 \
     WHERE rowid IN (SELECT rowid FROM sessions \
     WHERE user_id = ?1 AND end_at IS NULL AND expires_at > ?2 AND ends_at > ?2 AND id <> ?4 \
     ORDER BY last_seen_at DESC, created_at DESC, id DESC LIMIT ?6 OFFSET ?5) RETURNING id";

pub(crate) const REMOVE_BEYOND: &str = "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions \
     WHERE user_id = ?1 AND (end_at IS NOT NULL OR expires_at <= ?2 OR ends_at <= ?2) \
     ORDER BY COALESCE(end_at, MIN(expires_at, ends_at)) DESC LIMIT ?4 OFFSET ?3)";

/// The order of `SessionCursor`, which no index has: of a user there are not many.
pub(crate) const OF_USER: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions WHERE user_id = ?1 AND COALESCE(end_at, expires_at) >= ?2 \
     AND (end_at IS NULL, last_seen_at, created_at, id) < (?3, ?4, ?5, ?6) \
     ORDER BY end_at IS NULL DESC, last_seen_at DESC, created_at DESC, id DESC LIMIT ?7"
);

pub(crate) const ACTIVE: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions WHERE id > ?2 AND end_at IS NULL AND expires_at > ?1 AND ends_at > ?1 \
     ORDER BY id LIMIT ?3"
);

pub(crate) const SEEN: &str = "UPDATE sessions SET seen_generation = MAX(seen_generation, ?2), \
     address = CASE WHEN ?3 >= last_seen_at THEN ?4 ELSE address END, \
     last_seen_at = MAX(last_seen_at, ?3) WHERE id = ?1";

pub(crate) const PURGE_EXPIRED: &str = "DELETE FROM sessions WHERE rowid IN \
     (SELECT rowid FROM sessions WHERE expires_at < ?1 LIMIT ?2)";

pub(crate) const PURGE_ENDED: &str = "DELETE FROM sessions WHERE rowid IN \
     (SELECT rowid FROM sessions WHERE end_at < ?1 LIMIT ?2)";

const STEP: u64 = SESSIONS_AT_ONCE as u64;

#[async_trait]
impl SessionStore for SqliteStore {
    async fn create_session(
        &self,
        session: &Session,
        guard: Option<&PasswordHash>,
    ) -> StoreResult<bool> {
        let (session, guard) = (session.clone(), guard.cloned());
        self.write(move |connection| create(connection, &session, guard.as_ref())).await
    }

    async fn session(&self, id: SessionId) -> StoreResult<Option<Session>> {
        self.read(move |connection| read(connection, id)).await
    }

    async fn advance_session(&self, id: SessionId, step: &Advance) -> StoreResult<bool> {
        let step = *step;
        self.write(move |connection| {
            let advanced = connection.prepare_cached(ADVANCE)?.execute(params![
                id.as_bytes(),
                signed(step.from),
                signed(step.to()),
                step.renewed_at.millis(),
                step.expires_at.millis(),
            ])?;
            Ok(advanced == 1)
        })
        .await
    }

    async fn note_handout(
        &self,
        id: SessionId,
        generation: u64,
        at: Timestamp,
    ) -> StoreResult<bool> {
        self.write(move |connection| {
            let noted = connection.prepare_cached(HAND_OUT)?.execute(params![
                id.as_bytes(),
                signed(generation),
                at.millis()
            ])?;
            Ok(noted == 1)
        })
        .await
    }

    async fn confirm_session(
        &self,
        id: SessionId,
        auth_time: Timestamp,
        methods: &[String],
    ) -> StoreResult<bool> {
        let methods = methods.to_vec();
        self.write(move |connection| {
            let confirmed = connection.prepare_cached(CONFIRM)?.execute(params![
                id.as_bytes(),
                auth_time.millis(),
                json(&methods)?
            ])?;
            Ok(confirmed == 1)
        })
        .await
    }

    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.write(move |connection| Ok(end_one(connection, id, reason, now)?.is_some())).await
    }

    async fn end_sessions(
        &self,
        which: SessionSelection,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>> {
        if which != SessionSelection::All {
            return self.write(move |connection| end(connection, which, reason, now)).await;
        }
        let mut all: Vec<SessionId> = Vec::new();
        loop {
            let after = all.iter().max().map(|id| id.as_bytes().to_vec()).unwrap_or_default();
            let step = self.write(move |connection| end_next(connection, &after, reason, now));
            let mut ended = step.await?;
            let is_last = (ended.len() as u64) < STEP;
            all.append(&mut ended);
            if is_last {
                return Ok(all);
            }
        }
    }

    async fn bound_sessions(
        &self,
        user: UserId,
        kept: SessionId,
        bound: SessionBound,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>> {
        self.write(move |connection| {
            let beyond = params![
                user.0,
                now.millis(),
                EndReason::TooMany.name(),
                kept.as_bytes(),
                bound.open.saturating_sub(1),
                SESSIONS_AT_ONCE,
            ];
            let ended: Vec<_> = connection
                .prepare_cached(END_BEYOND)?
                .query_map(beyond, |row| rows::session_id(row, 0))?
                .collect::<Result<_, _>>()?;
            append_ended(connection, &ended, now)?;
            let beyond = params![user.0, now.millis(), bound.over, SESSIONS_AT_ONCE];
            connection.prepare_cached(REMOVE_BEYOND)?.execute(beyond)?;
            Ok(ended)
        })
        .await
    }

    async fn sessions_of(&self, query: &SessionQuery) -> StoreResult<Vec<Session>> {
        let query = *query;
        self.read(move |connection| {
            let (kind, seen, created, id) = rows::session_place(query.behind);
            let values = params![
                query.user.0,
                query.over_since.millis(),
                kind,
                seen,
                created,
                id,
                query.limit
            ];
            connection.prepare_cached(OF_USER)?.query_map(values, rows::session)?.collect()
        })
        .await
    }

    async fn active_sessions(
        &self,
        now: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> StoreResult<Vec<Session>> {
        self.read(move |connection| {
            let after = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
            let values = params![now.millis(), after, limit];
            connection.prepare_cached(ACTIVE)?.query_map(values, rows::session)?.collect()
        })
        .await
    }

    async fn mark_seen(&self, sightings: &[SessionActivity]) -> StoreResult<()> {
        if sightings.is_empty() {
            return Ok(());
        }
        let sightings = sightings.to_vec();
        self.write(move |connection| {
            let mut seen = connection.prepare_cached(SEEN)?;
            for sighting in &sightings {
                seen.execute(params![
                    sighting.session.as_bytes(),
                    signed(sighting.generation),
                    sighting.at.millis(),
                    sighting.address,
                ])?;
            }
            Ok(())
        })
        .await
    }

    async fn note_renewals(&self, notes: &[RenewalNote]) -> StoreResult<()> {
        if notes.is_empty() {
            return Ok(());
        }
        let notes = notes.to_vec();
        self.write(move |connection| history::note(connection, &notes)).await
    }

    async fn renewals_of(&self, id: SessionId) -> StoreResult<Vec<RenewalNote>> {
        self.read(move |connection| history::of_session(connection, id)).await
    }

    async fn purge_sessions(&self, before: Timestamp) -> StoreResult<u64> {
        let mut total = 0;
        for statement in [PURGE_EXPIRED, PURGE_ENDED] {
            loop {
                let removed = self.write(move |connection| {
                    let step = params![before.millis(), signed(STEP)];
                    connection.prepare_cached(statement)?.execute(step)
                });
                let removed = u64::try_from(removed.await?).unwrap_or(u64::MAX);
                total += removed;
                if removed < STEP {
                    break;
                }
            }
        }
        Ok(total)
    }
}

/// Writes a new session where its guard holds.
pub(crate) fn create(
    connection: &Connection,
    session: &Session,
    guard: Option<&PasswordHash>,
) -> rusqlite::Result<bool> {
    if let Some(hash) = guard
        && !guard_holds(connection, session.user_id, hash)?
    {
        return Ok(false);
    }
    insert(connection, session).map(|()| true)
}

fn guard_holds(
    connection: &Connection,
    user: UserId,
    hash: &PasswordHash,
) -> rusqlite::Result<bool> {
    connection.prepare_cached(GUARD)?.query_row(params![user.0, hash.as_str()], |row| row.get(0))
}

/// Replaces the tokens of a session, unless it has ended.
pub(crate) fn replace(connection: &Connection, replacement: &Replacement) -> rusqlite::Result<()> {
    let Replacement { id, renewed_at, expires_at } = replacement;
    let values = params![id.as_bytes(), renewed_at.millis(), expires_at.millis()];
    connection.prepare_cached(REPLACE)?.execute(values).map(|_| ())
}

fn insert(connection: &Connection, session: &Session) -> rusqlite::Result<()> {
    let inserted = connection.prepare_cached(INSERT)?.execute(params![
        session.id.as_bytes(),
        session.user_id.0,
        session.carrier.name(),
        session.remembered,
        signed(session.generation),
        signed(session.seen_generation),
        session.created_at.millis(),
        session.auth_time.millis(),
        json(&session.methods)?,
        session.renewed_at.millis(),
        session.handed_out_at.millis(),
        session.expires_at.millis(),
        session.ends_at.millis(),
        session.last_seen_at.millis(),
        session.address,
        session.agent,
        session.device,
        session.end.map(|end| end.at.millis()),
        session.end.map(|end| end.reason.name()),
        signed(session.oldest_generation),
    ])?;
    debug_assert_eq!(inserted, 1, "an INSERT of one row writes one or fails");
    Ok(())
}

/// Ends one session and writes it to the feed; whose it was, or `None` where there is none that had not ended.
pub(crate) fn end_one(
    connection: &Connection,
    id: SessionId,
    reason: EndReason,
    now: Timestamp,
) -> rusqlite::Result<Option<UserId>> {
    let row = params![id.as_bytes(), now.millis(), reason.name()];
    let user = connection.prepare_cached(END)?.query_row(row, |row| row.get(0)).optional()?;
    if user.is_some() {
        feed::append(connection, &Changed::SessionEnded(id), now)?;
    }
    Ok(user.map(UserId))
}

/// Ends all of a user, or all of everybody, writes them to the feed and says which.
pub(crate) fn end(
    connection: &Connection,
    which: SessionSelection,
    reason: EndReason,
    now: Timestamp,
) -> rusqlite::Result<Vec<SessionId>> {
    let SessionSelection::User { id: user, except } = which else {
        let mut all = Vec::new();
        loop {
            let after = all.last().map(|id: &SessionId| id.as_bytes().to_vec());
            let ended = end_next(connection, &after.unwrap_or_default(), reason, now)?;
            if ended.is_empty() {
                return Ok(all);
            }
            all.extend(ended);
            all.sort_unstable();
        }
    };
    let except = except.as_ref().map(SessionId::as_bytes);
    let values = params![user.0, now.millis(), reason.name(), except];
    let ended: Vec<_> = connection
        .prepare_cached(END_OF_USER)?
        .query_map(values, |row| rows::session_id(row, 0))?
        .collect::<Result<_, _>>()?;
    append_ended(connection, &ended, now)?;
    Ok(ended)
}

/// Ends the next ones of everybody after an id.
fn end_next(
    connection: &Connection,
    after: &[u8],
    reason: EndReason,
    now: Timestamp,
) -> rusqlite::Result<Vec<SessionId>> {
    let values = params![now.millis(), reason.name(), after, SESSIONS_AT_ONCE];
    let ended: Vec<_> = connection
        .prepare_cached(END_ALL)?
        .query_map(values, |row| rows::session_id(row, 0))?
        .collect::<Result<_, _>>()?;
    append_ended(connection, &ended, now)?;
    Ok(ended)
}

fn append_ended(
    connection: &Connection,
    ended: &[SessionId],
    now: Timestamp,
) -> rusqlite::Result<()> {
    ended.iter().try_for_each(|id| feed::append(connection, &Changed::SessionEnded(*id), now))
}

fn json(methods: &[String]) -> rusqlite::Result<String> {
    serde_json::to_string(methods)
        .map_err(|cause| rusqlite::Error::ToSqlConversionFailure(Box::new(cause)))
}

pub(crate) fn read(connection: &Connection, id: SessionId) -> rusqlite::Result<Option<Session>> {
    connection.prepare_cached(SELECT)?.query_row([id.as_bytes()], rows::session).optional()
}
