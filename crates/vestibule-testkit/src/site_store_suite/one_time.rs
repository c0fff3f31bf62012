//! One-time tokens.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use std::time::Duration;

use vestibule_core::{
    id::UserId,
    one_time::{OneTime, OneTimeToken, Purpose},
    user::{User, UserChange, UserStatus},
};

use super::{AnySiteStore, add, change};
use crate::{
    SeededEntropy,
    samples::{START, at, email, new_user, password_hash, username},
    store_suite::race,
};

const ALL: [Purpose; 4] = [
    Purpose::VerifyAddress,
    Purpose::ResetPassword,
    Purpose::ChangeAddress,
    Purpose::RestoreAccount,
];

pub async fn a_token_is_read_as_it_was_kept(store: AnySiteStore) {
    for (number, purpose) in (0..).zip(ALL) {
        let token = token(number, purpose, UserId(1));
        store.put_one_time(&token).await.expect("ok");
        assert_eq!(store.one_time(&token.hash).await.expect("ok"), Some(token.clone()));
        assert_eq!(store.one_time_of(UserId(1), purpose).await.expect("ok"), Some(token));
    }
    let other = token(9, Purpose::VerifyAddress, UserId(1));
    assert_eq!(store.one_time(&other.hash).await.expect("ok"), None);
    assert_eq!(store.one_time_of(UserId(2), Purpose::VerifyAddress).await.expect("ok"), None);
    assert_eq!(use_up(&store, &other, 0).await, None);
}

pub async fn a_token_is_used_once(store: AnySiteStore) {
    let token = token(1, Purpose::ResetPassword, UserId(1));
    store.put_one_time(&token).await.expect("ok");
    let used = OneTime { used_at: Some(at(5)), ..token.clone() };
    assert_eq!(use_up(&store, &token, 5).await, Some(used.clone()));
    assert_eq!(use_up(&store, &token, 6).await, None);
    assert_eq!(store.one_time(&token.hash).await.expect("ok"), Some(used), "it is remembered");
}

pub async fn an_expired_token_is_not_used(store: AnySiteStore) {
    let token = token(1, Purpose::ResetPassword, UserId(1));
    store.put_one_time(&token).await.expect("ok");
    let hash = token.hash;
    let at_end = store.use_one_time(&hash, token.purpose, token.expires_at).await.expect("ok");
    assert_eq!(at_end, None);
    let before = token.expires_at - Duration::from_millis(1);
    let in_time = store.use_one_time(&hash, token.purpose, before).await.expect("ok");
    assert_eq!(in_time.expect("it works to the end").used_at, Some(before));
}

pub async fn a_token_is_used_for_its_purpose_only(store: AnySiteStore) {
    let token = token(1, Purpose::VerifyAddress, UserId(1));
    store.put_one_time(&token).await.expect("ok");
    for purpose in [Purpose::ResetPassword, Purpose::ChangeAddress] {
        let used = store.use_one_time(&token.hash, purpose, START).await.expect("ok");
        assert_eq!(used, None);
    }
    assert!(use_up(&store, &token, 0).await.is_some());
}

pub async fn of_twenty_who_use_a_token_one_does(store: AnySiteStore) {
    for round in 0..3 {
        let token = token(round, Purpose::ResetPassword, UserId(1));
        store.put_one_time(&token).await.expect("ok");
        let used = race(20, |number| {
            let (store, token) = (store.clone(), token.clone());
            async move { use_up(&store, &token, number as i64).await }
        })
        .await;
        assert_eq!(used.into_iter().flatten().count(), 1);
    }
}

pub async fn a_newer_token_takes_the_place_of_the_older(store: AnySiteStore) {
    let (old, new) = (
        token(1, Purpose::ResetPassword, UserId(1)),
        OneTime { created_at: at(9), ..token(2, Purpose::ResetPassword, UserId(1)) },
    );
    store.put_one_time(&old).await.expect("ok");
    store.put_one_time(&new).await.expect("ok");
    assert_eq!(store.one_time(&old.hash).await.expect("ok"), None);
    assert_eq!(use_up(&store, &old, 0).await, None);
    assert!(use_up(&store, &new, 10).await.is_some());
    store.put_one_time(&token(3, Purpose::ResetPassword, UserId(1))).await.expect("ok");
    let standing = store.one_time_of(UserId(1), Purpose::ResetPassword).await.expect("ok");
    assert_eq!(standing.expect("there is one").used_at, None, "a used one gives way as well");
}

pub async fn tokens_of_other_purposes_and_users_stay(store: AnySiteStore) {
    let tokens: Vec<_> = (0..)
        .zip([1, 2].into_iter().flat_map(|user| ALL.map(|purpose| (user, purpose))))
        .map(|(number, (user, purpose))| token(number, purpose, UserId(user)))
        .collect();
    for token in &tokens {
        store.put_one_time(token).await.expect("ok");
    }
    assert!(use_up(&store, &tokens[0], 0).await.is_some());
    for token in &tokens[1..] {
        assert_eq!(store.one_time(&token.hash).await.expect("ok").as_ref(), Some(token));
    }
}

