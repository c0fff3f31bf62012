//! Mails that wait to be sent.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use std::collections::BTreeSet;

use vestibule_core::id::UserId;
use vestibule_site::{
    outbox::{ClaimedMail, MailId, MailState, Next, OutboxEntry, OutgoingMail},
    store::OutboxQuery,
};

use super::AnySiteStore;
use crate::{samples::at, store_suite::race};

pub async fn a_mail_is_claimed_as_it_was_kept(store: AnySiteStore) {
    assert_eq!(claim(&store, "a", 0).await, None);
    let with_user = mail(1, 0);
    let without = OutgoingMail { user: None, ..mail(2, 1) };
    for mail in [&with_user, &without] {
        store.enqueue_mail(mail).await.expect("ok");
    }
    let first = ClaimedMail { mail: with_user, tries: 0 };
    assert_eq!(claim(&store, "a", 5).await, Some(first));
    assert_eq!(claim(&store, "a", 5).await, Some(ClaimedMail { mail: without, tries: 0 }));
    assert_eq!(claim(&store, "a", 5).await, None);
}

pub async fn a_claimed_mail_is_nobody_elses_until_the_claim_ends(store: AnySiteStore) {
    store.enqueue_mail(&mail(1, 0)).await.expect("ok");
    assert!(claim(&store, "a", 0).await.is_some());
    for second in [1, 9] {
        assert_eq!(claim(&store, "b", second).await, None);
        assert_eq!(claim(&store, "a", second).await, None, "not twice to the same node either");
    }
    let again = claim(&store, "b", 10).await.expect("the first node has not said anything");
    assert_eq!(again.tries, 1, "that one counts");
    assert!(!store.mail_sent(again.mail.id, "a", at(11)).await.expect("ok"));
}

pub async fn the_mail_that_waits_longest_comes_first(store: AnySiteStore) {
    for (number, second) in [(1, 3), (2, 1), (3, 2), (4, 50)] {
        store.enqueue_mail(&mail(number, second)).await.expect("ok");
    }
    let mut order = Vec::new();
    for _ in 0..4 {
        order.extend(claim(&store, "a", 10).await.map(|claimed| claimed.mail.id));
    }
    assert_eq!(order, [id(2), id(3), id(1)], "and what is not due yet waits");
}

pub async fn of_twenty_who_claim_each_mail_goes_to_one(store: AnySiteStore) {
    for number in 0..30 {
        store.enqueue_mail(&mail(number, 0)).await.expect("ok");
    }
    let claimed = race(20, |node| {
        let store = store.clone();
        async move {
            let holder = format!("node {node}");
            let mut mails = Vec::new();
            while let Some(claimed) = claim(&store, &holder, 0).await {
                assert!(store.mail_sent(claimed.mail.id, &holder, at(1)).await.expect("ok"));
                mails.push(claimed.mail.id);
            }
            mails
        }
    })
    .await;
    let all: Vec<_> = claimed.into_iter().flatten().collect();
    assert_eq!(all.len(), 30);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 30);
}

pub async fn a_sent_mail_has_no_content_and_is_not_sent_again(store: AnySiteStore) {
    store.enqueue_mail(&mail(1, 0)).await.expect("ok");
    claim(&store, "a", 1).await.expect("it is due");
    assert!(store.mail_sent(id(1), "a", at(2)).await.expect("ok"));
    assert!(!store.mail_sent(id(1), "a", at(3)).await.expect("ok"), "once");
    assert_eq!(claim(&store, "a", 1000).await, None);
    let entry = only(&store).await;
    assert_eq!((entry.state, entry.tries, entry.at), (MailState::Sent, 1, at(2)));
    assert!(!store.retry_mail(id(1), at(5), at(99)).await.expect("ok"));
}

