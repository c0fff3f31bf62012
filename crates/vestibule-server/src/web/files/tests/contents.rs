//! Reading and replacing contents.

use http::Method;
use vestibule_testkit::{both_carriers, visitors::Carrier};

use super::{MAX_SIZE, TestApp, content_of, etag, id, sample};

both_carriers!(
    a_content_that_is_known_is_not_sent_again,
    a_part_of_a_content_can_be_asked_for,
    an_autosave_never_overwrites_anothers,
    without_a_tag_only_ones_own_content_is_overwritten,
    a_replacement_has_the_bounds_of_a_file,
    harmless_contents_are_shown_and_all_others_saved,
    a_tag_that_a_proxy_has_weakened_still_counts_for_writing,
    no_content_is_code_of_a_page,
);

async fn a_content_that_is_known_is_not_sent_again(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    let path = content_of(&file);
    for (header, value, status) in [
        ("if-none-match", etag(&file).to_owned(), 304),
        ("if-none-match", format!("\"x\", W/{}", etag(&file)), 304),
        ("if-none-match", "*".to_owned(), 304),
        ("if-none-match", "\"x\"".to_owned(), 200),
        ("if-match", etag(&file).to_owned(), 200),
        ("if-match", "\"x\"".to_owned(), 412),
    ] {
        let answer = ann.get_with(&path, &[(header, &value)]).await;
        assert_eq!(answer.status, status, "{header}: {value}");
        if status != 412 {
            assert_eq!(answer.header("etag"), etag(&file));
            assert_eq!(answer.header("cache-control"), "private, no-cache");
            assert_eq!(answer.body.is_empty(), status == 304);
        }
    }
    let head = ann.send(Method::HEAD, &path, &[], "").await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "3"));
    assert!(head.body.is_empty());
}

async fn a_part_of_a_content_can_be_asked_for(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let whole = sample(MAX_SIZE);
    let file = ann.keep("a.bin", whole.clone()).await;
    let path = content_of(&file);
    // Across the border of two blobs.
    let (from, to) = (4 * 1024 * 1024 - 10, 4 * 1024 * 1024 + 9);
    let range = format!("bytes={from}-{to}");
    let part = ann.get_with(&path, &[("range", &range)]).await;
    assert_eq!(part.status, 206);
    assert!(part.body == whole.slice(from..=to));
    assert_eq!(part.header("content-range"), format!("bytes {from}-{to}/{MAX_SIZE}"));
    assert_eq!(part.header("content-length"), "20");
    assert_eq!(part.header("etag"), etag(&file));
    let end = ann.get_with(&path, &[("range", "bytes=-5")]).await;
    assert!(end.body == whole.slice(MAX_SIZE - 5..));

    for (headers, status) in [
        (vec![("range", "bytes=0-0"), ("if-range", etag(&file))], 206),
        (vec![("range", "bytes=0-0"), ("if-range", "\"1-old\"")], 200),
        (vec![("range", "bytes=99999999-")], 200),
        (vec![("range", "bytes=0-0,2-2")], 200),
        (vec![("range", "bytes=x")], 200),
        (vec![("range", "bytes=0-0"), ("if-none-match", etag(&file))], 304),
    ] {
        let answer = ann.get_with(&path, &headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.header("accept-ranges").is_empty(), status == 304);
    }
}

async fn an_autosave_never_overwrites_anothers(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let file = ann.keep("map.json", "{}").await;
    let path = content_of(&file);
    ann.share(&file, "ben", "write").await;
    let first = ben.send(Method::PUT, &path, &[("if-match", etag(&file))], "{\"b\":1}").await;
    assert_eq!(first.status, 200, "{}", first.text());
    let new = first.json()["file"].clone();
    assert_eq!(first.header("etag"), etag(&new));
    assert_ne!(etag(&new), etag(&file));
    assert_eq!(
        (&new["owner"], &new["access"], &new["size"]),
        (&"ann".into(), &"write".into(), &7.into())
    );

    let late = ann.send(Method::PUT, &path, &[("if-match", etag(&file))], "{\"a\":1}").await;
    assert_eq!(late.verdict(), (412, "precondition_failed".to_owned()));
    assert_eq!(ann.get(&path).await.text(), "{\"b\":1}");
    let merged =
        ann.send(Method::PUT, &path, &[("if-match", etag(&new))], "{\"a\":1,\"b\":1}").await;
    assert_eq!(merged.status, 200);
    // What was refused or replaced is not kept; the latter for a while, for those who are reading it.
    app.until_blobs_are(3).await;
    let forced = ben.send(Method::PUT, &path, &[("if-match", "*")], "{}").await;
    assert_eq!(forced.status, 200, "whoever says so overwrites whatever there is");
}

async fn without_a_tag_only_ones_own_content_is_overwritten(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let file = ann.keep("notes.txt", "one").await;
    let path = content_of(&file);
    assert_eq!(ann.send(Method::PUT, &path, &[], "two").await.status, 200);
    ann.share(&file, "ben", "write").await;
    let unseen = ben.send(Method::PUT, &path, &[], "three").await;
    assert_eq!(unseen.verdict(), (412, "precondition_failed".to_owned()));
    assert_eq!(ann.get(&path).await.text(), "two");
    assert_eq!(ben.send(Method::PUT, &path, &[("if-match", "*")], "three").await.status, 200);
    assert_eq!(ben.send(Method::PUT, &path, &[], "four").await.status, 200);
    assert_eq!(ann.send(Method::PUT, &path, &[], "five").await.status, 412);
    assert_eq!(ann.get(&path).await.text(), "four");
}

