//! The routes for files, by both carriers, through everything that a request passes.

mod cleaning;
mod contents;
mod keeping;
mod sharing;
mod uploading;

use std::{sync::Arc, time::Duration};

use axum::Router;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use http::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::{
    SiteSecret, SystemEntropy, Vestibule,
    core::time::{Clock, Timestamp},
};
use vestibule_files::Blobs;
use vestibule_site::{memory::MemoryStore, store::SiteStore};
use vestibule_testkit::{
    FakeClock,
    faults::FailingStore,
    visitors::{Answer, App, Browser, Carrier, CookieNames, InProcess, Visitor, request, with},
    wait,
};

use crate::services::files::{Cleanup, Files};
use crate::{
    bootstrap, config,
    config::ConfigFlags,
    services::{
        audit::AuditLog,
        feedback::FeedbackService,
        mail::{Mailer, Parts},
        setup::Setup,
    },
    web::state::Site,
};

const ORIGIN: &str = "http://127.0.0.1:5000";
const PASSWORD: &str = "correct mongoose lamp orbit";
/// The most bytes of a file of these sites, and of all files of a person.
const MAX_SIZE: usize = 6 * 1024 * 1024;
const QUOTA: usize = 10 * 1024 * 1024;

/// A site in memory, with its files in a folder.
struct TestApp {
    router: Router,
    auth: Vestibule,
    files: Files,
    audit: AuditLog,
    store: FailingStore<MemoryStore>,
    clock: Arc<FakeClock>,
    folder: TempDir,
}

struct Shared(Arc<FakeClock>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

impl TestApp {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables = [
            ("VESTIBULE_FILES__MAX_SIZE", "6MiB"),
            ("VESTIBULE_FILES__QUOTA", "10MiB"),
            ("VESTIBULE_LIMITS__REGISTER", "off"),
            ("VESTIBULE_PASSWORDS__ARGON2", "m=64,t=1,p=1"),
        ];
        let variables = variables.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let loaded = config::load(&ConfigFlags::default(), variables, folder.path()).unwrap();
        let settings = Arc::new(loaded.settings);
        let memory = MemoryStore::default();
        let store = FailingStore::new(memory.clone());
        let blobs = Blobs::in_folder(&folder.path().join("files")).unwrap();
        let shared: Arc<dyn SiteStore> = Arc::new(store.clone());
        let clock = Arc::new(FakeClock::default());
        let ticking = Arc::clone(&clock) as _;
        let secret = SiteSecret::new([7; 32]).unwrap();
        let templates = crate::templates::CurrentTemplates::ours();
        let mailer = Mailer::start(Parts {
            settings: &settings,
            secret: &secret,
            templates: templates.clone(),
            // Not the one that is taken away: nothing here is about mails.
            store: Arc::new(memory),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(SystemEntropy),
            limits: None,
        })
        .unwrap();
        let audit = AuditLog::start(
            Arc::clone(&shared),
            Arc::clone(&clock) as _,
            settings.audit.keep,
            "node".to_owned(),
        );
        let auth = Vestibule::builder(store.clone())
            .config(bootstrap::auth_config(&settings, secret).unwrap())
            .clock(Shared(Arc::clone(&clock)))
            .audit(audit.clone())
            .build()
            .await
            .unwrap();
        let files =
            Files::new(auth.clone(), Arc::clone(&shared), blobs, &settings.files, None, ticking);
        let feedback = FeedbackService::new(
            &settings,
            None,
            Arc::clone(&clock) as _,
            mailer.clone(),
            auth.clone(),
        );
        let site = Site {
            auth: auth.clone(),
            settings,
            templates,
            setup: Arc::new(Setup::closed()),
            store: shared,
            files: files.clone(),
            audit: audit.clone(),
            feedback: Arc::new(feedback),
            mailer,
        };
        let router = Router::new().fallback_service(crate::web::service(&site));
        Self { router, auth, files, store, clock, audit, folder }
    }

    /// Somebody with an account, who has signed in.
    async fn person(&self, name: &str, carrier: Carrier) -> Person {
        let way = || InProcess::new(self.router.clone());
        let person = match carrier {
            Carrier::Header => Person::App(App::new(way(), "127.0.0.1:5000")),
            Carrier::Cookie => Person::Browser(Browser::new(
                way(),
                ORIGIN,
                CookieNames::plain(),
                Arc::clone(&self.clock) as _,
            )),
        };
        let account = json!({
            "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
        });
        let nobody = vestibule_testkit::visitors::Anonymous::new(way(), "127.0.0.1:5000");
        assert_eq!(nobody.post_json("/api/auth/register", &account).await.status, 202);
        assert_eq!(person.visitor().sign_in(name, PASSWORD).await.status, 200);
        person
    }

    /// How many blobs lie in the folder, drafts not counted.
    async fn blobs(&self) -> usize {
        self.files.blobs.list().try_collect::<Vec<_>>().await.unwrap().len()
    }

    /// Waits for what happens beside a request.
    async fn until_blobs_are(&self, count: usize) {
        let look = async || (self.blobs().await == count).then_some(());
        let seen = wait::until_async(Duration::from_secs(5), look).await;
        assert!(seen.is_some(), "{} blobs instead of {count}", self.blobs().await);
    }
}

/// Somebody by one carrier or the other.
enum Person {
    App(App),
    Browser(Browser),
}

impl Person {
    fn visitor(&self) -> &dyn Visitor {
        match self {
            Self::App(app) => app,
            Self::Browser(browser) => browser,
        }
    }

    /// Sends what an app, or a script of a page, sends.
    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.visitor().send(self.request(method, path, headers, body)).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Bytes>,
    ) -> Request<Bytes> {
        let mut sent = match self {
            Self::App(_) => request(method, path, None),
            Self::Browser(browser) => browser.fetch_request(method, path, None),
        };
        for (name, value) in headers {
            sent = with(sent, name, value);
        }
        *sent.body_mut() = body.into();
        sent
    }

    /// Keeps a file and gives what is known of it.
    async fn keep(&self, name: &str, content: impl Into<Bytes>) -> Value {
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let answer =
            self.send(Method::POST, &format!("/api/files?name={name}"), &[], content).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["file"].clone()
    }

    async fn get(&self, path: &str) -> Answer {
        self.visitor().get(path).await
    }

    async fn get_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, "").await
    }

    async fn share(&self, file: &Value, with: &str, access: &str) -> Answer {
        let path = format!("/api/files/{}/shares/{with}", id(file));
        self.visitor().put_json(&path, json!({ "access": access })).await
    }
}

impl Person {
    async fn accept(&self, file: &Value) -> Answer {
        let path = format!("/api/files/{}/acceptance", id(file));
        self.visitor().put_json(&path, json!({})).await
    }
}

fn id(file: &Value) -> &str {
    file["id"].as_str().unwrap()
}

fn etag(file: &Value) -> &str {
    file["etag"].as_str().unwrap()
}

fn content_of(file: &Value) -> String {
    format!("/api/files/{}/content", id(file))
}

/// Bytes that are no text, of which no two pieces are alike.
fn sample(length: usize) -> Bytes {
    (0..length as u64).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}
