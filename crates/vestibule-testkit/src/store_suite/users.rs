//! Reading, changing and listing users.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    id::UserId,
    store::{Changed, UserQuery},
    user::{NewUser, UserChange, UserStatus},
};

use super::{AnyStore, add_user, change, news};
use crate::samples::{START, at, email, login, new_user, password_hash, roles, username};

pub async fn an_account_is_read_as_it_was_made(store: AnyStore) {
    let new = NewUser {
        username: username("José"),
        email: email("José@Bücher.example"),
        email_verified_at: Some(at(-5)),
        password_hash: None,
        is_super_user: true,
        roles: roles(&["editor", "map-maker", "b_2"]),
    };
    let made = add_user(&store, &new).await;
    assert!(made.id.0 > 0);
    assert_eq!((made.username.as_str(), made.email.as_str()), ("José", "José@Bücher.example"));
    assert_eq!((made.email_verified_at, made.is_super_user), (Some(at(-5)), true));
    assert_eq!((&made.roles, made.status), (&new.roles, UserStatus::Active));
    assert_eq!((made.version, made.created_at, made.updated_at), (1, START, START));
    assert_eq!(store.user(made.id).await.expect("ok"), Some(made.clone()));
    let second = add_user(&store, &new_user("ann")).await;
    assert!(second.id > made.id);
    assert!(news(&store).await.is_empty(), "no token says anything of a new user");
}

pub async fn credentials_are_found_by_name_address_and_number(store: AnyStore) {
    let ann = add_user(&store, &new_user("Ann")).await;
    let keyless = NewUser { password_hash: None, ..new_user("bob") };
    let bob = add_user(&store, &keyless).await;
    for typed in ["ann", "ANN", " Ann ", "ann@example.org", "ANN@EXAMPLE.ORG"] {
        let found = store.credentials(&login(typed)).await.expect("ok").expect(typed);
        assert_eq!(found.user, ann);
        assert_eq!(found.password_hash, Some(password_hash(1)));
    }
    let found = store.credentials_of(bob.id).await.expect("ok").expect("bob");
    assert_eq!((found.user, found.password_hash), (bob.clone(), None));
    // Whether they may sign in is decided elsewhere, at the same cost.
    let gone = UserChange { status: Some(UserStatus::Deleted), ..UserChange::default() };
    let gone = change(&store, bob.id, gone).await;
    let found = store.credentials(&login("bob")).await.expect("ok").expect("bob");
    assert_eq!(found.user, gone);
}

pub async fn a_change_leaves_the_rest_as_it_is(store: AnyStore) {
    let mut ann = add_user(&store, &new_user("ann")).await;
    let bob = add_user(&store, &new_user("bob")).await;
    let password = UserChange { password_hash: Some(password_hash(3)), ..UserChange::default() };
    ann.updated_at = at(60);
    assert_eq!(change(&store, ann.id, password).await, ann);
    let verified = UserChange { email_verified_at: Some(at(59)), ..UserChange::default() };
    ann.email_verified_at = Some(at(59));
    assert_eq!(change(&store, ann.id, verified).await, ann);
    let granted = UserChange { roles: Some(roles(&["editor"])), ..UserChange::default() };
    ann.roles = roles(&["editor"]);
    ann.version = 2;
    assert_eq!(change(&store, ann.id, granted).await, ann);
    let revoked = UserChange { roles: Some(roles(&[])), ..UserChange::default() };
    ann.roles.clear();
    ann.version = 3;
    assert_eq!(change(&store, ann.id, revoked).await, ann);
    let found = store.credentials_of(ann.id).await.expect("ok").expect("ann");
    assert_eq!((found.user, found.password_hash), (ann, Some(password_hash(3))));
    assert_eq!(store.user(bob.id).await.expect("ok"), Some(bob));
}

pub async fn only_what_tokens_say_raises_the_version(store: AnyStore) {
    let id = add_user(&store, &new_user("ann")).await.id;
    let nothing = UserChange::default();
    let silent = [
        UserChange { email: Some(email("a@example.org")), ..nothing.clone() },
        UserChange { email_verified_at: Some(at(1)), ..nothing.clone() },
        UserChange { password_hash: Some(password_hash(2)), ..nothing.clone() },
        nothing.clone(),
    ];
    for silent in silent {
        assert_eq!(change(&store, id, silent.clone()).await.version, 1, "{silent:?}");
    }
    assert!(news(&store).await.is_empty());
    let loud = [
        UserChange { username: Some(username("anna")), ..nothing.clone() },
        UserChange { status: Some(UserStatus::Suspended), ..nothing.clone() },
        UserChange { is_super_user: Some(true), ..nothing.clone() },
        UserChange { roles: Some(roles(&["editor"])), ..nothing },
    ];
    for (loud, version) in loud.into_iter().zip(2..) {
        assert_eq!(change(&store, id, loud.clone()).await.version, version, "{loud:?}");
        assert_eq!(news(&store).await.last(), Some(&Changed::User { id, version }));
    }
    assert_eq!(news(&store).await.len(), 4);
}

