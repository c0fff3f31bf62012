//! Deleted accounts, some time later.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    event::{Event, EventName},
    id::UserId,
    one_time::{LinkSecret, OneTime, Purpose},
    session::EndReason,
    store::{SessionQuery, SessionSelection, UserQuery},
    user::{NewUser, Taken, User, UserChange, UserStatus},
};
use vestibule_site::{
    outbox::{MailId, OutgoingMail},
    store::{EventQuery, FeedbackQuery, NewFeedback, OutboxQuery},
};

use super::{AnySiteStore, add, change};
use crate::{
    SeededEntropy,
    samples::{START, at, email, locale, login, new_user, roles, session, username},
};

pub async fn a_deleted_account_is_erased_after_its_time_and_once(store: AnySiteStore) {
    let anna = add(&store, &new_user("anna")).await;
    let bert = add(&store, &new_user("bert")).await;
    let carl = add(&store, &new_user("carl")).await;
    delete(&store, &anna, 100).await;
    let suspended = UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() };
    change(&store, &carl, suspended).await;
    assert_eq!(erase(&store, 100, 10).await, []);
    assert_eq!(erase(&store, 101, 10).await, [anna.id]);
    assert_eq!(erase(&store, 10_000, 10).await, [], "it is done once");
    for user in [bert, carl] {
        assert_eq!(store.user(user.id).await.expect("ok").expect("it is there").email, user.email);
    }
}

pub async fn what_is_known_of_an_erased_account_is_gone(store: AnySiteStore) {
    let new = NewUser {
        is_super_user: true,
        roles: roles(&["editor"]),
        locale: Some(locale("de")),
        email_verified_at: Some(START),
        ..new_user("anna")
    };
    let anna = add(&store, &new).await;
    let bert = add(&store, &new_user("bert")).await;
    for (number, user) in (0..).zip([anna.id, bert.id]) {
        let session = session(number, user);
        assert!(store.create_session(&session, None).await.expect("ok"));
        let secret = LinkSecret::draw(&SeededEntropy::new(number));
        let address = email("a@example.org");
        let token = OneTime::new(&secret, Purpose::ChangeAddress, user, &address, START);
        store.put_one_time(&token).await.expect("ok");
        store.enqueue_mail(&mail(number, user)).await.expect("ok");
        store.add_feedback(&feedback(user), START).await.expect("ok");
    }
    let all = SessionSelection::User { id: anna.id, except: None };
    store.end_sessions(all, EndReason::Deleted, at(1)).await.expect("ok");
    delete(&store, &anna, 1).await;
    assert_eq!(erase(&store, 2, 10).await, [anna.id]);

    let erased = store.user(anna.id).await.expect("ok").expect("the number stays");
    assert_eq!(erased.status, UserStatus::Deleted);
    assert_eq!(erased.username, format!("deleted-{}", anna.id));
    assert_eq!((erased.email.as_str(), erased.email_verified_at), ("", None));
    assert!(!erased.is_super_user && erased.roles.is_empty() && erased.locale.is_none());
    let credentials = store.credentials_of(anna.id).await.expect("ok").expect("it is there");
    assert!(credentials.password_hash.is_none());
    assert_eq!(sessions_of(&store, anna.id).await, 0);
    let token = store.one_time_of(anna.id, Purpose::ChangeAddress).await.expect("ok");
    assert_eq!(token, None);

    assert_eq!(sessions_of(&store, bert.id).await, 1, "others' stay");
    assert!(store.one_time_of(bert.id, Purpose::ChangeAddress).await.expect("ok").is_some());
    let mails = store.outbox(&OutboxQuery { limit: 10, ..OutboxQuery::default() }).await;
    let owners: Vec<_> = mails.expect("ok").into_iter().map(|mail| mail.user).collect();
    assert_eq!(owners, [Some(bert.id)]);

    let said = store.feedback(&FeedbackQuery { limit: 10, ..FeedbackQuery::default() }).await;
    let said: Vec<_> = said.expect("ok").into_iter().map(|feedback| feedback.content).collect();
    let mut nobodys = feedback(anna.id);
    nobodys.forget_author();
    assert_eq!(said, [feedback(bert.id), nobodys]);
}

