//! Sessions.

pub(crate) mod ending;
pub(crate) mod seen;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{PgConnection, Postgres, postgres::PgArguments, query::Query};
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
    PostgresStore,
    error::DbError,
    feed, history,
    rows::{self, session_columns, signed},
};

pub(crate) const SELECT: &str =
    concat!("SELECT ", session_columns!(), " FROM sessions WHERE id = $1");

/// Milliseconds by the database's own clock. Those of the nodes differ.
macro_rules! own_clock {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

/// The row, and how many milliseconds ago its generation was handed out.
pub(crate) const TO_RENEW: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", ",
    own_clock!(),
    " - handed_out_at FROM sessions WHERE id = $1"
);

const INSERT: &str = concat!(
    "INSERT INTO sessions (",
    session_columns!(),
    ") VALUES \
     ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"
);

/// The lock on the user's row makes a change of password and a sign-in wait for each other: whichever comes
/// second sees what the first has done. Sign-ins do not wait for sign-ins.
pub(crate) const INSERT_GUARDED: &str = concat!(
    "INSERT INTO sessions (",
    session_columns!(),
    ") SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20 \
     FROM users WHERE users.id = $2 AND users.status = 'active' AND users.password_hash = $21 FOR SHARE"
);

pub(crate) const ADVANCE: &str = concat!(
    "UPDATE sessions SET generation = $3, \
     seen_generation = GREATEST(seen_generation, $2), renewed_at = $4, handed_out_at = ",
    own_clock!(),
    ", expires_at = $5 WHERE id = $1 AND generation = $2 AND end_at IS NULL"
);

pub(crate) const REPLACE: &str = concat!(
    "UPDATE sessions SET generation = generation + 1, \
     seen_generation = GREATEST(seen_generation, generation), oldest_generation = generation + 1, \
     renewed_at = $2, handed_out_at = ",
    own_clock!(),
    ", expires_at = $3 WHERE id = $1 AND end_at IS NULL"
);

/// Never earlier than was known: the clock of a database that took over from another one may be behind.
pub(crate) const HAND_OUT: &str = concat!(
    "UPDATE sessions SET handed_out_at = GREATEST(handed_out_at, ",
    own_clock!(),
    ") WHERE id = $1 AND generation = $2 AND end_at IS NULL"
);

pub(crate) const CONFIRM: &str =
    "UPDATE sessions SET auth_time = $2, methods = $3 WHERE id = $1 AND end_at IS NULL";

/// Those beyond the bound, and by the way removes what is over beyond its own.
pub(crate) const BEYOND: &str = "WITH gone AS (DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
     WHERE user_id = $1 AND (end_at IS NOT NULL OR expires_at <= $2 OR ends_at <= $2) \
     ORDER BY COALESCE(end_at, LEAST(expires_at, ends_at)) DESC LIMIT $6 OFFSET $5)) \
     SELECT id FROM sessions \
     WHERE user_id = $1 AND end_at IS NULL AND expires_at > $2 AND ends_at > $2 AND id <> $3 \
     ORDER BY last_seen_at DESC, created_at DESC, id DESC LIMIT $6 OFFSET $4";

/// The order of `SessionCursor`, which no index has: of a user there are not many.
pub(crate) const OF_USER: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions WHERE user_id = $1 AND COALESCE(end_at, expires_at) >= $2 \
     AND (CASE WHEN end_at IS NULL THEN 1 ELSE 0 END, last_seen_at, created_at, id) < ($3, $4, $5, $6) \
     ORDER BY CASE WHEN end_at IS NULL THEN 1 ELSE 0 END DESC, last_seen_at DESC, created_at DESC, \
     id DESC LIMIT $7"
);

pub(crate) const ACTIVE: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions WHERE id > $2 AND end_at IS NULL AND expires_at > $1 AND ends_at > $1 \
     ORDER BY id LIMIT $3"
);

/// Looks at the next sessions after an id and removes those that are long over; see the table's comment for
/// why it walks. Gives where it has come to and how many it has removed.
pub(crate) const PURGE: &str = "WITH step AS MATERIALIZED ( \
     SELECT id, expires_at, end_at FROM sessions WHERE id > $1 ORDER BY id LIMIT $3), \
     gone AS (DELETE FROM sessions USING step WHERE sessions.id = step.id \
     AND (step.expires_at < $2 OR step.end_at < $2) \
     AND (sessions.expires_at < $2 OR sessions.end_at < $2) RETURNING 1) \
     SELECT (SELECT id FROM step ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM gone)";

/// How many sessions are looked at in one step of purging.
const STEP: i64 = 1000;

