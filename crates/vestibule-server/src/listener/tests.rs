use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Path as PathOf, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use vestibule::{
    SiteSecret, SystemClock, SystemEntropy, Vestibule,
    core::{store::Store, time::Clock},
};
use vestibule_files::Blobs;
use vestibule_site::{memory::MemoryStore, store::SiteStore};

use super::connections::{Admission, Connections};
use crate::web::{
    SiteService,
    middleware::{error_layer, frame},
};
use crate::{
    bootstrap,
    config::{self, Settings},
    config::{ConfigFlags, KeyValue},
    services::{
        audit::AuditLog,
        feedback::FeedbackService,
        files::Files,
        mail::{Mailer, Parts},
        setup::Setup,
    },
    web::state::Site,
};

/// A site in memory with these settings, and routes that misbehave.
async fn site(settings: &[(&str, &str)]) -> SiteService {
    let folder = tempfile::tempdir().unwrap();
    let set = settings
        .iter()
        .map(|(key, value)| KeyValue { key: (*key).to_owned(), value: (*value).to_owned() });
    let flags = ConfigFlags { set: set.collect(), ..ConfigFlags::default() };
    let settings = Arc::new(config::load(&flags, [], folder.path()).unwrap().settings);
    let site = build(settings, folder.path()).await;
    let router = Router::new()
        .route("/api/panics", get(panics))
        .route("/api/sleeps", get(sleeps))
        .route("/api/echo", post(async |body: Body| echoed(body).await))
        .route("/api/number/{number}", get(async |PathOf(number): PathOf<u32>| Json(number)))
        .route("/api/json", post(async |Json(value): Json<Value>| Json(value)))
        .route("/api/own", get(async || (StatusCode::NOT_FOUND, Json("mine"))));
    frame::around(&site, error_layer::around(&site.auth, router))
}

/// A site whose store is in memory, and whose files are in a folder.
async fn build(settings: Arc<Settings>, folder: &Path) -> Site {
    let templates = crate::templates::CurrentTemplates::ours();
    let secret = SiteSecret::new([7; 32]).unwrap();
    let store: Arc<dyn SiteStore> = Arc::new(MemoryStore::default());
    let clock = Arc::new(SystemClock::start());
    let blobs = Blobs::in_folder(&folder.join("files")).unwrap();
    let audit = AuditLog::start(
        Arc::clone(&store),
        Arc::clone(&clock) as Arc<dyn Clock>,
        settings.audit.keep,
        "node".to_owned(),
    );
    let mailer = Mailer::start(Parts {
        settings: &settings,
        secret: &secret,
        templates: templates.clone(),
        store: Arc::clone(&store),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        entropy: Arc::new(SystemEntropy),
        limits: None,
    })
    .unwrap();
    let auth = Vestibule::builder_over(Arc::clone(&store) as Arc<dyn Store>)
        .config(bootstrap::auth_config(&settings, secret).unwrap())
        .build()
        .await
        .unwrap();
    let files = Files::new(
        auth.clone(),
        Arc::clone(&store),
        blobs,
        &settings.files,
        None,
        Arc::clone(&clock) as _,
    );
    let feedback =
        Arc::new(FeedbackService::new(&settings, None, clock, mailer.clone(), auth.clone()));
    let setup = Arc::new(Setup::closed());
    Site { auth, settings, templates, setup, store, files, audit, feedback, mailer }
}

/// An app that is being developed finds its own way; only what lies in its folder is served.
#[tokio::test]
async fn an_app_is_served_from_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let app = folder.path().join("app");
    std::fs::create_dir(&app).unwrap();
    std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    std::fs::write(app.join("index.html"), "<h1>App</h1>").unwrap();
    std::fs::write(app.join("app.js"), "start()").unwrap();
    std::fs::write(app.join("app-DiwrgTda.js"), "start()").unwrap();
    let settings = [("VESTIBULE_PAGES__APP_DIR".to_owned(), app.display().to_string())];
    let loaded = config::load(&ConfigFlags::default(), settings, folder.path()).unwrap();
    let service = crate::web::service(&build(Arc::new(loaded.settings), folder.path()).await);
    for (path, kind, text, keep) in [
        ("/static/mapapp/", "text/html", "<h1>App</h1>", "no-store"),
        ("/static/mapapp/index.html", "text/html", "<h1>App</h1>", "no-store"),
        ("/static/mapapp/app.js", "text/javascript", "start()", "private, no-cache"),
        (
            "/static/mapapp/app-DiwrgTda.js",
            "text/javascript",
            "start()",
            "private, max-age=31536000, immutable",
        ),
        ("/static/mapapp/app-NotThere1.js", "text/html", "<h1>App</h1>", "no-store"),
        ("/static/mapapp/maps/7", "text/html", "<h1>App</h1>", "no-store"),
        ("/static/mapapp/../secret.txt", "", "", ""),
        ("/static/mapapp/%2e%2e/secret.txt", "text/html", "<h1>App</h1>", "no-store"),
    ] {
        let request = ask("GET", path, &[("host", "127.0.0.1:5000")], "");
        let response = service.clone().oneshot(request).await.unwrap();
        let found = response.headers().get("content-type").cloned();
        let kept = response.headers()["cache-control"].to_str().unwrap().to_owned();
        assert!(keep.is_empty() || kept == keep, "{path}: {kept}");
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(!body.contains("secret"), "{path}: {body}");
        assert!(found.unwrap().to_str().unwrap().starts_with(kind), "{path}");
        assert!(text.is_empty() || body == text, "{path}: {body}");
    }
}

