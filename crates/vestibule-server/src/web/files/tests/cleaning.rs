//! Cleaning up.

use std::{fs, time::Duration};

use http::Method;
use serde_json::json;
use vestibule::core::{
    feed::Epoch,
    id::EpochId,
    store::{Changed, Feed as _},
    time::{Clock as _, Timestamp},
};
use vestibule_site::{
    file::{BlobKey, PlaceNote},
    id::PlaceId,
    store::SiteStore,
};
use vestibule_testkit::visitors::Carrier;

use super::{Cleanup, TestApp, content_of, id, sample};
use crate::services::files::{cleanup::Removed, home};

/// Puts the site's clock where that of the folder is, or so much later.
fn set_clock(app: &TestApp, later: Duration) {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let now = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap());
    app.clock.set(now + later);
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn what_was_deleted_or_replaced_is_removed_after_a_while() {
    let app = TestApp::open().await;
    let ann = app.person("ann", Carrier::Header).await;
    let deleted = ann.keep("a", "abc").await;
    let replaced = ann.keep("b", "abc").await;
    ann.visitor().delete(&format!("/api/files/{}", id(&deleted))).await;
    ann.send(Method::PUT, &content_of(&replaced), &[], "def").await;
    let mut cleanup = Cleanup::new(&app.files, &app.auth);
    assert_eq!(cleanup.look().await.unwrap(), Removed::default(), "somebody may be reading it");
    assert_eq!(app.blobs().await, 3);
    app.clock.advance(Duration::from_secs(301));
    let removed = cleanup.look().await.unwrap();
    assert_eq!(removed, Removed { dropped: 2, ..Removed::default() });
    assert_eq!(app.blobs().await, 1);
    assert_eq!(ann.get(&content_of(&replaced)).await.text(), "def");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(cleanup.look().await.unwrap(), Removed::default(), "once only");
}

#[tokio::test]
async fn uploads_that_nobody_went_on_with_are_given_up() {
    let app = TestApp::open().await;
    let ann = app.person("ann", Carrier::Header).await;
    let body = json!({ "name": "a", "size": 600_000 });
    let begun = ann.visitor().post_json("/api/files/uploads", body).await;
    let path = begun.location().to_owned();
    ann.send(Method::PATCH, &path, &[("upload-offset", "0")], sample(300_000)).await;
    let mut cleanup = Cleanup::new(&app.files, &app.auth);
    app.clock.advance(DAY + Duration::from_secs(1));
    let removed = cleanup.look().await.unwrap();
    assert_eq!(removed, Removed { uploads: 1, ..Removed::default() });
    app.clock.advance(Duration::from_secs(301));
    assert_eq!(cleanup.look().await.unwrap().dropped, 1);
    assert_eq!(app.blobs().await, 0);
    ann.visitor().sign_in("ann", super::PASSWORD).await;
    assert_eq!(ann.get("/api/files").await.json()["usage"]["used"], 0);
}

/// A blob that no row names, and a draft of one, beside a file of Ann's.
async fn with_strays() -> (TestApp, std::path::PathBuf) {
    let app = TestApp::open().await;
    let ann = app.person("ann", Carrier::Header).await;
    ann.keep("a", "abc").await;
    app.files.blobs.put(BlobKey::from_bytes([0xab; 16]), "stray".into()).await.unwrap();
    let group = app.folder.path().join("files/blobs/ab");
    fs::write(group.join(format!("{}#1", "ab".repeat(16))), "draft").unwrap();
    (app, group)
}

#[tokio::test]
async fn what_a_crash_left_behind_is_marked_and_removed_a_day_later() {
    let (app, group) = with_strays().await;
    set_clock(&app, Duration::from_secs(60));
    let mut cleanup = Cleanup::new(&app.files, &app.auth);
    set_clock(&app, HOUR + Duration::from_secs(120));
    assert_eq!(cleanup.look().await.unwrap().stray, 0, "it may belong to an upload under way");
    set_clock(&app, DAY + HOUR + Duration::from_secs(180));
    assert_eq!(cleanup.look().await.unwrap().stray, 1, "the draft; the blob is marked");
    assert_eq!(app.blobs().await, 2);
    set_clock(&app, DAY * 2 + HOUR + Duration::from_secs(240));
    assert_eq!(cleanup.look().await.unwrap().stray, 1);
    assert_eq!(app.blobs().await, 1, "the file of Ann's stays");
    assert_eq!(fs::read_dir(&group).unwrap().count(), 0);
}

