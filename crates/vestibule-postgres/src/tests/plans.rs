//! How PostgreSQL carries the statements out.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;
use vestibule_core::{
    id::UserId,
    renewal::Advance,
    store::{SessionActivity, SessionStore as _},
};
use vestibule_testkit::{
    postgres::{Database, Durability, Postgres},
    samples::{at, session, session_id},
    wait,
};

use super::store;
use crate::{
    PoolOptions, PostgresStore, audit, erasure, feed, feedback,
    files::{self, blobs, lists, shares, uploads, usage},
    history, keys, leases, listing, one_time, outbox,
    sessions::{self, ending, seen},
    users,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_hot_statement_reads_a_whole_table() {
    let (_store, database) = store().await;
    fill(&database);
    for (statement, indexes) in [
        (sessions::SELECT, &["sessions_pkey"][..]),
        (sessions::INSERT_GUARDED, &["users_pkey"]),
        (sessions::ADVANCE, &["sessions_pkey"]),
        (sessions::HAND_OUT, &["sessions_pkey"]),
        (sessions::TO_RENEW, &["sessions_pkey"]),
        (sessions::CONFIRM, &["sessions_pkey"]),
        (ending::END, &["sessions_pkey"]),
        (ending::END_THESE, &["sessions_pkey"]),
        (seen::THESE, &["sessions_pkey"]),
        (ending::OPEN_OF_USER, &["sessions_user"]),
        (ending::OPEN_AFTER, &["sessions_pkey"]),
        (sessions::OF_USER, &["sessions_user"]),
        (sessions::BEYOND, &["sessions_user", "sessions_pkey"]),
        (ending::OPEN_OF_THESE, &["sessions_pkey"]),
        (sessions::ACTIVE, &["sessions_pkey"]),
        (seen::SEEN, &["sessions_pkey"]),
        (sessions::PURGE, &["sessions_pkey"]),
        (history::ADD, &["renewals_pkey", "sessions_pkey"]),
        (history::OF_SESSION, &["renewals_pkey"]),
        (leases::TAKE, &["leases_pkey"]),
        (leases::RELEASE, &["leases_pkey"]),
        (one_time::BY_KEY, &["one_time_hash_key"]),
        (one_time::VOID, &["one_time_pkey"]),
        (one_time::OF_USER, &["one_time_pkey"]),
        (one_time::PUT, &["one_time_pkey"]),
        (one_time::USE, &["one_time_hash_key"]),
        (one_time::DROP, &["one_time_pkey"]),
        (one_time::PURGE, &["one_time_expiry"]),
        (outbox::CLAIM, &["mails_pkey", "mails_waiting"]),
        (outbox::SENT, &["mails_pkey"]),
        (outbox::FAILED, &["mails_pkey"]),
        (outbox::NEXT, &["mails_waiting"]),
        (outbox::BY_ID, &["mails_pkey"]),
        (outbox::LIST, &["mails_created"]),
        (outbox::LIST_OF_USER, &["mails_user"]),
        (outbox::RETRY, &["mails_pkey"]),
        (outbox::PURGE, &["mails_done"]),
        (erasure::DUE, &["users_to_erase"]),
        (erasure::ERASE, &["name_secret_pkey", "users_pkey"]),
        (erasure::SESSIONS, &["sessions_user"]),
        (erasure::MAILS, &["mails_user"]),
        (erasure::TOKENS, &["one_time_pkey"]),
        (erasure::FEEDBACK, &["feedback_user"]),
        (erasure::EVENTS, &["events_actor", "events_subject"]),
        (users::EMAIL_KEY, &["users_pkey"]),
        (users::BY_ID, &["users_pkey"]),
        (users::BY_NAME, &["users_username_key"]),
        (users::BY_EMAIL, &["users_email_key"]),
        (
            users::TAKEN,
            &["name_secret_pkey", "users_email_key", "users_pkey", "users_username_key"],
        ),
        (users::CHANGE, &["users_pkey"]),
        (users::HOLD, &["users_pkey"]),
        (users::HOLD_SUPER_USERS, &["users_active_super", "users_pkey"]),
        (listing::KEYS, &["users_pkey"]),
        (audit::trail::COUNTS, &["event_counts_pkey"]),
        (audit::trail::PURGE_COUNTS, &["event_counts_pkey"]),
        (feedback::LIST, &["feedback_pkey"]),
        (feedback::LIST_OF, &["feedback_user"]),
        (files::USER_IS_THERE, &["users_pkey"]),
        (users::HAS_SUPER_USER, &["users_active_super"]),
        (keys::RAISE, &["ring_pkey"]),
        (files::SELECT, &["files_pkey", "offers_name", "shares_pkey", "users_pkey"]),
        (
            files::CONTENT,
            &["blobs_holder", "files_pkey", "offers_name", "shares_pkey", "users_pkey"],
        ),
        (lists::OF_OWNER, &["files_owner", "users_pkey"]),
        (lists::SHARED_WITH, &["files_pkey", "shares_user", "users_pkey"]),
        (files::HOLD, &["files_pkey"]),
        (files::REPLACE, &["files_pkey"]),
        (files::DELETE, &["files_pkey"]),
        (erasure::files::HOLD_FILES, &["files_owner"]),
        (erasure::files::FILES, &["files_owner"]),
        (usage::READ, &["usages_pkey"]),
        (usage::HOLD, &["usages_pkey"]),
        (usage::SET, &["usages_pkey"]),
        (usage::GIVE_BACK, &["usages_pkey"]),
        (erasure::files::USAGE, &["usages_pkey"]),
        (files::HOLD_USER, &["users_pkey"]),
        (shares::COUNT, &["shares_pkey"]),
        (shares::SET, &["files_pkey", "shares_pkey"]),
        (shares::REMOVE, &["shares_pkey"]),
        (shares::OF_FILES, &["shares_pkey", "users_pkey"]),
        (erasure::files::SHARES, &["shares_user"]),
        (uploads::SELECT, &["blobs_holder", "uploads_pkey"]),
        (uploads::HOLD, &["uploads_pkey"]),
        (uploads::ADVANCE, &["uploads_pkey"]),
        (uploads::ABANDON, &["uploads_pkey"]),
        (uploads::DELETE, &["uploads_pkey"]),
        (uploads::TOUCHED_BEFORE, &["uploads_touched"]),
        (erasure::files::HOLD_UPLOADS, &["uploads_owner"]),
        (erasure::files::UPLOADS, &["uploads_owner"]),
        (blobs::HAND_OVER, &["blobs_holder"]),
        (blobs::DROP, &["blobs_holder"]),
        (erasure::files::DROP_BLOBS, &["blobs_holder", "files_owner", "uploads_owner"]),
        (blobs::DROPPED, &["blobs_dropped"]),
        (blobs::FORGET, &["blobs_pkey"]),
        (blobs::KNOWN, &["blobs_pkey"]),
        (feed::LAST, &["feed_pkey"]),
        (feed::AFTER, &["changes_pkey"]),
        (feed::SINCE, &["changes_at"]),
        (feed::APPEND, &["feed_pkey"]),
    ] {
        let plan = plan(&database, statement);
        let read = Read::of(&plan);
        assert_eq!(read.tables, BTreeSet::new(), "{statement}\n{plan:#}");
        assert_eq!(read.indexes, indexes.iter().copied().collect(), "{statement}\n{plan:#}");
    }
}

/// Rows enough that an index is worth its while, where the tables can have many.
fn fill(database: &Database<'_>) {
    database.sql(
        "INSERT INTO users (username, username_key, email, email_key, status, is_super_user, roles, version, \
         created_at, updated_at) \
         SELECT name, name, name || '@', name || '@', 'active', n = 7, '', 1, n, n \
         FROM (SELECT n, 'user' || n AS name FROM generate_series(1, 3000) AS n) AS made; \
         INSERT INTO sessions SELECT decode(md5(n::text), 'hex'), n % 3000, 'cookie', true, 1, 0, n, n, '{}', \
         n, n, n + 1000, n + 2000, n, '192.0.2.1', '', NULL, NULL, NULL FROM generate_series(1, 9000) AS n; \
         INSERT INTO renewals SELECT id, 1, 'advanced', 1, 0, 0, '', '' FROM sessions; \
         INSERT INTO changes (sequence, at, kind) SELECT n, n, 'keys' FROM generate_series(1, 9000) AS n; \
         INSERT INTO one_time SELECT n, 'verify_address', decode(md5(n::text), 'hex'), '', n, n, NULL \
         FROM generate_series(1, 9000) AS n; \
         INSERT INTO mails SELECT decode(md5(n::text), 'hex'), '', n % 3000, '', '', \
         CASE WHEN n % 100 = 0 THEN 'waiting' ELSE 'sent' END, 0, NULL, n, n, n, NULL, 0 \
         FROM generate_series(1, 9000) AS n; \
         INSERT INTO leases SELECT n::text, '', 0 FROM generate_series(1, 3000) AS n; \
         INSERT INTO files SELECT decode(md5(n::text), 'hex'), n, 'a', 'text/plain', 0, '', 1, n, n, n \
         FROM generate_series(1, 3000) AS n; \
         INSERT INTO shares SELECT id, 1 + owner % 30, 'read', created_at FROM files; \
         INSERT INTO uploads SELECT decode(md5('u' || n), 'hex'), n, 'a', 0, 0, n, n \
         FROM generate_series(1, 3000) AS n; \
         INSERT INTO blobs SELECT decode(md5('b' || n), 'hex'), CASE WHEN n % 2 = 0 THEN decode(md5(n::text), 'hex') \
         END, 0, 1, '', CASE WHEN n % 2 = 1 THEN n END FROM generate_series(1, 6000) AS n; \
         INSERT INTO usages SELECT id, 0, 1 FROM users",
    );
    database.sql(
        "UPDATE users SET status = 'deleted', deleted_at = id, deleted_by = 'owner' WHERE id % 75 = 0",
    );
    database.sql("VACUUM ANALYZE");
}

/// The plan for whatever values, which is the one that a connection comes to use.
fn plan(database: &Database<'_>, statement: &str) -> Value {
    let nothing = (1..).map_while(|n| statement.contains(&format!("${n}")).then_some("NULL"));
    let nothing: Vec<_> = nothing.collect();
    let values = match nothing.len() {
        0 => String::new(),
        _ => format!("({})", nothing.join(", ")),
    };
    // Tables that never have more than a row or two are read whole in no time, and so they should be here
    // only where they have no index for it.
    let plan = database.sql(&format!(
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
         PREPARE explained AS {statement}; EXPLAIN (FORMAT JSON) EXECUTE explained{values}"
    ));
    serde_json::from_str(&plan).unwrap()
}

/// What a plan reads.
#[derive(Debug, Default)]
struct Read<'a> {
    /// Whole.
    tables: BTreeSet<&'a str>,
    /// By conditions on their columns.
    indexes: BTreeSet<&'a str>,
}

