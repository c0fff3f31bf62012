//! The audit trail and the feedback of a store that can be taken away.

use async_trait::async_trait;
use vestibule_core::{
    event::Event,
    id::UserId,
    store::{
        AuditTrail, DayCount, EventQuery, Feedback, FeedbackBox, FeedbackQuery, Figures, KeptEvent,
        NewFeedback, StoreResult,
    },
    time::Timestamp,
};

use super::FailingStore;

#[async_trait]
impl<S: AuditTrail> AuditTrail for FailingStore<S> {
    async fn append_events(&self, events: &[Event]) -> StoreResult<()> {
        self.up()?.append_events(events).await
    }

    async fn events(&self, query: &EventQuery) -> StoreResult<Vec<KeptEvent>> {
        self.up()?.events(query).await
    }

    async fn event_counts(&self, from: i64, to: i64) -> StoreResult<Vec<DayCount>> {
        self.up()?.event_counts(from, to).await
    }

    async fn figures(&self, now: Timestamp) -> StoreResult<Figures> {
        self.up()?.figures(now).await
    }

    async fn purge_events(&self, before: Timestamp, limit: u32) -> StoreResult<u64> {
        self.up()?.purge_events(before, limit).await
    }
}

#[async_trait]
impl<S: FeedbackBox> FeedbackBox for FailingStore<S> {
    async fn add_feedback(&self, new: &NewFeedback, now: Timestamp) -> StoreResult<Feedback> {
        self.up()?.add_feedback(new, now).await
    }

    async fn feedback(&self, query: &FeedbackQuery) -> StoreResult<Vec<Feedback>> {
        self.up()?.feedback(query).await
    }

    async fn feedback_of(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<Feedback>> {
        self.up()?.feedback_of(user, before, limit).await
    }

    async fn settle_feedback(
        &self,
        id: i64,
        is_done: bool,
        now: Timestamp,
    ) -> StoreResult<Option<Feedback>> {
        self.up()?.settle_feedback(id, is_done, now).await
    }

    async fn waiting_feedback(&self) -> StoreResult<u64> {
        self.up()?.waiting_feedback().await
    }
}
