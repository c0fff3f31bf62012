//! Feedback.

use async_trait::async_trait;
use sqlx::PgConnection;
use vestibule_core::{id::UserId, store::StoreResult, time::Timestamp};
use vestibule_site::store::{Feedback, FeedbackBox, FeedbackQuery, NewFeedback};

use crate::{
    PostgresStore,
    error::DbError,
    rows::{self, feedback_columns},
};

const ADD: &str = concat!(
    "INSERT INTO feedback (at, user_id, email, text, address, agent) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ",
    feedback_columns!()
);

pub(crate) const LIST: &str = concat!(
    "SELECT ",
    feedback_columns!(),
    " FROM feedback WHERE id < $1 ORDER BY id DESC LIMIT $2"
);

const LIST_WAITING: &str = concat!(
    "SELECT ",
    feedback_columns!(),
    " FROM feedback WHERE id < $1 AND done_at IS NULL ORDER BY id DESC LIMIT $2"
);

const LIST_DONE: &str = concat!(
    "SELECT ",
    feedback_columns!(),
    " FROM feedback WHERE id < $1 AND done_at IS NOT NULL ORDER BY id DESC LIMIT $2"
);

pub(crate) const LIST_OF: &str = concat!(
    "SELECT ",
    feedback_columns!(),
    " FROM feedback WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
);

const SETTLE: &str = concat!(
    "UPDATE feedback SET done_at = CASE WHEN $2 THEN COALESCE(done_at, $3) END WHERE id = $1 RETURNING ",
    feedback_columns!()
);

const WAITING: &str = "SELECT count(*) FROM feedback WHERE done_at IS NULL";

#[async_trait]
impl FeedbackBox for PostgresStore {
    async fn add_feedback(&self, new: &NewFeedback, now: Timestamp) -> StoreResult<Feedback> {
        self.write((new.clone(), now), |(new, now), connection| {
            Box::pin(add(connection, new, *now))
        })
        .await
    }

    async fn feedback(&self, query: &FeedbackQuery) -> StoreResult<Vec<Feedback>> {
        self.read(*query, |query, connection| {
            Box::pin(async move {
                let list = sqlx::query(match query.is_done {
                    None => LIST,
                    Some(false) => LIST_WAITING,
                    Some(true) => LIST_DONE,
                });
                let list = list.bind(query.before.unwrap_or(i64::MAX)).bind(i64::from(query.limit));
                rows::all(&list.fetch_all(connection).await?, rows::feedback)
            })
        })
        .await
    }

    async fn feedback_of(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<Feedback>> {
        self.read((user, before, limit), |(user, before, limit), connection| {
            Box::pin(async move {
                let list = sqlx::query(LIST_OF).bind(user.0).bind(before.unwrap_or(i64::MAX));
                let list = list.bind(i64::from(*limit)).fetch_all(connection).await?;
                rows::all(&list, rows::feedback)
            })
        })
        .await
    }

    async fn settle_feedback(
        &self,
        id: i64,
        is_done: bool,
        now: Timestamp,
    ) -> StoreResult<Option<Feedback>> {
        self.write((id, is_done, now), |(id, is_done, now), connection| {
            Box::pin(settle(connection, *id, *is_done, *now))
        })
        .await
    }

    async fn waiting_feedback(&self) -> StoreResult<u64> {
        self.read((), |(), connection| {
            Box::pin(async move {
                rows::unsigned(&sqlx::query(WAITING).fetch_one(connection).await?, 0)
            })
        })
        .await
    }
}

pub(crate) async fn add(
    connection: &mut PgConnection,
    new: &NewFeedback,
    now: Timestamp,
) -> Result<Feedback, DbError> {
    let add = sqlx::query(ADD)
        .bind(now.millis())
        .bind(new.user.map(|user| user.0))
        .bind(&new.email)
        .bind(&new.text)
        .bind(&new.address)
        .bind(&new.agent);
    rows::feedback(&add.fetch_one(connection).await?)
}

pub(crate) async fn settle(
    connection: &mut PgConnection,
    id: i64,
    is_done: bool,
    now: Timestamp,
) -> Result<Option<Feedback>, DbError> {
    let settle = sqlx::query(SETTLE).bind(id).bind(is_done).bind(now.millis());
    settle.fetch_optional(connection).await?.as_ref().map(rows::feedback).transpose()
}