#[tokio::test]
async fn at_a_start_nothing_is_removed_however_old_its_mark() {
    let (app, _group) = with_strays().await;
    set_clock(&app, Duration::ZERO);
    let mut cleanup = Cleanup::new(&app.files, &app.auth);
    set_clock(&app, DAY + HOUR);
    cleanup.look().await.unwrap();
    set_clock(&app, DAY * 9);
    let mut restarted = Cleanup::new(&app.files, &app.auth);
    assert_eq!(restarted.look().await.unwrap().stray, 0);
    set_clock(&app, DAY * 9 + HOUR);
    assert_eq!(restarted.look().await.unwrap().stray, 1);
}

#[tokio::test]
async fn what_another_database_knew_is_not_removed() {
    let (app, _group) = with_strays().await;
    set_clock(&app, Duration::from_secs(60));
    let store: &dyn SiteStore = &app.store;
    let (blobs, now) = (&app.files.blobs, app.clock.now());
    home::adopt(blobs, store, app.auth.entropy(), now).await.unwrap();
    let mut cleanup = Cleanup::new(&app.files, &app.auth);
    for days in 1..5 {
        set_clock(&app, DAY * days + HOUR);
        cleanup.look().await.unwrap();
        assert_eq!(app.blobs().await, 2);
    }
    // Whosever place it becomes meanwhile, this node touches nothing there any more.
    let note = PlaceNote { id: PlaceId::from_bytes([9; 16]), position: None };
    blobs.write_note(&note).await.unwrap();
    set_clock(&app, DAY * 7);
    assert!(cleanup.look().await.is_err());
}

#[tokio::test]
async fn while_the_database_is_older_than_it_was_once_seen_nothing_is_removed() {
    let (app, _group) = with_strays().await;
    set_clock(&app, Duration::ZERO);
    let memory = app.store.inner();
    let store: &dyn SiteStore = &app.store;
    home::settle(&app.files.blobs, store, app.auth.entropy()).await.unwrap();
    let backup = memory.backup();
    let mut cleanup = Cleanup::new(&app.files, &app.auth);
    memory.announce(&Changed::Keys, app.clock.now()).await.unwrap();
    set_clock(&app, DAY + HOUR);
    cleanup.look().await.unwrap();
    memory.restore(&backup);
    for days in 2..5 {
        set_clock(&app, DAY * days + HOUR);
        assert_eq!(cleanup.look().await.unwrap().stray, 0);
    }
    let epoch = Epoch { id: EpochId::from_bytes([7; 16]), began_at: app.clock.now() };
    memory.begin_epoch(epoch).await.unwrap();
    let mut removed = 0;
    for days in 5..8 {
        set_clock(&app, DAY * days + HOUR * 2);
        removed += cleanup.look().await.unwrap().stray;
    }
    assert_eq!(removed, 1);
}

#[tokio::test]
async fn of_several_nodes_one_cleans_up() {
    let app = TestApp::open().await;
    let ann = app.person("ann", Carrier::Header).await;
    let file = ann.keep("a", "abc").await;
    ann.visitor().delete(&format!("/api/files/{}", id(&file))).await;
    app.clock.advance(Duration::from_secs(301));
    let mut nodes = [(); 2].map(|()| Cleanup::new(&app.files, &app.auth));
    assert_eq!(nodes[0].look().await.unwrap().dropped, 1);
    let file = ann.keep("a", "abc").await;
    ann.visitor().delete(&format!("/api/files/{}", id(&file))).await;
    let before = app.clock.now();
    app.clock.set(before + Duration::from_secs(302));
    // The first node has just looked: as long as its lease lasts, the second does not.
    app.clock.set(before + Duration::from_secs(30));
    assert_eq!(nodes[1].look().await.unwrap(), Removed::default());
    app.clock.set(before + Duration::from_secs(302));
    assert_eq!(nodes[1].look().await.unwrap().dropped, 1);
}

#[tokio::test]
async fn an_outage_breaks_a_look_off_and_loses_nothing() {
    let app = TestApp::open().await;
    let ann = app.person("ann", Carrier::Header).await;
    let file = ann.keep("a", "abc").await;
    ann.visitor().delete(&format!("/api/files/{}", id(&file))).await;
    app.clock.advance(Duration::from_secs(301));
    let mut cleanup = Cleanup::new(&app.files, &app.auth);
    app.store.set_down(true);
    assert!(cleanup.look().await.is_err());
    app.store.set_down(false);
    assert_eq!(cleanup.look().await.unwrap().dropped, 1);
}
