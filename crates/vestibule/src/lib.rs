//! Sign-in for axum applications that have both web pages and apps.
//!
//! One set of endpoints serves both carriers: pages send their tokens in HttpOnly cookies with CSRF
//! protection, apps in the `Authorization` header. A handler asks for a [`Principal`] and gets a verified
//! caller, whichever way the credential came.
//!
//! # A complete example
//!
//! ```no_run
//! use std::{env, error::Error, net::SocketAddr};
//!
//! use axum::{Router, routing::get};
//! use vestibule::{Config, Fresh, MemoryStore, Principal, Require, Role, SiteSecret, Vestibule};
//!
//! struct Editor;
//!
//! impl Role for Editor {
//!     const NAME: &str = "editor";
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn Error>> {
//!     let secret = SiteSecret::new(env::var("SECRET_KEY")?)?;
//!     let listen = env::var("LISTEN").unwrap_or("127.0.0.1:5001".to_owned());
//!     let config = Config::development("Hello", &listen, secret)?;
//!     let auth = Vestibule::builder(MemoryStore::default()).config(config).build().await?;
//!     let app = Router::new()
//!         .route("/", get(front))
//!         .route("/api/maps", get(async |caller: Principal| caller.username().to_owned()))
//!         .route("/api/edit", get(async |_: Require<Editor>| "Edit away."))
//!         .route("/api/secret", get(async |_: Fresh| "You proved yourself not long ago."))
//!         .merge(auth.routes())
//!         .layer(auth.layer());
//!     let listener = tokio::net::TcpListener::bind(listen).await?;
//!     axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
//!     Ok(())
//! }
//!
//! async fn front(caller: Option<Principal>) -> String {
//!     match caller {
//!         Some(caller) => format!("Hello, {}.", caller.username()),
//!         None => "Hello, stranger.".to_owned(),
//!     }
//! }
//! ```
//!
//! # The life of a session
//!
//! 1. **Sign-in.** A password is checked on a bounded pool, a row is written, and two tokens are made: an
//!    access token (15 minutes) that says who calls and is verified without I/O, and a refresh token (30
//!    days, sliding) that renews the session.
//! 2. **Requests.** [`Principal`] verifies the access token once, remembers it, and from then on looks at
//!    the clock and at the revocations in memory: nothing waits for a store.
//! 3. **Renewal.** A cookie whose access token has expired is renewed in the same request: the handler runs,
//!    and the next tokens leave with its answer. Sixteen requests at once make one renewal. An app asks for
//!    it at `POST /api/auth/refresh`. A refresh token that turns up twice in a way that no lost answer and no
//!    second tab explains ends the session: one of the two holders is a thief.
//! 4. **The end.** Signing out, a changed password, a suspended account or an administrator end a session in
//!    the store and in memory; access tokens that are still out are refused on the next request.
//!
//! # What a handler asks for
//!
//! | extractor | gives |
//! |---|---|
//! | [`Principal`] | the verified caller; 401, or a redirect to the sign-in page |
//! | `Option<Principal>` | the caller, if there is one |
//! | [`CurrentUser`] | the caller's row of the user table |
//! | [`Fresh`] | a caller who proved themselves not long ago (RFC 9470) |
//! | [`Require`] | a caller with a typed [`Role`] or [`Requirement`] |
//! | [`Visit`] | the request itself: address, CSRF value for forms, signing in and out |
//!
//! # Which routes there are
//!
//! [`Vestibule::routes`] signs in, renews, signs out, says who is calling, and proves it again. Nobody makes or
//! changes an account by it: [`Vestibule::routes_with`] opens [`RouteGroup`]s beside it, and [`route`] has each
//! endpoint for paths of the application's own.
//!
//! # Pages and forms
//!
//! A page that needs somebody answers 401 until [`Config::sign_in_path`] names the page to sign in on; then it
//! redirects there. The application brings that page. Its form holds [`Visit::form_token`] in the hidden field
//! `csrf_token`, which has to be the first field where the form takes files, and its handler calls
//! [`Visit::sign_in`], which checks the value itself. A WebSocket that is opened with cookies has to come from
//! a page of the site; nothing has to be done for it but to ask for a [`Principal`].
//!
//! # While developing
//!
//! A password is hashed at a cost that hurts without optimisation: half a second and more for each sign-in in a
//! debug build. Two lines in the manifest of the application (of the workspace, if there is one) mend that:
//!
//! ```toml
//! [profile.dev.package."*"]
//! opt-level = 2
//! ```
//!
//! or, for these crates alone, `[profile.dev.package.argon2]` and `[profile.dev.package.blake2]` with
//! `opt-level = 3`.
//!
//! Tests that call a router without a connection put axum's `MockConnectInfo(SocketAddr)` around it, or set
//! [`Config::client_address`] to [`ClientAddress::Unknown`]: limits need to know where a request comes from.
//!
//! # What can be changed
//!
//! [`Builder::on_problem`] answers refusals in an application's own way, [`Builder::claims`] adds claims to
//! access tokens, [`Builder::audit`] takes what happens for an audit trail, [`Builder::users`] brings a user
//! table of the application's own, [`route`] mounts the endpoints at other paths, [`Config`] names cookies,
//! lifetimes and limits, and [`RateLimit`] counts for an application what these limits count for sign-in.
//!
//! # The threat model
//!
//! Defended: forged, altered, mixed-up and replayed tokens; stolen refresh tokens, once both holders renew;
//! cross-site requests; planted cookies; open redirects; guessing of passwords; telling from answers or
//! their timing whether an account exists; floods of sign-ins. Not defended: a device that somebody else
//! controls while it is signed in, scripts injected into the application's own pages, and a thief who
//! replays within the 30 seconds of the grace each time; that needs tokens bound to a device key. Nor is
//! this: whoever registers a new name with somebody else's address and then tries to take the name once
//! more, or to sign in by it, learns whether the first time made an account, and so whether the address had
//! one. Each such question is a registration, which is limited, and the owner of the address gets a mail.
//!
//! # What this crate does not do
//!
//! It renders no pages and sends no mail (the `vestibule` program does, on this crate alone), and it is no
//! OAuth or OpenID Connect provider: its tokens are for its own application.

mod activity;
mod address;
mod audit;
mod auth;
mod authenticate;
mod background;
mod batch;
mod body;
mod cache;
mod commit;
mod config;
mod cookies;
mod credentials;
mod extract;
mod flows;
mod follow;
mod hashers;
mod history;
mod json;
mod keys;
mod known_users;
mod language;
mod layer;
mod metrics;
mod notice;
mod problem;
mod recognize;
mod renew;
mod renewal_redirect;
mod restored;
mod rounds;
mod routes;
mod secret_check;
mod steps;
mod system;
mod throttle;
mod visit;

pub use audit::{AuditSink, log_event};
pub use auth::{BuildError, Builder, Vestibule};
pub use commit::Together;
pub use config::{
    ClientAddress, Config, ConfigError, Cookies, Limits, OurOrigin, Registration, SameSite, Signing,
};
pub use extract::{CurrentUser, Fresh, Principal, Require, Requirement, Role, SuperUser};
pub use flows::{
    Admission, Confirmed, PasswordChanged, ProfileChange, Registrant, SessionPage, SignInForm,
    SignedIn,
};
pub use follow::{check_history, feed_position};
pub use json::{JsonBody, required};
pub use keys::{KeyRingError, policy as rotation_policy};
pub use layer::{AuthLayer, AuthService};
pub use notice::{Composed, Notice, Notifier};
pub use problem::{Detail, FieldProblem, Foreign, Problem, Reason, RequestInfo};
pub use recognize::Recognized;
pub use restored::after_restore;
pub use rounds::Rounds;
pub use routes::{RouteGroup, api_description, route};
pub use secret_check::{CHECK as SECRET_CHECK, SecretError, check_secret, reseal};
pub use system::{SystemClock, SystemEntropy};
pub use throttle::RateLimit;
pub use vestibule_core::{
    self as core, error::ErrorCode, limit::Rate, memory::MemoryStore, password::TypedPassword,
    secret::SiteSecret, session::Carrier, session::Lifetimes, user::User,
};
pub use visit::{RequestId, Visit};
