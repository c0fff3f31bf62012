//! One-time tokens.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use std::time::Duration;

use vestibule_core::{
    id::UserId,
    one_time::{
        ChangeAddress, KeepAddress, LinkSecret, OneTime, OneTimeToken, Purpose, ReadFor,
        ResetPassword, RestoreAccount, TokenKey, VerifyAddress,
    },
    session::{EndReason, Session},
    user::{User, UserChange, UserStatus},
};

use super::{AnySiteStore, add, change};
use crate::{
    SeededEntropy,
    samples::{self, START, at, email, new_user, password_hash, username},
    store_suite::race,
};

const ALL: [Purpose; 5] = Purpose::ALL;

pub async fn a_token_is_read_as_it_was_kept(store: AnySiteStore) {
    for (number, purpose) in (0..).zip(ALL) {
        let token = token(number, purpose, UserId(1));
        store.put_one_time(&token).await.expect("ok");
        assert_eq!(store.one_time(&token.key()).await.expect("ok"), Some(token.clone()));
        assert_eq!(store.one_time_of(UserId(1), purpose).await.expect("ok"), Some(token));
    }
    let other = token(9, Purpose::VerifyAddress, UserId(1));
    assert_eq!(store.one_time(&other.key()).await.expect("ok"), None);
    assert_eq!(store.one_time_of(UserId(2), Purpose::VerifyAddress).await.expect("ok"), None);
    assert_eq!(use_up(&store, &other, 0).await, None);
}

pub async fn a_token_is_used_once(store: AnySiteStore) {
    let token = token(1, Purpose::ResetPassword, UserId(1));
    store.put_one_time(&token).await.expect("ok");
    let used = OneTime { used_at: Some(at(5)), ..token.clone() };
    assert_eq!(use_up(&store, &token, 5).await, Some(used.clone()));
    assert_eq!(use_up(&store, &token, 6).await, None);
    assert_eq!(store.one_time(&token.key()).await.expect("ok"), Some(used), "it is remembered");
}

pub async fn an_expired_token_is_not_used(store: AnySiteStore) {
    let token = token(1, Purpose::ResetPassword, UserId(1));
    store.put_one_time(&token).await.expect("ok");
    let at_end = store.use_one_time(&token.key(), token.expires_at).await.expect("ok");
    assert_eq!(at_end, None);
    let before = token.expires_at - Duration::from_millis(1);
    let in_time = store.use_one_time(&token.key(), before).await.expect("ok");
    assert_eq!(in_time.expect("it works to the end").used_at, Some(before));
}

pub async fn a_token_is_there_for_its_purpose_only(store: AnySiteStore) {
    fn key<P: ReadFor>(secret: &LinkSecret) -> TokenKey {
        OneTimeToken::<P>::parse(&secret.encode()).expect("one of ours").key()
    }
    for (number, purpose) in (0..).zip(ALL) {
        let secret = LinkSecret::draw(&SeededEntropy::new(number));
        let kept = token(number, purpose, UserId(1));
        if kept.session.is_some() {
            begin(&store, &kept).await;
        }
        store.put_one_time(&kept).await.expect("ok");
        for other in [
            key::<VerifyAddress>(&secret),
            key::<ResetPassword>(&secret),
            key::<ChangeAddress>(&secret),
            key::<RestoreAccount>(&secret),
            key::<KeepAddress>(&secret),
        ] {
            assert_eq!(other.hash(), &kept.hash);
            if other.purpose() != purpose {
                assert_eq!(store.one_time(&other).await.expect("ok"), None);
                assert_eq!(store.use_one_time(&other, START).await.expect("ok"), None);
            }
        }
        assert!(use_up(&store, &kept, 0).await.is_some());
    }
}

pub async fn a_bound_token_works_while_its_session_goes_on(store: AnySiteStore) {
    let anna = add(&store, &new_user("anna")).await;
    let kept = token(1, Purpose::ChangeAddress, anna.id);
    store.put_one_time(&kept).await.expect("ok");
    assert_eq!(use_up(&store, &kept, 0).await, None, "nobody's session");
    let unbound = OneTime { session: None, ..kept.clone() };
    let session = begin(&store, &kept).await;
    store.put_one_time(&unbound).await.expect("ok");
    assert_eq!(use_up(&store, &unbound, 0).await, None, "no session asked");
    for reason in [EndReason::SignedOut, EndReason::Theft, EndReason::EndedByAdmin] {
        store.put_one_time(&kept).await.expect("ok");
        store.end_session(session.id, reason, at(2)).await.expect("ok");
        assert_eq!(use_up(&store, &kept, 3).await, None, "{reason}");
        assert_eq!(store.one_time(&kept.key()).await.expect("ok"), Some(kept.clone()));
    }
    let other = Session { id: samples::session(2, anna.id).id, ..session };
    let kept = OneTime { session: Some(other.id), ..kept };
    assert!(store.create_session(&other, None).await.expect("ok"));
    store.put_one_time(&kept).await.expect("ok");
    assert!(use_up(&store, &kept, 3).await.is_some());
}

pub async fn who_keeps_their_address_waits_for_no_other(store: AnySiteStore) {
    let (anna, bert) = people_with_tokens(&store).await;
    change(&store, &anna, UserChange { keeps_email: true, ..UserChange::default() }).await;
    for purpose in ALL {
        let left = store.one_time_of(anna.id, purpose).await.expect("ok").is_some();
        assert_eq!(left, purpose != Purpose::ChangeAddress);
    }
    assert_eq!(count(&store, &bert).await, ALL.len());
    assert_eq!(store.user(anna.id).await.expect("ok").expect("there").email, anna.email);
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
    assert_eq!(store.one_time(&old.key()).await.expect("ok"), None);
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
        assert_eq!(store.one_time(&token.key()).await.expect("ok").as_ref(), Some(token));
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
    assert_eq!(store.one_time(&short.key()).await.expect("ok"), None);
    assert_eq!(store.one_time(&long.key()).await.expect("ok"), Some(long));
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
    store.use_one_time(&token.key(), at(second)).await.expect("the store works")
}

/// Each `number` has a secret, and a session, of its own.
fn token(number: u64, purpose: Purpose, user: UserId) -> OneTime {
    let secret = LinkSecret::draw(&SeededEntropy::new(number));
    let token = OneTime::new(&secret, purpose, user, &email("Anna@example.org"), START);
    let session = purpose.is_bound().then(|| samples::session(number, user).id);
    OneTime { session, ..token }
}

/// Begins the session that a token is bound to.
async fn begin(store: &AnySiteStore, token: &OneTime) -> Session {
    let session = samples::session(0, token.user);
    let session = Session { id: token.session.unwrap_or(session.id), ..session };
    assert!(store.create_session(&session, None).await.expect("ok"));
    session
}
