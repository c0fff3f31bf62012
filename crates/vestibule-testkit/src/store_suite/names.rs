//! Names are unique, by their keys.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    store::UserQuery,
    user::{NewUser, Taken, UserChange, UserStatus},
};

use super::{AnyStore, add_user, change, news, race};
use crate::samples::{START, at, email, login, new_user, username};

pub async fn spellings_of_one_name_are_one_account(store: AnyStore) {
    add_user(&store, &new_user("José")).await;
    let same_name = NewUser { email: email("b@example.org"), ..new_user("ＪＯＳE\u{301}") };
    assert_eq!(refused(&store, &same_name).await, Taken::Username);
    let same_email = NewUser { email: email("JOSÉ@Example.ORG"), ..new_user("bob") };
    assert_eq!(refused(&store, &same_email).await, Taken::Email);
}

pub async fn where_both_names_are_taken_the_user_name_is_reported(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    add_user(&store, &new_user("bob")).await;
    assert_eq!(refused(&store, &new_user("ann")).await, Taken::Username);
    // Also where they belong to two different accounts.
    let both = NewUser { email: email("bob@example.org"), ..new_user("ann") };
    assert_eq!(refused(&store, &both).await, Taken::Username);
    let both = UserChange {
        username: Some(username("bob")),
        email: Some(email("bob@example.org")),
        ..UserChange::default()
    };
    let outcome = store.change_user(ann.id, &both, at(1)).await.expect("ok");
    assert_eq!(outcome, Some(Err(Taken::Username.into())));
}

pub async fn a_deleted_users_names_stay_taken(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    let deleted = UserChange { status: Some(UserStatus::Deleted), ..UserChange::default() };
    change(&store, ann.id, deleted).await;
    let name = NewUser { email: email("other@example.org"), ..new_user("Ann") };
    assert_eq!(refused(&store, &name).await, Taken::Username);
    let address = NewUser { email: email("ann@example.org"), ..new_user("other") };
    assert_eq!(refused(&store, &address).await, Taken::Email);
}

pub async fn of_twenty_registrations_of_one_name_one_succeeds(store: AnyStore) {
    let made = race(20, |number| {
        let store = store.clone();
        async move {
            let typed = if number % 2 == 0 { "ann" } else { "ANN" };
            let address = email(&format!("ann{number}@example.org"));
            let new = NewUser { email: address, ..new_user(typed) };
            store.create_user(&new, START).await.expect("the store works")
        }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 19));
    assert!(refused.iter().all(|refused| *refused == Err(Taken::Username)));
    let all = store.users(&UserQuery { limit: 100, ..UserQuery::default() }).await.expect("ok");
    assert_eq!(all.len(), 1);
}

pub async fn a_name_can_be_changed_to_another_spelling_of_itself(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    let spelling = UserChange {
        username: Some(username("Ann")),
        email: Some(email("Ann@Example.org")),
        ..UserChange::default()
    };
    let ann = change(&store, ann.id, spelling).await;
    assert_eq!((ann.username.as_str(), ann.email.as_str()), ("Ann", "Ann@Example.org"));
}

pub async fn a_change_to_a_taken_name_changes_nothing(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    add_user(&store, &new_user("bob")).await;
    let taken = UserChange {
        username: Some(username("free")),
        email: Some(email("BOB@example.org")),
        status: Some(UserStatus::Suspended),
        is_super_user: Some(true),
        ..UserChange::default()
    };
    let outcome = store.change_user(ann.id, &taken, at(1)).await.expect("ok");
    assert_eq!(outcome, Some(Err(Taken::Email.into())));
    assert_eq!(store.user(ann.id).await.expect("ok"), Some(ann));
    assert!(store.credentials(&login("free")).await.expect("ok").is_none());
    assert!(news(&store).await.is_empty());
}

pub async fn a_name_given_up_can_be_taken(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    let renamed = UserChange {
        username: Some(username("anna")),
        email: Some(email("anna@example.org")),
        ..UserChange::default()
    };
    change(&store, ann.id, renamed).await;
    let other = add_user(&store, &new_user("ann")).await;
    for (typed, id) in [("ann", other.id), ("anna", ann.id), ("ANNA@example.org", ann.id)] {
        let found = store.credentials(&login(typed)).await.expect("ok").expect(typed);
        assert_eq!(found.user.id, id, "{typed}");
    }
}

pub async fn what_is_nobodys_name_finds_nobody(store: AnyStore) {
    add_user(&store, &new_user("ann")).await;
    for typed in ["", " ", "bob", "an", "anna", "ann@example.com", "%", "ann%", "a_n", "'; --"] {
        let found = store.credentials(&login(typed)).await.expect("ok");
        assert!(found.is_none(), "{typed:?}");
    }
}

async fn refused(store: &AnyStore, new: &NewUser) -> Taken {
    let outcome = store.create_user(new, START).await.expect("the store works");
    outcome.expect_err("the name is taken")
}
