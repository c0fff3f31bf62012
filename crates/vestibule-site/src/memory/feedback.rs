//! Feedback.

use async_trait::async_trait;
use vestibule_core::{id::UserId, store::StoreResult, time::Timestamp};

use super::{MemoryStore, SiteTables};
use crate::store::{Feedback, FeedbackBox, FeedbackQuery, NewFeedback};

#[async_trait]
impl FeedbackBox for MemoryStore {
    async fn add_feedback(&self, new: &NewFeedback, now: Timestamp) -> StoreResult<Feedback> {
        Ok(self.with_extension(|site, _| site.add_feedback(new, now)))
    }

    async fn feedback(&self, query: &FeedbackQuery) -> StoreResult<Vec<Feedback>> {
        self.with_extension(|site, _| {
            let wanted = site.feedback.iter().rev().filter(|feedback| {
                query.is_done.is_none_or(|is_done| feedback.done_at.is_some() == is_done)
                    && query.before.is_none_or(|before| feedback.id < before)
            });
            let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
            Ok(wanted.take(limit).cloned().collect())
        })
    }

    async fn feedback_of(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<Feedback>> {
        self.with_extension(|site, _| {
            let theirs = site.feedback.iter().rev().filter(|feedback| {
                feedback.content.user == Some(user)
                    && before.is_none_or(|before| feedback.id < before)
            });
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            Ok(theirs.take(limit).cloned().collect())
        })
    }

    async fn settle_feedback(
        &self,
        id: i64,
        is_done: bool,
        now: Timestamp,
    ) -> StoreResult<Option<Feedback>> {
        Ok(self.with_extension(|site, _| site.settle_feedback(id, is_done, now)))
    }

    async fn waiting_feedback(&self) -> StoreResult<u64> {
        self.with_extension(|site, _| {
            let waiting = site.feedback.iter().filter(|feedback| feedback.done_at.is_none());
            Ok(u64::try_from(waiting.count()).unwrap_or(u64::MAX))
        })
    }
}

impl SiteTables {
    pub(super) fn add_feedback(&mut self, new: &NewFeedback, now: Timestamp) -> Feedback {
        // No row is ever removed, so the last number is the highest that was given out.
        let id = self.feedback.last().map_or(1, |last| last.id + 1);
        let feedback = Feedback { id, at: now, content: new.clone(), done_at: None };
        self.feedback.push(feedback.clone());
        feedback
    }

    pub(super) fn settle_feedback(
        &mut self,
        id: i64,
        is_done: bool,
        now: Timestamp,
    ) -> Option<Feedback> {
        let feedback = self.feedback.iter_mut().find(|feedback| feedback.id == id)?;
        if feedback.done_at.is_some() != is_done {
            feedback.done_at = is_done.then_some(now);
        }
        Some(feedback.clone())
    }
}