#[async_trait]
impl SessionStore for PostgresStore {
    async fn create_session(
        &self,
        session: &Session,
        guard: Option<&PasswordHash>,
    ) -> StoreResult<bool> {
        self.write((session.clone(), guard.cloned()), |(session, guard), connection| {
            Box::pin(create(connection, session, guard.as_ref()))
        })
        .await
    }

    async fn session(&self, id: SessionId) -> StoreResult<Option<Session>> {
        self.read(id, |id, connection| Box::pin(read(connection, *id))).await
    }

    async fn session_to_renew(
        &self,
        id: SessionId,
        _: Timestamp,
    ) -> StoreResult<Option<(Session, Duration)>> {
        self.read(id, |id, connection| {
            Box::pin(async move {
                let select = sqlx::query(TO_RENEW).bind(bytes(id));
                let row = select.fetch_optional(connection).await?;
                row.as_ref().map(rows::session_to_renew).transpose()
            })
        })
        .await
    }

    async fn advance_session(&self, id: SessionId, step: &Advance) -> StoreResult<bool> {
        self.write((id, *step), |(id, step), connection| {
            let advance = sqlx::query(ADVANCE)
                .bind(bytes(id))
                .bind(signed(step.from))
                .bind(signed(step.to()))
                .bind(step.renewed_at.millis())
                .bind(step.expires_at.millis());
            Box::pin(changes_one(connection, advance))
        })
        .await
    }

    async fn note_handout(
        &self,
        id: SessionId,
        generation: u64,
        _: Timestamp,
    ) -> StoreResult<bool> {
        self.write((id, generation), |(id, generation), connection| {
            let hand_out = sqlx::query(HAND_OUT).bind(bytes(id)).bind(signed(*generation));
            Box::pin(changes_one(connection, hand_out))
        })
        .await
    }

    async fn confirm_session(
        &self,
        id: SessionId,
        auth_time: Timestamp,
        methods: &[String],
    ) -> StoreResult<bool> {
        let given = (id, auth_time, methods.to_vec());
        self.write(given, |(id, auth_time, methods), connection| {
            let confirm = sqlx::query(CONFIRM).bind(bytes(id)).bind(auth_time.millis());
            Box::pin(changes_one(connection, confirm.bind(methods)))
        })
        .await
    }

    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<bool> {
        self.transact((id, reason, now), |(id, reason, now), connection| {
            Box::pin(async move {
                let has_ended = ending::end_one(connection, *id, *reason, *now).await?.is_some();
                if has_ended {
                    feed::append(connection, &Changed::SessionEnded(*id), *now).await?;
                }
                Ok(has_ended)
            })
        })
        .await
    }

    async fn end_sessions(
        &self,
        which: SessionSelection,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or_else(Vec::new, |id: &SessionId| bytes(id).to_vec());
            let given = (which, after, reason, now);
            let step = self.transact(given, |(which, after, reason, now), connection| {
                let open = match which {
                    SessionSelection::User { id, except } => sqlx::query(ending::OPEN_OF_USER)
                        .bind(id.0)
                        .bind(except.as_ref().map(bytes)),
                    SessionSelection::All => sqlx::query(ending::OPEN_AFTER).bind(&**after),
                };
                let open = open.bind(i64::from(SESSIONS_AT_ONCE));
                Box::pin(ending::end_and_tell(connection, open, *reason, *now))
            });
            let mut ended = step.await?;
            let is_last = ended.len() < SESSIONS_AT_ONCE as usize;
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
        let beyond =
            self.write((user, kept, bound, now), |(user, kept, bound, now), connection| {
                Box::pin(async move {
                    let found = sqlx::query(BEYOND)
                        .bind(user.0)
                        .bind(now.millis())
                        .bind(bytes(kept))
                        .bind(i64::from(bound.open.saturating_sub(1)))
                        .bind(i64::from(bound.over))
                        .bind(i64::from(SESSIONS_AT_ONCE));
                    rows::all(&found.fetch_all(connection).await?, |row| rows::session_id(row, 0))
                })
            });
        let beyond = beyond.await?;
        if beyond.is_empty() {
            return Ok(beyond);
        }
        self.transact((beyond, now), |(beyond, now), connection| {
            let ids: Vec<_> = beyond.iter().map(|id| bytes(id).to_vec()).collect();
            let open = sqlx::query(ending::OPEN_OF_THESE).bind(ids);
            Box::pin(ending::end_and_tell(connection, open, EndReason::TooMany, *now))
        })
        .await
    }

