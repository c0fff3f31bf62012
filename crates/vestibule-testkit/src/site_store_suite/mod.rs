//! The behaviour suite of what a store that keeps a whole site has beside the store contract: the catalogue of
//! files, the audit trail, feedback, one-time tokens, mails, changes with all that belongs to them, and the
//! erasure of deleted accounts (see
//! [`vestibule_site::store::SiteStore`]).
//!
//! It stands beside [`store_suite`](mod@crate::store_suite), and is used in the same way:
//!
//! ```
//! use std::sync::Arc;
//!
//! use vestibule_site::memory::MemoryStore;
//! use vestibule_testkit::site_store_suite::AnySiteStore;
//!
//! async fn make() -> (AnySiteStore, ()) {
//!     (Arc::new(MemoryStore::new()), ())
//! }
//!
//! vestibule_testkit::site_store_suite!(make);
//! # fn main() {}
//! ```
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "every case panics where the contract does not hold: that is what it is for"
)]

pub mod audit;
pub mod batches;
pub mod blobs;
pub mod commits;
pub mod erasure;
pub mod feedback;
pub mod files;
pub mod leaving;
pub mod lists;
pub mod one_time;
pub mod outbox;
pub mod replacing;
pub mod sharing;
pub mod uploads;

use std::sync::Arc;

use vestibule_core::{
    id::UserId,
    time::Timestamp,
    user::{NewUser, User, UserChange, UserStatus},
};
use vestibule_site::{
    file::{Blob, BlobKey, Content, File, FileName, NewFile, Quota, Upload, Usage, sha256},
    id::{FileId, UploadId},
    store::{SeenFile, SiteStore},
};

use crate::samples::{START, at, new_user};

/// The store under test.
pub type AnySiteStore = Arc<dyn SiteStore>;

