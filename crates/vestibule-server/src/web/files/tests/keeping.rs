//! Keeping, listing and deleting.

use http::Method;
use serde_json::json;
use vestibule_testkit::{
    both_carriers,
    visitors::{Anonymous, Carrier, InProcess, Visitor as _},
};

use super::{MAX_SIZE, Person, QUOTA, TestApp, content_of, etag, id, sample};

both_carriers!(
    a_body_with_a_name_is_kept,
    a_form_with_a_file_is_kept,
    what_is_wrong_with_a_file_is_told_and_leaves_nothing,
    large_files_arrive_whole_and_larger_ones_not_at_all,
    a_quota_bounds_all_files_together,
    lists_go_on_where_they_ended,
    only_its_owner_deletes_a_file,
);

async fn a_body_with_a_name_is_kept(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let answer =
        ann.send(Method::POST, "/api/files?name=Br%C3%BCcke+1.csv", &[], "a,b\n1,2\n").await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let file = answer.json()["file"].clone();
    assert_eq!(file["name"], "Brücke 1.csv");
    assert_eq!((&file["size"], &file["type"]), (&json!(8), &json!("text/csv")));
    assert_eq!((&file["owner"], &file["access"]), (&json!("ann"), &json!("owner")));
    assert_eq!(file["created_at"], 1_750_000_000);
    assert_eq!(answer.header("etag"), etag(&file));
    assert_eq!(answer.location(), format!("/api/files/{}", id(&file)));
    let read = ann.get(&content_of(&file)).await;
    assert_eq!((read.status.as_u16(), &*read.body), (200, &b"a,b\n1,2\n"[..]));
    let known = ann.get(answer.location()).await;
    assert_eq!(known.json()["file"]["etag"], file["etag"]);
    assert_eq!(known.json()["file"]["shares"], json!([]));
}

async fn a_form_with_a_file_is_kept(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let form = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".png\"\r\n\
        Content-Type: text/html\r\n\r\n<script>\r\n--b--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let answer = ann.send(Method::POST, "/api/files", &kind, form).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let file = answer.json()["file"].clone();
    assert_eq!(file["name"], "a \"b\".png");
    assert_eq!(file["type"], "text/plain", "neither the client nor the name is believed");
    assert_eq!(ann.get(&content_of(&file)).await.text(), "<script>");
}

async fn what_is_wrong_with_a_file_is_told_and_leaves_nothing(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let form = [("content-type", "multipart/form-data; boundary=b")];
    let cut = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc";
    let without = "--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\nabc\r\n--b--";
    let path = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../a\"\r\n\r\nabc\r\n--b--";
    for (path, headers, body, status, word) in [
        ("/api/files", &[][..], "abc", 422, "\"name\""),
        ("/api/files?name=", &[], "abc", 422, "\"name\""),
        ("/api/files?name=a%2Fb", &[], "abc", 422, "folders"),
        ("/api/files?name=a%00b", &[], "abc", 422, "control"),
        ("/api/files", &form, cut, 400, "malformed_request"),
        ("/api/files", &form, without, 422, "\"file\""),
        ("/api/files", &form, path, 422, "\"name\""),
        ("/api/files", &[("content-type", "multipart/form-data")], cut, 400, "boundary"),
    ] {
        let answer = ann.send(Method::POST, path, headers, body).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
        assert!(answer.text().contains(word), "{path} {body}: {}", answer.text());
    }
    app.until_blobs_are(0).await;
    let list = ann.get("/api/files").await.json();
    assert_eq!((&list["files"], &list["usage"]["used"]), (&json!([]), &json!(0)));
}

async fn large_files_arrive_whole_and_larger_ones_not_at_all(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let file = ann.keep("a.bin", sample(MAX_SIZE)).await;
    assert_eq!(file["type"], "application/octet-stream");
    assert!(ann.get(&content_of(&file)).await.body == sample(MAX_SIZE));
    assert_eq!(app.blobs().await, 2);
    let announced = ann.send(Method::POST, "/api/files?name=a", &[], sample(MAX_SIZE + 1)).await;
    assert_eq!(announced.verdict(), (413, "too_large".to_owned()));
    let much_more =
        ann.send(Method::POST, "/api/files?name=a", &[], sample(MAX_SIZE + 100_000)).await;
    assert_eq!(much_more.verdict(), (413, "too_large".to_owned()));
    app.until_blobs_are(2).await;
}

async fn a_quota_bounds_all_files_together(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let file = ann.keep("a", sample(MAX_SIZE)).await;
    let refused =
        ann.send(Method::POST, "/api/files?name=b", &[], sample(QUOTA - MAX_SIZE + 1)).await;
    assert_eq!(refused.verdict(), (413, "too_large".to_owned()));
    assert!(
        refused.text().contains("10 MiB") && refused.text().contains("4 MiB"),
        "{}",
        refused.text()
    );
    ann.keep("b", sample(QUOTA - MAX_SIZE)).await;
    ben.keep("c", sample(MAX_SIZE)).await;
    let usage = ann.get("/api/files").await.json()["usage"].clone();
    assert_eq!(usage, json!({ "used": QUOTA, "quota": QUOTA, "max_size": MAX_SIZE }));
    let path = format!("/api/files/{}", id(&file));
    assert_eq!(ann.visitor().delete(&path).await.status, 204);
    ann.keep("d", sample(MAX_SIZE)).await;
}

