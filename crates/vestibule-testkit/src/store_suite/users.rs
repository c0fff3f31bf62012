//! Reading, changing and listing users.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    deletion::{Actor, Deletion, GRACE},
    id::UserId,
    password::PasswordHash,
    store::{Changed, UserQuery},
    user::{NewUser, NotChanged, UserChange, UserStatus},
};

use super::{AnyStore, add_user, change, news, race};
use crate::samples::{START, at, email, locale, login, new_user, password_hash, roles, username};

pub async fn an_account_is_read_as_it_was_made(store: AnyStore) {
    let new = NewUser {
        username: username("José"),
        email: email("José@Bücher.example"),
        email_verified_at: Some(at(-5)),
        password_hash: None,
        is_super_user: true,
        roles: roles(&["editor", "map-maker", "b_2"]),
        locale: Some(locale("zh-Hant-TW")),
        ..new_user("José")
    };
    let made = add_user(&store, &new).await;
    assert!(made.id.0 > 0);
    assert_eq!((made.username.as_str(), made.email.as_str()), ("José", "José@Bücher.example"));
    assert_eq!((made.email_verified_at, made.is_super_user), (Some(at(-5)), true));
    assert_eq!((&made.roles, made.status), (&new.roles, UserStatus::Active));
    assert_eq!(made.locale, new.locale);
    assert_eq!((made.version, made.created_at, made.updated_at), (1, START, START));
    assert_eq!(store.user(made.id).await.expect("ok"), Some(made.clone()));
    let second = add_user(&store, &new_user("ann")).await;
    assert!(second.id > made.id);
    assert!(news(&store).await.is_empty(), "no token says anything of a new user");
}

pub async fn an_account_can_have_been_made_elsewhere(store: AnyStore) {
    let new = NewUser {
        status: UserStatus::Suspended,
        created_at: Some(at(-1_000_000)),
        ..new_user("ann")
    };
    let made = add_user(&store, &new).await;
    assert_eq!((made.created_at, made.updated_at), (at(-1_000_000), START));
    assert_eq!((made.status, made.version), (UserStatus::Suspended, 1));
    assert_eq!(store.user(made.id).await.expect("ok"), Some(made));
}

pub async fn a_hash_of_another_making_is_kept_letter_by_letter(store: AnyStore) {
    for (index, text) in [
        "$2b$12$5tdXpSuvqU0R4cuPAvJVEe1gHNT2md114dAbQ.XSHB7BiY7f6hZ..",
        "pbkdf2_sha256$1000$KQ9EWOyF57pFZ6NLbEM9gb$EBEZI1FtAYCWcZSzaBBWW3xhzAZY+H3ELZldUdXGpU8=",
        "no hash at all",
    ]
    .iter()
    .enumerate()
    {
        let hash = Some(PasswordHash::from_store(text));
        let new = NewUser { password_hash: hash.clone(), ..new_user(&format!("ann{index}")) };
        let id = add_user(&store, &new).await.id;
        let read = store.credentials_of(id).await.expect("ok").expect("there");
        assert_eq!(read.password_hash, hash);
    }
}