pub async fn a_failed_mail_is_due_again_at_its_time(store: AnySiteStore) {
    store.enqueue_mail(&mail(1, 0)).await.expect("ok");
    claim(&store, "a", 1).await.expect("it is due");
    assert!(fail(&store, 1, "a", Next::TryAt(at(30))).await);
    let entry = only(&store).await;
    assert_eq!((entry.state, entry.tries, entry.at), (MailState::Waiting, 1, at(30)));
    assert_eq!(entry.last_error.as_deref(), Some("no route \"there\""));
    assert_eq!(claim(&store, "b", 29).await, None);
    let again = claim(&store, "b", 30).await.expect("it is due");
    assert_eq!(again, ClaimedMail { mail: mail(1, 0), tries: 1 });
}

pub async fn a_mail_that_is_given_up_is_not_tried_by_itself(store: AnySiteStore) {
    store.enqueue_mail(&mail(1, 0)).await.expect("ok");
    claim(&store, "a", 1).await.expect("it is due");
    assert!(fail(&store, 1, "a", Next::GiveUp).await);
    assert_eq!(claim(&store, "a", 10_000).await, None);
    let entry = only(&store).await;
    assert_eq!((entry.state, entry.at), (MailState::GivenUp, at(3)));
    assert_eq!(entry.last_error.as_deref(), Some("no route \"there\""));
}

pub async fn only_the_holder_says_what_became_of_a_mail(store: AnySiteStore) {
    store.enqueue_mail(&mail(1, 0)).await.expect("ok");
    assert!(!store.mail_sent(id(1), "a", at(1)).await.expect("ok"), "nobody holds it");
    claim(&store, "a", 1).await.expect("it is due");
    assert!(!store.mail_sent(id(1), "b", at(2)).await.expect("ok"));
    assert!(!fail(&store, 1, "b", Next::GiveUp).await);
    assert!(!store.mail_sent(id(2), "a", at(2)).await.expect("ok"), "there is none");
    assert!(fail(&store, 1, "a", Next::TryAt(at(9))).await);
    assert!(!fail(&store, 1, "a", Next::GiveUp).await, "the claim went with the first answer");
}

pub async fn a_holder_who_is_late_is_heard_until_somebody_else_has_claimed(store: AnySiteStore) {
    store.enqueue_mail(&mail(1, 0)).await.expect("ok");
    claim(&store, "a", 0).await.expect("it is due");
    assert!(store.mail_sent(id(1), "a", at(500)).await.expect("ok"), "it was sent after all");
    assert_eq!(claim(&store, "b", 501).await, None);
}

pub async fn the_next_time_is_known(store: AnySiteStore) {
    let next = async || store.next_mail_at().await.expect("the store works");
    assert_eq!(next().await, None);
    store.enqueue_mail(&mail(1, 20)).await.expect("ok");
    assert_eq!(next().await, Some(at(20)));
    claim(&store, "a", 20).await.expect("it is due");
    assert_eq!(next().await, Some(at(30)), "when the claim ends");
    store.enqueue_mail(&mail(2, 25)).await.expect("ok");
    assert_eq!(next().await, Some(at(25)));
    assert!(fail(&store, 1, "a", Next::TryAt(at(22))).await);
    assert_eq!(next().await, Some(at(22)));
    claim(&store, "a", 22).await.expect("it is due");
    assert!(store.mail_sent(id(1), "a", at(23)).await.expect("ok"));
    assert_eq!(next().await, Some(at(25)));
}

pub async fn mails_are_listed_the_newest_first_page_by_page(store: AnySiteStore) {
    for (number, second) in [(1, 3), (2, 1), (3, 2), (4, 2)] {
        store.enqueue_mail(&mail(number, second)).await.expect("ok");
    }
    let mut listed = Vec::new();
    let mut query = OutboxQuery { limit: 3, ..OutboxQuery::default() };
    for expected in [3, 1, 0] {
        let page = store.outbox(&query).await.expect("ok");
        assert_eq!(page.len(), expected);
        query.after = page.last().map(|entry| (entry.created_at, entry.id));
        listed.extend(page);
    }
    let ids: Vec<_> = listed.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [id(1), id(4), id(3), id(2)]);
    let kept = mail(1, 3);
    assert_eq!(
        listed[0],
        OutboxEntry {
            id: kept.id,
            kind: kept.kind,
            user: kept.user,
            recipient: kept.recipient,
            state: MailState::Waiting,
            tries: 0,
            last_error: None,
            created_at: at(3),
            at: at(3),
        }
    );
}