async fn a_replacement_has_the_bounds_of_a_file(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let ben = app.person("ben", carrier).await;
    let file = ann.keep("a.txt", "abc").await;
    let path = content_of(&file);
    let put = async |content| ann.send(Method::PUT, &path, &[], content).await;
    assert_eq!(put(sample(MAX_SIZE + 1)).await.status, 413);
    assert_eq!(put(sample(MAX_SIZE)).await.status, 200);
    ann.keep("b", sample(4 * 1024 * 1024)).await;
    assert_eq!(put(sample(MAX_SIZE)).await.status, 200, "no larger than before");
    assert_eq!(put(sample(5)).await.status, 200);
    assert_eq!(ann.get("/api/files").await.json()["usage"]["used"], 4 * 1024 * 1024 + 5);

    ann.share(&file, "ben", "read").await;
    let read_only = ben.send(Method::PUT, &path, &[("if-match", "*")], "x").await;
    assert_eq!(read_only.verdict(), (403, "forbidden".to_owned()));
    let foreign = format!("/api/files/{}/content", "A".repeat(22));
    assert_eq!(ben.send(Method::PUT, &foreign, &[], "x").await.status, 404);
}

async fn no_content_is_code_of_a_page(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let file = ann.keep("a.js", "alert(1)").await;
    for path in [format!("/file/{}", id(&file)), content_of(&file)] {
        for destination in ["script", "worker", "sharedworker", "serviceworker", "style", "xslt"] {
            let asked = [("sec-fetch-dest", destination)];
            let answer = ann.send(Method::GET, &path, &asked, "").await;
            assert_eq!(answer.verdict(), (403, "forbidden".to_owned()), "{path} as {destination}");
        }
        let answer = ann.send(Method::GET, &path, &[("service-worker", "script")], "").await;
        assert_eq!(answer.status, 403);
        for destination in ["document", "empty", "image", "video"] {
            let asked = [("sec-fetch-dest", destination)];
            let answer = ann.send(Method::GET, &path, &asked, "").await;
            assert_eq!(answer.status, 200, "{path} as {destination}");
            assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
            assert_eq!(answer.header("service-worker-allowed"), "");
        }
    }
}

async fn harmless_contents_are_shown_and_all_others_saved(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    for (name, content, kind, is_shown) in [
        ("a.png", "\u{89}", "", false),
        ("a.txt", "<script>alert(1)</script>", "text/plain; charset=utf-8", true),
        ("a.html", "<script>alert(1)</script>", "text/html; charset=utf-8", false),
        ("a.svg", "<svg onload='alert(1)'>", "image/svg+xml", false),
        ("a.js", "alert(1)", "text/plain; charset=utf-8", false),
        ("a.mjs", "alert(1)", "text/plain; charset=utf-8", false),
        ("a.css", "body { display: none }", "text/plain; charset=utf-8", false),
        ("a.pdf", "%PDF-1.7", "application/pdf", false),
        ("a.gif", "GIF89a...", "image/gif", true),
    ] {
        let file = ann.keep(name, content).await;
        let page = format!("/file/{}", id(&file));
        for (path, may_be_shown) in
            [(page.clone(), true), (format!("{page}?download"), false), (content_of(&file), false)]
        {
            let answer = ann.get(&path).await;
            assert_eq!(answer.status, 200);
            assert!(answer.body == content.as_bytes());
            let shown = answer.header("content-disposition").starts_with("inline");
            assert_eq!(shown, is_shown && may_be_shown, "{path} of {name}");
            let named = format!("filename=\"{name}\"");
            assert!(answer.header("content-disposition").contains(&named));
            if !kind.is_empty() {
                assert_eq!(answer.header("content-type"), kind);
            }
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("sandbox") && policy.contains("default-src 'none'"),
                "{policy}"
            );
        }
    }
}

async fn a_tag_that_a_proxy_has_weakened_still_counts_for_writing(carrier: Carrier) {
    let app = TestApp::open().await;
    let ann = app.person("ann", carrier).await;
    let kept = ann.send(Method::POST, "/api/files?name=map.json", &[], "{}").await;
    let file = kept.json()["file"].clone();
    let path = content_of(&file);
    let weak = format!("W/{}", etag(&file));
    let put =
        async |tag: &str| ann.send(Method::PUT, &path, &[("if-match", tag)], "{\"a\":1}").await;

    let written = put(&weak).await;
    assert_eq!(written.status, 200, "{}", written.text());
    assert_eq!(put(&weak).await.status, 412, "it is the tag of the content before");
    let new = written.json()["file"].clone();
    for unquoted in [etag(&new).trim_matches('"'), "W/x", "", "\"x"] {
        let refused = put(unquoted).await;
        assert_eq!(refused.verdict(), (400, "malformed_request".to_owned()), "{unquoted}");
        assert!(refused.text().contains("quotation marks"), "{}", refused.text());
    }
    let bare = [("if-match", etag(&new).trim_matches('"'))];
    assert_eq!(
        ann.send(Method::DELETE, &format!("/api/files/{}", id(&file)), &bare, "").await.status,
        400
    );
    let weak = [("if-match", &*format!("W/{}", etag(&new)))];
    assert_eq!(
        ann.send(Method::DELETE, &format!("/api/files/{}", id(&file)), &weak, "").await.status,
        204
    );
}