pub async fn a_hash_is_replaced_only_where_it_still_stands(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    let replace = |old, new| UserChange {
        password_hash: Some(password_hash(new)),
        instead_of: Some(password_hash(old)),
        ..UserChange::default()
    };
    let changed = store.change_user(ann.id, &replace(2, 3), at(1)).await.expect("ok");
    assert_eq!(changed, None);
    assert_eq!(store.user(ann.id).await.expect("ok").as_ref(), Some(&ann), "nothing changed");
    let changed = store.change_user(ann.id, &replace(1, 2), at(1)).await.expect("ok");
    assert!(matches!(changed, Some(Ok(_))), "{changed:?}");
    let read = store.credentials_of(ann.id).await.expect("ok").expect("there");
    assert_eq!(read.password_hash, Some(password_hash(2)));
    let keyless = add_user(&store, &NewUser { password_hash: None, ..new_user("bob") }).await;
    let changed = store.change_user(keyless.id, &replace(1, 2), at(1)).await.expect("ok");
    assert_eq!(changed, None);
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
    ann.version = 2;
    assert_eq!(change(&store, ann.id, password).await, ann);
    let verified = UserChange { email_verified_at: Some(at(59)), ..UserChange::default() };
    ann.email_verified_at = Some(at(59));
    assert_eq!(change(&store, ann.id, verified).await, ann);
    let granted = UserChange { roles: Some(roles(&["editor"])), ..UserChange::default() };
    ann.roles = roles(&["editor"]);
    ann.version = 3;
    assert_eq!(change(&store, ann.id, granted).await, ann);
    let revoked = UserChange { roles: Some(roles(&[])), ..UserChange::default() };
    ann.roles.clear();
    ann.version = 4;
    assert_eq!(change(&store, ann.id, revoked).await, ann);
    let german = UserChange { locale: Some(Some(locale("de"))), ..UserChange::default() };
    ann.locale = Some(locale("de"));
    assert_eq!(change(&store, ann.id, german).await, ann);
    let named = UserChange { is_super_user: Some(false), ..UserChange::default() };
    ann.version = 5;
    assert_eq!(change(&store, ann.id, named).await, ann);
    let by_browser = UserChange { locale: Some(None), ..UserChange::default() };
    ann.locale = None;
    assert_eq!(change(&store, ann.id, by_browser).await, ann);
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
        UserChange {
            password_hash: Some(password_hash(2)),
            keeps_password: true,
            ..nothing.clone()
        },
        UserChange { locale: Some(Some(locale("de"))), ..nothing.clone() },
        nothing.clone(),
    ];
    for silent in silent {
        assert_eq!(change(&store, id, silent.clone()).await.version, 1, "{silent:?}");
    }
    assert!(news(&store).await.is_empty());
    let loud = [
        UserChange { username: Some(username("anna")), ..nothing.clone() },
        UserChange { password_hash: Some(password_hash(3)), ..nothing.clone() },
        UserChange { status: Some(UserStatus::Suspended), ..nothing.clone() },
        UserChange { is_super_user: Some(true), ..nothing.clone() },
        UserChange { roles: Some(roles(&["editor"])), ..nothing },
    ];
    for (loud, version) in loud.into_iter().zip(2..) {
        assert_eq!(change(&store, id, loud.clone()).await.version, version, "{loud:?}");
        assert_eq!(news(&store).await.last(), Some(&Changed::User { id, version }));
    }
    assert_eq!(news(&store).await.len(), 5);
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
    assert_eq!(listed(&store, &beginning("ann")).await, ["ann", "Anna", "carl"]);
    assert_eq!(listed(&store, &beginning("ann@example")).await, ["ann"]);
    assert_eq!(listed(&store, &beginning("b")).await, ["banner", "bob"]);
    assert!(listed(&store, &beginning("nn")).await.is_empty());
    assert_eq!(listed(&store, &beginning("")).await.len(), 6);
    let first = listed(&store, &UserQuery { limit: 1, ..beginning("ann") }).await;
    assert_eq!(first, ["ann"]);
    let found = store.users(&beginning("ann")).await.expect("ok");
    for (last, rest) in [(0, &["Anna", "carl"][..]), (1, &["carl"]), (2, &[])] {
        let after = UserQuery { after: Some(found[last].id), ..beginning("ann") };
        assert_eq!(listed(&store, &after).await, rest);
    }
    let after = UserQuery { after: Some(found[0].id), limit: 1, ..beginning("ann") };
    assert_eq!(listed(&store, &after).await, ["Anna"]);
    // Who is not found is followed by nobody.
    let bob = store.users(&beginning("bob")).await.expect("ok")[0].id;
    for stranger in [bob, UserId(i64::MAX)] {
        let after = UserQuery { after: Some(stranger), ..beginning("ann") };
        assert!(listed(&store, &after).await.is_empty());
    }
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

pub async fn users_are_found_by_role_and_by_running_the_site(store: AnyStore) {
    for (name, words, is_super_user) in
        [("ann", "edit", true), ("bob", "editor reader", false), ("carl", "", false)]
    {
        let roles = roles(&words.split_whitespace().collect::<Vec<_>>());
        add_user(&store, &NewUser { roles, is_super_user, ..new_user(name) }).await;
    }
    let role = |name: &str| UserQuery {
        role: Some(name.parse().expect("a role")),
        limit: 10,
        ..UserQuery::default()
    };
    assert_eq!(listed(&store, &role("edit")).await, ["ann"]);
    assert_eq!(listed(&store, &role("reader")).await, ["bob"]);
    assert!(listed(&store, &role("read")).await.is_empty());
    let super_users = UserQuery { super_users: true, limit: 10, ..UserQuery::default() };
    assert_eq!(listed(&store, &super_users).await, ["ann"]);
    assert!(listed(&store, &UserQuery { super_users: true, ..role("reader") }).await.is_empty());
    let all = UserQuery { super_users: true, status: Some(UserStatus::Active), ..role("edit") };
    assert_eq!(listed(&store, &all).await, ["ann"]);
    let all = UserQuery { prefix: Some("a".to_owned()), ..all };
    assert_eq!(listed(&store, &all).await, ["ann"]);
}

