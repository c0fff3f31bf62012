//! The pages, asked the way a browser asks.

mod account;
mod addresses;
mod admin;
mod admin_api;
mod doors;
mod export;
mod feedback;
mod language;
mod outbox;
mod problems;
mod reset;
mod restore;
mod templates;
mod uploads;
mod verify;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::connect_info::MockConnectInfo,
    http::{Method, Request, Response, header},
};
use tower::ServiceExt as _;
use vestibule::{
    Config, SiteSecret, SystemEntropy, User, Vestibule,
    core::{
        name::LoginKey,
        time::{Clock, Timestamp},
        user::UserChange,
    },
};
use vestibule_files::Blobs;
use vestibule_site::{memory::MemoryStore, store::SiteStore};

use super::{on_problem, routes, static_routes};
use crate::templates::CurrentTemplates;
use crate::{
    config,
    config::ConfigFlags,
    services::{
        audit::AuditLog,
        feedback::FeedbackService,
        files::Files,
        mail::{Mailer, Parts},
        setup::Setup,
    },
    web::state::Site,
};

const ORIGIN: &str = "http://127.0.0.1:5000";
const PASSWORD: &str = "correct mongoose lamp orbit";

/// A clock that stands still until it is told to go on.
#[derive(Clone, Default)]
struct StoppedClock(Arc<AtomicI64>);

impl StoppedClock {
    fn pass(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_795_356_239_000 + self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// A site in memory.
struct TestApp {
    app: Router,
    auth: Vestibule,
    store: MemoryStore,
    clock: StoppedClock,
    audit: AuditLog,
    setup: Arc<Setup>,
    mailer: Mailer,
    folder: tempfile::TempDir,
    mails: Mutex<Vec<PathBuf>>,
}

impl TestApp {
    async fn open() -> Self {
        Self::with(&[], |_| {}).await
    }

    async fn with(settings: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let data = [("VESTIBULE_DATA_DIR", data.as_str())];
        let variables = settings
            .iter()
            .chain(&data)
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let loaded = config::load(&ConfigFlags::default(), variables, folder.path()).unwrap();
        let settings = Arc::new(loaded.settings);
        let templates = CurrentTemplates::load(&settings).unwrap();
        let secret = SiteSecret::new([7; 32]).unwrap();
        let mut config = Config::development("Vestibule", "127.0.0.1:5000", secret).unwrap();
        config.locales = templates.get().texts().locales().to_vec();
        config.password_parameters = "m=64,t=1,p=1".parse().unwrap();
        config.sign_in_path = Some("/auth/login".to_owned());
        config.confirm_path = Some("/auth/confirm".to_owned());
        change(&mut config);
        let clock = StoppedClock::default();
        let pages = (templates.clone(), Arc::clone(&settings));
        let store = MemoryStore::default();
        let shared: Arc<dyn SiteStore> = Arc::new(store.clone());
        let mailer = Mailer::start(Parts {
            settings: &settings,
            secret: &config.secret,
            templates: templates.clone(),
            store: Arc::clone(&shared),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SystemEntropy),
            limits: None,
        })
        .unwrap();
        let blobs = Blobs::in_folder(&folder.path().join("files")).unwrap();
        let (keep, node) = (settings.audit.keep, "node".to_owned());
        let audit = AuditLog::start(Arc::clone(&shared), Arc::new(clock.clone()), keep, node);
        let auth = Vestibule::builder(store.clone())
            .config(config)
            .audit(audit.clone())
            .clock(clock.clone())
            .notifier(mailer.clone())
            .on_problem(move |problem, visit| on_problem(&pages.0.get(), &pages.1, problem, visit))
            .build()
            .await
            .unwrap();
        let files = Files::new(
            auth.clone(),
            Arc::clone(&shared),
            blobs,
            &settings.files,
            None,
            Arc::new(clock.clone()),
        );
        let feedback = FeedbackService::new(
            &settings,
            None,
            Arc::new(clock.clone()),
            mailer.clone(),
            auth.clone(),
        );
        let setup = Arc::new(Setup::open(&SystemEntropy));
        let site = Site {
            auth: auth.clone(),
            settings,
            templates,
            setup: Arc::clone(&setup),
            store: shared,
            files,
            audit: audit.clone(),
            feedback: Arc::new(feedback),
            mailer: mailer.clone(),
        };
        let app = routes()
            .merge(static_routes())
            .merge(crate::web::admin::api::routes())
            .merge(crate::web::export::routes())
            .with_state(site)
            .merge(auth.routes_with(vestibule::RouteGroup::ALL))
            .layer(auth.layer())
            .layer(MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000))));
        Self { app, auth, store, clock, audit, setup, mailer, folder, mails: Mutex::default() }
    }

    fn browser(&self) -> Browser {
        Browser {
            app: self.app.clone(),
            jar: BTreeMap::new(),
            page: String::new(),
            at: "/".to_owned(),
            language: String::new(),
            origin: "same-origin".to_owned(),
        }
    }

    /// All mails that were sent: those that were seen before, then the new ones.
    async fn mails(&self) -> Vec<String> {
        // On one thread and over memory, what was put aside has run to its end after that.
        tokio::task::yield_now().await;
        self.mailer.flush().await;
        let files = std::fs::read_dir(self.folder.path().join("data/mail"));
        let mut mails = self.mails.lock().unwrap();
        for file in files.into_iter().flatten() {
            let path = file.unwrap().path();
            if !mails.contains(&path) {
                mails.push(path);
            }
        }
        mails.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// A browser in which somebody who runs the site has just signed in.
    async fn super_user(&self, name: &str) -> Browser {
        self.signed_in(name).await;
        let user = self.user(name).await;
        let change = UserChange { is_super_user: Some(true), ..UserChange::default() };
        self.auth.change_user(user.id, change).await.unwrap();
        let mut browser = self.browser();
        browser.sign_in(name).await;
        browser
    }

    /// The account of this name, as it is now.
    async fn user(&self, name: &str) -> User {
        let found = self.auth.users().credentials(&LoginKey::from_typed(name)).await.unwrap();
        found.unwrap().user
    }

    /// A browser in which somebody has just signed in.
    async fn signed_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        browser.get("/auth/register").await;
        let email = format!("{name}@example.org");
        let fields = [("username", name), ("email", &email), ("password", PASSWORD)];
        browser.send("/auth/register", &fields).await;
        browser.sign_in(name).await;
        // While the clock stands still, only mails that were looked at come before the others.
        self.mails().await;
        browser
    }
}

