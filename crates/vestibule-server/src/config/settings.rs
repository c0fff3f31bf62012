//! What is in force, typed.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use ipnet::IpNet;
use vestibule::core::{csrf::Origin as CallingOrigin, locale::Locale};

use super::{
    addresses::{DatabaseUrl, FilesUrl, Origin, ServiceUrl},
    mail_server::MailServer,
    problem::ValueError,
    secret::{self, Secret, Weakness},
    values::{Argon2Cost, Rate},
};

/// Every setting of the site. Relative paths are relative to the working directory.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) profile: Profile,
    /// The name that pages and mails show.
    pub(crate) site_name: String,
    /// The origin that people see; from `listen` where not given.
    pub(crate) public_url: Origin,
    /// Whether somebody gave `public_url`. If not, in development, any loopback name in `Host` is ours.
    pub(crate) public_url_given: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    /// The secret that every other key is derived from; `None`: the site makes one in `data_dir`.
    pub(crate) secret_key: Option<Secret>,
    /// The secret before it: what that one sealed and signed is still read.
    pub(crate) secret_key_previous: Option<Secret>,
    /// The key of access tokens under HS256, its UTF-8 bytes. Present whenever that is the algorithm.
    pub(crate) jwt_secret_key: Option<Secret>,
    pub(crate) database_url: DatabaseUrl,
    pub(crate) redis_url: Option<ServiceUrl>,
    pub(crate) tls: Tls,
    /// Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` count.
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) tokens: Tokens,
    pub(crate) cookies: Cookies,
    pub(crate) cors: Cors,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Limits,
    pub(crate) accounts: Accounts,
    pub(crate) audit: Audit,
    pub(crate) mail: Mail,
    pub(crate) feedback: Feedback,
    pub(crate) files: Files,
    pub(crate) pages: Pages,
    pub(crate) metrics: Metrics,
    pub(crate) feed: Feed,
}

/// What the site is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// On one's own machine: plain http, everything made on first start.
    Development,
    /// On one's own machine, over plain http, against the production database and files.
    DevProdDb,
    /// For others.
    Production,
}

/// Where https comes from without a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Plain http, or https by a proxy.
    Off,
    /// PEM files: the certificate chain and its private key.
    Files { cert: PathBuf, key: PathBuf },
    /// A certificate for localhost, made on start.
    SelfSigned,
}

/// Tokens and sessions.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access_ttl: Duration,
    /// With "remember me", from the last renewal.
    pub(crate) refresh_ttl: Duration,
    /// Without "remember me", from the last renewal.
    pub(crate) unremembered_ttl: Duration,
    /// From sign-in, however often renewed.
    pub(crate) session_max: Duration,
    /// How long the previous generation is still answered with its successor. May be zero.
    pub(crate) grace: Duration,
    /// From `auth_time`.
    pub(crate) fresh_for: Duration,
    pub(crate) algorithm: Algorithm,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    /// How far clocks may differ. May be zero.
    pub(crate) leeway: Duration,
    /// Cookie names and errors as Flask-JWT-Extended has them.
    pub(crate) flask_names: bool,
}

/// How access tokens are signed (RFC 7518 section 3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Es256,
    EdDsa,
    Hs256,
}

/// Cookie names, ready for use: the prefixes fit the scheme and the path.
#[derive(Debug, Clone)]
pub(crate) struct Cookies {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) csrf: String,
    pub(crate) same_site: SameSite,
    /// Other than `/`: renewal by redirect. Never ends in `/` unless it is just that.
    pub(crate) refresh_path: String,
    /// Whether cookies are `Secure`, because browsers reach the site over https.
    pub(crate) secure: bool,
}

/// The cookies' `SameSite` (RFC 6265bis section 5.6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SameSite {
    Lax,
    Strict,
}

/// Who may call the API from a page of another origin, with a header token.
#[derive(Debug, Clone)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<CallingOrigin>,
}

/// Passwords and the pool that hashes them.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    /// In characters (code points).
    pub(crate) min_length: u32,
    pub(crate) argon2: Argon2Cost,
    /// Hashes computed at once.
    pub(crate) parallel: u32,
    /// Hashes waiting; beyond it 503.
    pub(crate) queue: u32,
}

/// Limits against guessing and flooding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Failures per account.
    pub(crate) account: Rate,
    /// Failures per address.
    pub(crate) address: Rate,
    /// Failures and registrations per IPv6 /48 and IPv4 /24.
    pub(crate) network: Rate,
    /// Registrations per address.
    pub(crate) register: Rate,
    /// Sessions per account; beyond it the one unused longest ends.
    pub(crate) sessions: u32,
    /// Mails per account and per recipient.
    pub(crate) mail: Rate,
    /// Feedback per address.
    pub(crate) feedback: Rate,
}

