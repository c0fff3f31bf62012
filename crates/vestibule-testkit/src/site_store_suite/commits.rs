//! Changes with everything that belongs to them.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
};

use vestibule_core::{
    event::{Event, EventName},
    id::UserId,
    one_time::{LinkSecret, OneTime, Purpose, TokenKey},
    password::PasswordHash,
    renewal::{Advance, Replacement},
    ring::KeyState,
    session::{EndReason, Lifetimes, Session},
    store::{
        AccountChange, Changed, Commit, Committed, Consequences, Ending, Extension, NewSession,
        Obstacle, RingChange, StoreError,
    },
    user::{NotChanged, Taken, User, UserChange},
};
use vestibule_site::{
    outbox::{MailId, OutgoingMail},
    store::{EventQuery, Feedback, NewFeedback, OutboxQuery, SiteChange},
};

use super::{AnySiteStore, add, add_user, change};
use crate::{
    SeededEntropy,
    samples::{
        START, at, email, new_user, password_hash, session, session_id, stored_key, username,
    },
    store_suite::race,
};

/// A user with a one-time token and two sessions, and a commit that uses the one up for another password and
/// ends the others.
struct Scene {
    store: AnySiteStore,
    user: User,
    token: OneTime,
    sessions: [Session; 2],
}

impl Scene {
    async fn set(store: &AnySiteStore, number: u8) -> Self {
        let user = add(store, &new_user(&format!("user{number}"))).await;
        let token = token(number, user.id);
        store.put_one_time(&token).await.expect("ok");
        let number = u64::from(number) * 10;
        let sessions = [session(number + 1, user.id), session(number + 2, user.id)];
        for session in &sessions {
            assert!(store.create_session(session, None).await.expect("ok"));
        }
        Self { store: store.clone(), user, token, sessions }
    }

    fn commit(&self) -> Commit {
        let id = self.user.id;
        let change = UserChange { password_hash: Some(new_hash()), ..UserChange::default() };
        let commit = Commit {
            token: Some(self.use_of_token()),
            account: Some(AccountChange::Change { id, change }),
            endings: vec![Ending::OfUser { id, except: None, reason: EndReason::PasswordChanged }],
            ..Commit::default()
        };
        commit.followed_by(follow)
    }

    fn use_of_token(&self) -> TokenKey {
        self.token.key()
    }

    async fn is_changed(&self) -> bool {
        let found = self.store.credentials_of(self.user.id).await.expect("ok");
        found.expect("the user stays").password_hash == Some(new_hash())
    }

    /// All that belongs to the commit is there, or nothing of it is.
    async fn check(&self, is_whole: bool) {
        let (store, id) = (&self.store, self.user.id);
        assert_eq!(self.is_changed().await, is_whole, "the password");
        let token = store.one_time(&self.token.key()).await.expect("ok").expect("it is remembered");
        assert_eq!(token.used_at.is_some(), is_whole, "the token");
        for session in &self.sessions {
            let kept = store.session(session.id).await.expect("ok").expect("it is there");
            assert_eq!(kept.end.is_some(), is_whole, "a session");
        }
        let news = store.changes_after(0, u32::MAX).await.expect("ok");
        for session in &self.sessions {
            let ended = Changed::SessionEnded(session.id);
            let entries = news.iter().filter(|change| change.what == ended).count();
            assert_eq!(entries, usize::from(is_whole), "the feed");
        }
        assert_eq!(mails_of(store, id).await, usize::from(is_whole), "the mail");
        // One for the change, and one for each session.
        assert_eq!(events_about(store, id).await.len(), if is_whole { 3 } else { 0 }, "the events");
        let kept = store.one_time_of(id, Purpose::VerifyAddress).await.expect("ok");
        assert_eq!(kept.is_some(), is_whole, "the token of the mail");
    }
}

