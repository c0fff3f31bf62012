//! Changes with everything that belongs to them.

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith, Tables, sessions::SameSession, users::Row};
use crate::{
    session::Session,
    store::{
        AccountChange, Changed, Commit, Commits, Committed, EndedSession, Ending, Obstacle,
        StoreError, StoreResult,
    },
    time::Timestamp,
};

#[async_trait]
impl<X: MemoryExtension> Commits for MemoryStoreWith<X> {
    async fn commit(
        &self,
        commit: &Commit,
        now: Timestamp,
    ) -> StoreResult<Result<Committed, Obstacle>> {
        let mut tables = self.tables();
        // Nothing can be taken back here, so everything is asked before anything is written.
        let (row, mut done) = match tables.outlook(commit, now)? {
            Ok(outlook) => outlook,
            Err(obstacle) => return Ok(Err(obstacle)),
        };
        let mut extended = None;
        if let Some(change) = &commit.extension {
            let mut extension = tables.extension.clone();
            match extension.change(change, now)? {
                Ok(changed) => done.extension = changed,
                Err(obstacle) => return Ok(Err(obstacle)),
            }
            extended = Some(extension);
        }
        let consequences = commit.consequences(&done)?;
        let extension = extended.as_mut().unwrap_or(&mut tables.extension);
        extension.keep(&consequences.events, &consequences.rows)?;
        if let Some(extended) = extended {
            tables.extension = extended;
        }
        tables.carry_out(commit, row, &done, now);
        for token in consequences.tokens {
            tables.one_time.insert((token.user, token.purpose), token);
        }
        Ok(Ok(done))
    }
}

impl<X> Tables<X> {
    /// What would be done, and the row of the account then; or what is in the way.
    fn outlook(
        &mut self,
        commit: &Commit,
        now: Timestamp,
    ) -> StoreResult<Result<(Option<Row>, Committed), Obstacle>> {
        let mut done = Committed::default();
        if let Some(using) = &commit.token {
            let Some(token) = self.open_token(using, now) else {
                return Ok(Err(Obstacle::TokenSpent));
            };
            let mut token = token.clone();
            token.used_at = Some(now);
            done.token = Some(token);
        }
        let row = match &commit.account {
            Some(AccountChange::Create(new)) => match self.new_row(new, now) {
                Ok(row) => Some(row),
                Err(taken) => return Ok(Err(taken.into())),
            },
            Some(AccountChange::Change { id, change }) => {
                match self.changed_row(*id, change, now)? {
                    Some(Ok(row)) => Some(row),
                    Some(Err(refusal)) => return Ok(Err(refusal.into())),
                    None => return Ok(Err(Obstacle::NoAccount)),
                }
            }
            Some(AccountChange::Elsewhere { before, user, .. }) => {
                done.before.clone_from(before);
                done.user = Some(user.clone());
                None
            }
            None => None,
        };
        if let Some(row) = &row {
            done.before = self.users.get(&row.user.id).map(|before| before.user.clone());
            done.user = Some(row.user.clone());
        }
        if let Some(new) = &commit.session {
            let holds = |hash| self.guard_holds(new.session.user_id, hash);
            if !new.guard.as_ref().is_none_or(holds) {
                return Ok(Err(Obstacle::Guard));
            }
            if self.sessions.contains_key(&new.session.id) {
                return Err(StoreError::unavailable(SameSession));
            }
        }
        done.ended = self.to_end(commit);
        if commit.key_ring.as_ref().is_some_and(|ring| ring.revision != self.revision) {
            return Ok(Err(Obstacle::RingMoved));
        }
        Ok(Ok((row, done)))
    }

    /// The sessions that the endings are about and that have not ended. The one that begins in the same commit
    /// counts as there.
    fn to_end(&self, commit: &Commit) -> Vec<EndedSession> {
        let begun = commit.session.as_ref().map(|new| &new.session);
        let mut ended: Vec<EndedSession> = Vec::new();
        for ending in &commit.endings {
            let (selected, reason): (&dyn Fn(&Session) -> bool, _) = match ending {
                Ending::Session { id, reason } => (&|session: &Session| session.id == *id, *reason),
                Ending::OfUser { id, except, reason } => (
                    &|session: &Session| session.user_id == *id && Some(session.id) != *except,
                    *reason,
                ),
            };
            for session in self.sessions.values().chain(begun) {
                let is_new = ended.iter().all(|before| before.id != session.id);
                if session.end.is_none() && selected(session) && is_new {
                    ended.push(EndedSession { id: session.id, user: session.user_id, reason });
                }
            }
        }
        ended
    }

    fn carry_out(&mut self, commit: &Commit, row: Option<Row>, done: &Committed, now: Timestamp) {
        match (&commit.account, row) {
            (Some(AccountChange::Create(_)), Some(row)) => {
                self.put(row);
            }
            (Some(AccountChange::Change { change, .. }), Some(row)) => {
                self.replace(row, change, now);
            }
            (Some(AccountChange::Elsewhere { user, raises_version: true, .. }), _) => {
                self.append(Changed::User { id: user.id, version: user.version }, now);
            }
            _ => {}
        }
        if let Some(token) = &done.token {
            self.one_time.insert((token.user, token.purpose), token.clone());
        }
        if let Some(new) = &commit.session {
            self.sessions.insert(new.session.id, new.session.clone());
        }
        for session in &done.ended {
            self.end(session.id, session.reason, now);
        }
        if let Some(replacement) = &commit.replacement
            && let Some(session) = self.sessions.get_mut(&replacement.id)
            && session.end.is_none()
        {
            replacement.apply(session);
        }
        if let Some(ring) = &commit.key_ring {
            self.replace_keys(ring.keys.clone(), now);
        }
    }
}
