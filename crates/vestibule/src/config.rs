//! What an application decides about its sign-in.

use std::time::Duration;

use axum::http::{HeaderName, Uri};
use ipnet::IpNet;
use vestibule_core::{
    csrf::Origin,
    jws::Algorithm,
    limit::Rate,
    locale::Locale,
    password::{PasswordParameters, PasswordPolicy},
    redirect::LocalPath,
    secret::SiteSecret,
    session::Lifetimes,
};

/// The configuration of a [`crate::Vestibule`].
///
/// [`Config::development`] is right for a program on one's own machine; [`Config::new`] for everything
/// that has an https address.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the site is called, for realms and the password policy.
    pub site_name: String,
    /// The one secret of the site. To replace it, [`SiteSecret::with_previous`] keeps the old one for reading.
    pub secret: SiteSecret,
    /// Which origin is ours.
    pub origin: OurOrigin,
    /// `iss` of the tokens.
    pub issuer: String,
    /// `aud` of the access tokens.
    pub audience: String,
    /// How access tokens are signed.
    pub signing: Signing,
    /// How long everything lives.
    pub lifetimes: Lifetimes,
    /// What the cookies are called and how they are sent.
    pub cookies: Cookies,
    /// What a password has to be.
    pub password_policy: PasswordPolicy,
    /// What a password's hash costs.
    pub password_parameters: PasswordParameters,
    /// Whether a hash that another system made, or that cost less, is replaced by a better one at the next sign-in.
    /// Switch it off while a program beside this one reads the same hashes.
    pub upgrade_hashes: bool,
    /// How many passwords are hashed at once.
    pub hashers: usize,
    /// How many may wait for it; beyond it sign-ins are answered 503.
    pub hash_queue: usize,
    /// How often one may fail.
    pub limits: Limits,
    /// Who may register.
    pub registration: Registration,
    /// Whether an address must be verified before the first sign-in.
    pub require_verified_email: bool,
    /// How the address of a client is found. Limits count by it.
    pub client_address: ClientAddress,
    /// Networks of the proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Paths below these are asked by programs and answered in JSON; everything else is a page. Each begins with
    /// `/`, which by itself is for applications without pages.
    pub api_prefixes: Vec<String>,
    /// The page to sign in on, such as `/auth/login`: a page that needs somebody redirects there. Without one it
    /// answers 401, as the API does.
    pub sign_in_path: Option<String>,
    /// The page to prove oneself again on, such as `/auth/confirm`. Without one a page that needs a fresh proof
    /// answers 401.
    pub confirm_path: Option<String>,
    /// The languages that the site speaks, the one that it begins with first. Those of people and of browsers
    /// are chosen among them; where there are none, everybody may name any, and browsers are not asked.
    pub locales: Vec<Locale>,
    /// Origins whose scripts may call the API with a header token.
    pub cors_origins: Vec<Origin>,
    /// Whether error bodies carry `msg` too, as Flask-JWT-Extended's do.
    pub flask_names: bool,
    /// How old this node's knowledge of sessions that others ended may be, before the store is asked for
    /// each request.
    pub feed_bound: Duration,
    /// Whether requests are answered 503 instead.
    pub feed_strict: bool,
}

impl Config {
    /// The configuration of a site at an https origin, for example `https://app.test`.
    ///
    /// # Errors
    /// [`ConfigError::Origin`] where `public_url` is no origin.
    pub fn new(site_name: &str, public_url: &str, secret: SiteSecret) -> Result<Self, ConfigError> {
        let origin = Origin::parse(public_url.trim_end_matches('/')).ok_or(ConfigError::Origin)?;
        let secure = origin.is_https();
        Ok(Self {
            site_name: site_name.to_owned(),
            secret,
            issuer: origin.as_str().to_owned(),
            audience: origin.as_str().to_owned(),
            origin: OurOrigin::Fixed(origin),
            signing: Signing::Ring(Algorithm::ES256),
            lifetimes: Lifetimes::default(),
            cookies: Cookies::new(secure),
            password_policy: PasswordPolicy::default(),
            password_parameters: PasswordParameters::default(),
            upgrade_hashes: true,
            hashers: std::thread::available_parallelism().map_or(2, usize::from),
            hash_queue: 64,
            limits: Limits::default(),
            registration: Registration::Open,
            require_verified_email: false,
            client_address: ClientAddress::Peer,
            trusted_proxies: Vec::new(),
            api_prefixes: vec!["/api".to_owned()],
            sign_in_path: None,
            confirm_path: None,
            locales: Vec::new(),
            cors_origins: Vec::new(),
            flask_names: false,
            feed_bound: Duration::from_secs(5),
            feed_strict: false,
        })
    }