/// Who may have an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accounts {
    pub(crate) registration: Registration,
    pub(crate) verified_email: VerifiedEmail,
}

/// Who makes accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    /// Anybody, for themselves.
    Open,
    /// Only an administrator or the command.
    Closed,
}

/// Whether sign-in waits for a verified e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerifiedEmail {
    Optional,
    Required,
}

/// The audit trail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Audit {
    /// How long what happened is kept.
    pub(crate) keep: Duration,
}

/// Where feedback goes.
#[derive(Debug, Clone)]
pub(crate) struct Feedback {
    /// The address of those who read it.
    pub(crate) to: String,
}

/// How mails leave.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// The mail server; `None`: mails are written below [`Settings::mail_dir`].
    pub(crate) url: Option<MailServer>,
    /// The sender, `Name <address>` or an address.
    pub(crate) from: String,
    /// Templates of mails in place of ours, by their names.
    pub(crate) templates: Option<PathBuf>,
}

/// Uploaded files.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) url: FilesUrl,
    /// Of one file, in bytes.
    pub(crate) max_size: u64,
    /// Of one person's files together, in bytes.
    pub(crate) quota: u64,
}

/// The site's pages.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    /// A built JavaScript app to serve while developing.
    pub(crate) app_dir: Option<PathBuf>,
    pub(crate) app_path: String,
    /// Whether `/openapi.json` is answered.
    pub(crate) openapi: bool,
    /// Templates of pages in place of ours, by their names.
    pub(crate) templates: Option<PathBuf>,
    /// Texts in place of ours and in more languages, by the names of the languages.
    pub(crate) texts: Option<PathBuf>,
    /// The language of whoever names none that the site speaks.
    pub(crate) language: Locale,
}

/// Measurements.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    /// `/metrics` on a listener of its own; `None`: nowhere.
    pub(crate) listen: Option<SocketAddr>,
}

/// What one node knows of the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feed {
    /// How old knowledge of ended sessions may be before the store is asked for each request.
    pub(crate) bound: Duration,
    /// Whether requests are answered 503 instead.
    pub(crate) strict: bool,
}

impl Settings {
    /// Where mails go while there is no mail server.
    pub(crate) fn mail_dir(&self) -> PathBuf {
        self.data_dir.join("mail")
    }

    /// Whether the secret that other programs verify tokens with is the one that everything else hangs on.
    pub(crate) fn shares_its_secret(&self) -> bool {
        self.secret_key.is_some() && self.secret_key == self.jwt_secret_key
    }

    /// The secrets that protect little, by their keys. What protects nothing was refused before.
    pub(crate) fn weak_secrets(&self) -> impl Iterator<Item = (&'static str, Weakness)> {
        let secrets = [("secret_key", &self.secret_key), ("jwt_secret_key", &self.jwt_secret_key)];
        secrets
            .into_iter()
            .filter_map(|(key, secret)| Some((key, secret::weakness(secret.as_ref()?.expose())?)))
    }
}

impl Profile {
    /// Whether the log is JSON lines for machines rather than text for people.
    pub(crate) fn logs_json(self) -> bool {
        self == Self::Production
    }
}

/// Gives an enum of words its names, in both directions.
macro_rules! words {
    ($name:ident: $($word:literal => $variant:ident),+) => {
        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                match text {
                    $(_ if text.eq_ignore_ascii_case($word) => Ok(Self::$variant),)+
                    _ => Err(ValueError::new(
                        "is not a known value",
                        format!("write one of: {}", [$($word),+].join(", ")),
                    )),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(match self {
                    $(Self::$variant => $word),+
                })
            }
        }
    };
}

words!(Profile: "development" => Development, "dev-prod-db" => DevProdDb, "production" => Production);
words!(Algorithm: "ES256" => Es256, "EdDSA" => EdDsa, "HS256" => Hs256);
words!(Registration: "open" => Open, "closed" => Closed);
words!(VerifiedEmail: "optional" => Optional, "required" => Required);

impl FromStr for SameSite {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hint = "write Lax or Strict";
        match text.to_ascii_lowercase().as_str() {
            "lax" => Ok(Self::Lax),
            "strict" => Ok(Self::Strict),
            "none" => Err(ValueError::new(
                "would send the cookies with cross-site requests",
                "write Lax or Strict; an app on another origin uses header tokens and `cors.origins`",
            )),
            _ => Err(ValueError::new("is not a known value", hint)),
        }
    }
}

impl fmt::Display for SameSite {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
        })
    }
}
