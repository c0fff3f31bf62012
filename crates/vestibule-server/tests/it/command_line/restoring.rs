//! A database that was put back, and files that are another database's.

use std::fs;

use http::Method;
use vestibule_testkit::{
    bucket::Bucket,
    site::Place,
    visitors::{App, Visitor as _, request},
    wait,
};

use super::{HEARD_WITHIN, keys::kid};
use crate::test_app::{PASSWORD, create_user, file_place, run, run_json, serve, serve_again};

const DATABASE: &str = "data/vestibule.db";
const NOTE: &str = "data/files/vestibule-place";

async fn keep(app: &App, name: &str) {
    let mut sent = request(Method::POST, &format!("/api/files?name={name}"), None);
    *sent.body_mut() = name.to_owned().into();
    let answer = app.send(sent).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// Contents below the folder.
fn blobs(place: &Place) -> usize {
    let groups = fs::read_dir(place.path().join("data/files/blobs")).unwrap();
    groups.map(|group| fs::read_dir(group.unwrap().path()).unwrap().count()).sum()
}

/// Serving is refused with status 2 and says what to do.
fn is_refused(place: &Place, why: &str) {
    let done = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(done.code(), 2, "{done:?}");
    assert!(done.stderr.contains(why), "{done:?}");
    assert!(done.stderr.contains("vestibule restored --adopt-files"), "{done:?}");
}

#[tokio::test]
async fn after_a_restore_nothing_from_before_is_good() {
    let place = file_place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let (leaver, stays) = (site.app(), site.app());
    for app in [&leaver, &stays] {
        assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    }
    let first = kid(&leaver);
    // Tokens name the address, which is the site's.
    let address = site.address();
    site.stop();
    fs::copy(place.path().join(DATABASE), place.path().join("backup.db")).unwrap();
    let site = serve_again(&place, address);
    let copy = site.app();
    copy.hold(leaver.access_token().as_deref(), leaver.refresh_token().as_deref());
    let here = site.app();
    here.hold(leaver.access_token().as_deref(), leaver.refresh_token().as_deref());
    assert_eq!(here.sign_out().await.status, 204);
    run(&place, &["key", "rotate"]);
    run(&place, &["key", "retire", &first]);
    site.stop();
    assert!(!place.log().contains("went back in time"));

    fs::copy(place.path().join("backup.db"), place.path().join(DATABASE)).unwrap();
    let site = serve_again(&place, address);
    let log = place.log();
    assert!(log.contains("the database went back in time"), "{log}");
    assert!(log.contains("vestibule restored"), "{log}");
    // As the backup has it; nobody has seen to it yet.
    let again = site.app();
    again.hold(copy.access_token().as_deref(), copy.refresh_token().as_deref());
    assert_eq!(again.refresh().await.status, 200);
    let said = run(&place, &["restored"]);
    assert!(said.contains("Ended 2 sessions."), "{said}");
    let is_over = async || (again.get("/api/auth/me").await.status == 401).then_some(());
    wait::until_async(HEARD_WITHIN, is_over).await.expect("the running server hears of it");
    assert_eq!(again.refresh().await.verdict(), (401, "session_ended".into()));
    let keys = run_json(&place, &["key", "list", "--json"]);
    let of_first = keys.as_array().unwrap().iter().find(|key| key["kid"] == first.as_str());
    assert_eq!(of_first.unwrap()["state"], "retired");
    let newcomer = site.app();
    assert_eq!(newcomer.sign_in("ada", PASSWORD).await.status, 200);
    assert_eq!(newcomer.get("/api/auth/me").await.status, 200);
    site.stop();
    let before = place.log().matches("went back in time").count();
    serve(&place).stop();
    assert_eq!(place.log().matches("went back in time").count(), before, "it was seen to");
}

#[tokio::test]
async fn files_of_another_database_are_left_alone_until_they_are_taken_over() {
    let place = file_place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    keep(&app, "a.txt").await;
    site.stop();
    assert_eq!(blobs(&place), 1);

    fs::rename(place.path().join(DATABASE), place.path().join("old.db")).unwrap();
    is_refused(&place, "belong to another database");
    // Neither is it known where the note is gone.
    fs::rename(place.path().join(NOTE), place.path().join("note")).unwrap();
    is_refused(&place, "knows none of the files there");
    fs::rename(place.path().join("note"), place.path().join(NOTE)).unwrap();
    assert_eq!(place.run(&["restored"]).code(), 2, "nor is anything else done with it");
    let said = run(&place, &["restored", "--adopt-files"]);
    assert!(said.contains("Kept 1 piece that this database does not know:"), "{said}");
    serve(&place).stop();
    assert_eq!(blobs(&place), 1);

    // The one from before has lost them now, and says so.
    fs::copy(place.path().join("old.db"), place.path().join(DATABASE)).unwrap();
    is_refused(&place, "belong to another database");
    run(&place, &["restored", "--adopt-files"]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    let listed = app.get("/api/files").await.json();
    let path = format!("/api/files/{}/content", listed["files"][0]["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.text(), "a.txt");
}

#[tokio::test]
async fn a_site_from_before_places_had_names_opens_without_a_word_and_gets_one() {
    let place = file_place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    keep(&app, "a.txt").await;
    site.stop();
    fs::remove_file(place.path().join(NOTE)).unwrap();
    let database = rusqlite::Connection::open(place.path().join(DATABASE)).unwrap();
    assert_eq!(database.execute("DELETE FROM site_values", []).unwrap(), 2);
    drop(database);
    let before = place.log().len();
    serve(&place).stop();
    let log = place.log();
    assert!(!log[before..].contains("files.url") && !log.contains("restored"), "{log}");
    assert!(place.path().join(NOTE).exists());
    // A folder that is not mounted is noticed.
    fs::rename(place.path().join("data/files"), place.path().join("elsewhere")).unwrap();
    is_refused(&place, "the files of this database are missing there");
}

#[tokio::test]
async fn of_two_sites_one_has_a_bucket() {
    let bucket = Bucket::start();
    let places = [(); 2].map(|()| {
        let place = file_place().with("VESTIBULE_FILES__URL", &bucket.url());
        place.secrets().add(bucket.secret());
        place
    });
    serve(&places[0]).stop();
    is_refused(&places[1], "belong to another database");
    serve(&places[0]).stop();
}