pub async fn all_of_a_commit_is_carried_out(store: AnySiteStore) {
    let scene = Scene::set(&store, 1).await;
    scene.check(false).await;
    let done = commit(&store, &scene.commit()).await.expect("nothing is in the way");
    scene.check(true).await;
    assert_eq!(done.before.as_ref(), Some(&scene.user));
    assert_eq!(done.user, store.user(scene.user.id).await.expect("ok"));
    assert_eq!(done.token, store.one_time(&scene.token.key()).await.expect("ok"));
    assert_eq!(done.token.expect("it was used").used_at, Some(at(60)));
    let mut ended: Vec<_> = done.ended.iter().map(|ended| (ended.id, ended.user)).collect();
    ended.sort_unstable();
    assert_eq!(ended, scene.sessions.clone().map(|session| (session.id, scene.user.id)));
}

pub async fn a_replacement_passes_over_all_tokens_of_one_session(store: AnySiteStore) {
    let scene = Scene::set(&store, 1).await;
    let [mut session, other] = scene.sessions.clone();
    assert_eq!(session.oldest_generation, 0);
    let step = Advance::of(&session, &Lifetimes::default(), at(50));
    assert!(store.advance_session(session.id, &step).await.expect("ok"));
    step.apply(&mut session);
    let replacement = Replacement::of(&session, &Lifetimes::default(), at(60));
    let replace = Commit { replacement: Some(replacement), ..Commit::default() };
    commit(&store, &replace).await.expect("nothing is in the way");
    replacement.apply(&mut session);
    assert_eq!((session.generation, session.oldest_generation), (3, 3));
    let row = async |session: &Session| {
        let row = store.session(session.id).await.expect("ok").expect("it is there");
        Session { handed_out_at: session.handed_out_at, ..row }
    };
    assert_eq!(row(&session).await, session);
    assert_eq!(row(&other).await, other);

    let reason = EndReason::SignedOut;
    let endings = vec![Ending::Session { id: session.id, reason }];
    commit(&store, &Commit { endings, ..Commit::default() }).await.expect("nothing is in the way");
    commit(&store, &replace).await.expect("one that has ended is passed over");
    assert_eq!(row(&session).await.generation, 3);
}

pub async fn what_follows_knows_what_was_done(store: AnySiteStore) {
    let first = add_user(&store, "first").await;
    let new = Commit { account: Some(AccountChange::Create(new_user("ada"))), ..Commit::default() };
    let done = commit(&store, &new.followed_by(follow)).await.expect("the names are free");
    let user = done.user.expect("an account was made");
    assert!(user.id > first && done.before.is_none());
    assert_eq!(events_about(&store, user.id).await[0].subject, Some(user.id));
    assert_eq!(mails_of(&store, user.id).await, 1);
    let kept = store.one_time_of(user.id, Purpose::VerifyAddress).await.expect("ok");
    assert_eq!(kept.expect("it was kept").user, user.id);
}

pub async fn a_session_begins_and_another_ends_in_one(store: AnySiteStore) {
    let user = add(&store, &new_user("ada")).await;
    let before = session(1, user.id);
    assert!(store.create_session(&before, None).await.expect("ok"));
    let ending = Ending::Session { id: before.id, reason: EndReason::Replaced };
    let begin = |number, hash| Commit {
        session: Some(NewSession { session: session(number, user.id), guard: Some(hash) }),
        endings: vec![ending],
        ..Commit::default()
    };
    let refused = commit(&store, &begin(2, password_hash(9)).followed_by(follow)).await;
    assert_eq!(refused.expect_err("another password"), Obstacle::Guard);
    assert_eq!(store.session(before.id).await.expect("ok"), Some(before.clone()));
    assert!(events_about(&store, user.id).await.is_empty());
    let done = commit(&store, &begin(2, password_hash(1)).followed_by(follow)).await;
    let ended = done.expect("it is the password").ended;
    assert_eq!((ended.len(), ended[0].id, ended[0].user), (1, before.id, user.id));
    let ended = store.session(before.id).await.expect("ok").expect("it is there");
    assert_eq!(ended.end.expect("it has ended").reason, EndReason::Replaced);
    assert!(store.session(session_id(2)).await.expect("ok").is_some());
    let again = commit(&store, &Commit { session: None, ..begin(3, password_hash(1)) }).await;
    assert!(again.expect("harmless").ended.is_empty(), "what has ended is passed over");
}

