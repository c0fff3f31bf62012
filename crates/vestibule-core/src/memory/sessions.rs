//! Sessions.

use std::cmp::Reverse;

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith, Tables};
use crate::{
    id::{SessionId, UserId},
    password::PasswordHash,
    renewal::Advance,
    session::{End, EndReason, Session},
    store::{
        Changed, RenewalNote, SESSIONS_AT_ONCE, SessionActivity, SessionBound, SessionCursor,
        SessionQuery, SessionSelection, SessionStore, StoreError, StoreResult,
    },
    time::Timestamp,
    user::UserStatus,
};

#[async_trait]
impl<X: MemoryExtension> SessionStore for MemoryStoreWith<X> {
    async fn create_session(
        &self,
        session: &Session,
        guard: Option<&PasswordHash>,
    ) -> StoreResult<bool> {
        let mut tables = self.tables();
        if let Some(hash) = guard
            && !tables.guard_holds(session.user_id, hash)
        {
            return Ok(false);
        }
        if tables.sessions.contains_key(&session.id) {
            return Err(StoreError::unavailable(SameSession));
        }
        tables.sessions.insert(session.id, session.clone());
        Ok(true)
    }

    async fn session(&self, id: SessionId) -> StoreResult<Option<Session>> {
        Ok(self.tables().sessions.get(&id).cloned())
    }

    async fn advance_session(&self, id: SessionId, step: &Advance) -> StoreResult<bool> {
        let mut tables = self.tables();
        let Some(session) = tables.open_session(id) else {
            return Ok(false);
        };
        if session.generation != step.from {
            return Ok(false);
        }
        step.apply(session);
        Ok(true)
    }

    async fn note_handout(
        &self,
        id: SessionId,
        generation: u64,
        at: Timestamp,
    ) -> StoreResult<bool> {
        let mut tables = self.tables();
        let Some(session) = tables.open_session(id) else {
            return Ok(false);
        };
        if session.generation != generation {
            return Ok(false);
        }
        session.handed_out_at = session.handed_out_at.max(at);
        Ok(true)
    }

    async fn confirm_session(
        &self,
        id: SessionId,
        auth_time: Timestamp,
        methods: &[String],
    ) -> StoreResult<bool> {
        let mut tables = self.tables();
        let Some(session) = tables.open_session(id) else {
            return Ok(false);
        };
        session.auth_time = auth_time;
        session.methods = methods.to_vec();
        Ok(true)
    }

    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<bool> {
        Ok(self.tables().end(id, reason, now))
    }

    async fn end_sessions(
        &self,
        which: SessionSelection,
        reason: EndReason,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>> {
        let mut tables = self.tables();
        let selected = |session: &Session| match which {
            SessionSelection::All => true,
            SessionSelection::User { id, except } => {
                session.user_id == id && Some(session.id) != except
            }
        };
        let mut ended: Vec<_> =
            tables.sessions.values().filter(|session| selected(session)).map(|s| s.id).collect();
        ended.retain(|id| tables.end(*id, reason, now));
        Ok(ended)
    }

    async fn bound_sessions(
        &self,
        user: UserId,
        kept: SessionId,
        bound: SessionBound,
        now: Timestamp,
    ) -> StoreResult<Vec<SessionId>> {
        let mut tables = self.tables();
        let theirs = tables.in_order(|session| session.user_id == user);
        let (open, mut over): (Vec<_>, Vec<_>) =
            theirs.into_iter().partition(|session| session.over(now).is_none());
        let beyond = open.iter().map(|session| session.id).filter(|id| *id != kept);
        let beyond = beyond.skip(places(bound.open).saturating_sub(1));
        let mut ended: Vec<_> = beyond.take(places(SESSIONS_AT_ONCE)).collect();
        ended.retain(|id| tables.end(*id, EndReason::TooMany, now));
        over.sort_by_key(|session| Reverse(session.over(now).map(|over| over.since)));
        let gone = over.iter().skip(places(bound.over)).take(places(SESSIONS_AT_ONCE));
        for session in gone {
            tables.sessions.remove(&session.id);
            tables.histories.remove(&session.id);
        }
        Ok(ended)
    }

    async fn sessions_of(&self, query: &SessionQuery) -> StoreResult<Vec<Session>> {
        let is_over_since = |session: &Session| {
            session.end.map_or(session.expires_at, |end| end.at) >= query.over_since
        };
        let mut sessions = self.tables().in_order(|session| {
            session.user_id == query.user
                && is_over_since(session)
                && query.behind.is_none_or(|behind| SessionCursor::of(session) < behind)
        });
        sessions.truncate(places(query.limit));
        Ok(sessions)
    }

    async fn active_sessions(
        &self,
        now: Timestamp,
        after: Option<SessionId>,
        limit: u32,
    ) -> StoreResult<Vec<Session>> {
        let mut sessions = self.tables().in_order(|session| {
            session.over(now).is_none() && after.is_none_or(|after| session.id > after)
        });
        sessions.sort_by_key(|session| session.id);
        sessions.truncate(places(limit));
        Ok(sessions)
    }

    async fn mark_seen(&self, sightings: &[SessionActivity]) -> StoreResult<()> {
        let mut tables = self.tables();
        for sighting in sightings {
            let Some(session) = tables.sessions.get_mut(&sighting.session) else {
                continue;
            };
            session.seen_generation = session.seen_generation.max(sighting.generation);
            if sighting.at >= session.last_seen_at {
                session.last_seen_at = sighting.at;
                session.address.clone_from(&sighting.address);
            }
        }
        Ok(())
    }

    async fn note_renewals(&self, notes: &[RenewalNote]) -> StoreResult<()> {
        let mut tables = self.tables();
        for note in notes {
            tables.note_renewal(note);
        }
        Ok(())
    }

    async fn renewals_of(&self, id: SessionId) -> StoreResult<Vec<RenewalNote>> {
        Ok(self.tables().history(id))
    }

    async fn purge_sessions(&self, before: Timestamp) -> StoreResult<u64> {
        let mut tables = self.tables();
        let Tables { sessions, histories, .. } = &mut *tables;
        let were = sessions.len();
        sessions.retain(|_, session| {
            session.expires_at >= before && session.end.is_none_or(|end| end.at >= before)
        });
        histories.retain(|id, _| sessions.contains_key(id));
        Ok(u64::try_from(were - tables.sessions.len()).unwrap_or(u64::MAX))
    }
}

/// A session's name was drawn twice.
#[derive(Debug, thiserror::Error)]
#[error("a session with this id already exists; sign in again")]
pub(super) struct SameSession;

impl<X> Tables<X> {
    pub(super) fn guard_holds(&self, user: UserId, hash: &PasswordHash) -> bool {
        self.users.get(&user).is_some_and(|row| {
            row.user.status == UserStatus::Active && row.password_hash.as_ref() == Some(hash)
        })
    }

    fn open_session(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(&id).filter(|session| session.end.is_none())
    }

    pub(super) fn end(&mut self, id: SessionId, reason: EndReason, now: Timestamp) -> bool {
        let Some(session) = self.open_session(id) else {
            return false;
        };
        session.end = Some(End { at: now, reason });
        self.append(Changed::SessionEnded(id), now);
        true
    }

    fn in_order(&self, wanted: impl Fn(&Session) -> bool) -> Vec<Session> {
        let mut sessions: Vec<_> =
            self.sessions.values().filter(|session| wanted(session)).cloned().collect();
        sessions.sort_by_key(|session| Reverse(SessionCursor::of(session)));
        sessions
    }
}

fn places(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