pub async fn another_address_is_not_verified(store: AnyStore) {
    let new = NewUser { email_verified_at: Some(START), ..new_user("ann") };
    let id = add_user(&store, &new).await.id;
    let other = UserChange { email: Some(email("a@example.org")), ..UserChange::default() };
    assert_eq!(change(&store, id, other.clone()).await.email_verified_at, None);
    let shown = UserChange { email_verified_at: Some(at(9)), ..other };
    assert_eq!(change(&store, id, shown).await.email_verified_at, Some(at(9)));
}

pub async fn a_super_user_counts_while_active(store: AnyStore) {
    assert!(!store.has_super_user().await.expect("ok"));
    add_user(&store, &new_user("bob")).await;
    assert!(!store.has_super_user().await.expect("ok"));
    let id = add_user(&store, &NewUser { is_super_user: true, ..new_user("ann") }).await.id;
    assert!(store.has_super_user().await.expect("ok"));
    for (status, counts) in
        [(UserStatus::Suspended, false), (UserStatus::Active, true), (UserStatus::Deleted, false)]
    {
        change(&store, id, UserChange { status: Some(status), ..UserChange::default() }).await;
        assert_eq!(store.has_super_user().await.expect("ok"), counts, "{status}");
    }
}

pub async fn users_are_listed_in_the_order_of_their_numbers(store: AnyStore) {
    let mut ids = Vec::new();
    for name in ["eve", "dan", "cat", "bob", "ann"] {
        ids.push(add_user(&store, &new_user(name)).await.id);
    }
    let query = UserQuery { limit: 2, ..UserQuery::default() };
    assert_eq!(listed(&store, &query).await, ["eve", "dan"]);
    let query = UserQuery { after: Some(ids[1]), ..query };
    assert_eq!(listed(&store, &query).await, ["cat", "bob"]);
    let query = UserQuery { after: Some(ids[4]), ..query };
    assert!(listed(&store, &query).await.is_empty());
    let query = UserQuery { after: Some(UserId(i64::MAX)), ..query };
    assert!(listed(&store, &query).await.is_empty());
    assert!(listed(&store, &UserQuery::default()).await.is_empty(), "no more than none");
}

pub async fn users_are_found_by_the_beginning_of_name_or_address(store: AnyStore) {
    for name in ["zoe", "Anna", "ann", "bob", "banner"] {
        add_user(&store, &new_user(name)).await;
    }
    let annex = NewUser { email: email("Annex@example.org"), ..new_user("carl") };
    add_user(&store, &annex).await;
    assert_eq!(listed(&store, &beginning("ann")).await, ["Anna", "ann", "carl"]);
    assert_eq!(listed(&store, &beginning("ann@example")).await, ["ann"]);
    assert_eq!(listed(&store, &beginning("b")).await, ["bob", "banner"]);
    assert!(listed(&store, &beginning("nn")).await.is_empty());
    assert_eq!(listed(&store, &beginning("")).await.len(), 6);
    let first = listed(&store, &UserQuery { limit: 1, ..beginning("ann") }).await;
    assert_eq!(first, ["Anna"]);
    let found = store.users(&beginning("anna")).await.expect("ok");
    let after = UserQuery { after: Some(found[0].id), ..beginning("ann") };
    assert_eq!(listed(&store, &after).await, ["ann", "carl"]);
}

pub async fn signs_with_a_meaning_in_patterns_have_none_in_a_prefix(store: AnyStore) {
    for name in ["a_b", "axb", "a-b"] {
        add_user(&store, &new_user(name)).await;
    }
    let odd = NewUser { email: email("5%*?'x@example.org"), ..new_user("odd") };
    add_user(&store, &odd).await;
    assert_eq!(listed(&store, &beginning("a_")).await, ["a_b"]);
    for prefix in ["5%", "5%*", "5%*?'"] {
        assert_eq!(listed(&store, &beginning(prefix)).await, ["odd"], "{prefix:?}");
    }
    for prefix in ["%", "a%", "_", "*", "a*", "[a]", "?", "a\\", "'", "\"", "\0", "a\0"] {
        assert!(listed(&store, &beginning(prefix)).await.is_empty(), "{prefix:?}");
    }
}

pub async fn users_are_found_by_status(store: AnyStore) {
    for (name, status) in [
        ("ann", UserStatus::Suspended),
        ("bob", UserStatus::Active),
        ("anton", UserStatus::Deleted),
        ("andy", UserStatus::Suspended),
    ] {
        let id = add_user(&store, &new_user(name)).await.id;
        change(&store, id, UserChange { status: Some(status), ..UserChange::default() }).await;
    }
    let with = |status| UserQuery { status: Some(status), limit: 10, ..UserQuery::default() };
    assert_eq!(listed(&store, &with(UserStatus::Suspended)).await, ["ann", "andy"]);
    assert_eq!(listed(&store, &with(UserStatus::Active)).await, ["bob"]);
    let both = UserQuery { status: Some(UserStatus::Deleted), ..beginning("an") };
    assert_eq!(listed(&store, &both).await, ["anton"]);
}

fn beginning(prefix: &str) -> UserQuery {
    UserQuery { prefix: Some(prefix.to_owned()), limit: 100, ..UserQuery::default() }
}

async fn listed(store: &AnyStore, query: &UserQuery) -> Vec<String> {
    let users = store.users(query).await.expect("the store works");
    users.into_iter().map(|user| user.username).collect()
}