    /// The configuration of a program on one's own machine: plain http, and any loopback name is ours.
    ///
    /// # Errors
    /// [`ConfigError::Origin`] where `listen` cannot stand in an origin.
    pub fn development(
        site_name: &str,
        listen: &str,
        secret: SiteSecret,
    ) -> Result<Self, ConfigError> {
        let config = Self::new(site_name, &format!("http://{listen}"), secret)?;
        Ok(Self { origin: OurOrigin::Loopback, ..config })
    }

    pub(crate) fn is_api(&self, uri: &Uri) -> bool {
        let path = uri.path();
        self.api_prefixes.iter().any(|prefix| {
            path.strip_prefix(prefix.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The page to sign in on and back from there, if there is such a page.
    pub(crate) fn to_sign_in(&self, next: &LocalPath) -> Option<String> {
        Some(LocalPath::with_next(self.sign_in_path.as_deref()?, next))
    }

    /// Whether it can be: what no type keeps from being written.
    ///
    /// # Errors
    /// [`ConfigError`], which names the field.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let pages = [("sign_in_path", &self.sign_in_path), ("confirm_path", &self.confirm_path)];
        for (field, path) in pages {
            if let Some(path) = path
                && LocalPath::parse(path).is_none()
            {
                return Err(ConfigError::Path { field, path: path.clone() });
            }
        }
        match self.api_prefixes.iter().find(|prefix| !prefix.starts_with('/')) {
            Some(prefix) => Err(ConfigError::Path { field: "api_prefixes", path: prefix.clone() }),
            None => Ok(()),
        }
    }
}

/// A configuration that cannot be.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The public URL is no origin.
    #[error("the public URL is not an origin; write it as `https://app.example`, without a path")]
    Origin,
    /// A path that matches nothing or leads away from the site.
    #[error(
        "`Config::{field}` is {path:?}, which is not a path of this site; start it with a single `/`"
    )]
    Path {
        /// The field of [`Config`].
        field: &'static str,
        /// What it is.
        path: String,
    },
}

vestibule_core::readable_debug!(ConfigError);

/// How the address of a client is found.
///
/// Limits count failures and registrations by it. Where it cannot be found, whatever is limited is answered 500 and
/// the log says what is missing: one bucket for everybody would lock all people out as soon as one of them fails
/// too often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientAddress {
    /// The peer of the connection, or what [`Config::trusted_proxies`] say of it. The application has to be served
    /// with `into_make_service_with_connect_info::<SocketAddr>()`; in tests without a connection axum's layer
    /// `MockConnectInfo(SocketAddr)` around everything takes its place.
    #[default]
    Peer,
    /// A header that a proxy in front sets, and takes away where a client sends it. Whoever reaches the application
    /// past that proxy chooses their own address.
    Header(HeaderName),
    /// Not at all: nothing is limited by address, and sessions and events have none. For tests, and for
    /// applications that something in front of them limits.
    Unknown,
}

/// Which origin counts as our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OurOrigin {
    /// This one.
    Fixed(Origin),
    /// Whatever loopback name the browser uses in `Host`, over plain http: for development.
    Loopback,
}

