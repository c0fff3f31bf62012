//! Feedback.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::id::UserId;
use vestibule_site::store::{Feedback, FeedbackQuery, NewFeedback};

use super::AnySiteStore;
use crate::samples::at;

pub async fn feedback_is_read_as_it_came(store: AnySiteStore) {
    let full = NewFeedback {
        user: Some(UserId(7)),
        email: Some("ann@example.org".to_owned()),
        text: "It's <b>good</b>;\r\n--\u{1f600}".to_owned(),
        address: "::1".to_owned(),
        agent: "a browser".to_owned(),
    };
    let bare = NewFeedback { user: None, email: None, ..full.clone() };
    for (new, seconds) in [(full, 1), (bare, 2)] {
        let kept = store.add_feedback(&new, at(seconds)).await.expect("ok");
        assert_eq!(kept, Feedback { id: kept.id, at: at(seconds), content: new, done_at: None });
        assert_eq!(listed(&store, &page(1)).await, [kept]);
    }
}

pub async fn feedback_comes_latest_first_page_by_page(store: AnySiteStore) {
    for text in ["a", "b", "c"] {
        add(&store, text).await;
    }
    let first = listed(&store, &page(2)).await;
    assert_eq!(texts(&first), ["c", "b"]);
    let rest = listed(&store, &FeedbackQuery { before: Some(first[1].id), ..page(2) }).await;
    assert_eq!(texts(&rest), ["a"]);
    assert!(listed(&store, &FeedbackQuery::default()).await.is_empty(), "no more than none");
}

pub async fn ones_own_feedback_comes_latest_first_page_by_page(store: AnySiteStore) {
    for (number, user) in (0..).zip([7, 8, 7, 7]) {
        let new = NewFeedback {
            user: Some(UserId(user)),
            email: None,
            text: format!("{number}"),
            address: String::new(),
            agent: String::new(),
        };
        store.add_feedback(&new, at(number)).await.expect("ok");
    }
    add(&store, "nobody's").await;
    let of = async |before, limit| store.feedback_of(UserId(7), before, limit).await.expect("ok");
    let first = of(None, 2).await;
    assert_eq!(texts(&first), ["3", "2"]);
    assert_eq!(texts(&of(Some(first[1].id), 2).await), ["0"]);
    assert!(store.feedback_of(UserId(9), None, 9).await.expect("ok").is_empty());
}

pub async fn feedback_is_settled_and_waits_again(store: AnySiteStore) {
    let settle = async |id, is_done, seconds| {
        let settled = store.settle_feedback(id, is_done, at(seconds)).await.expect("ok");
        settled.map(|feedback| feedback.done_at)
    };
    let waiting = async || store.waiting_feedback().await.expect("ok");
    assert_eq!(settle(1, true, 1).await, None);
    let [one, other] = [add(&store, "one").await, add(&store, "other").await];
    assert_eq!(waiting().await, 2);
    assert_eq!(settle(one, true, 5).await, Some(Some(at(5))));
    assert_eq!(settle(one, true, 6).await, Some(Some(at(5))), "the first time stays");
    assert_eq!(waiting().await, 1);
    let with = |is_done| FeedbackQuery { is_done: Some(is_done), ..page(9) };
    assert_eq!(texts(&listed(&store, &with(true)).await), ["one"]);
    assert_eq!(texts(&listed(&store, &with(false)).await), ["other"]);
    assert_eq!(settle(one, false, 7).await, Some(None));
    assert_eq!(settle(other, false, 7).await, Some(None));
    assert_eq!(waiting().await, 2);
}

async fn add(store: &AnySiteStore, text: &str) -> i64 {
    let new = NewFeedback {
        user: None,
        email: None,
        text: text.to_owned(),
        address: String::new(),
        agent: String::new(),
    };
    store.add_feedback(&new, at(0)).await.expect("the store works").id
}

fn page(limit: u32) -> FeedbackQuery {
    FeedbackQuery { limit, ..FeedbackQuery::default() }
}

async fn listed(store: &AnySiteStore, query: &FeedbackQuery) -> Vec<Feedback> {
    store.feedback(query).await.expect("the store works")
}

fn texts(feedback: &[Feedback]) -> Vec<&str> {
    feedback.iter().map(|feedback| feedback.content.text.as_str()).collect()
}