async fn panics() -> StatusCode {
    panic!("on purpose")
}

async fn sleeps() -> StatusCode {
    tokio::time::sleep(Duration::from_secs(60)).await;
    StatusCode::OK
}

async fn echoed(body: Body) -> Response {
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes.len().to_string().into_response(),
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}

fn ask(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header(header::HOST, "localhost:5000");
    }
    let mut request = request.body(body.into()).unwrap();
    let peer = SocketAddr::from(([192, 0, 2, 7], 1234));
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

async fn answer(site: &SiteService, request: Request) -> (StatusCode, HeaderMap, String) {
    let response = site.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn code(site: &SiteService, request: Request) -> (u16, String) {
    let (status, headers, body) = answer(site, request).await;
    assert_eq!(headers["content-type"], "application/problem+json");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(headers["x-request-id"], body["request_id"].as_str().unwrap());
    (status.as_u16(), body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_refusal_of_the_framework_is_worded_by_the_site() {
    let site = site(&[]).await;
    let json = [("content-type", "application/json")];
    for (request, status, expected) in [
        (ask("GET", "/api/nothing", &[], ""), 404, "not_found"),
        (ask("POST", "/api/panics", &[], ""), 405, "method_not_allowed"),
        (ask("GET", "/api/number/x", &[], ""), 400, "malformed_request"),
        (ask("POST", "/api/json", &[], "{}"), 415, "unsupported_media_type"),
        (ask("POST", "/api/json", &json, "{"), 400, "malformed_request"),
        (ask("GET", "/api/panics", &[], ""), 500, "internal"),
    ] {
        let path = request.uri().path().to_owned();
        assert_eq!(code(&site, request).await, (status, expected.to_owned()), "{path}");
    }
    let (status, _, body) = answer(&site, ask("GET", "/api/own", &[], "")).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, "\"mine\""));
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let site = site(&[]).await;
    let (_, headers, _) = answer(&site, ask("POST", "/api/panics", &[], "")).await;
    assert_eq!(headers["allow"], "GET,HEAD");
    let overridden = ask("POST", "/api/own", &[("x-http-method-override", "GET")], "");
    assert_eq!(answer(&site, overridden).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_a_503() {
    let site = site(&[]).await;
    let (status, headers, _) = answer(&site, ask("GET", "/api/sleeps", &[], "")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers["retry-after"], "5");
}

#[tokio::test]
async fn bodies_end_at_the_bound_announced_or_not() {
    let site = site(&[]).await;
    let large = vec![b'a'; 1024 * 1024 + 1];
    let announced = ask("POST", "/api/echo", &[], large.clone());
    assert_eq!(code(&site, announced).await, (413, "too_large".to_owned()));

    struct Chunks(Vec<u8>);
    impl hyper::body::Body for Chunks {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
            let rest = std::mem::take(&mut self.0);
            let frame = hyper::body::Frame::data(Bytes::from(rest.clone()));
            std::task::Poll::Ready((!rest.is_empty()).then_some(Ok(frame)))
        }
    }
    let chunked = |bytes: Vec<u8>| ask("POST", "/api/echo", &[], Body::new(Chunks(bytes)));
    assert_eq!(code(&site, chunked(large.clone())).await, (413, "too_large".to_owned()));
    let (_, _, length) = answer(&site, chunked(large[1..].to_vec())).await;
    assert_eq!(length, "1048576");
}

#[tokio::test]
async fn a_request_whose_host_is_unclear_is_refused_and_the_connection_closed() {
    let site = site(&[]).await;
    let request = || ask("GET", "/api/own", &[("host", "a b")], "");
    assert_eq!(code(&site, request()).await, (400, "malformed_request".to_owned()));
    assert_eq!(answer(&site, request()).await.1["connection"], "close");
    let (_, headers, _) = answer(&site, ask("GET", "/api/own/", &[], "")).await;
    assert!(!headers.contains_key("connection"));
}

#[tokio::test]
async fn only_a_trusted_proxy_names_requests_and_says_https() {
    let https = [
        ("profile", "development"),
        ("public_url", "https://maps.example"),
        ("trusted_proxies", "192.0.2.0/24"),
    ];
    let behind_proxy = site(&https).await;
    let alone = site(&https[..2]).await;
    let named = |id: &str, scheme: &str| {
        ask("GET", "/api/own", &[("x-request-id", id), ("x-forwarded-proto", scheme)], "")
    };
    let (_, headers, _) = answer(&behind_proxy, named("abc-1234", "https")).await;
    assert_eq!(headers["x-request-id"], "abc-1234");
    assert_eq!(headers["strict-transport-security"], "max-age=63072000");
    let (_, headers, _) = answer(&behind_proxy, named("abc 1234", "http")).await;
    assert_ne!(headers["x-request-id"], "abc 1234");
    assert!(!headers.contains_key("strict-transport-security"));
    let (_, headers, _) = answer(&alone, named("abc-1234", "https")).await;
    assert_ne!(headers["x-request-id"], "abc-1234");
    assert!(!headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_preflight_never_reaches_a_route() {
    let site = site(&[("cors.origins", "https://app.example")]).await;
    let from = |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        ask("OPTIONS", "/api/json", &headers, "")
    };
    let (status, headers, _) = answer(&site, from("https://app.example")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(headers["access-control-allow-origin"], "https://app.example");
    assert!(!headers.contains_key("access-control-allow-credentials"));
    let (status, headers, _) = answer(&site, from("https://evil.example")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(!headers.contains_key("access-control-allow-origin"));
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_request_is_one_line_without_its_secrets() {
    let site = site(&[]).await;
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(log);
    let headers = [
        ("authorization", "Bearer s3cret"),
        ("cookie", "access=s3cret"),
        ("user-agent", "a\t\"b\" \u{2028}"),
    ];
    answer(&site, ask("POST", "/api/own/?token=s3cret", &headers, "s3cret")).await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
    let line: Value = serde_json::from_str(text.trim_end()).unwrap();
    let fields = &line["fields"];
    assert_eq!(fields["method"], "POST");
    assert_eq!(fields["path"], "/api/own/");
    assert_eq!(fields["status"], 405);
    assert_eq!(fields["address"], "192.0.2.7");
    assert_eq!(fields["agent"], "a\u{fffd}\"b\" \u{fffd}");
}

/// A body of which nothing arrives, with any cookie: as long as nobody is known, nobody is waited for.
#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for_before_the_caller_is_known() {
    let site = site(&[]).await;
    for (method, path) in
        [("POST", "/api/files"), ("POST", "/uploads"), ("PUT", "/api/files/1/content")]
    {
        for kind in ["multipart/form-data; boundary=XX", "application/x-www-form-urlencoded"] {
            let headers = [("content-type", kind), ("cookie", "a=b"), ("host", "127.0.0.1:5000")];
            let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
            let began = tokio::time::Instant::now();
            answer(&site, ask(method, path, &headers, Body::from_stream(never))).await;
            let took = began.elapsed();
            assert!(took <= Duration::from_secs(7), "{method} {path}: {took:?}");
        }
    }
}

/// What the site answers to these bytes on a connection of its own, until it closes that.
async fn conversation(bytes: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let admission = Admission { most: 16, trusted_proxies: Vec::new() };
    let connections = Connections::new(None, site(&[]).await, stop.clone(), admission);
    let talk = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Slower than the site answers: what it has said by then must not get lost.
        for piece in bytes.chunks(256 * 1024) {
            stream.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await.unwrap();
        String::from_utf8(said).unwrap()
    };
    let said = tokio::select! {
        () = connections.accept(&listener) => String::new(),
        said = talk => said,
    };
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), connections.ended()).await.unwrap();
    said
}

#[tokio::test]
async fn a_head_beyond_the_bounds_is_answered_although_it_is_not_read() {
    let long = format!("Authorization: Bearer {}\r\n", "a".repeat(1_000_000));
    let many = "X-Y: z\r\n".repeat(200);
    for headers in [long, many] {
        let head = format!("GET /api/own HTTP/1.1\r\nHost: a.test\r\n{headers}\r\n");
        let said = conversation(head.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
}

#[tokio::test]
async fn nothing_after_a_request_of_two_meanings_is_answered() {
    let second = "GET /api/own HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let first = "POST /api/echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let said = conversation(format!("{first}{second}").as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 400 ") && said.matches("HTTP/1.1").count() == 1, "{said}");
}