/// How access tokens are signed.
#[derive(Clone)]
pub enum Signing {
    /// By a key ring in the store, which rotates by itself. The algorithm is that of the first keys: ES256 or
    /// EdDSA. A ring that is there keeps its own, which `ring::change_algorithm` changes.
    Ring(Algorithm),
    /// By one symmetric key (HS256) that others know too.
    Shared(Vec<u8>),
}

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ring(algorithm) => f.debug_tuple("Ring").field(algorithm).finish(),
            Self::Shared(_) => f.write_str("Shared(…)"),
        }
    }
}

/// Names and attributes of the cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookies {
    /// The access token's.
    pub access: String,
    /// The refresh token's.
    pub refresh: String,
    /// The CSRF value's, which scripts may read.
    pub csrf: String,
    /// A second name under which the CSRF value comes as well, for scripts of another system that look for it
    /// there when they renew.
    pub csrf_refresh: Option<String>,
    /// Of a browser that has a form open and no session.
    pub visitor: String,
    /// Of a browser that somebody has signed in with, so that strangers who fail do not lock it out. There is
    /// none where [`Cookies::single`].
    pub device: String,
    /// The language that somebody chose in this browser.
    pub language: String,
    /// Counts the rounds of a renewal by redirect, for a minute at the most.
    pub rounds: String,
    /// `SameSite`.
    pub same_site: SameSite,
    /// The path that the refresh cookie is sent to. Other than `/` it switches to renewal by redirect.
    pub refresh_path: String,
    /// Whether they are sent over https only.
    pub secure: bool,
    /// Whether the access cookie alone is the session: no refresh cookie, no renewal. The session lasts as
    /// long as its access token, for programs that want no more than that.
    pub single: bool,
}

impl Cookies {
    /// `__Host-` names where `secure`, the same names without the prefix where not: a browser refuses
    /// the prefix over plain http (RFC 6265bis section 4.1.3.2).
    #[must_use]
    pub fn new(secure: bool) -> Self {
        let name = |name: &str| {
            if secure { format!("__Host-{name}") } else { name.to_owned() }
        };
        Self {
            access: name("access"),
            refresh: name("refresh"),
            csrf: name("csrf"),
            csrf_refresh: None,
            visitor: name("visitor"),
            device: name("device"),
            language: name("language"),
            rounds: name("rounds"),
            same_site: SameSite::Lax,
            refresh_path: "/".to_owned(),
            secure,
            single: false,
        }
    }

    /// Whether renewal goes by redirect.
    #[must_use]
    pub fn renews_by_redirect(&self) -> bool {
        self.refresh_path != "/"
    }
}

/// `SameSite` of the cookies (RFC 6265bis section 4.1.2.7). `None` is no choice: these cookies are never
/// for other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Sent when somebody follows a link to the site.
    Lax,
    /// Not even then.
    Strict,
}

impl SameSite {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
        }
    }
}

/// How often one may fail; `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failures for each name that strangers sign in with, for each device that an account has signed in with
    /// before, and for each session (step-up and password change).
    pub account: Option<Rate>,
    /// Failures for each address (an IPv6 network of /64); not with [`ClientAddress::Unknown`].
    pub address: Option<Rate>,
    /// Failures and registrations for each wide network: /24 of IPv4, /48 of IPv6.
    pub network: Option<Rate>,
    /// Registrations for each address; not with [`ClientAddress::Unknown`].
    pub register: Option<Rate>,
    /// Sessions of each account: beyond it the one that was unused longest ends.
    pub sessions: Option<u32>,
}

impl Limits {
    /// No limits at all.
    pub const NONE: Self =
        Self { account: None, address: None, network: None, register: None, sessions: None };
}

impl Default for Limits {
    fn default() -> Self {
        let rate =
            |count, minutes: u64| Some(Rate { count, window: Duration::from_secs(minutes * 60) });
        Self {
            account: rate(10, 15),
            address: rate(100, 15),
            network: rate(1000, 60),
            register: rate(20, 60),
            sessions: Some(200),
        }
    }
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Only whoever runs the site.
    Closed,
}
