//! Many accounts at once.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    deletion::{Actor, Deletion},
    id::UserId,
    store::{Owners, UserQuery},
    user::{NewUser, Taken, UserChange, UserStatus},
};

use super::AnySiteStore;
use crate::{
    samples::{START, at, email, locale, login, new_user, password_hash, roles, username},
    store_suite::race,
};

pub async fn accounts_of_a_batch_are_as_those_made_one_by_one(store: AnySiteStore) {
    let plain = new_user("ann");
    let full = NewUser {
        email_verified_at: Some(at(-5)),
        password_hash: Some(password_hash(3)),
        is_super_user: true,
        roles: roles(&["editor", "writer"]),
        status: UserStatus::Suspended,
        created_at: Some(at(-1000)),
        locale: Some(locale("de-AT")),
        ..new_user("Ben")
    };
    let bare = NewUser { password_hash: None, ..new_user("cleo") };
    let made = store.create_users(&[plain, full, bare], at(1)).await.expect("ok");
    let ids: Vec<_> = made.into_iter().map(|made| made.expect("made")).collect();
    let read = async |id: UserId| store.credentials_of(id).await.expect("ok").expect("there");
    let ann = read(ids[0]).await;
    assert_eq!((ann.user.created_at, ann.user.updated_at), (at(1), at(1)));
    assert_eq!((ann.user.status, ann.user.version), (UserStatus::Active, 1));
    assert_eq!(ann.password_hash, Some(password_hash(1)));
    let ben = read(ids[1]).await;
    assert_eq!((ben.user.username.as_str(), ben.user.email.as_str()), ("Ben", "Ben@example.org"));
    assert_eq!((ben.user.created_at, ben.user.updated_at), (at(-1000), at(1)));
    assert_eq!(
        (ben.user.status, ben.user.email_verified_at),
        (UserStatus::Suspended, Some(at(-5)))
    );
    assert_eq!((ben.user.is_super_user, ben.user.roles), (true, roles(&["editor", "writer"])));
    assert_eq!(ben.password_hash, Some(password_hash(3)));
    assert_eq!(ben.user.locale, Some(locale("de-AT")));
    assert_eq!(read(ids[2]).await.password_hash, None);
    let found = store.credentials(&login("BEN")).await.expect("ok").expect("there");
    assert_eq!(found.user.id, ids[1]);
}

pub async fn an_account_that_is_made_deleted_is_the_sites_to_bring_back(store: AnySiteStore) {
    let gone = |name| NewUser { status: UserStatus::Deleted, ..new_user(name) };
    let made = store.create_users(&[gone("ann"), new_user("ben")], at(7)).await.expect("ok");
    let mut ids: Vec<_> = made.into_iter().map(|made| made.expect("made")).collect();
    ids.push(store.create_user(&gone("cleo"), at(7)).await.expect("ok").expect("made").id);
    let deletion = Some(Deletion { at: at(7), by: Actor::Site });
    for (id, expected) in ids.iter().zip([deletion, None, deletion]) {
        assert_eq!(store.user(*id).await.expect("ok").expect("there").deletion, expected);
    }
    let erased = store.erase_deleted(at(8), 10, at(9)).await.expect("ok");
    assert_eq!(erased, [ids[0], ids[2]]);
}

pub async fn in_a_batch_what_is_taken_is_refused_and_the_rest_made(store: AnySiteStore) {
    store.create_user(&new_user("ann"), START).await.expect("ok").expect("made");
    let deleted = store.create_user(&new_user("dora"), START).await.expect("ok").expect("made");
    let change = UserChange { status: Some(UserStatus::Deleted), ..UserChange::default() };
    store.change_user(deleted.id, &change, START).await.expect("ok");
    let batch = [
        new_user("ANN"),
        new_user("ben"),
        NewUser { email: email("ANN@example.org"), ..new_user("other") },
        NewUser { email: email("new@example.org"), ..new_user("Dora") },
        new_user("cleo"),
    ];
    let made = store.create_users(&batch, START).await.expect("ok");
    let refused: Vec<_> = made.iter().map(|made| made.err()).collect();
    let expected = [Some(Taken::Username), None, Some(Taken::Email), Some(Taken::Username), None];
    assert_eq!(refused, expected);
    assert_eq!(count(&store).await, 4);
}

pub async fn of_two_in_a_batch_with_one_name_the_first_is_made(store: AnySiteStore) {
    let batch = [
        new_user("ann"),
        NewUser { email: email("second@example.org"), ..new_user("Ann") },
        NewUser { email: email("ann@example.org"), ..new_user("third") },
        new_user("ann"),
    ];
    let made = store.create_users(&batch, START).await.expect("ok");
    let refused: Vec<_> = made.iter().map(|made| made.err()).collect();
    let expected = [None, Some(Taken::Username), Some(Taken::Email), Some(Taken::Username)];
    assert_eq!(refused, expected);
    let ann = store.credentials(&login("ann")).await.expect("ok").expect("there");
    assert_eq!(Ok(ann.user.id), made[0]);
    assert_eq!(ann.user.email, "ann@example.org");
}

pub async fn owners_are_told_in_the_order_of_the_names(store: AnySiteStore) {
    let ann = store.create_user(&new_user("ann"), START).await.expect("ok").expect("made").id;
    let ben = store.create_user(&new_user("ben"), START).await.expect("ok").expect("made").id;
    let names = [
        (username("nobody"), email("nobody@example.org")),
        (username("ANN"), email("ANN@Example.org")),
        (username("ben"), email("ann@example.org")),
        (username("nobody"), email("ben@example.org")),
        (username("ann"), email("nobody@example.org")),
    ];
    let owners = |username, email| Owners { username, email };
    let expected = [
        owners(None, None),
        owners(Some(ann), Some(ann)),
        owners(Some(ben), Some(ann)),
        owners(None, Some(ben)),
        owners(Some(ann), None),
    ];
    assert_eq!(store.owners(&names).await.expect("ok"), expected);
}

pub async fn an_empty_batch_is_nothing(store: AnySiteStore) {
    assert_eq!(store.create_users(&[], START).await.expect("ok"), []);
    assert_eq!(store.owners(&[]).await.expect("ok"), []);
}

pub async fn of_ten_who_make_one_batch_each_account_is_made_once(store: AnySiteStore) {
    let outcomes = race(10, |number| {
        let store = store.clone();
        async move {
            let mut batch: Vec<_> =
                (0..20).map(|index| new_user(&format!("user{index}"))).collect();
            // In another order each, so that they stand in each other's way.
            batch.rotate_left(2 * usize::try_from(number).expect("few"));
            store.create_users(&batch, START).await.expect("the store works")
        }
    })
    .await;
    let made = outcomes.iter().flatten().filter(|made| made.is_ok()).count();
    assert_eq!((made, count(&store).await), (20, 20));
}

async fn count(store: &AnySiteStore) -> usize {
    let query = UserQuery { limit: 100, ..UserQuery::default() };
    store.users(&query).await.expect("ok").len()
}
