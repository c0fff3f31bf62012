//! The behaviour suite of the store contract (see [`vestibule_core::store`]).
//!
//! Every case gets a store of its own, empty, as an [`AnyStore`], and panics where a sentence of the
//! contract does not hold. [`store_suite!`](crate::store_suite!) makes a test of each, so that a
//! failure has a name:
//!
//! ```
//! use std::sync::Arc;
//!
//! use vestibule_core::memory::MemoryStore;
//! use vestibule_testkit::store_suite::AnyStore;
//!
//! // The second value is kept until the test has ended: a temporary folder, for example.
//! async fn make() -> (AnyStore, ()) {
//!     (Arc::new(MemoryStore::new()), ())
//! }
//!
//! vestibule_testkit::store_suite!(make);
//! # fn main() {}
//! ```
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "every case panics where the contract does not hold: that is what it is for"
)]

pub mod advancing;
pub mod ending;
pub mod feed;
pub mod history;
pub mod keys;
pub mod leases;
pub mod listing;
pub mod names;
pub mod sessions;
pub mod users;
pub mod values;

use std::sync::Arc;

use tokio::task::JoinSet;
use vestibule_core::{
    id::UserId,
    session::Session,
    store::{Change, Changed, SessionQuery, Store},
    time::Timestamp,
    user::{NewUser, User, UserChange},
};

use crate::samples::{self, START, at};

/// The store under test.
pub type AnyStore = Arc<dyn Store>;

/// Makes one test of each case of the store contract, against the store that `$make` makes.
///
/// `$make` is the path of an `async fn() -> (AnyStore, Guard)`; the guard lives as long as the test.
/// The crate that calls this needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_suite {
    ($make:path) => {
        $crate::store_suite!(@cases $make, sessions,
            a_session_is_read_as_it_was_written
            what_is_not_there_is_no_error
            a_session_is_never_overwritten
            a_guard_that_holds_lets_the_session_be_written
            a_guard_fails_on_another_password
            a_guard_fails_on_an_account_without_a_password
            a_guard_fails_on_a_suspended_or_deleted_user
            a_guard_fails_on_a_user_who_is_not_there
            a_password_change_and_a_sign_in_do_not_pass_each_other
            confirming_notes_time_and_methods
            an_ended_session_is_not_confirmed
        );
        $crate::store_suite!(@cases $make, advancing,
            advancing_makes_the_next_generation
            advancing_from_an_older_or_later_generation_does_nothing
            handing_out_again_is_noted_for_the_current_generation
            an_ended_session_does_not_advance
            of_fifty_racers_one_advances
            advancing_never_lowers_the_seen_generation
            a_sighting_raises_what_was_seen
            a_late_sighting_lowers_nothing
            sightings_of_one_batch_may_come_in_any_order
            a_sighting_of_no_session_is_passed_over
        );
        $crate::store_suite!(@cases $make, ending,
            the_first_reason_stays
            of_twenty_who_end_a_session_one_did
            ending_a_users_sessions_says_which
            one_session_can_stay
            ending_all_sessions_ends_everybodys
            sessions_that_have_ended_are_not_ended_again
            advancing_and_ending_do_not_pass_each_other
        );
        $crate::store_suite!(@cases $make, listing,
            a_users_sessions_come_last_used_first
            ended_sessions_are_listed_from_a_moment_on
            active_sessions_have_neither_ended_nor_expired
            active_sessions_come_page_by_page
            a_users_sessions_come_page_by_page
            beyond_a_bound_the_sessions_unused_longest_end
            ending_very_many_sessions_ends_all_of_them
            purging_removes_what_ended_or_expired_before
        );
        $crate::store_suite!(@cases $make, history,
            what_became_of_tokens_is_read_as_it_was_noted
            notes_of_one_kind_are_added_up
            a_late_note_counts_but_does_not_move_back
            a_history_goes_back_so_many_generations
            a_note_of_no_session_is_passed_over
            a_history_goes_with_its_session
            of_twenty_who_note_the_same_all_are_counted
        );
        $crate::store_suite!(@cases $make, leases,
            a_lease_has_one_holder
            a_lease_that_ran_out_passes_on
            a_lease_that_was_given_back_passes_on
            only_the_holder_gives_a_lease_back
            of_twenty_who_want_a_lease_one_gets_it
        );
        $crate::store_suite!(@cases $make, names,
            spellings_of_one_name_are_one_account
            where_both_names_are_taken_the_user_name_is_reported
            a_deleted_users_names_stay_taken
            of_twenty_registrations_of_one_name_one_succeeds
            a_name_can_be_changed_to_another_spelling_of_itself
            a_change_to_a_taken_name_changes_nothing
            a_name_given_up_can_be_taken
            what_is_nobodys_name_finds_nobody
        );
        $crate::store_suite!(@cases $make, users,
            an_account_is_read_as_it_was_made
            an_account_can_have_been_made_elsewhere
            a_hash_of_another_making_is_kept_letter_by_letter
            a_hash_is_replaced_only_where_it_still_stands
            credentials_are_found_by_name_address_and_number
            a_change_leaves_the_rest_as_it_is
            only_what_tokens_say_raises_the_version
            another_address_is_not_verified
            a_super_user_counts_while_active
            users_are_listed_in_the_order_of_their_numbers
            users_are_found_by_the_beginning_of_name_or_address
            signs_with_a_meaning_in_patterns_have_none_in_a_prefix
            users_are_found_by_status
            users_are_found_by_role_and_by_running_the_site
            the_last_active_super_user_stays_one
            of_two_super_users_who_end_each_other_one_stays
            a_deleted_account_does_not_come_back
            a_deletion_is_taken_back_by_whom_it_may
            an_owner_does_what_is_theirs_to_do
        );
        $crate::store_suite!(@cases $make, keys,
            an_empty_ring_has_revision_zero
            a_ring_is_read_as_it_was_written
            a_ring_is_replaced_only_from_its_revision
            of_ten_who_replace_a_ring_one_does
        );
        $crate::store_suite!(@cases $make, feed,
            an_empty_feed_ends_at_zero
            each_change_is_one_entry_in_order_without_gaps
            what_changed_nothing_is_no_entry
            concurrent_changes_leave_no_gap
            changes_after_a_place_are_limited
            changes_since_a_moment_include_it
            purging_keeps_the_last_change
            purging_never_tears_a_gap
            the_numbers_go_on_after_a_purge
            a_store_is_born_in_an_epoch_and_another_can_begin
        );
        $crate::store_suite!(@cases $make, values,
            a_value_is_kept_under_its_name
            a_value_is_replaced_only_where_it_still_stands
            of_twenty_who_keep_a_first_value_one_does
        );
    };
    (@cases $make:path, $module:ident, $($case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _guard) = $make().await;
                $crate::store_suite::$module::$case(store).await;
            }
        )+
    };
}

