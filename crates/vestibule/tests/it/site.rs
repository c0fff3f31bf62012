//! The application that the tests visit, and everything a test may move of it.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Form, Router,
    body::Bytes,
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{any, get},
};
use serde_json::{Value, json};
use vestibule::{
    Builder, Carrier, Config, CurrentUser, Fresh, Notice, Notifier, Principal, Problem, Registrant,
    Require, Role, RouteGroup, SignInForm, SiteSecret, User, Vestibule, Visit,
    core::{
        id::SessionId,
        memory::MemoryStoreWith,
        session::Session,
        store::{SessionQuery, SessionStore as _},
        time::{Clock, Timestamp},
    },
};
use vestibule_testkit::{
    FakeClock, SeededEntropy,
    faults::FailingStore,
    visitors::{Anonymous, Answer, App, Browser, CookieNames, InProcess, Visitor, request, with},
};

use crate::kept::Kept;

pub(crate) const ORIGIN: &str = "https://app.test";
pub(crate) const HOST: &str = "app.test";
pub(crate) const PASSWORD: &str = "tangerine anvil rocket";
pub(crate) const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

pub(crate) type TestStore = FailingStore<MemoryStoreWith<Kept>>;

/// One site of one test.
pub(crate) struct Site {
    pub(crate) auth: Vestibule,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) store: TestStore,
    pub(crate) router: Router,
    pub(crate) told: Told,
    names: CookieNames,
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::configured(|_| {}).await
    }

    pub(crate) async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        Self::built(configure, |builder| builder).await
    }

    pub(crate) async fn built(
        configure: impl FnOnce(&mut Config),
        build: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let store = FailingStore::new(MemoryStoreWith::default());
        Self::on(store, Arc::default(), configure, build).await
    }

    /// A site on a store that is there already: another node, or the same one after a restart.
    pub(crate) async fn on(
        store: TestStore,
        clock: Arc<FakeClock>,
        configure: impl FnOnce(&mut Config),
        build: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let mut config = config();
        configure(&mut config);
        let names = CookieNames {
            access: config.cookies.access.clone(),
            refresh: config.cookies.refresh.clone(),
            csrf: config.cookies.csrf.clone(),
        };
        let told = Told::default();
        let builder = Vestibule::builder(store.clone())
            .config(config)
            .clock(SharedClock(clock.clone()))
            .entropy(SeededEntropy::default())
            .notifier(told.clone());
        let auth = build(builder).build().await.unwrap();
        let router = router(&auth);
        Self { auth, clock, store, router, told, names }
    }

    /// Another node on the same store.
    pub(crate) async fn second_node(&self) -> Self {
        let config = self.auth.config().clone();
        Self::on(self.store.clone(), self.clock.clone(), |own| *own = config, |builder| builder)
            .await
    }

    /// An account `name` with the address `name@example.org` and [`PASSWORD`].
    pub(crate) async fn add_user(&self, name: &str) -> User {
        self.add_user_with(name, PASSWORD).await
    }

    pub(crate) async fn add_user_with(&self, name: &str, password: &str) -> User {
        let registrant = Registrant {
            username: name.to_owned(),
            email: format!("{name}@example.org"),
            password: password.into(),
        };
        let new = self.auth.prepare_user(registrant).await.unwrap();
        self.auth.users().create_user(&new, self.clock.now()).await.unwrap().unwrap()
    }

    pub(crate) fn transport(&self) -> InProcess {
        InProcess::new(self.router.clone())
    }

    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous::new(self.transport(), HOST)
    }

    pub(crate) fn anonymous_from(&self, address: &str) -> Anonymous {
        let address: IpAddr = address.parse().unwrap();
        Anonymous::new(self.transport().from_address(address), HOST)
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.transport(), ORIGIN, self.names.clone(), self.clock.clone())
    }

    pub(crate) fn app(&self) -> App {
        App::new(self.transport(), HOST)
    }

    pub(crate) fn visitor(&self, carrier: Carrier) -> Arc<dyn Visitor> {
        match carrier {
            Carrier::Cookie => Arc::new(self.browser()),
            Carrier::Header => Arc::new(self.app()),
        }
    }

    /// Somebody who has just signed in as `anna`.
    pub(crate) async fn signed_in(&self, carrier: Carrier) -> Arc<dyn Visitor> {
        let visitor = self.visitor(carrier);
        let answer = visitor.sign_in("anna", PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        visitor
    }

    pub(crate) async fn browser_of(&self, name: &str) -> Browser {
        self.browser_of_with(name, PASSWORD).await
    }

    pub(crate) async fn browser_of_with(&self, name: &str, password: &str) -> Browser {
        let browser = self.browser();
        let answer = browser.sign_in(name, password).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        browser
    }

    pub(crate) async fn app_of(&self, name: &str) -> App {
        let app = self.app();
        let answer = app.sign_in(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        app
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Past the life of an access token, within that of a refresh token.
    pub(crate) fn outlive_access(&self) {
        self.pass(15 * 60 + 6);
    }

    /// The row of the session that this visitor's tokens belong to.
    pub(crate) async fn row(&self, visitor: &dyn Visitor) -> Session {
        let id = claims(&visitor.access_token().unwrap())["sid"].as_str().unwrap().to_owned();
        self.row_of(&id).await
    }

    pub(crate) async fn row_of(&self, id: &str) -> Session {
        let id: SessionId = id.parse().unwrap();
        self.store.inner().session(id).await.unwrap().unwrap()
    }

    /// How many sessions a user has that have not ended.
    pub(crate) async fn living_sessions(&self, user: &User) -> usize {
        let over_since = self.clock.now();
        let query = SessionQuery { user: user.id, over_since, behind: None, limit: u32::MAX };
        let sessions = self.store.inner().sessions_of(&query).await.unwrap();
        sessions.iter().filter(|session| session.end.is_none()).count()
    }
}

/// The small costs and the fixed names of the tests.
fn config() -> Config {
    let mut config = Config::new("Test site", ORIGIN, SiteSecret::new(SECRET).unwrap()).unwrap();
    config.password_parameters = "m=64,t=1,p=1".parse().unwrap();
    config.hashers = 2;
    config.sign_in_path = Some("/auth/login".to_owned());
    config.confirm_path = Some("/auth/confirm".to_owned());
    config
}

/// The claims of a token, nothing verified.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header (0) or the claims (1) of a token.
pub(crate) fn part(token: &str, index: usize) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The messenger of the tests: remembers whom it told what.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<(&'static str, String)>>>);

impl Told {
    pub(crate) fn all(&self) -> Vec<(&'static str, String)> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Notifier for Told {
    async fn notify(&self, notice: Notice) {
        let (what, user) = match notice {
            Notice::Registered(user) => ("registered", user),
            Notice::RegisteredAgain(user) => ("registered again", user),
            Notice::VerifyAddress(user) => ("verify address", user),
            Notice::ChangeAddress { user, .. } => ("change address", user),
            Notice::KeepAddress(user) => ("keep address", user),
            Notice::AddressChanged { user, .. } => ("address changed", user),
            Notice::PasswordForgotten(user) => ("password forgotten", user),
            // Every sign-in is told, and which of them is news is the messenger's business.
            Notice::SignedIn { .. } => return,
            Notice::PasswordChanged(user) => ("password changed", user),
            Notice::TheftNoticed(user) => ("theft noticed", user),
            Notice::Deleted(user) => ("deleted", user),
            Notice::Restored(user) => ("restored", user),
            _ => panic!("a notice that the tests do not know"),
        };
        self.0.lock().unwrap().push((what, user.username));
    }
}

pub(crate) struct SharedClock(pub(crate) Arc<FakeClock>);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

pub(crate) struct Editor;

impl Role for Editor {
    const NAME: &'static str = "editor";
}

pub(crate) fn router(auth: &Vestibule) -> Router {
    Router::new()
        .route("/api/thing", get(name).post(name).put(name).delete(name).patch(name))
        .route("/api/secret", get(secret).post(secret))
        .route("/api/edit", get(edit).post(edit))
        .route("/api/edit-secret", get(async |_: Fresh<Require<Editor>>| "edited"))
        .route("/api/maybe", get(maybe).post(maybe))
        .route("/api/row", get(async |user: CurrentUser| user.email.clone()))
        .route("/api/custom", get(async |caller: Principal| axum::Json(caller.claims().clone())))
        .route("/api/public", get("public"))
        .route("/api/socket", any(name))
        .route("/api/own-cookie", get(async |_: Principal| [("set-cookie", "own=1")]))
        .route("/page", get(page))
        .route("/form", get(page).post(echo))
        .route("/page/secret", get(secret))
        .route("/page/edit", get(edit))
        .route("/open", get(open))
        .route("/auth/login", get(sign_in_form).post(sign_in))
        .merge(auth.routes_with(RouteGroup::ALL))
        .layer(auth.layer())
}

async fn name(caller: Principal) -> String {
    caller.username().to_owned()
}

async fn secret(_: Fresh) -> &'static str {
    "the secret"
}

async fn edit(caller: Require<Editor>) -> String {
    caller.roles().join(" ")
}

async fn maybe(caller: Option<Principal>) -> String {
    caller.map_or_else(|| "nobody".to_owned(), |caller| caller.username().to_owned())
}

/// A page with a form.
async fn page(visit: Visit, caller: Principal) -> Html<String> {
    let token = visit.form_token();
    let name = caller.username();
    Html(format!("<p>{name}</p><input type=\"hidden\" name=\"csrf_token\" value=\"{token}\">"))
}

/// Says what arrived, byte for byte.
async fn echo(_: Principal, body: Bytes) -> Bytes {
    body
}

/// A page for everybody.
async fn open(visit: Visit) -> Result<String, Problem> {
    let caller = visit.optional_principal().await?;
    Ok(caller.map_or_else(|| "nobody".to_owned(), |caller| caller.username().to_owned()))
}

async fn sign_in_form(visit: Visit) -> Html<String> {
    let token = visit.form_token();
    Html(format!("<input type=\"hidden\" name=\"csrf_token\" value=\"{token}\">"))
}

#[derive(serde::Deserialize)]
struct SignInFields {
    login: String,
    password: String,
    #[serde(default)]
    next: String,
    remember_me: Option<String>,
}

async fn sign_in(visit: Visit, Form(fields): Form<SignInFields>) -> Result<Response, Problem> {
    let form = SignInForm {
        login: fields.login,
        password: fields.password.into(),
        remember: fields.remember_me.is_some(),
        carrier: Carrier::Cookie,
        device: None,
        device_token: None,
    };
    visit.sign_in(form).await?;
    let next = vestibule::core::redirect::LocalPath::parse(&fields.next).unwrap_or_default();
    Ok(Redirect::to(next.as_str()).into_response())
}

/// The body of a JSON sign-in.
pub(crate) fn login_body(login: &str, password: &str, transport: &str) -> Value {
    json!({ "login": login, "password": password, "transport": transport })
}

impl Site {
    /// The CSRF value of a cookie session, by its claims.
    pub(crate) fn csrf_of(&self, visitor: &dyn Visitor) -> Option<String> {
        claims(&visitor.access_token()?)["csrf"].as_str().map(str::to_owned)
    }
}

/// Presents a refresh token at `POST /api/auth/refresh`, by a carrier, with nothing else.
pub(crate) async fn refresh_at(
    transport: InProcess,
    carrier: Carrier,
    token: &str,
    csrf: Option<String>,
) -> Answer {
    let request = request(http::Method::POST, "/api/auth/refresh", None);
    let request = match carrier {
        Carrier::Header => with(request, "authorization", &format!("Bearer {token}")),
        Carrier::Cookie => {
            let request = with(request, "cookie", &format!("__Host-refresh={token}"));
            let request = with(request, "origin", ORIGIN);
            with(request, "x-csrf-token", &csrf.unwrap_or_default())
        }
    };
    Anonymous::new(transport, HOST).send(request).await
}

/// Somebody who holds the tokens of this answer.
pub(crate) fn holder(site: &Site, carrier: Carrier, answer: &Answer) -> Arc<dyn Visitor> {
    match carrier {
        Carrier::Header => {
            let app = site.app();
            let body = answer.json();
            app.hold(body["access_token"].as_str(), body["refresh_token"].as_str());
            Arc::new(app)
        }
        Carrier::Cookie => {
            let browser = site.browser();
            for line in answer.set_cookies() {
                browser.jar().store(line, "/");
            }
            Arc::new(browser)
        }
    }
}