pub async fn an_obstacle_leaves_nothing_behind(store: AnySiteStore) {
    let scene = Scene::set(&store, 1).await;
    let other = add_user(&store, "other").await;
    let admin =
        add(&store, &vestibule_core::user::NewUser { is_super_user: true, ..new_user("admin") })
            .await;
    let id = scene.user.id;
    let account = |change| Some(AccountChange::Change { id, change });
    let name = |typed| UserChange { username: Some(username(typed)), ..UserChange::default() };
    let guarded = UserChange { is_super_user: Some(false), guarded: true, ..UserChange::default() };
    let outdated = UserChange { instead_of: Some(password_hash(7)), ..name("free") };
    let stranger = Some(NewSession { session: session(99, other), guard: Some(password_hash(8)) });
    let ring = Some(RingChange { revision: 7, keys: vec![stored_key("a", KeyState::Active)] });
    let spent = OneTime { purpose: Purpose::RestoreAccount, ..scene.token.clone() }.key();
    let taken = |taken| Obstacle::Account(NotChanged::Taken(taken));
    let settle = Some(SiteChange::SettleFeedback { id: 99, is_done: true }.into());
    let retry = Some(SiteChange::RetryMail { id: mail_id(9), gives_up_at: at(99) }.into());
    let base = scene.commit();
    let cases = [
        (Commit { token: Some(spent), ..base.clone() }, Obstacle::TokenSpent),
        (Commit { account: account(outdated), ..base.clone() }, Obstacle::NoAccount),
        (Commit { account: account(name("OTHER")), ..base.clone() }, taken(Taken::Username)),
        (
            Commit { account: Some(AccountChange::Create(new_user("other"))), ..base.clone() },
            taken(Taken::Username),
        ),
        (
            Commit {
                account: Some(AccountChange::Change { id: admin.id, change: guarded }),
                ..base.clone()
            },
            Obstacle::Account(NotChanged::LastSuperUser),
        ),
        (Commit { session: stranger, ..base.clone() }, Obstacle::Guard),
        (Commit { key_ring: ring, ..base.clone() }, Obstacle::RingMoved),
        (Commit { extension: settle, ..base.clone() }, Obstacle::Gone),
        (Commit { extension: retry, ..base.clone() }, Obstacle::Gone),
    ];
    for (case, obstacle) in cases {
        assert_eq!(commit(&store, &case).await.expect_err("it is in the way"), obstacle);
        scene.check(false).await;
    }
    assert!(store.changes_after(0, u32::MAX).await.expect("ok").is_empty());
    let nobody = UserId(999);
    let account = Some(AccountChange::Change { id: nobody, change: UserChange::default() });
    let refused = commit(&store, &Commit { account, ..base.clone() }).await;
    assert_eq!(refused.expect_err("nobody"), Obstacle::NoAccount);
    assert!(commit(&store, &base).await.is_ok());
    scene.check(true).await;
}

pub async fn what_the_store_has_no_table_for_leaves_nothing_behind(store: AnySiteStore) {
    let scene = Scene::set(&store, 1).await;
    let unknown = || Extension::new("of no table");
    let change = Commit { extension: Some(unknown()), ..scene.commit() };
    let row = scene.commit().followed_by(move |done| {
        let mut follows = follow(done);
        follows.rows.push(unknown());
        follows
    });
    for commit in [change, row] {
        let failed = store.commit(&commit, at(60)).await;
        assert!(matches!(failed, Err(StoreError::Unreadable(_))), "{failed:?}");
        scene.check(false).await;
    }
    assert!(commit(&store, &scene.commit()).await.is_ok(), "the store works on");
    scene.check(true).await;
}

pub async fn what_follows_and_panics_leaves_nothing_behind(store: AnySiteStore) {
    let scene = Scene::set(&store, 1).await;
    let panics = scene.commit().followed_by(|_| std::panic::resume_unwind(Box::new("a mistake")));
    let failed = store.commit(&panics, at(60)).await;
    assert!(matches!(failed, Err(StoreError::Unreadable(_))), "{failed:?}");
    scene.check(false).await;
    assert!(commit(&store, &scene.commit()).await.is_ok(), "the store works on");
    scene.check(true).await;
}