/// The trail keeps what happened, and forgets from where.
pub async fn what_happened_to_an_erased_account_stays_without_where_from(store: AnySiteStore) {
    let anna = add(&store, &new_user("anna")).await;
    let bert = add(&store, &new_user("bert")).await;
    let event = |name| Event {
        address: Some("192.0.2.1".to_owned()),
        agent: Some("Firefox".to_owned()),
        ..Event::new(name, START).with("last_address", "192.0.2.9")
    };
    let (created, reused) = (EventName::SessionCreated, EventName::AuthnTokenReuse);
    let happened = [
        event(created).of(anna.id),
        event(reused).about(anna.id),
        event(EventName::AuthzAdmin).by(anna.id).about(bert.id),
        event(created).of(bert.id),
        event(EventName::MaliciousCsrf),
    ];
    store.append_events(&happened).await.expect("ok");
    delete(&store, &anna, 1).await;
    assert_eq!(erase(&store, 2, 10).await, [anna.id]);
    let query = EventQuery { limit: 10, ..EventQuery::default() };
    let mut kept: Vec<_> =
        store.events(&query).await.expect("ok").into_iter().map(|kept| kept.event).collect();
    kept.reverse();
    let mut expected = happened;
    expected.iter_mut().take(3).for_each(Event::forget_origin);
    assert!(expected[1].details.is_empty() && expected[0].address.is_none());
    assert_eq!(kept, expected);
}

pub async fn an_erased_name_stays_taken_and_its_address_does_not(store: AnySiteStore) {
    let anna = add(&store, &new_user("anna")).await;
    let bert = add(&store, &new_user("bert")).await;
    for user in [&anna, &bert] {
        delete(&store, user, 1).await;
    }
    assert_eq!(erase(&store, 2, 10).await.len(), 2);
    let again = store.create_user(&new_user("anna"), at(3)).await.expect("ok");
    assert_eq!(again.expect_err("the name is not given out again"), Taken::Username);
    let made = store.create_users(&[new_user("Anna")], at(3)).await.expect("ok");
    assert_eq!(made, [Err(Taken::Username)], "nor to one of many");
    let asked = [(username("anna"), email("anna@example.org"))];
    let owners = store.owners(&asked).await.expect("ok");
    assert_eq!((owners[0].username, owners[0].email), (Some(anna.id), None));
    assert!(store.credentials(&login("anna")).await.expect("ok").is_none());
    let found = UserQuery { prefix: Some("anna".to_owned()), limit: 9, ..UserQuery::default() };
    assert_eq!(store.users(&found).await.expect("ok"), [], "it is not kept");
    assert!(store.credentials(&login("anna@example.org")).await.expect("ok").is_none());
    let other = NewUser { username: username("hanna"), ..new_user("anna") };
    let hanna = add(&store, &other).await;
    let found = store.credentials(&login("anna@example.org")).await.expect("ok");
    assert_eq!(found.expect("it is hers now").user.id, hanna.id);
}

pub async fn accounts_are_erased_the_longest_deleted_first(store: AnySiteStore) {
    let mut ids = Vec::new();
    for (name, second) in [("anna", 3), ("bert", 1), ("carl", 2)] {
        let user = add(&store, &new_user(name)).await;
        delete(&store, &user, second).await;
        ids.push(user.id);
    }
    assert_eq!(erase(&store, 10, 2).await, [ids[1], ids[2]]);
    assert_eq!(erase(&store, 10, 2).await, [ids[0]]);
}

async fn delete(store: &AnySiteStore, user: &User, second: i64) {
    let change = UserChange { status: Some(UserStatus::Deleted), ..UserChange::default() };
    let changed = store.change_user(user.id, &change, at(second)).await.expect("ok");
    changed.expect("the user is there").expect("no name changes");
}

async fn erase(store: &AnySiteStore, before: i64, limit: u32) -> Vec<UserId> {
    store.erase_deleted(at(before), limit, at(20_000)).await.expect("the store works")
}

fn feedback(user: UserId) -> NewFeedback {
    NewFeedback {
        user: Some(user),
        email: Some("a@example.org".to_owned()),
        text: "The map is upside down.".to_owned(),
        address: "192.0.2.1".to_owned(),
        agent: "Firefox".to_owned(),
    }
}

fn mail(number: u64, user: UserId) -> OutgoingMail {
    OutgoingMail {
        id: MailId::from_bytes(u128::from(number).to_be_bytes()),
        kind: "deleted".to_owned(),
        user: Some(user),
        recipient: "a@example.org".to_owned(),
        sealed: Vec::new(),
        created_at: START,
        gives_up_at: at(1000),
    }
}

async fn sessions_of(store: &AnySiteStore, user: UserId) -> usize {
    let query = SessionQuery { user, over_since: START, behind: None, limit: 10 };
    store.sessions_of(&query).await.expect("ok").len()
}