pub async fn another_password_voids_all_of_a_users_tokens(store: AnySiteStore) {
    let (anna, bert) = people_with_tokens(&store).await;
    let password = Some(password_hash(2));
    change(&store, &anna, UserChange { password_hash: password, ..UserChange::default() }).await;
    assert_eq!((count(&store, &anna).await, count(&store, &bert).await), (0, ALL.len()));
}

pub async fn another_address_voids_all_of_a_users_tokens(store: AnySiteStore) {
    let (anna, bert) = people_with_tokens(&store).await;
    let email = Some(email("anna@elsewhere.example"));
    let verified = UserChange { email, email_verified_at: Some(at(5)), ..UserChange::default() };
    change(&store, &anna, verified).await;
    assert_eq!((count(&store, &anna).await, count(&store, &bert).await), (0, ALL.len()));
}

pub async fn an_account_that_comes_back_has_no_tokens_from_before(store: AnySiteStore) {
    let (anna, bert) = people_with_tokens(&store).await;
    let status = |status| UserChange { status: Some(status), ..UserChange::default() };
    change(&store, &anna, status(UserStatus::Deleted)).await;
    assert_eq!(count(&store, &anna).await, ALL.len(), "the one that takes it back is among them");
    change(&store, &anna, status(UserStatus::Active)).await;
    assert_eq!((count(&store, &anna).await, count(&store, &bert).await), (0, ALL.len()));
}

pub async fn what_is_no_other_password_or_address_voids_nothing(store: AnySiteStore) {
    let (anna, _) = people_with_tokens(&store).await;
    for harmless in [
        // The same address in another spelling, verified.
        UserChange {
            email: Some(email("Anna@EXAMPLE.org")),
            email_verified_at: Some(at(5)),
            ..UserChange::default()
        },
        UserChange {
            password_hash: Some(password_hash(3)),
            keeps_password: true,
            ..UserChange::default()
        },
        UserChange { username: Some(username("hanna")), ..UserChange::default() },
        UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() },
    ] {
        change(&store, &anna, harmless).await;
        assert_eq!(count(&store, &anna).await, ALL.len());
    }
}

pub async fn a_change_that_is_refused_voids_nothing(store: AnySiteStore) {
    let (anna, _) = people_with_tokens(&store).await;
    let taken = UserChange {
        email: Some(email("bert@example.org")),
        password_hash: Some(password_hash(2)),
        ..UserChange::default()
    };
    let refused = store.change_user(anna.id, &taken, at(1)).await.expect("ok");
    assert!(refused.expect("the user is there").is_err());
    assert_eq!(count(&store, &anna).await, ALL.len());
}

pub async fn a_users_tokens_can_be_dropped(store: AnySiteStore) {
    let (anna, bert) = people_with_tokens(&store).await;
    store.drop_one_time(anna.id).await.expect("ok");
    store.drop_one_time(anna.id).await.expect("dropping none does no harm");
    assert_eq!((count(&store, &anna).await, count(&store, &bert).await), (0, ALL.len()));
}

pub async fn old_tokens_are_purged(store: AnySiteStore) {
    let short = token(1, Purpose::ResetPassword, UserId(1));
    let long = token(2, Purpose::VerifyAddress, UserId(1));
    for token in [&short, &long] {
        store.put_one_time(token).await.expect("ok");
    }
    assert_eq!(store.purge_one_time(short.expires_at).await.expect("ok"), 0);
    let later = short.expires_at + Duration::from_millis(1);
    assert_eq!(store.purge_one_time(later).await.expect("ok"), 1);
    assert_eq!(store.one_time(&short.hash).await.expect("ok"), None);
    assert_eq!(store.one_time(&long.hash).await.expect("ok"), Some(long));
}

pub async fn everybodys_tokens_can_be_dropped(store: AnySiteStore) {
    let (anna, bert) = people_with_tokens(&store).await;
    let all = 2 * ALL.len() as u64;
    assert_eq!(store.drop_all_one_time().await.expect("ok"), all);
    assert_eq!((count(&store, &anna).await, count(&store, &bert).await), (0, 0));
    assert_eq!(store.drop_all_one_time().await.expect("ok"), 0);
}

/// Two people who have a token for each purpose.
async fn people_with_tokens(store: &AnySiteStore) -> (User, User) {
    let anna = add(store, &new_user("anna")).await;
    let bert = add(store, &new_user("bert")).await;
    for (person, user) in [&anna, &bert].into_iter().enumerate() {
        for (number, purpose) in (0..).zip(ALL) {
            let number = 10 * person as u64 + number;
            store.put_one_time(&token(number, purpose, user.id)).await.expect("ok");
        }
    }
    (anna, bert)
}

async fn count(store: &AnySiteStore, user: &User) -> usize {
    let mut count = 0;
    for purpose in ALL {
        count += usize::from(store.one_time_of(user.id, purpose).await.expect("ok").is_some());
    }
    count
}

async fn use_up(store: &AnySiteStore, token: &OneTime, second: i64) -> Option<OneTime> {
    store.use_one_time(&token.hash, token.purpose, at(second)).await.expect("the store works")
}

/// Each `number` has a secret of its own.
fn token(number: u64, purpose: Purpose, user: UserId) -> OneTime {
    let token = OneTimeToken::draw(&SeededEntropy::new(number));
    OneTime::new(&token, purpose, user, &email("Anna@example.org"), START)
}