pub async fn of_twenty_commits_with_one_token_one_is_carried_out(store: AnySiteStore) {
    let scene = Scene::set(&store, 1).await;
    let outcomes = race(20, |_| {
        let (store, whole) = (store.clone(), scene.commit());
        async move { commit(&store, &whole).await.map(|_| ()) }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().flat_map(|o| o.as_ref().err()).all(|o| *o == Obstacle::TokenSpent));
    scene.check(true).await;
}

/// A handler is dropped wherever it waits when its client hangs up.
pub async fn a_caller_who_goes_away_leaves_all_or_nothing(store: AnySiteStore) {
    for number in 0..12 {
        let scene = Scene::set(&store, number).await;
        let whole = scene.commit();
        let is_done = {
            let mut committing = pin!(store.commit(&whole, at(60)));
            give_up_after(number, |context| committing.as_mut().poll(context).is_ready()).await
        };
        // What was begun goes on for a moment. A change that is seen is whole when it is.
        let mut is_whole = false;
        for _ in 0..200 {
            is_whole = scene.is_changed().await;
            if is_whole {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert!(is_whole || !is_done, "what was answered is there");
        if is_whole || number == 0 {
            scene.check(is_whole).await;
        }
    }
}

pub async fn commits_that_meet_are_all_carried_out(store: AnySiteStore) {
    let mut ids = Vec::new();
    for name in ["ada", "bob", "eve"] {
        ids.push(add_user(&store, name).await);
    }
    let outcomes = race(30, |number| {
        let (store, ids) = (store.clone(), ids.clone());
        async move {
            let id = ids[(number % 3) as usize];
            let session = session(number, ids[((number / 3) % 3) as usize]);
            let account = AccountChange::Change {
                id,
                change: UserChange {
                    roles: Some(crate::samples::roles(&["map"])),
                    ..UserChange::default()
                },
            };
            let whole = Commit {
                account: Some(account),
                session: Some(NewSession { session, guard: None }),
                endings: vec![Ending::OfUser {
                    id: ids[(number % 2) as usize],
                    except: None,
                    reason: EndReason::EndedByAdmin,
                }],
                ..Commit::default()
            };
            commit(&store, &whole.followed_by(follow)).await.map(|_| ())
        }
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let news = store.changes_after(0, u32::MAX).await.expect("ok");
    assert_eq!(news.last().expect("there are some").sequence, news.len() as u64, "without gaps");
    let raised: Vec<_> = ids.iter().map(|id| events_about(&store, *id)).collect();
    for events in raised {
        assert!(!events.await.is_empty());
    }
}

pub async fn an_account_of_another_table_is_announced(store: AnySiteStore) {
    let user = User { version: 7, ..add(&store, &new_user("ada")).await };
    let elsewhere = |raises_version| Commit {
        account: Some(AccountChange::Elsewhere {
            before: None,
            user: user.clone(),
            raises_version,
        }),
        ..Commit::default()
    };
    commit(&store, &elsewhere(false)).await.expect("ok");
    assert!(store.changes_after(0, 9).await.expect("ok").is_empty());
    let done = commit(&store, &elsewhere(true).followed_by(follow)).await.expect("ok");
    assert_eq!(done.user.as_ref(), Some(&user));
    let news = store.changes_after(0, 9).await.expect("ok");
    assert_eq!(news[0].what, Changed::User { id: user.id, version: 7 });
    let kept = store.user(user.id).await.expect("ok").expect("it is there");
    assert_eq!(kept.version, 1, "the store's own row is left alone");
    assert_eq!(events_about(&store, user.id).await.len(), 1);
}

pub async fn the_sites_own_tables_change_in_a_commit_too(store: AnySiteStore) {
    let feedback = NewFeedback {
        user: None,
        email: None,
        text: "Hello".to_owned(),
        address: "::1".to_owned(),
        agent: String::new(),
    };
    let only = |change| Commit { extension: Some(SiteChange::into(change)), ..Commit::default() };
    let done = commit(&store, &only(SiteChange::AddFeedback(feedback))).await.expect("ok");
    let kept = Feedback::of(&done).expect("it was kept");
    let settle = SiteChange::SettleFeedback { id: kept.id, is_done: true };
    let done = commit(&store, &only(settle)).await.expect("ok");
    assert_eq!(Feedback::of(&done).expect("it is there").done_at, Some(at(60)));
    let user = add_user(&store, "ada").await;
    store.enqueue_mail(&mail(1, user)).await.expect("ok");
    let retry = SiteChange::RetryMail { id: mail_id(1), gives_up_at: at(99) };
    assert!(commit(&store, &only(retry)).await.is_ok());
    let keys = vec![stored_key("a", KeyState::Active)];
    let ring = Some(RingChange { revision: 0, keys: keys.clone() });
    assert!(commit(&store, &Commit { key_ring: ring, ..Commit::default() }).await.is_ok());
    assert_eq!(store.key_ring().await.expect("ok"), (1, keys));
    let renamed = UserChange { email: Some(email("new@example.org")), ..UserChange::default() };
    let now = change(&store, &store.user(user).await.expect("ok").expect("ok"), renamed).await;
    assert_eq!(now.email, "new@example.org", "single operations go on beside it");
}

/// Polls so many times at most, with other tasks in between; whether it was done.
async fn give_up_after(polls: u8, mut poll: impl FnMut(&mut Context<'_>) -> bool) -> bool {
    for _ in 0..polls {
        // Nobody wakes whoever asks again by itself.
        let done = poll_fn(|_| Poll::Ready(poll(&mut Context::from_waker(Waker::noop())))).await;
        if done {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// An event and a mail with its token for the account, and an event for each session that was ended.
fn follow(done: &Committed) -> Consequences {
    let mut follows = Consequences::default();
    if let Some(user) = &done.user {
        let number = u8::try_from(user.id.0).expect("few users") + 100;
        let purpose = Purpose::VerifyAddress;
        follows.tokens.push(OneTime { purpose, ..token(number, user.id) });
        // Of an account that is changed more than once each mail has a name of its own.
        follows.rows.push(mail(u64::from(number) * 100 + user.version, user.id).into());
        follows.events.push(Event::new(EventName::UserUpdated, at(60)).about(user.id));
    }
    for ended in &done.ended {
        let event = Event::new(EventName::SessionLogout, at(60)).about(ended.user);
        follows.events.push(event.in_session(ended.id));
    }
    follows
}

async fn commit(store: &AnySiteStore, commit: &Commit) -> Result<Committed, Obstacle> {
    store.commit(commit, at(60)).await.expect("the store works")
}

fn new_hash() -> PasswordHash {
    password_hash(2)
}

fn token(number: u8, user: UserId) -> OneTime {
    let token = LinkSecret::draw(&SeededEntropy::new(u64::from(number)));
    OneTime::new(&token, Purpose::ResetPassword, user, &email("ada@example.org"), START)
}

fn mail_id(number: u64) -> MailId {
    MailId::from_bytes(u128::from(number).to_be_bytes())
}

fn mail(number: u64, user: UserId) -> OutgoingMail {
    OutgoingMail {
        id: mail_id(number),
        kind: "verify_address".to_owned(),
        user: Some(user),
        recipient: "ada@example.org".to_owned(),
        sealed: vec![1, 2, 3],
        created_at: at(60),
        gives_up_at: at(3600),
    }
}

async fn mails_of(store: &AnySiteStore, user: UserId) -> usize {
    let query = OutboxQuery { user: Some(user), limit: 100, ..OutboxQuery::default() };
    store.outbox(&query).await.expect("ok").len()
}

async fn events_about(store: &AnySiteStore, user: UserId) -> Vec<Event> {
    let query = EventQuery { subject: Some(user), limit: 100, ..EventQuery::default() };
    let events = store.events(&query).await.expect("ok");
    events.into_iter().map(|kept| kept.event).collect()
}
