//! What people tell those who run the site.

use async_trait::async_trait;
use vestibule_core::{id::UserId, store::StoreResult, time::Timestamp};

/// Keeps feedback until somebody has dealt with it, and after.
#[async_trait]
pub trait FeedbackBox: Send + Sync + 'static {
    /// Takes in feedback and gives it as it is kept.
    async fn add_feedback(&self, new: &NewFeedback, now: Timestamp) -> StoreResult<Feedback>;

    /// Feedback, the latest first.
    async fn feedback(&self, query: &FeedbackQuery) -> StoreResult<Vec<Feedback>>;

    /// What one person sent while they were signed in, the latest first: what came before the number `before`, at
    /// most `limit`.
    async fn feedback_of(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<Feedback>>;

    /// Notes that somebody has dealt with it, or that it waits again; what it is then, or `None` where there
    /// is none. Where it is so already the time stays.
    async fn settle_feedback(
        &self,
        id: i64,
        is_done: bool,
        now: Timestamp,
    ) -> StoreResult<Option<Feedback>>;

    /// How much of it nobody has dealt with yet.
    async fn waiting_feedback(&self) -> StoreResult<u64>;
}

/// Feedback on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFeedback {
    /// Who was signed in.
    pub user: Option<UserId>,
    /// Where they would like an answer, as typed.
    pub email: Option<String>,
    /// What they say.
    pub text: String,
    /// From which address.
    pub address: String,
    /// With which `User-Agent`.
    pub agent: String,
}

impl NewFeedback {
    /// Drops who it came from; what they said stays.
    pub fn forget_author(&mut self) {
        self.user = None;
        self.email = None;
        self.address.clear();
        self.agent.clear();
    }
}

/// Feedback as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// Its number: each one's is higher than the one's before.
    pub id: i64,
    /// When it came.
    pub at: Timestamp,
    /// What came.
    pub content: NewFeedback,
    /// When somebody had dealt with it.
    pub done_at: Option<Timestamp>,
}

/// Which feedback to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedbackQuery {
    /// Only what is done, or only what waits.
    pub is_done: Option<bool>,
    /// Only what came before this number.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}
