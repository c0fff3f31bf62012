//! A real nginx that asks the site who is there (`auth_request`), with the recipes that people use.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use vestibule_testkit::{
    site::{Child, Site},
    visitors::{Answer, Browser, CookieNames, Loopback, Visitor},
    wait,
};

use crate::{
    other_time::OtherTime,
    test_app::{PASSWORD, ask_store, clock, create_user, file_place, serve},
};

/// How long nginx may take until it listens.
const STARTS_WITHIN: Duration = Duration::from_secs(10);
/// How often another port is tried: one that was free a moment ago may be taken.
const ATTEMPTS: usize = 5;

/// As ingress-nginx makes it of `auth-url`: one variable, and so one cookie.
const ONE_COOKIE: &str = "
    auth_request_set $auth_cookie $upstream_http_set_cookie;
    add_header Set-Cookie $auth_cookie;
";

/// The recipe of the documentation for names without a hyphen.
const ALL_COOKIES: &str = "
    auth_request_set $refresh $upstream_cookie_refresh;
    auth_request_set $access $upstream_cookie_access;
    auth_request_set $csrf $upstream_cookie_csrf;
    add_header Set-Cookie $refresh_cookie;
    add_header Set-Cookie $access_cookie;
    add_header Set-Cookie $csrf_cookie;
";

/// The lines of `Set-Cookie` for that, outside of the server; no line where there is nothing to set.
const MAPS: [(&str, &str); 3] = [
    (
        "refresh",
        r#"map $refresh $refresh_cookie {
            "" "";
            default "refresh=$refresh; HttpOnly; Path=/; SameSite=Lax; Max-Age=2592000";
        }"#,
    ),
    (
        "access",
        r#"map $access $access_cookie {
            "" "";
            default "access=$access; HttpOnly; Path=/; SameSite=Lax; Max-Age=2592000";
        }"#,
    ),
    (
        "csrf",
        r#"map $csrf $csrf_cookie {
            "" "";
            default "csrf=$csrf; Path=/; SameSite=Lax; Max-Age=2592000";
        }"#,
    ),
];

#[tokio::test]
async fn a_gateway_that_hands_on_one_cookie_signs_nobody_out() {
    let scene = Scene::start(ONE_COOKIE);
    let browser = scene.signed_in().await;
    for round in 1..=4 {
        // Past an access token's life and the grace.
        scene.time.say(&format!("+{}m", round * 20));
        let late = browser.copy();
        let before = browser.refresh_token();
        let answer = page(&browser).await;
        assert_eq!(names(&answer), ["refresh"], "this gateway hands on the first");
        assert_ne!(browser.refresh_token(), before);
        // The next one brings what is missing.
        assert_eq!(names(&page(&browser).await), ["access"]);
        assert_eq!(names(&page(&browser).await), [""; 0]);
        // And one that was sent before the first answer came.
        page(&late).await;
        // Not through the gateway.
        assert_eq!(scene.at_the_site(&browser).get("/api/auth/me").await.status, 200);
    }
    scene.nothing_was_ended();
}

/// An older site sent the access token first, and so may whatever stands between: the browser then holds a refresh
/// token of the generation before.
#[tokio::test]
async fn a_browser_that_got_the_access_token_alone_is_signed_in() {
    let scene = Scene::start(
        "
        auth_request_set $access $upstream_cookie_access;
        add_header Set-Cookie $access_cookie;
    ",
    );
    let browser = scene.signed_in().await;
    for round in 1..=4 {
        scene.time.say(&format!("+{}m", round * 20));
        let before = browser.refresh_token();
        assert_eq!(names(&page(&browser).await), ["access"]);
        assert_eq!(names(&page(&browser).await), [""; 0], "the access token works");
        assert_eq!(browser.refresh_token(), before);
    }
    scene.nothing_was_ended();
}

#[tokio::test]
async fn a_gateway_that_hands_on_all_cookies_renews_once_in_a_while() {
    let scene = Scene::start(ALL_COOKIES);
    let browser = scene.signed_in().await;
    for round in 1..=3 {
        scene.time.say(&format!("+{}m", round * 20));
        assert_eq!(names(&page(&browser).await), ["refresh", "access", "csrf"]);
        assert_eq!(names(&page(&browser).await), [""; 0]);
    }
    let generations = ask_store(&scene.place, "SELECT generation FROM sessions");
    assert_eq!(generations, ["4"]);
    scene.nothing_was_ended();
}