/// Makes one test of each case of what a site needs of its store, against the store that `$make` makes.
///
/// `$make` is the path of an `async fn() -> (AnySiteStore, Guard)`; the guard lives as long as the test.
/// The crate that calls this needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! site_store_suite {
    ($make:path) => {
        $crate::site_store_suite!(@cases $make, files,
            a_file_is_read_as_it_was_made
            an_empty_file_is_a_file
            what_is_not_there_is_no_error_either
            a_file_beyond_the_quota_is_not_made
            of_twenty_who_fill_a_quota_as_many_succeed_as_fit
            nobodys_files_are_not_kept
            deleting_gives_back_what_it_took
            deleting_may_ask_for_a_version
        );
        $crate::site_store_suite!(@cases $make, replacing,
            a_content_takes_the_place_of_the_one_that_was_read
            a_content_whose_place_was_taken_changes_nothing
            of_twenty_who_replace_one_version_one_does
            a_replacement_beyond_the_quota_changes_nothing
            a_replacement_counts_on_its_owner
        );
        $crate::site_store_suite!(@cases $make, sharing,
            a_file_is_shared_with_whom_it_is_shared_with
            sharing_again_changes_for_what
            sharing_with_nobody_is_told
            a_file_is_shared_with_so_many_only
            shares_are_told_of_several_files_at_once
            a_deleted_file_is_shared_no_more
            a_file_is_offered_to_a_name
            an_offer_that_is_accepted_is_a_share
            an_offer_is_for_whom_it_was_made
            a_file_is_offered_to_so_many_only
        );
        $crate::site_store_suite!(@cases $make, lists,
            own_files_come_latest_first
            shared_files_come_latest_first
            a_list_goes_on_behind_a_place
        );
        $crate::site_store_suite!(@cases $make, uploads,
            an_upload_is_read_as_it_was_begun
            an_upload_grows_and_becomes_a_file
            a_blob_that_does_not_follow_is_not_added
            of_twenty_who_add_at_one_place_one_does
            only_a_whole_upload_becomes_a_file
            an_upload_counts_from_its_beginning
            an_upload_that_is_given_up_gives_back_what_it_took
            uploads_that_wait_for_too_long_are_given_up
        );
        $crate::site_store_suite!(@cases $make, leaving,
            what_belongs_to_a_deleted_account_is_there_for_nobody
            an_account_that_comes_back_has_what_it_had
            an_erased_account_takes_everything_with_it
            what_was_erased_does_not_come_back
            an_account_that_must_stay_keeps_its_files
            a_suspended_account_keeps_its_files
        );
        $crate::site_store_suite!(@cases $make, blobs,
            dropped_blobs_come_in_the_order_in_which_they_were_dropped
            only_dropped_blobs_are_forgotten
            known_blobs_are_those_with_a_row
            a_catalogue_knows_whether_it_knows_any_blob
            a_stray_is_marked_once
        );
        $crate::site_store_suite!(@cases $make, batches,
            accounts_of_a_batch_are_as_those_made_one_by_one
            an_account_that_is_made_deleted_is_the_sites_to_bring_back
            in_a_batch_what_is_taken_is_refused_and_the_rest_made
            of_two_in_a_batch_with_one_name_the_first_is_made
            owners_are_told_in_the_order_of_the_names
            an_empty_batch_is_nothing
            of_ten_who_make_one_batch_each_account_is_made_once
        );
        $crate::site_store_suite!(@cases $make, commits,
            all_of_a_commit_is_carried_out
            a_replacement_passes_over_all_tokens_of_one_session
            what_follows_knows_what_was_done
            a_session_begins_and_another_ends_in_one
            an_obstacle_leaves_nothing_behind
            what_follows_and_panics_leaves_nothing_behind
            what_the_store_has_no_table_for_leaves_nothing_behind
            of_twenty_commits_with_one_token_one_is_carried_out
            a_caller_who_goes_away_leaves_all_or_nothing
            commits_that_meet_are_all_carried_out
            an_account_of_another_table_is_announced
            the_sites_own_tables_change_in_a_commit_too
        );
        $crate::site_store_suite!(@cases $make, audit,
            an_event_is_read_as_it_was_written
            events_come_latest_first
            events_are_found_by_what_is_known_of_them
            a_list_of_events_goes_on_behind_a_place
            events_are_counted_for_their_days
            purging_events_removes_the_oldest_first
            events_written_at_once_all_stay
            accounts_and_open_sessions_are_counted
        );
        $crate::site_store_suite!(@cases $make, feedback,
            feedback_is_read_as_it_came
            feedback_comes_latest_first_page_by_page
            ones_own_feedback_comes_latest_first_page_by_page
            feedback_is_settled_and_waits_again
        );
        $crate::site_store_suite!(@cases $make, one_time,
            a_token_is_read_as_it_was_kept
            a_token_is_used_once
            an_expired_token_is_not_used
            a_token_is_there_for_its_purpose_only
            a_bound_token_works_while_its_session_goes_on
            who_keeps_their_address_waits_for_no_other
            of_twenty_who_use_a_token_one_does
            a_newer_token_takes_the_place_of_the_older
            tokens_of_other_purposes_and_users_stay
            another_password_voids_all_of_a_users_tokens
            another_address_voids_all_of_a_users_tokens
            an_account_that_comes_back_has_no_tokens_from_before
            what_is_no_other_password_or_address_voids_nothing
            a_change_that_is_refused_voids_nothing
            a_users_tokens_can_be_dropped
            everybodys_tokens_can_be_dropped
            old_tokens_are_purged
        );
        $crate::site_store_suite!(@cases $make, outbox,
            a_mail_is_claimed_as_it_was_kept
            a_claimed_mail_is_nobody_elses_until_the_claim_ends
            the_mail_that_waits_longest_comes_first
            of_twenty_who_claim_each_mail_goes_to_one
            a_sent_mail_has_no_content_and_is_not_sent_again
            a_failed_mail_is_due_again_at_its_time
            a_mail_that_is_given_up_is_not_tried_by_itself
            only_the_holder_says_what_became_of_a_mail
            a_holder_who_is_late_is_heard_until_somebody_else_has_claimed
            the_next_time_is_known
            mails_are_listed_the_newest_first_page_by_page
            mails_are_listed_by_state_and_account
            a_mail_is_found_by_its_id
            a_mail_can_be_retried_unless_it_was_sent_or_is_being_sent
            old_mails_are_purged_and_waiting_ones_stay
            all_mails_that_wait_can_be_given_up
            contents_of_mails_are_sealed_anew
        );
        $crate::site_store_suite!(@cases $make, erasure,
            a_deleted_account_is_erased_after_its_time_and_once
            what_is_known_of_an_erased_account_is_gone
            an_erased_name_stays_taken_and_its_address_does_not
            what_happened_to_an_erased_account_stays_without_where_from
            accounts_are_erased_the_longest_deleted_first
        );
    };
    (@cases $make:path, $module:ident, $($case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _guard) = $make().await;
                $crate::site_store_suite::$module::$case(store).await;
            }
        )+
    };
}