impl<'a> Read<'a> {
    fn of(plan: &'a Value) -> Self {
        let mut read = Self::default();
        read.visit(plan);
        read
    }

    fn visit(&mut self, node: &'a Value) {
        let text = |name: &str| node.get(name).and_then(Value::as_str);
        match (text("Node Type"), text("Relation Name"), text("Index Name")) {
            (Some("Seq Scan"), Some(table), _) => {
                self.tables.insert(table);
            }
            (_, _, Some(index)) => {
                self.indexes.insert(index);
            }
            _ => {}
        }
        // Which index finds the row that is there already.
        for arbiter in
            node.get("Conflict Arbiter Indexes").and_then(Value::as_array).into_iter().flatten()
        {
            self.indexes.extend(arbiter.as_str());
        }
        match node {
            Value::Array(inner) => inner.iter().for_each(|inner| self.visit(inner)),
            Value::Object(inner) => inner.values().for_each(|inner| self.visit(inner)),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_and_sightings_touch_no_index() {
    const ROUNDS: u64 = 10;
    // A server of its own: what a row leaves behind is cleaned up only when no transaction anywhere on the
    // server is older, and other tests keep some open on purpose.
    let server = Postgres::start(Durability::None);
    let database = server.create_database();
    PostgresStore::migrate(&database.url()).await.unwrap();
    let store = PostgresStore::connect(&database.url(), PoolOptions::default()).await.unwrap();
    for number in 0..200 {
        assert!(store.create_session(&session(number, UserId(1)), None).await.unwrap());
    }
    let sighting = |number: u64, second| SessionActivity {
        session: session_id(number),
        generation: 1,
        at: at(second),
        address: format!("192.0.2.{second}"),
    };
    for round in 1..=ROUNDS {
        let second = i64::try_from(round).unwrap();
        for number in 0..200 {
            let step = Advance { from: round, renewed_at: at(second), expires_at: at(second + 60) };
            assert!(store.advance_session(session_id(number), &step).await.unwrap());
        }
        let seen: Vec<_> = (0..200).map(|number| sighting(number, second)).collect();
        store.mark_seen(&seen).await.unwrap();
        assert!(store.note_handout(session_id(0), round + 1, at(second + 1)).await.unwrap());
        assert!(store.confirm_session(session_id(1), at(second), &[]).await.unwrap());
    }
    let counted = async || {
        let counts = database.sql(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_all_tables WHERE relname = 'sessions'",
        );
        let (all, hot) = counts.split_once('|').unwrap();
        let (all, hot) = (all.parse::<u64>().unwrap(), hot.parse::<u64>().unwrap());
        // Backends report what they did with some delay.
        (all == ROUNDS * (200 + 200 + 2)).then_some((all, hot))
    };
    let within = Duration::from_secs(20);
    let (all, hot) = wait::until_async(within, counted).await.unwrap();
    // The first versions of rows that fill their page to the last byte may have to move.
    assert!(hot * 100 >= all * 99, "{hot} of {all}");
    assert_eq!(database.sql("SELECT pg_relation_size('sessions_user') <= 65536"), "t");
}
