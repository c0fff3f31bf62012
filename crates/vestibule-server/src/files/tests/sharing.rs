//! Sharing.

use http::Method;
use serde_json::json;
use vestibule_testkit::{both_carriers, visitors::Carrier};

use super::{House, content_of, id};

both_carriers!(
    a_file_is_seen_by_those_it_is_shared_with_and_by_nobody_else,
    a_share_ends_by_either_side,
    only_somebody_who_is_there_is_shared_with,
    a_deleted_account_takes_its_files_along,
);

async fn a_file_is_seen_by_those_it_is_shared_with_and_by_nobody_else(carrier: Carrier) {
    let house = House::open().await;
    let ann = house.person("ann", carrier).await;
    let ben = house.person("ben", carrier).await;
    let eve = house.person("eve", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    let paths =
        [format!("/api/files/{}", id(&file)), content_of(&file), format!("/file/{}", id(&file))];
    for path in &paths {
        assert_eq!(ben.get(path).await.verdict(), (404, "not_found".to_owned()), "{path}");
    }
    let shared = ann.share(&file, "BEN", "read").await;
    assert_eq!(shared.status, 200, "{}", shared.text());
    assert_eq!(shared.json(), json!({ "share": { "username": "ben", "access": "read" } }));
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
    assert_eq!(known["file"]["shares"], json!([{ "username": "ben", "access": "write" }]));
    assert_eq!(ben.share(&file, "eve", "read").await.verdict(), (403, "forbidden".to_owned()));
    assert_eq!(eve.share(&file, "eve", "read").await.status, 404);
}

async fn a_share_ends_by_either_side(carrier: Carrier) {
    let house = House::open().await;
    let ann = house.person("ann", carrier).await;
    let ben = house.person("ben", carrier).await;
    let eve = house.person("eve", carrier).await;
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

async fn only_somebody_who_is_there_is_shared_with(carrier: Carrier) {
    let house = House::open().await;
    let ann = house.person("ann", carrier).await;
    house.person("ben", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    for (with, access, status) in [
        ("nobody", "read", 404),
        ("ben@example.org", "read", 404),
        ("%00", "read", 404),
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
    let house = House::open().await;
    let ann = house.person("ann", carrier).await;
    let ben = house.person("ben", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    ann.share(&file, "ben", "read").await;
    assert_eq!(ann.visitor().delete("/api/user").await.status, 204);
    assert_eq!(ben.get(&content_of(&file)).await.status, 404);
    assert_eq!(ben.get("/api/files").await.json()["files"], json!([]));
}