async fn add_user(store: &AnyStore, new: &NewUser) -> User {
    store.create_user(new, START).await.expect("the store works").expect("the names are free")
}

async fn add_session(store: &AnyStore, number: u64, user: UserId) -> Session {
    let session = samples::session(number, user);
    add(store, &session).await;
    session
}

async fn add(store: &AnyStore, session: &Session) {
    assert!(store.create_session(session, None).await.expect("the store works"));
}

/// The row of a session. When it was handed out is for [`SessionStore::session_to_renew`] to tell.
async fn read(store: &AnyStore, session: &Session) -> Session {
    let row = store.session(session.id).await.expect("the store works");
    Session { handed_out_at: session.handed_out_at, ..row.expect("the session is there") }
}

async fn change(store: &AnyStore, id: UserId, change: UserChange) -> User {
    let changed = store.change_user(id, &change, at(60)).await.expect("the store works");
    changed.expect("the user is there").expect("the names are free")
}

async fn feed(store: &AnyStore) -> Vec<Change> {
    store.changes_after(0, u32::MAX).await.expect("the store works")
}

/// All of a user's sessions that are not over, and those that were not before a moment.
fn all_of(user: UserId, over_since: Timestamp) -> SessionQuery {
    SessionQuery { user, over_since, behind: None, limit: u32::MAX }
}

async fn news(store: &AnyStore) -> Vec<Changed> {
    feed(store).await.into_iter().map(|change| change.what).collect()
}

/// Runs `task` for each of `0..count` at the same time and gives what they gave, in no order.
pub(crate) async fn race<T, F>(count: u64, task: impl Fn(u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut racers: JoinSet<T> = (0..count).map(task).collect();
    let mut results = Vec::new();
    while let Some(result) = racers.join_next().await {
        results.push(result.expect("no racer fails"));
    }
    results
}