pub async fn the_last_active_super_user_stays_one(store: AnyStore) {
    let ann = add_user(&store, &super_user("ann")).await;
    let bob = add_user(&store, &super_user("bob")).await;
    let suspended = UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() };
    change(&store, bob.id, suspended).await;
    for change in ENDS {
        let outcome = store.change_user(ann.id, &change(), at(1)).await.expect("ok");
        assert_eq!(outcome, Some(Err(NotChanged::LastSuperUser)));
    }
    assert_eq!(store.user(ann.id).await.expect("ok"), Some(ann.clone()));
    // What leaves them one is allowed, and so is everything to one who counts no more.
    let more = UserChange { is_super_user: Some(true), guarded: true, ..UserChange::default() };
    change(&store, ann.id, more).await;
    change(&store, bob.id, ENDS[0]()).await;
    let again = UserChange { is_super_user: Some(true), guarded: true, ..UserChange::default() };
    change(&store, bob.id, UserChange { status: Some(UserStatus::Active), ..again }).await;
    change(&store, ann.id, ENDS[2]()).await;
    // Whoever does not ask for the guard knows what they do.
    change(&store, bob.id, UserChange { guarded: false, ..ENDS[0]() }).await;
}

pub async fn of_two_super_users_who_end_each_other_one_stays(store: AnyStore) {
    for round in 0..8 {
        let pair = [
            add_user(&store, &super_user(&format!("ann{round}"))).await.id,
            add_user(&store, &super_user(&format!("bob{round}"))).await.id,
        ];
        let outcomes = race(2, |number| {
            let store = store.clone();
            let which = usize::try_from(number).expect("small");
            let (other, change) = (pair[1 - which], ENDS[(round + which) % ENDS.len()]());
            async move { store.change_user(other, &change, at(1)).await.expect("ok") }
        })
        .await;
        let refused = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Some(Err(NotChanged::LastSuperUser))))
            .count();
        assert_eq!(refused, 1, "{outcomes:?}");
        assert!(store.has_super_user().await.expect("ok"));
        // The next round begins without any.
        for id in pair {
            change(&store, id, UserChange { guarded: false, ..ENDS[0]() }).await;
        }
    }
}

pub async fn a_deleted_account_does_not_come_back(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    let deleted =
        UserChange { status: Some(UserStatus::Deleted), guarded: true, ..UserChange::default() };
    let was = change(&store, ann.id, deleted.clone()).await;
    let too_late = at(60) + GRACE;
    let guarded = || UserChange { guarded: true, ..UserChange::default() };
    for change in [
        UserChange { status: Some(UserStatus::Active), by: Actor::Owner, ..guarded() },
        UserChange { status: Some(UserStatus::Suspended), ..guarded() },
        UserChange { is_super_user: Some(true), ..guarded() },
        UserChange { password_hash: Some(password_hash(2)), ..guarded() },
    ] {
        let outcome = store.change_user(ann.id, &change, at(61)).await.expect("ok");
        assert_eq!(outcome, Some(Err(NotChanged::Deleted)));
    }
    let back = UserChange { status: Some(UserStatus::Active), ..guarded() };
    let outcome = store.change_user(ann.id, &back, too_late).await.expect("ok");
    assert_eq!(outcome, Some(Err(NotChanged::Deleted)), "its time is over");
    assert_eq!(store.user(ann.id).await.expect("ok"), Some(was));
    change(&store, ann.id, deleted).await;
}

