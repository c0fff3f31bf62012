//! Making, reading and confirming sessions.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    id::UserId,
    session::{Carrier, EndReason},
    store::{SessionSelection, StoreError},
    user::{NewUser, UserChange, UserStatus},
};

use super::{AnyStore, add, add_session, add_user, all_of, change, race, read};
use crate::samples::{START, at, new_user, password_hash, session, session_id};

pub async fn a_session_is_read_as_it_was_written(store: AnyStore) {
    let browser = session(1, UserId(7));
    let mut app = session(2, UserId(i64::MAX));
    app.carrier = Carrier::Header;
    app.remembered = false;
    app.methods = vec!["pwd".to_owned(), "otp".to_owned(), "two words, a comma".to_owned()];
    app.device = Some("Ann's 📱".to_owned());
    app.generation = u64::MAX >> 1;
    app.auth_time = START - std::time::Duration::from_millis(1);
    add(&store, &browser).await;
    add(&store, &app).await;
    assert_eq!(read(&store, &browser).await, browser);
    assert_eq!(read(&store, &app).await, app);
}

pub async fn what_is_not_there_is_no_error(store: AnyStore) {
    let (nobody, nothing) = (UserId(404), session_id(404));
    let step = vestibule_core::renewal::Advance { from: 1, renewed_at: START, expires_at: at(9) };
    let all = SessionSelection::User { id: nobody, except: Some(nothing) };
    assert!(store.session(nothing).await.expect("ok").is_none());
    assert!(!store.advance_session(nothing, &step).await.expect("ok"));
    assert!(!store.confirm_session(nothing, START, &[]).await.expect("ok"));
    assert!(!store.end_session(nothing, EndReason::Theft, START).await.expect("ok"));
    assert!(store.end_sessions(all, EndReason::Theft, START).await.expect("ok").is_empty());
    assert!(store.sessions_of(&all_of(nobody, START)).await.expect("ok").is_empty());
    assert!(store.active_sessions(START, None, 10).await.expect("ok").is_empty());
    assert_eq!(store.purge_sessions(at(1)).await.expect("ok"), 0);
    assert!(store.user(nobody).await.expect("ok").is_none());
    assert!(store.credentials_of(nobody).await.expect("ok").is_none());
    let change = UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() };
    assert!(store.change_user(nobody, &change, START).await.expect("ok").is_none());
}

pub async fn a_session_is_never_overwritten(store: AnyStore) {
    let first = add_session(&store, 1, UserId(1)).await;
    let second = session(1, UserId(2));
    let outcome = store.create_session(&second, None).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    assert_eq!(read(&store, &first).await, first);
}

pub async fn a_guard_that_holds_lets_the_session_be_written(store: AnyStore) {
    let user = add_user(&store, &new_user("ann")).await;
    let session = session(1, user.id);
    assert!(store.create_session(&session, Some(&password_hash(1))).await.expect("ok"));
    assert_eq!(read(&store, &session).await, session);
}

pub async fn a_guard_fails_on_another_password(store: AnyStore) {
    let user = add_user(&store, &new_user("ann")).await;
    refuses(&store, user.id).await;
    // Another user's password is none of theirs.
    add_user(&store, &NewUser { password_hash: Some(password_hash(2)), ..new_user("bob") }).await;
    refuses(&store, user.id).await;
}

pub async fn a_guard_fails_on_an_account_without_a_password(store: AnyStore) {
    let user = add_user(&store, &NewUser { password_hash: None, ..new_user("ann") }).await;
    refuses(&store, user.id).await;
}

pub async fn a_guard_fails_on_a_suspended_or_deleted_user(store: AnyStore) {
    let new = NewUser { password_hash: Some(password_hash(2)), ..new_user("ann") };
    let user = add_user(&store, &new).await;
    for status in [UserStatus::Suspended, UserStatus::Deleted] {
        change(&store, user.id, UserChange { status: Some(status), ..UserChange::default() }).await;
        refuses(&store, user.id).await;
    }
    let active = UserChange { status: Some(UserStatus::Active), ..UserChange::default() };
    change(&store, user.id, active).await;
    let session = session(1, user.id);
    assert!(store.create_session(&session, Some(&password_hash(2))).await.expect("ok"));
}

pub async fn a_guard_fails_on_a_user_who_is_not_there(store: AnyStore) {
    refuses(&store, UserId(404)).await;
}

pub async fn a_password_change_and_a_sign_in_do_not_pass_each_other(store: AnyStore) {
    let user = add_user(&store, &new_user("ann")).await;
    let id = user.id;
    let outcomes = race(20, |number| {
        let store = store.clone();
        async move {
            if number == 10 {
                let new =
                    UserChange { password_hash: Some(password_hash(2)), ..UserChange::default() };
                change(&store, id, new).await;
                let all = SessionSelection::User { id, except: None };
                store.end_sessions(all, EndReason::PasswordChanged, at(1)).await.expect("ok");
                None
            } else {
                let session = session(number, id);
                let guard = password_hash(1);
                Some(store.create_session(&session, Some(&guard)).await.expect("ok"))
            }
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_none()).count(), 1);
    // Whoever signed in with the old password before the change was ended by it.
    assert!(store.active_sessions(at(2), None, 100).await.expect("ok").is_empty());
}

pub async fn confirming_notes_time_and_methods(store: AnyStore) {
    let mut session = add_session(&store, 1, UserId(1)).await;
    let other = add_session(&store, 2, UserId(1)).await;
    let methods = ["pwd".to_owned(), "otp".to_owned()];
    assert!(store.confirm_session(session.id, at(90), &methods).await.expect("ok"));
    session.auth_time = at(90);
    session.methods = methods.to_vec();
    assert_eq!(read(&store, &session).await, session);
    assert_eq!(read(&store, &other).await, other);
}

pub async fn an_ended_session_is_not_confirmed(store: AnyStore) {
    let session = add_session(&store, 1, UserId(1)).await;
    assert!(store.end_session(session.id, EndReason::SignedOut, at(1)).await.expect("ok"));
    assert!(!store.confirm_session(session.id, at(2), &[]).await.expect("ok"));
    assert_eq!(read(&store, &session).await.auth_time, START);
}

async fn refuses(store: &AnyStore, user: UserId) {
    let session = session(99, user);
    assert!(!store.create_session(&session, Some(&password_hash(2))).await.expect("ok"));
    assert!(store.session(session.id).await.expect("ok").is_none());
}
