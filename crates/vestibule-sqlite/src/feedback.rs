//! Feedback.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use vestibule_core::{id::UserId, store::StoreResult, time::Timestamp};
use vestibule_site::store::{Feedback, FeedbackBox, FeedbackQuery, NewFeedback};

use crate::{
    SqliteStore,
    rows::{self, feedback_columns},
};

pub(crate) const ADD: &str = concat!(
    "INSERT INTO feedback (at, user_id, email, text, address, agent) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING ",
    feedback_columns!()
);

pub(crate) const LIST: &str = concat!(
    "SELECT ",
    feedback_columns!(),
    " FROM feedback WHERE id < ?1 ORDER BY id DESC LIMIT ?2"
);

pub(crate) const LIST_WAITING: &str = concat!(
    "SELECT ",
    feedback_columns!(),
    " FROM feedback WHERE id < ?1 AND done_at IS NULL ORDER BY id DESC LIMIT ?2"
);

pub(crate) const LIST_DONE: &str = concat!(
    "SELECT ",
    feedback_columns!(),
    " FROM feedback WHERE id < ?1 AND done_at IS NOT NULL ORDER BY id DESC LIMIT ?2"
);

pub(crate) const LIST_OF: &str = concat!(
    "SELECT ",
    feedback_columns!(),
    " FROM feedback WHERE user_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
);

pub(crate) const SETTLE: &str = concat!(
    "UPDATE feedback SET done_at = CASE WHEN ?2 THEN COALESCE(done_at, ?3) END WHERE id = ?1 RETURNING ",
    feedback_columns!()
);

pub(crate) const WAITING: &str = "SELECT COUNT(*) FROM feedback WHERE done_at IS NULL";

#[async_trait]
impl FeedbackBox for SqliteStore {
    async fn add_feedback(&self, new: &NewFeedback, now: Timestamp) -> StoreResult<Feedback> {
        let new = new.clone();
        self.write(move |connection| add(connection, &new, now)).await
    }

    async fn feedback(&self, query: &FeedbackQuery) -> StoreResult<Vec<Feedback>> {
        let statement = match query.is_done {
            None => LIST,
            Some(false) => LIST_WAITING,
            Some(true) => LIST_DONE,
        };
        let page = [query.before.unwrap_or(i64::MAX), i64::from(query.limit)];
        self.read(move |connection| {
            connection.prepare_cached(statement)?.query_map(page, rows::feedback)?.collect()
        })
        .await
    }

    async fn feedback_of(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<Feedback>> {
        let page = [user.0, before.unwrap_or(i64::MAX), i64::from(limit)];
        self.read(move |connection| {
            connection.prepare_cached(LIST_OF)?.query_map(page, rows::feedback)?.collect()
        })
        .await
    }

    async fn settle_feedback(
        &self,
        id: i64,
        is_done: bool,
        now: Timestamp,
    ) -> StoreResult<Option<Feedback>> {
        self.write(move |connection| settle(connection, id, is_done, now)).await
    }

    async fn waiting_feedback(&self) -> StoreResult<u64> {
        self.read(|connection| {
            connection.prepare_cached(WAITING)?.query_row([], |row| rows::unsigned(row, 0))
        })
        .await
    }
}

pub(crate) fn add(
    connection: &Connection,
    new: &NewFeedback,
    now: Timestamp,
) -> rusqlite::Result<Feedback> {
    let user = new.user.map(|user| user.0);
    let row = params![now.millis(), user, new.email, new.text, new.address, new.agent];
    connection.prepare_cached(ADD)?.query_row(row, rows::feedback)
}

pub(crate) fn settle(
    connection: &Connection,
    id: i64,
    is_done: bool,
    now: Timestamp,
) -> rusqlite::Result<Option<Feedback>> {
    let row = params![id, is_done, now.millis()];
    connection.prepare_cached(SETTLE)?.query_row(row, rows::feedback).optional()
}