pub async fn mails_are_listed_by_state_and_account(store: AnySiteStore) {
    for number in 0..6 {
        let user = (number % 3 > 0).then_some(UserId(number as i64 % 3));
        store
            .enqueue_mail(&OutgoingMail { user, ..mail(number, number as i64) })
            .await
            .expect("ok");
    }
    for number in 0..2 {
        claim(&store, "a", 10).await.expect("it is due");
        if number == 0 {
            assert!(store.mail_sent(id(0), "a", at(11)).await.expect("ok"));
        } else {
            assert!(fail(&store, 1, "a", Next::GiveUp).await);
        }
    }
    let list = async |state, user| {
        let query = OutboxQuery { state, user, limit: 10, after: None };
        let entries = store.outbox(&query).await.expect("the store works");
        entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Some(MailState::Sent), None).await, [id(0)]);
    assert_eq!(list(Some(MailState::GivenUp), None).await, [id(1)]);
    assert_eq!(list(Some(MailState::Waiting), None).await, [id(5), id(4), id(3), id(2)]);
    assert_eq!(list(None, Some(UserId(1))).await, [id(4), id(1)]);
    assert_eq!(list(Some(MailState::Waiting), Some(UserId(1))).await, [id(4)]);
    assert_eq!(list(None, Some(UserId(3))).await, []);
}

pub async fn a_mail_is_found_by_its_id(store: AnySiteStore) {
    for number in [1, 2] {
        store.enqueue_mail(&mail(number, 0)).await.expect("ok");
    }
    let listed = store.outbox(&OutboxQuery { limit: 10, ..OutboxQuery::default() }).await;
    for entry in listed.expect("ok") {
        assert_eq!(store.mail(entry.id).await.expect("ok"), Some(entry));
    }
    assert_eq!(store.mail(id(3)).await.expect("ok"), None);
}

pub async fn a_mail_can_be_retried_unless_it_was_sent_or_is_being_sent(store: AnySiteStore) {
    store.enqueue_mail(&mail(1, 0)).await.expect("ok");
    claim(&store, "a", 0).await.expect("it is due");
    assert!(!store.retry_mail(id(1), at(9), at(99)).await.expect("ok"), "it is being sent");
    assert!(fail(&store, 1, "a", Next::TryAt(at(500))).await);
    assert!(store.retry_mail(id(1), at(20), at(99)).await.expect("ok"));
    claim(&store, "a", 20).await.expect("it is due");
    assert!(fail(&store, 1, "a", Next::GiveUp).await);
    assert!(store.retry_mail(id(1), at(30), at(77)).await.expect("ok"));
    let again = claim(&store, "b", 30).await.expect("it is due again");
    assert_eq!((again.mail.gives_up_at, again.tries), (at(77), 2));
    assert_eq!(again.mail.sealed, mail(1, 0).sealed, "its content was kept");
    assert!(!store.retry_mail(id(2), at(30), at(77)).await.expect("ok"), "there is none");
}

pub async fn old_mails_are_purged_and_waiting_ones_stay(store: AnySiteStore) {
    for number in 0..3 {
        store.enqueue_mail(&mail(number, 0)).await.expect("ok");
    }
    claim(&store, "a", 0).await.expect("it is due");
    assert!(store.mail_sent(id(0), "a", at(2)).await.expect("ok"));
    claim(&store, "a", 0).await.expect("it is due");
    assert!(fail(&store, 1, "a", Next::GiveUp).await);
    assert_eq!(store.purge_mails(at(2)).await.expect("ok"), 0);
    assert_eq!(store.purge_mails(at(3)).await.expect("ok"), 1);
    assert_eq!(store.purge_mails(at(1000)).await.expect("ok"), 1);
    assert_eq!(only(&store).await.id, id(2));
}