async fn lists_go_on_where_they_ended(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let mut names = Vec::new();
    for number in 0..5 {
        app.clock.advance(std::time::Duration::from_secs(1));
        let owner = if number % 2 == 0 { &ann } else { &ben };
        let name = format!("{number}.txt");
        let file = owner.keep(&name, "x").await;
        if number % 2 == 1 {
            assert_eq!(ben.share(&file, "ann", "read").await.status, 200);
            assert_eq!(ann.accept(&file).await.status, 200);
        }
        names.insert(0, name);
    }
    let mut seen = Vec::new();
    let mut path = "/api/files?limit=2".to_owned();
    for _ in 0..3 {
        let page = ann.get(&path).await.json();
        let files = page["files"].as_array().unwrap();
        seen.extend(files.iter().map(|file| file["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => path = format!("/api/files?limit=2&cursor={next}"),
            None => path.clear(),
        }
    }
    assert_eq!((seen, path.as_str()), (names, ""));
    for (which, count) in [("own", 3), ("shared", 2)] {
        let page = ann.get(&format!("/api/files?which={which}")).await.json();
        let files = page["files"].as_array().unwrap();
        assert_eq!((files.len(), &page["next"]), (count, &json!(null)), "{which}");
        let access = if which == "own" { "owner" } else { "read" };
        assert!(files.iter().all(|file| file["access"] == access));
    }
    for wrong in ["which=all", "cursor=x", "cursor=1.2"] {
        assert_eq!(ann.get(&format!("/api/files?{wrong}")).await.status, 422, "{wrong}");
    }
    assert_eq!(ann.get("/api/files?limit=many").await.status, 400);
}

async fn only_its_owner_deletes_a_file(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    let path = format!("/api/files/{}", id(&file));
    assert_eq!(ben.visitor().delete(&path).await.verdict(), (404, "not_found".to_owned()));
    ann.share(&file, "ben", "write").await;
    assert_eq!(ben.visitor().delete(&path).await.verdict(), (403, "forbidden".to_owned()));
    let stale = ann.send(Method::DELETE, &path, &[("if-match", "\"1-x\"")], "").await;
    assert_eq!(stale.verdict(), (412, "precondition_failed".to_owned()));
    let gone = ann.send(Method::DELETE, &path, &[("if-match", etag(&file))], "").await;
    assert_eq!(gone.status, 204);
    for person in [&ann, &ben] {
        assert_eq!(person.get(&path).await.status, 404);
        assert_eq!(person.get(&content_of(&file)).await.status, 404);
    }
    assert_eq!(ann.visitor().delete(&path).await.status, 404);
    for nonsense in ["/api/files/x", "/api/files/%FF", "/file/x", "/api/files/x/content"] {
        assert_eq!(ann.get(nonsense).await.verdict(), (404, "not_found".to_owned()), "{nonsense}");
    }
}

#[tokio::test]
async fn nobody_keeps_and_sees_nothing() {
    let app = TestApp::open().await;
    let ann = app.person("ann", Carrier::Header).await;
    let file = ann.keep("a.txt", "abc").await;
    let nobody = Anonymous::new(InProcess::new(app.router.clone()), "127.0.0.1:5000");
    for path in ["/api/files", &content_of(&file), &format!("/file/{}", id(&file))] {
        assert_eq!(nobody.get(path).await.verdict(), (401, "token_missing".to_owned()), "{path}");
    }
    let sent = vestibule_testkit::visitors::request(Method::POST, "/api/files?name=a", None);
    assert_eq!(nobody.send(sent).await.verdict(), (401, "token_missing".to_owned()));
}

#[tokio::test]
async fn a_page_from_elsewhere_keeps_nothing() {
    let app = TestApp::open().await;
    let ann = app.person("ann", Carrier::Cookie).await;
    let file = ann.keep("a.txt", "abc").await;
    let Person::Browser(browser) = &ann else { panic!("a browser") };
    for (method, path) in [
        (Method::POST, "/api/files?name=b".to_owned()),
        (Method::PUT, content_of(&file)),
        (Method::DELETE, format!("/api/files/{}", id(&file))),
        (Method::PUT, format!("/api/files/{}/shares/ben", id(&file))),
        (Method::POST, "/api/files/uploads".to_owned()),
    ] {
        let mut request = ann.request(method, &path, &[("content-type", "application/json")], "{}");
        request.headers_mut().remove("x-csrf-token");
        let answer = browser.send(request).await;
        assert_eq!(answer.verdict(), (403, "csrf_failed".to_owned()), "{path}");
    }
    assert_eq!(ann.get(&content_of(&file)).await.text(), "abc");
}

#[tokio::test]
async fn an_outage_is_told_as_one_and_mended_without_a_restart() {
    let app = TestApp::open().await;
    let ann = app.person("ann", Carrier::Header).await;
    let file = ann.keep("a.txt", "abc").await;
    app.store.set_down(true);
    for path in ["/api/files".to_owned(), content_of(&file)] {
        let answer = ann.get(&path).await;
        assert_eq!(answer.verdict(), (503, "unavailable".to_owned()), "{path}");
        assert!(!answer.header("retry-after").is_empty());
    }
    app.store.set_down(false);
    // The folder is in the way of itself.
    let blobs = app.folder.path().join("files/blobs");
    std::fs::rename(&blobs, app.folder.path().join("aside")).unwrap();
    std::fs::write(&blobs, "").unwrap();
    let unread = ann.get(&content_of(&file)).await;
    assert_eq!(unread.verdict(), (503, "unavailable".to_owned()), "nothing of it has been sent");
    let refused = ann.send(Method::POST, "/api/files?name=b", &[], "x").await;
    assert_eq!(refused.verdict(), (503, "unavailable".to_owned()));
    std::fs::remove_file(&blobs).unwrap();
    std::fs::rename(app.folder.path().join("aside"), &blobs).unwrap();
    ann.keep("b", "x").await;
    assert_eq!(ann.get(&content_of(&file)).await.text(), "abc");
}