/// The page behind the gateway.
async fn page(browser: &Browser) -> Answer {
    let answer = browser.get("/page").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "behind the gateway\n"));
    answer
}

/// The names of the cookies that an answer sets.
fn names(answer: &Answer) -> Vec<&str> {
    let lines = answer.set_cookies().into_iter();
    lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect()
}

/// The site, nginx before it, and the time that both live in.
struct Scene {
    // Dropped in this order.
    nginx: Nginx,
    site: Site,
    place: vestibule_testkit::site::Place,
    time: OtherTime,
}

impl Scene {
    fn start(recipe: &str) -> Self {
        let mut place = file_place();
        create_user(&place, "ada", &[]);
        let time = OtherTime::at(&mut place);
        let site = serve(&place);
        let nginx = Nginx::start(site.address(), recipe);
        Self { nginx, site, place, time }
    }

    /// Ada, who signed in at the site and goes through the gateway.
    async fn signed_in(&self) -> Browser {
        let browser = self.site.browser(clock());
        assert_eq!(browser.sign_in("ada", PASSWORD).await.status, 200);
        let url = format!("http://{}", self.nginx.address);
        let way = Loopback::to(self.nginx.address);
        let behind = Browser::new(way, &url, CookieNames::plain(), clock());
        *behind.jar() = browser.jar().clone();
        behind
    }

    /// The same browser where it goes to the site itself.
    fn at_the_site(&self, browser: &Browser) -> Browser {
        let straight = self.site.browser(clock());
        *straight.jar() = browser.jar().clone();
        straight
    }

    fn nothing_was_ended(&self) {
        let ended =
            ask_store(&self.place, "SELECT end_reason FROM sessions WHERE end_at IS NOT NULL");
        assert_eq!(ended, [""; 0]);
    }
}

/// Debian's nginx, on a free port of loopback, in a temporary folder.
struct Nginx {
    address: SocketAddr,
    _process: Child,
    _folder: TempDir,
}

impl Nginx {
    fn start(site: SocketAddr, recipe: &str) -> Self {
        for _ in 0..ATTEMPTS {
            let folder = tempfile::tempdir().unwrap();
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
            fs::write(folder.path().join("page"), "behind the gateway\n").unwrap();
            let file = folder.path().join("nginx.conf");
            fs::write(&file, configuration(folder.path(), port, site, recipe)).unwrap();
            // Its errors before it has read where to write them, too.
            let mut command = Command::new(program());
            command.arg("-c").arg(&file).arg("-p").arg(folder.path());
            command.arg("-e").arg(folder.path().join("error.log"));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut process = Child::start(&mut command);
            let listens = wait::until(STARTS_WITHIN, || {
                let ended = process.has_ended().is_some();
                (ended || TcpStream::connect(port).is_ok()).then_some(!ended)
            });
            if listens == Some(true) {
                return Self { address: port, _process: process, _folder: folder };
            }
            let said = fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
            assert!(said.contains("Address already in use"), "nginx does not start: {said}");
        }
        panic!("no port is free for nginx");
    }
}

fn configuration(folder: &Path, port: SocketAddr, site: SocketAddr, recipe: &str) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|what| format!("{what}_temp_path {folder}/{what};\n"))
        .collect();
    let used = |name: &str| recipe.contains(&format!("${name}_cookie"));
    let maps = MAPS.into_iter().filter(|(name, _)| used(name)).map(|(_, map)| map);
    let maps = maps.collect::<String>();
    // In one process, so that it ends with its handle.
    format!(
        "daemon off;
         master_process off;
         pid {folder}/pid;
         error_log {folder}/error.log;
         events {{ worker_connections 64; }}
         http {{
             access_log off;
             {temporary}
             {maps}
             server {{
                 listen {port};
                 location = /verify {{
                     internal;
                     proxy_pass http://{site}/auth/verify-request;
                     proxy_pass_request_body off;
                     proxy_set_header Content-Length \"\";
                     proxy_set_header Host $http_host;
                     proxy_set_header X-Original-Method $request_method;
                     proxy_set_header X-Original-URI $request_uri;
                 }}
                 location / {{
                     root {folder};
                     auth_request /verify;
                     {recipe}
                 }}
             }}
         }}"
    )
}

/// Where Debian puts it is not in everybody's `PATH`.
fn program() -> &'static str {
    let place = "/usr/sbin/nginx";
    assert!(Path::new(place).is_file(), "nginx is installed: apt-get install nginx");
    place
}