pub async fn all_mails_that_wait_can_be_given_up(store: AnySiteStore) {
    for number in 0..4 {
        store.enqueue_mail(&mail(number, 0)).await.expect("ok");
    }
    claim(&store, "a", 0).await.expect("it is due");
    assert!(store.mail_sent(id(0), "a", at(2)).await.expect("ok"));
    claim(&store, "a", 0).await.expect("it is due");
    assert_eq!(store.give_up_mails("restored", at(5)).await.expect("ok"), 3);
    assert_eq!(store.give_up_mails("restored", at(6)).await.expect("ok"), 0);
    assert!(claim(&store, "b", 500).await.is_none());
    for number in 1..4 {
        let entry = store.mail(id(number)).await.expect("ok").expect("it is there");
        assert_eq!((entry.state, entry.at), (MailState::GivenUp, at(5)));
        assert_eq!(entry.last_error.as_deref(), Some("restored"));
    }
    assert!(!fail(&store, 1, "a", Next::TryAt(at(9))).await, "nobody holds it any more");
}

pub async fn contents_of_mails_are_sealed_anew(store: AnySiteStore) {
    for number in 0..4 {
        store.enqueue_mail(&mail(number, 0)).await.expect("ok");
    }
    claim(&store, "a", 0).await.expect("it is due");
    assert!(store.mail_sent(id(0), "a", at(2)).await.expect("ok"));
    claim(&store, "a", 0).await.expect("it is due");
    assert!(fail(&store, 1, "a", Next::GiveUp).await);
    let sealed = |number| (id(number), mail(number, 0).sealed);
    let first = store.sealed_mails(None, 2).await.expect("ok");
    assert_eq!(first, [sealed(1), sealed(2)]);
    assert_eq!(store.sealed_mails(Some(id(2)), 2).await.expect("ok"), [sealed(3)]);
    let (_, old) = sealed(2);
    assert!(store.reseal_mail(id(2), &old, b"anew").await.expect("ok"));
    assert!(!store.reseal_mail(id(2), &old, b"again").await.expect("ok"));
    assert!(!store.reseal_mail(id(9), &old, b"again").await.expect("ok"));
    let claimed = claim(&store, "b", 1).await.expect("it is due");
    assert_eq!((claimed.mail.id, claimed.mail.sealed), (id(2), b"anew".to_vec()));
}

/// For ten seconds.
async fn claim(store: &AnySiteStore, holder: &str, second: i64) -> Option<ClaimedMail> {
    store.claim_mail(holder, at(second), at(second + 10)).await.expect("the store works")
}

/// At the third second.
async fn fail(store: &AnySiteStore, number: u64, holder: &str, next: Next) -> bool {
    let reason = "no route \"there\"";
    store.mail_failed(id(number), holder, reason, next, at(3)).await.expect("the store works")
}

async fn only(store: &AnySiteStore) -> OutboxEntry {
    let query = OutboxQuery { limit: 10, ..OutboxQuery::default() };
    let mut entries = store.outbox(&query).await.expect("the store works");
    assert_eq!(entries.len(), 1);
    entries.pop().expect("there is one")
}

fn id(number: u64) -> MailId {
    MailId::from_bytes(u128::from(number).to_be_bytes())
}

/// Written, and due, at `second`.
fn mail(number: u64, second: i64) -> OutgoingMail {
    OutgoingMail {
        id: id(number),
        kind: "verify address".to_owned(),
        user: Some(UserId(7)),
        recipient: "jürgen@example.org".to_owned(),
        sealed: vec![0, 255, number as u8],
        created_at: at(second),
        gives_up_at: at(second + 1000),
    }
}