pub async fn a_deletion_is_taken_back_by_whom_it_may(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    assert_eq!(ann.deletion, None);
    let by = |status, by| UserChange {
        status: Some(status),
        by,
        guarded: true,
        ..UserChange::default()
    };
    let change = async |change: UserChange, second: i64| {
        let changed = store.change_user(ann.id, &change, at(second)).await.expect("ok");
        changed.expect("the user is there")
    };
    // Their own decision is theirs to take back, and that of those who run the site is not.
    for (deleter, restorer, may) in [
        (Actor::Owner, Actor::Owner, true),
        (Actor::Owner, Actor::Site, true),
        (Actor::Site, Actor::Site, true),
        (Actor::Site, Actor::Owner, false),
    ] {
        let deleted = change(by(UserStatus::Deleted, deleter), 10).await.expect("may be deleted");
        assert_eq!(deleted.deletion, Some(Deletion { at: at(10), by: deleter }));
        // What else is done meanwhile moves nothing.
        let plain = UserChange { is_super_user: Some(false), ..UserChange::default() };
        assert_eq!(change(plain, 15).await.expect("ok").deletion, deleted.deletion);
        let back = change(by(UserStatus::Active, restorer), 20).await;
        assert_eq!(back.is_ok(), may, "{deleter} {restorer}");
        let back = match back {
            Ok(back) => back,
            Err(_) => change(by(UserStatus::Active, Actor::Site), 21).await.expect("they may"),
        };
        assert_eq!((back.status, back.deletion), (UserStatus::Active, None));
        assert!(back.version > deleted.version, "tokens from before are stale");
    }
    // Those who run the site make final what the owner did, and not the other way round.
    change(by(UserStatus::Deleted, Actor::Owner), 30).await.expect("ok");
    let both = change(by(UserStatus::Deleted, Actor::Site), 40).await.expect("ok");
    assert_eq!(both.deletion, Some(Deletion { at: at(30), by: Actor::Site }));
    let both = change(by(UserStatus::Deleted, Actor::Owner), 50).await.expect("ok");
    assert_eq!(both.deletion, Some(Deletion { at: at(30), by: Actor::Site }));
}

pub async fn an_owner_does_what_is_theirs_to_do(store: AnyStore) {
    let ann = add_user(&store, &new_user("ann")).await;
    let theirs = || UserChange { by: Actor::Owner, ..UserChange::default() };
    let all = || {
        [
            theirs(),
            UserChange { username: Some(username("anne")), ..theirs() },
            UserChange { email_verified_at: Some(at(1)), ..theirs() },
            UserChange { password_hash: Some(password_hash(2)), ..theirs() },
            UserChange { status: Some(UserStatus::Deleted), ..theirs() },
            UserChange { status: Some(UserStatus::Active), ..theirs() },
        ]
    };
    let outcome = async |change| {
        store.change_user(ann.id, &change, at(61)).await.expect("ok").expect("there")
    };
    let back = UserChange { status: Some(UserStatus::Active), ..theirs() };
    assert_eq!(outcome(back).await, Err(NotChanged::NotDeleted));
    let suspended = UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() };
    let was = change(&store, ann.id, suspended).await;
    for change in all() {
        assert_eq!(outcome(change).await, Err(NotChanged::Suspended));
    }
    assert_eq!(store.user(ann.id).await.expect("ok"), Some(was));
    let deleted = UserChange { status: Some(UserStatus::Deleted), ..UserChange::default() };
    change(&store, ann.id, deleted).await;
    for change in all() {
        let is_the_same = change.status == Some(UserStatus::Deleted);
        let outcome = outcome(change).await;
        assert!(outcome == Err(NotChanged::Deleted) || is_the_same, "{outcome:?}");
    }
    let credentials = store.credentials_of(ann.id).await.expect("ok").expect("there");
    assert_eq!(credentials.user.username, "ann");
    assert_eq!(credentials.password_hash, Some(password_hash(1)));
}

/// The ways in which somebody is a super user no longer.
const ENDS: [fn() -> UserChange; 3] = [
    || UserChange { is_super_user: Some(false), guarded: true, ..UserChange::default() },
    || UserChange { status: Some(UserStatus::Suspended), guarded: true, ..UserChange::default() },
    || UserChange { status: Some(UserStatus::Deleted), guarded: true, ..UserChange::default() },
];

fn super_user(name: &str) -> NewUser {
    NewUser { is_super_user: true, ..new_user(name) }
}

fn beginning(prefix: &str) -> UserQuery {
    UserQuery { prefix: Some(prefix.to_owned()), limit: 100, ..UserQuery::default() }
}

async fn listed(store: &AnyStore, query: &UserQuery) -> Vec<String> {
    let users = store.users(query).await.expect("the store works");
    users.into_iter().map(|user| user.username).collect()
}
