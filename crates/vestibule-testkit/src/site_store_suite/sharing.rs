//! Sharing.
#![expect(missing_docs, reason = "the names of the cases are the sentences of the contract")]

use vestibule_core::{
    id::UserId,
    user::{NewUser, UserChange, UserStatus},
};
use vestibule_site::{
    file::{MAX_SHARES, ShareAccess},
    store::Shared,
};

use super::{AnySiteStore, add_file, add_user, file_id, new_file, seen, set_status};
use crate::samples::{at, email, new_user, username};

async fn share(store: &AnySiteStore, number: u8, with: UserId, access: ShareAccess) -> Shared {
    store.share_file(file_id(number), with, access).await.expect("the store works")
}

pub async fn a_file_is_shared_with_whom_it_is_shared_with(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    let eve = add_user(&store, "eve").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    add_file(&store, &new_file(2, ann, 1), at(2)).await;
    assert_eq!(share(&store, 1, bob, ShareAccess::Read).await, Shared::Done);
    let share_of = async |number, reader| seen(&store, number, reader).await.and_then(|s| s.share);
    assert_eq!(share_of(1, bob).await, Some(ShareAccess::Read));
    assert_eq!(share_of(1, eve).await, None);
    assert_eq!(share_of(1, ann).await, None);
    assert_eq!(share_of(2, bob).await, None);
    let (content, _) = store.content(file_id(1), bob).await.expect("ok").expect("it is there");
    assert_eq!(content.share, Some(ShareAccess::Read));

    assert!(store.unshare_file(file_id(1), bob).await.expect("ok"));
    assert!(!store.unshare_file(file_id(1), bob).await.expect("ok"), "once only");
    assert_eq!(share_of(1, bob).await, None);
    assert!(store.shares_of(&[file_id(1)]).await.expect("ok").is_empty());
}

pub async fn sharing_again_changes_for_what(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    for access in [ShareAccess::Read, ShareAccess::Write, ShareAccess::Read] {
        assert_eq!(share(&store, 1, bob, access).await, Shared::Done);
        assert_eq!(seen(&store, 1, bob).await.and_then(|seen| seen.share), Some(access));
        assert_eq!(store.shares_of(&[file_id(1)]).await.expect("ok").len(), 1);
    }
}

pub async fn sharing_with_nobody_is_told(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    let eve = add_user(&store, "eve").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    set_status(&store, bob, UserStatus::Deleted).await;
    set_status(&store, eve, UserStatus::Suspended).await;
    for nobody in [bob, UserId(404)] {
        assert_eq!(share(&store, 1, nobody, ShareAccess::Read).await, Shared::Nobody);
    }
    assert_eq!(share(&store, 1, eve, ShareAccess::Read).await, Shared::Done);
    assert_eq!(share(&store, 2, eve, ShareAccess::Read).await, Shared::Nobody);
    let shares = store.shares_of(&[file_id(1)]).await.expect("ok");
    assert_eq!(shares.iter().map(|share| share.user).collect::<Vec<_>>(), [eve]);
}

pub async fn a_file_is_shared_with_so_many_only(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    let mut last = ann;
    for number in 0..MAX_SHARES {
        last = add_user(&store, &format!("guest{number}")).await;
        assert_eq!(share(&store, 1, last, ShareAccess::Read).await, Shared::Done);
    }
    let more = add_user(&store, "more").await;
    assert_eq!(share(&store, 1, more, ShareAccess::Read).await, Shared::TooMany);
    assert_eq!(share(&store, 1, last, ShareAccess::Write).await, Shared::Done, "it is theirs");
    assert!(store.unshare_file(file_id(1), last).await.expect("ok"));
    assert_eq!(share(&store, 1, more, ShareAccess::Read).await, Shared::Done);
}

pub async fn shares_are_told_of_several_files_at_once(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    let eve = add_user(&store, "eve").await;
    for number in 1..4 {
        add_file(&store, &new_file(number, ann, 1), at(1)).await;
    }
    for (number, with, access) in
        [(1, eve, ShareAccess::Read), (1, bob, ShareAccess::Write), (3, eve, ShareAccess::Read)]
    {
        share(&store, number, with, access).await;
    }
    let renamed = UserChange { username: Some(username("robert")), ..UserChange::default() };
    store.change_user(bob, &renamed, at(2)).await.expect("ok").expect("there").expect("free");
    let wanted = [file_id(3), file_id(2), file_id(1)];
    let shares = store.shares_of(&wanted).await.expect("ok");
    let told: Vec<_> =
        shares.iter().map(|share| (share.file, &*share.username, share.access)).collect();
    assert_eq!(
        told,
        [
            (file_id(3), "eve", ShareAccess::Read),
            (file_id(1), "robert", ShareAccess::Write),
            (file_id(1), "eve", ShareAccess::Read),
        ]
    );
    assert_eq!(shares[1].user, bob);
}

