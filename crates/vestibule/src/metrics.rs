//! The figures that a node gives, by the `metrics` facade: an application that installs a recorder gets
//! them, for all others they cost an atomic read.

use metrics::{counter, describe_counter, describe_gauge, gauge};
use vestibule_core::{renewal::Outcome, session::EndReason};

const RENEWALS: &str = "vestibule_renewals_total";
const SIGN_INS: &str = "vestibule_sign_ins_total";
const SESSIONS_ENDED: &str = "vestibule_sessions_ended_total";
const FEED_AGE: &str = "vestibule_feed_age_seconds";
const FEED_LOST: &str = "vestibule_feed_lost";
const FEED_BREAKS: &str = "vestibule_feed_breaks_total";
const FEED_NOTIFIED: &str = "vestibule_feed_notifier_connected";
const STORE_ASKED: &str = "vestibule_store_asked_total";
const REMEMBERED: &str = "vestibule_revocations_remembered";

/// Says what each figure means, and gives those that have not happened yet as zero, so that the first time
/// is seen as a rise.
pub(crate) fn describe() {
    describe_counter!(RENEWALS, "Refresh tokens presented, by outcome");
    describe_counter!(SIGN_INS, "Sign-in attempts, by outcome");
    describe_counter!(SESSIONS_ENDED, "Sessions ended by this node, by reason");
    describe_counter!(
        STORE_ASKED,
        "Requests for which the store was asked because the feed was lost"
    );
    describe_counter!(
        FEED_BREAKS,
        "How often the database went back in time or lost part of the feed"
    );
    describe_gauge!(FEED_AGE, "Age of this node's knowledge of ended sessions, in seconds");
    describe_gauge!(
        FEED_LOST,
        "1 while that age is beyond the bound and every request asks the store"
    );
    describe_gauge!(
        FEED_NOTIFIED,
        "1 while notifications of the feed arrive; without them, it is read twice a second"
    );
    describe_gauge!(REMEMBERED, "Ended sessions and changed users held in memory");
    // There from the start: what appears with its first one is never seen to rise to it.
    for outcome in Outcome::ALL {
        counter!(RENEWALS, "outcome" => outcome.name()).absolute(0);
    }
    for outcome in ["succeeded", "failed", "limited"] {
        counter!(SIGN_INS, "outcome" => outcome).absolute(0);
    }
    for reason in EndReason::ALL {
        counter!(SESSIONS_ENDED, "reason" => reason.name()).absolute(0);
    }
    counter!(STORE_ASKED).absolute(0);
    counter!(FEED_BREAKS).absolute(0);
}

pub(crate) fn renewal(outcome: Outcome) {
    counter!(RENEWALS, "outcome" => outcome.name()).increment(1);
}

pub(crate) fn sign_in(outcome: &'static str) {
    counter!(SIGN_INS, "outcome" => outcome).increment(1);
}

pub(crate) fn session_ended(reason: EndReason) {
    counter!(SESSIONS_ENDED, "reason" => reason.name()).increment(1);
}

pub(crate) fn store_asked() {
    counter!(STORE_ASKED).increment(1);
}

pub(crate) fn feed_break() {
    counter!(FEED_BREAKS).increment(1);
}

pub(crate) fn feed(age: std::time::Duration, is_lost: bool, notified: Option<bool>) {
    gauge!(FEED_AGE).set(age.as_secs_f64());
    gauge!(FEED_LOST).set(f64::from(u8::from(is_lost)));
    if let Some(notified) = notified {
        gauge!(FEED_NOTIFIED).set(f64::from(u8::from(notified)));
    }
}

#[expect(clippy::cast_precision_loss, reason = "no memory holds as many as a float cannot count")]
pub(crate) fn remembered(count: usize) {
    gauge!(REMEMBERED).set(count as f64);
}
