//! Sharing.

use http::Method;
use serde_json::json;
use vestibule::core::event::EventName;
use vestibule_site::store::{AuditTrail as _, EventQuery};
use vestibule_testkit::{both_carriers, visitors::Carrier};

use super::{TestApp, content_of, id};

both_carriers!(
    a_file_is_seen_by_those_it_is_shared_with_and_by_nobody_else,
    a_share_ends_by_either_side,
    a_file_is_shared_with_user_names_of_others_only,
    a_deleted_account_takes_its_files_along,
    a_shared_file_is_in_a_list_once_it_is_accepted,
    what_is_answered_does_not_tell_whether_a_name_is_somebodys,
    nobody_offers_files_without_end,
    another_persons_file_is_noted,
);

async fn a_file_is_seen_by_those_it_is_shared_with_and_by_nobody_else(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let eve = app.person("eve", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    let paths =
        [format!("/api/files/{}", id(&file)), content_of(&file), format!("/file/{}", id(&file))];
    for path in &paths {
        assert_eq!(ben.get(path).await.verdict(), (404, "not_found".to_owned()), "{path}");
    }
    let shared = ann.share(&file, "BEN", "read").await;
    assert_eq!(shared.status, 200, "{}", shared.text());
    assert_eq!(shared.json(), json!({ "share": { "username": "BEN", "access": "read" } }));
    for path in &paths {
        assert_eq!(ben.get(path).await.status, 200, "{path}");
        assert_eq!(eve.get(path).await.status, 404, "{path}");
    }
    let seen = ben.get(&paths[0]).await.json()["file"].clone();
    assert_eq!((&seen["owner"], &seen["access"]), (&json!("ann"), &json!("read")));
    assert_eq!(seen.get("shares"), None, "with whom else is the owner's to know");
    ann.share(&file, "ben", "write").await;
    assert_eq!(ben.get(&paths[0]).await.json()["file"]["access"], "write");
    let known = ann.get(&paths[0]).await.json();
    let offered = json!([{ "username": "ben", "access": "write", "accepted": false }]);
    assert_eq!(known["file"]["shares"], offered);
    assert_eq!(ben.share(&file, "eve", "read").await.verdict(), (403, "forbidden".to_owned()));
    assert_eq!(eve.share(&file, "eve", "read").await.status, 404);
}

async fn a_share_ends_by_either_side(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let eve = app.person("eve", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    let share_of = |name: &str| format!("/api/files/{}/shares/{name}", id(&file));
    for name in ["ben", "eve"] {
        ann.share(&file, name, "read").await;
    }
    let foreign = eve.visitor().delete(&share_of("ben")).await;
    assert_eq!(foreign.verdict(), (403, "forbidden".to_owned()));
    assert_eq!(eve.visitor().delete(&share_of("eve")).await.status, 204);
    assert_eq!(eve.visitor().delete(&share_of("eve")).await.status, 404);
    assert_eq!(eve.get(&content_of(&file)).await.status, 404);
    assert_eq!(ann.visitor().delete(&share_of("ben")).await.status, 204);
    assert_eq!(ann.visitor().delete(&share_of("ben")).await.status, 404);
    assert_eq!(ben.get(&content_of(&file)).await.status, 404);
}

async fn a_file_is_shared_with_user_names_of_others_only(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    app.person("ben", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    for (with, access, status) in [
        ("nobody", "read", 200),
        ("ben@example.org", "read", 422),
        ("%00", "read", 422),
        ("ann", "read", 422),
        ("ben", "own", 422),
        ("ben", "", 422),
    ] {
        let answer = ann.share(&file, with, access).await;
        assert_eq!(answer.status, status, "{with} {access}: {}", answer.text());
    }
    let path = format!("/api/files/{}/shares/ben", id(&file));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = ann.send(Method::PUT, &path, &form, "access=read").await;
    assert_eq!(answer.verdict(), (415, "unsupported_media_type".to_owned()));
    for nothing in [
        ann.visitor().put_json(&path, json!({})).await,
        ann.send(Method::PUT, &path, &[], "").await,
    ] {
        assert_eq!(nothing.status, 200, "{}", nothing.text());
        assert_eq!(nothing.json()["share"]["access"], "read");
    }
}

async fn a_deleted_account_takes_its_files_along(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    ann.share(&file, "ben", "read").await;
    assert_eq!(ann.visitor().delete("/api/user").await.status, 204);
    assert_eq!(ben.get(&content_of(&file)).await.status, 404);
    assert_eq!(ben.get("/api/files").await.json()["files"], json!([]));
}

async fn a_shared_file_is_in_a_list_once_it_is_accepted(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let eve = app.person("eve", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    let other = ann.keep("b.txt", "abc").await;
    for file in [&file, &other] {
        assert_eq!(ann.share(file, "ben", "read").await.status, 200);
    }
    let names = async |which: &str| -> Vec<String> {
        let page = ben.get(&format!("/api/files?which={which}")).await.json();
        let files = page["files"].as_array().unwrap();
        let mut names: Vec<_> =
            files.iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(ben.get("/api/files").await.json()["files"], json!([]));
    assert_eq!(names("offered").await, ["a.txt", "b.txt"]);
    assert_eq!(eve.accept(&file).await.status, 404);
    assert_eq!(ann.accept(&file).await.status, 404);
    for _ in 0..2 {
        let accepted = ben.accept(&file).await;
        assert_eq!(
            (accepted.status.as_u16(), accepted.json()["file"]["name"].as_str()),
            (200, Some("a.txt"))
        );
    }
    let decline = format!("/api/files/{}/shares/ben", id(&other));
    assert_eq!(ben.visitor().delete(&decline).await.status, 204);
    assert_eq!((names("shared").await, names("offered").await), (vec!["a.txt".to_owned()], vec![]));
    assert_eq!(ben.accept(&other).await.status, 404);
    let known = ann.get(&format!("/api/files/{}", id(&file))).await.json();
    let shares = json!([{ "username": "ben", "access": "read", "accepted": true }]);
    assert_eq!(known["file"]["shares"], shares);
    // What was accepted once is changed without asking again.
    ann.share(&file, "ben", "write").await;
    assert_eq!(names("offered").await, [""; 0]);
    let seen = ben.get(&format!("/api/files/{}", id(&file))).await.json();
    assert_eq!(seen["file"]["access"], "write");
}

async fn what_is_answered_does_not_tell_whether_a_name_is_somebodys(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    app.person("ben", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    let mut told = Vec::new();
    for name in ["ben", "zoe"] {
        let shared = ann.share(&file, name, "read").await;
        let known = ann.get(&format!("/api/files/{}", id(&file))).await;
        let path = format!("/api/files/{}/shares/{name}", id(&file));
        let ends = [ann.visitor().delete(&path).await, ann.visitor().delete(&path).await];
        let ends = ends.map(|answer| answer.status.as_u16());
        let texts = [shared.text(), known.text()].map(|text| text.replace(name, "NAME"));
        told.push((shared.status, texts, ends));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].2, [204, 404]);
    // Whoever takes a name afterwards has nothing of what was offered to it before.
    ann.share(&file, "zoe", "read").await;
    app.clock.advance(std::time::Duration::from_secs(1));
    let zoe = app.person("zoe", carrier).await;
    assert_eq!(zoe.get("/api/files?which=offered").await.json()["files"], json!([]));
    assert_eq!(zoe.get(&content_of(&file)).await.status, 404);
    assert_eq!(zoe.accept(&file).await.status, 404);
}

async fn nobody_offers_files_without_end(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    for _ in 0..100 {
        assert_eq!(ann.share(&file, "ben", "read").await.status, 200);
    }
    let limited = ann.share(&file, "ben", "read").await;
    assert_eq!(limited.verdict(), (429, "rate_limited".to_owned()));
    assert!(limited.header("retry-after").parse::<u32>().unwrap() <= 3600);
}

/// It is told neither to the asker nor to anybody else but those who read the trail.
async fn another_persons_file_is_noted(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let eve = app.person("eve", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    for _ in 0..3 {
        assert_eq!(eve.get(&content_of(&file)).await.status, 404);
    }
    assert_eq!(eve.get(&format!("/api/files/{}", id(&file))).await.status, 404);
    assert_eq!(eve.get("/api/files/AAAAAAAAAAAAAAAAAAAAAA").await.status, 404);
    app.audit.flush().await;
    let name = Some(EventName::MaliciousDirectReference);
    let query = EventQuery { name, limit: 9, ..EventQuery::default() };
    let noted = app.store.inner().events(&query).await.unwrap();
    assert_eq!(noted.len(), 1, "counted");
    let event = &noted[0].event;
    assert_eq!((event.count(), &event.details["of"]), (4, &json!("file")));
    assert!(event.actor.is_some() && event.subject.is_some() && event.actor != event.subject);
}