    async fn sessions_of(&self, query: &SessionQuery) -> StoreResult<Vec<Session>> {
        self.read(*query, |query, connection| {
            Box::pin(async move {
                let (kind, seen, created, id) = rows::session_place(query.behind);
                let found = sqlx::query(OF_USER)
                    .bind(query.user.0)
                    .bind(query.over_since.millis())
                    .bind(kind)
                    .bind(seen)
                    .bind(created)
                    .bind(id)
                    .bind(i64::from(query.limit));
                rows::all(&found.fetch_all(connection).await?, rows::session)
            })
        })
        .await
    }

    async fn active_sessions(
        &self,
        now: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> StoreResult<Vec<Session>> {
        self.read((now, after, limit), |(now, after, limit), connection| {
            Box::pin(async move {
                let after = after.as_ref().map(bytes).unwrap_or_default();
                let found = sqlx::query(ACTIVE).bind(now.millis()).bind(after);
                let found = found.bind(i64::from(*limit));
                rows::all(&found.fetch_all(connection).await?, rows::session)
            })
        })
        .await
    }

    async fn mark_seen(&self, sightings: &[SessionActivity]) -> StoreResult<()> {
        if sightings.is_empty() {
            return Ok(());
        }
        self.transact(seen::latest(sightings), |latest, connection| {
            Box::pin(seen::see(connection, latest))
        })
        .await
    }

    async fn note_renewals(&self, notes: &[RenewalNote]) -> StoreResult<()> {
        if notes.is_empty() {
            return Ok(());
        }
        self.write(history::batch(notes), |batch, connection| {
            Box::pin(history::add(connection, batch))
        })
        .await
    }

    async fn renewals_of(&self, id: SessionId) -> StoreResult<Vec<RenewalNote>> {
        self.read(id, |id, connection| Box::pin(history::of_session(connection, *id))).await
    }

    async fn purge_sessions(&self, before: Timestamp) -> StoreResult<u64> {
        let mut total = 0;
        let mut after = Vec::new();
        loop {
            let step = self.write((after, before), |(after, before), connection| {
                Box::pin(async move {
                    let purge = sqlx::query(PURGE).bind(after).bind(before.millis()).bind(STEP);
                    let row = purge.fetch_one(connection).await?;
                    Ok((rows::column::<Option<Vec<u8>>>(&row, 0)?, rows::unsigned(&row, 1)?))
                })
            });
            let (last, removed) = step.await?;
            total += removed;
            match last {
                Some(last) => after = last,
                None => return Ok(total),
            }
        }
    }
}

type Statement<'q> = Query<'q, Postgres, PgArguments>;

async fn changes_one(
    connection: &mut PgConnection,
    statement: Statement<'_>,
) -> Result<bool, DbError> {
    Ok(statement.execute(connection).await?.rows_affected() == 1)
}

/// Writes a new session where its guard holds.
pub(crate) async fn create(
    connection: &mut PgConnection,
    session: &Session,
    guard: Option<&PasswordHash>,
) -> Result<bool, DbError> {
    let insert = match guard {
        None => columns(sqlx::query(INSERT), session),
        Some(hash) => columns(sqlx::query(INSERT_GUARDED), session).bind(hash.as_str()),
    };
    changes_one(connection, insert).await
}

/// Replaces the tokens of a session, unless it has ended.
pub(crate) async fn replace(
    connection: &mut PgConnection,
    replacement: &Replacement,
) -> Result<(), DbError> {
    let Replacement { id, renewed_at, expires_at } = replacement;
    let replace = sqlx::query(REPLACE).bind(bytes(id));
    replace.bind(renewed_at.millis()).bind(expires_at.millis()).execute(connection).await?;
    Ok(())
}

fn columns<'q>(insert: Statement<'q>, session: &'q Session) -> Statement<'q> {
    insert
        .bind(bytes(&session.id))
        .bind(session.user_id.0)
        .bind(session.carrier.name())
        .bind(session.remembered)
        .bind(signed(session.generation))
        .bind(signed(session.seen_generation))
        .bind(session.created_at.millis())
        .bind(session.auth_time.millis())
        .bind(&session.methods)
        .bind(session.renewed_at.millis())
        .bind(session.handed_out_at.millis())
        .bind(session.expires_at.millis())
        .bind(session.ends_at.millis())
        .bind(session.last_seen_at.millis())
        .bind(&session.address)
        .bind(&session.agent)
        .bind(session.device.as_deref())
        .bind(session.end.map(|end| end.at.millis()))
        .bind(session.end.map(|end| end.reason.name()))
        .bind(signed(session.oldest_generation))
}

fn bytes(id: &SessionId) -> &[u8] {
    id.as_bytes()
}

pub(crate) async fn read(
    connection: &mut PgConnection,
    id: SessionId,
) -> Result<Option<Session>, DbError> {
    let row = sqlx::query(SELECT).bind(bytes(&id)).fetch_optional(connection).await?;
    row.as_ref().map(rows::session).transpose()
}