pub async fn a_deleted_file_is_shared_no_more(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    share(&store, 1, bob, ShareAccess::Read).await;
    assert!(store.delete_file(file_id(1), None, at(2)).await.expect("ok"));
    assert!(store.files_shared_with(bob, None, 10).await.expect("ok").is_empty());
    assert!(store.shares_of(&[file_id(1)]).await.expect("ok").is_empty());
}

async fn offer(store: &AnySiteStore, number: u8, name: &str, access: ShareAccess) -> Shared {
    store.offer_file(file_id(number), &username(name), access, at(50)).await.expect("ok")
}

/// Whether the name is somebody's makes no difference.
pub async fn a_file_is_offered_to_a_name(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    for name in ["BOB", "nobody"] {
        assert_eq!(offer(&store, 1, name, ShareAccess::Write).await, Shared::Done);
    }
    assert_eq!(offer(&store, 9, "bob", ShareAccess::Read).await, Shared::Nobody, "no such file");
    let offers = store.offers_of(&[file_id(2), file_id(1)]).await.expect("ok");
    let told: Vec<_> = offers.iter().map(|offer| (&*offer.name, offer.access)).collect();
    assert_eq!(told, [("BOB", ShareAccess::Write), ("nobody", ShareAccess::Write)]);
    assert!(store.shares_of(&[file_id(1)]).await.expect("ok").is_empty());

    let offered = store.files_offered_to(bob, None, 10).await.expect("ok");
    assert_eq!(offered.iter().map(|seen| seen.file.id).collect::<Vec<_>>(), [file_id(1)]);
    assert!(store.files_shared_with(bob, None, 10).await.expect("ok").is_empty());
    let share = async || seen(&store, 1, bob).await.and_then(|seen| seen.share);
    assert_eq!(share().await, Some(ShareAccess::Write), "whoever knows its id sees it");
    assert_eq!(offer(&store, 1, "bob", ShareAccess::Read).await, Shared::Done);
    assert_eq!(share().await, Some(ShareAccess::Read));
    for removed in [true, false] {
        let withdrawn = store.withdraw_offer(file_id(1), &username("Bob")).await;
        assert_eq!(withdrawn.expect("ok"), removed);
    }
    assert_eq!(share().await, None);
}

pub async fn an_offer_that_is_accepted_is_a_share(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    offer(&store, 1, "bob", ShareAccess::Read).await;
    for (reader, accepted) in [(ann, false), (bob, true), (bob, false)] {
        assert_eq!(store.accept_offer(file_id(1), reader).await.expect("ok"), accepted);
    }
    assert!(store.offers_of(&[file_id(1)]).await.expect("ok").is_empty());
    assert!(store.files_offered_to(bob, None, 10).await.expect("ok").is_empty());
    assert_eq!(store.files_shared_with(bob, None, 10).await.expect("ok").len(), 1);
    // From now on it is changed without asking.
    assert_eq!(offer(&store, 1, "bob", ShareAccess::Write).await, Shared::Done);
    assert_eq!(seen(&store, 1, bob).await.and_then(|seen| seen.share), Some(ShareAccess::Write));
    assert!(store.offers_of(&[file_id(1)]).await.expect("ok").is_empty());
}

/// Whoever takes a name later has nothing by it, and whoever gave it up neither.
pub async fn an_offer_is_for_whom_it_was_made(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    offer(&store, 1, "bob", ShareAccess::Read).await;
    let renamed = UserChange { username: Some(username("robert")), ..UserChange::default() };
    store.change_user(bob, &renamed, at(60)).await.expect("ok").expect("there").expect("free");
    let new = NewUser { email: email("another@example.org"), ..new_user("bob") };
    let other = store.create_user(&new, at(70)).await.expect("ok").expect("free").id;
    for reader in [bob, other] {
        assert!(store.files_offered_to(reader, None, 10).await.expect("ok").is_empty());
        assert!(!store.accept_offer(file_id(1), reader).await.expect("ok"));
        assert_eq!(seen(&store, 1, reader).await.and_then(|seen| seen.share), None);
    }
}

pub async fn a_file_is_offered_to_so_many_only(store: AnySiteStore) {
    let ann = add_user(&store, "ann").await;
    let bob = add_user(&store, "bob").await;
    add_file(&store, &new_file(1, ann, 1), at(1)).await;
    assert_eq!(share(&store, 1, bob, ShareAccess::Read).await, Shared::Done);
    for number in 1..MAX_SHARES {
        let name = format!("guest{number}");
        assert_eq!(offer(&store, 1, &name, ShareAccess::Read).await, Shared::Done);
    }
    assert_eq!(offer(&store, 1, "more", ShareAccess::Read).await, Shared::TooMany);
    assert_eq!(offer(&store, 1, "guest1", ShareAccess::Write).await, Shared::Done);
    assert_eq!(offer(&store, 1, "bob", ShareAccess::Write).await, Shared::Done);
    assert!(store.delete_file(file_id(1), None, at(2)).await.expect("ok"));
    assert!(store.offers_of(&[file_id(1)]).await.expect("ok").is_empty());
}
