//! What became of presented refresh tokens: counted, and kept in each session's history.
//!
//! Like what is seen in use it is noticed in memory and written in batches. A crash loses up to a second of
//! it, and a batch whose writing was not confirmed may be counted twice: it explains, and decides nothing.

use std::time::Duration;

use async_trait::async_trait;
use vestibule_core::{
    id::SessionId,
    renewal::Outcome,
    store::{RenewalNote, Store, StoreResult},
    token::RefreshClaims,
};

use crate::{
    auth::Vestibule,
    batch::{Batches, Noted},
    metrics,
    problem::Problem,
    visit::Visit,
};

/// How long an ended session is still shown.
pub(crate) const SHOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// Notes remembered at most while the store is away; each takes about half a kilobyte.
const CAPACITY: usize = 50_000;

/// See the module.
pub(crate) type History = Batches<RenewalNote>;

impl History {
    /// Nothing noted yet.
    pub(crate) fn nothing() -> Self {
        Self::new(CAPACITY)
    }
}

#[async_trait]
impl Noted for RenewalNote {
    type Key = (SessionId, u64, Outcome);
    const WHAT: &'static str = "what became of refresh tokens";

    fn key(&self) -> Self::Key {
        (self.session, self.presented, self.outcome)
    }

    fn merge(&mut self, other: Self) {
        self.add(other);
    }

    async fn write(store: &dyn Store, batch: &[Self]) -> StoreResult<()> {
        store.note_renewals(batch).await
    }
}

impl Vestibule {
    /// What became of the refresh tokens of a session, the latest first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn renewals_of(&self, session: SessionId) -> Result<Vec<RenewalNote>, Problem> {
        self.0.noticed.wait().await;
        Ok(self.0.store.renewals_of(session).await?)
    }

    /// Counts what became of a refresh token, and keeps it for the session's history.
    pub(crate) fn note_outcome(&self, presented: &RefreshClaims, outcome: Outcome, visit: &Visit) {
        metrics::renewal(outcome);
        let now = self.now();
        self.0.history.note(RenewalNote {
            session: presented.session_id,
            presented: presented.generation,
            outcome,
            count: 1,
            first_at: now,
            last_at: now,
            address: visit.address().map(|address| address.to_string()).unwrap_or_default(),
            agent: visit.agent().to_owned(),
        });
    }
}

impl Visit {
    /// One of the caller's own sessions with its history; `None` where it is none of theirs, or ended too
    /// long ago to be shown.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn own_session(
        &self,
        caller: &crate::extract::Principal,
        id: SessionId,
    ) -> Result<Option<(vestibule_core::session::Session, Vec<RenewalNote>)>, Problem> {
        let auth = self.auth();
        let now = auth.now();
        let is_shown = |session: &vestibule_core::session::Session| {
            session.end.is_none_or(|end| now.since(end.at) < SHOWN_FOR)
        };
        // Both are in the store then.
        auth.0.noticed.wait().await;
        let Some(session) = auth.0.session(id).await?.filter(is_shown) else {
            return Ok(None);
        };
        if session.user_id != caller.user_id() {
            return Err(Problem::not_theirs(session.user_id, "session", id));
        }
        let renewals = auth.store().renewals_of(id).await?;
        Ok(Some((session, renewals)))
    }
}
