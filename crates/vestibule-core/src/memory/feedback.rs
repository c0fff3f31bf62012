//! Feedback.

use async_trait::async_trait;

use super::{MemoryExtension, MemoryStoreWith, Tables};
use crate::{
    id::UserId,
    store::{Feedback, FeedbackBox, FeedbackQuery, NewFeedback, StoreResult},
    time::Timestamp,
};

#[async_trait]
impl<X: MemoryExtension> FeedbackBox for MemoryStoreWith<X> {
    async fn add_feedback(&self, new: &NewFeedback, now: Timestamp) -> StoreResult<Feedback> {
        let mut tables = self.tables();
        let feedback = tables.new_feedback(new, now);
        tables.feedback.push(feedback.clone());
        Ok(feedback)
    }

    async fn feedback(&self, query: &FeedbackQuery) -> StoreResult<Vec<Feedback>> {
        let tables = self.tables();
        let wanted = tables.feedback.iter().rev().filter(|feedback| {
            query.is_done.is_none_or(|is_done| feedback.done_at.is_some() == is_done)
                && query.before.is_none_or(|before| feedback.id < before)
        });
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        Ok(wanted.take(limit).cloned().collect())
    }

    async fn feedback_of(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<Feedback>> {
        let tables = self.tables();
        let theirs = tables.feedback.iter().rev().filter(|feedback| {
            feedback.content.user == Some(user) && before.is_none_or(|before| feedback.id < before)
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(theirs.take(limit).cloned().collect())
    }

    async fn settle_feedback(
        &self,
        id: i64,
        is_done: bool,
        now: Timestamp,
    ) -> StoreResult<Option<Feedback>> {
        let mut tables = self.tables();
        let settled = tables.settled(id, is_done, now);
        if let Some(settled) = &settled {
            tables.keep_settled(settled);
        }
        Ok(settled)
    }

    async fn waiting_feedback(&self) -> StoreResult<u64> {
        let tables = self.tables();
        let waiting = tables.feedback.iter().filter(|feedback| feedback.done_at.is_none());
        Ok(u64::try_from(waiting.count()).unwrap_or(u64::MAX))
    }
}

impl<X> Tables<X> {
    /// Feedback as it would be kept.
    pub(super) fn new_feedback(&self, new: &NewFeedback, now: Timestamp) -> Feedback {
        // No row is ever removed, so the last number is the highest that was given out.
        let id = self.feedback.last().map_or(1, |last| last.id + 1);
        Feedback { id, at: now, content: new.clone(), done_at: None }
    }

    /// Feedback as it would be once it is settled, or waits again.
    pub(super) fn settled(&self, id: i64, is_done: bool, now: Timestamp) -> Option<Feedback> {
        let mut feedback = self.feedback.iter().find(|feedback| feedback.id == id)?.clone();
        if feedback.done_at.is_some() != is_done {
            feedback.done_at = is_done.then_some(now);
        }
        Some(feedback)
    }

    pub(super) fn keep_settled(&mut self, settled: &Feedback) {
        if let Some(row) = self.feedback.iter_mut().find(|row| row.id == settled.id) {
            row.clone_from(settled);
        }
    }
}