/// More than any case needs.
const QUOTA: Quota = Quota { bytes: 1_000_000, files: 1000 };

async fn add_user(store: &AnySiteStore, name: &str) -> UserId {
    let user = store.create_user(&new_user(name), START).await.expect("the store works");
    user.expect("the names are free").id
}

async fn set_status(store: &AnySiteStore, user: UserId, status: UserStatus) -> User {
    let change = UserChange { status: Some(status), ..UserChange::default() };
    let changed = store.change_user(user, &change, at(60)).await.expect("the store works");
    changed.expect("the user is there").expect("no name changes")
}

fn file_id(number: u8) -> FileId {
    FileId::from_bytes([number; 16])
}

/// Ids are drawn, so no upload has that of a file.
fn upload_id(number: u8) -> UploadId {
    UploadId::from_bytes([number + 200; 16])
}

/// A blob of which nothing is written anywhere.
fn blob(number: u8, size: u64) -> Blob {
    Blob { key: BlobKey::from_bytes([number; 16]), size, digest: sha256(&[number]) }
}

fn name(typed: &str) -> FileName {
    FileName::parse(typed).expect("a name")
}

/// A file of two blobs, whose keys are this number and that plus 100; of the second one alone where it has
/// one byte.
fn new_file(number: u8, owner: UserId, size: u64) -> NewFile {
    let mut blobs = vec![blob(number, size / 2), blob(number + 100, size - size / 2)];
    blobs.retain(|blob| blob.size > 0);
    NewFile {
        id: file_id(number),
        owner,
        name: name(&format!("Brücke ({number}).txt")),
        content: Content { kind: "text/plain".to_owned(), blobs },
    }
}

fn new_upload(number: u8, owner: UserId, size: u64) -> Upload {
    Upload {
        id: upload_id(number),
        owner,
        name: name("Brücke.gpx"),
        size,
        created_at: at(5),
        touched_at: at(5),
        blobs: Vec::new(),
    }
}

async fn add_file(store: &AnySiteStore, new: &NewFile, now: Timestamp) -> File {
    let made = store.create_file(new, &QUOTA, now).await.expect("the store works");
    made.expect("it fits")
}

async fn begin(store: &AnySiteStore, upload: &Upload) {
    let begun = store.begin_upload(upload, &QUOTA).await.expect("the store works");
    begun.expect("it fits");
}

async fn seen(store: &AnySiteStore, number: u8, reader: UserId) -> Option<SeenFile> {
    store.file(file_id(number), reader).await.expect("the store works")
}

async fn usage(store: &AnySiteStore, owner: UserId) -> Usage {
    store.file_usage(owner).await.expect("the store works")
}

/// Everything that was dropped, as the numbers of [`blob`].
async fn dropped(store: &AnySiteStore) -> Vec<u8> {
    let keys = store.dropped_blobs(at(1_000_000), 1000).await.expect("the store works");
    keys.iter().map(|key| key.as_bytes()[0]).collect()
}

async fn add(store: &AnySiteStore, new: &NewUser) -> User {
    store.create_user(new, START).await.expect("the store works").expect("the names are free")
}

async fn change(store: &AnySiteStore, user: &User, change: UserChange) -> User {
    let changed = store.change_user(user.id, &change, at(60)).await.expect("the store works");
    changed.expect("the user is there").expect("the names are free")
}