/// A browser: it keeps cookies, and sends the forms of the page that it shows.
struct Browser {
    app: Router,
    jar: BTreeMap<String, String>,
    page: String,
    at: String,
    /// `Accept-Language`; empty: it says nothing.
    language: String,
    /// `Sec-Fetch-Site`
    origin: String,
}

/// What is looked at of an answer.
struct Answer {
    status: u16,
    location: String,
    head: Response<()>,
}

impl Browser {
    async fn get(&mut self, path: &str) -> Answer {
        let answer = self.ask(Method::GET, path, None).await;
        if answer.location.is_empty() {
            self.at = path.to_owned();
        }
        answer
    }

    /// Goes where it is sent, as far as that goes.
    async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..5 {
            if answer.location.is_empty() {
                break;
            }
            answer = self.get(&answer.location).await;
        }
        answer
    }

    /// Sends a form of the page that is shown.
    async fn send(&mut self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf_token();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &token).extend_pairs(fields);
        self.ask(Method::POST, action, Some(form.finish())).await
    }

    async fn sign_in(&mut self, name: &str) -> Answer {
        self.get("/auth/login").await;
        let fields = [("login", name), ("password", PASSWORD)];
        self.send("/auth/login", &fields).await
    }

    fn csrf_token(&self) -> String {
        let mark = "name=\"csrf_token\" value=\"";
        let Some(start) = self.page.find(mark) else {
            return String::new();
        };
        let rest = &self.page[start + mark.len()..];
        rest[..rest.find('"').unwrap()].to_owned()
    }

    async fn ask(&mut self, method: Method, path: &str, form: Option<String>) -> Answer {
        let form = form.map(|form| ("application/x-www-form-urlencoded", form));
        self.ask_with(method, path, form).await
    }

    async fn ask_with(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:5000")
            .header(header::REFERER, format!("{ORIGIN}{}", self.at))
            .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("sec-fetch-site", &self.origin);
        if !self.language.is_empty() {
            request = request.header(header::ACCEPT_LANGUAGE, &self.language);
        }
        if !self.jar.is_empty() {
            let pairs: Vec<_> =
                self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let mut content = String::new();
        if let Some((kind, body)) = body {
            request = request.header(header::CONTENT_TYPE, kind);
            content = body;
        }
        let request = request.body(Body::from(content)).unwrap();
        let (head, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        for cookie in head.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if text.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = to_bytes(body, usize::MAX).await.unwrap();
        self.page = String::from_utf8(body.to_vec()).unwrap();
        let location = head.headers.get(header::LOCATION);
        Answer {
            status: head.status.as_u16(),
            location: location.map_or(String::new(), |to| to.to_str().unwrap().to_owned()),
            head: Response::from_parts(head, ()),
        }
    }

    /// What stands on the page between these two texts, the first time.
    fn between(&self, before: &str, after: &str) -> String {
        let (_, rest) = self.page.split_once(before).expect("what stands before");
        rest.split_once(after).expect("what stands after").0.to_owned()
    }

    fn shows(&self, text: &str) -> bool {
        self.page.contains(text)
    }
}
