//! Where Redis is, and how it is spoken to.

use std::{fmt, sync::Arc, time::Duration};

use redis::{
    Client, ConnectionAddr, IntoConnectionInfo as _, ProtocolVersion, RedisError, TlsCertificates,
    io::tcp::TcpSettings,
};
use vestibule_core::{random::Entropy, secret::SiteSecret};

use crate::{RedisLimits, RedisNotifier, link::Link};

/// A connection to one Redis that mends itself. Cloning is cheap; all clones are the same one.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
    options: RedisOptions,
}

/// How Redis is used.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// What the names of all keys and channels begin with, before a colon. Sites that share a Redis differ
    /// in it.
    pub prefix: String,
    /// With TLS, certificates of whom to trust as issuer, as PEM, instead of those whom the machine trusts.
    pub root_certificates: Option<Vec<u8>>,
    /// Within this time a call is answered.
    pub deadline: Duration,
    /// How long a try in flight counts, of which nothing more is heard. Longer than a try takes.
    pub lease: Duration,
}

impl Default for RedisOptions {
    /// The prefix `vestibule`, the issuers whom the machine trusts, 250 ms, 30 s.
    fn default() -> Self {
        Self {
            prefix: "vestibule".to_owned(),
            root_certificates: None,
            deadline: Duration::from_millis(250),
            lease: Duration::from_secs(30),
        }
    }
}

impl Redis {
    /// Begins to connect, and does not wait for it: a site starts without its Redis as well. Must be called
    /// within a tokio runtime; what it started ends with the last clone and all that was made of them.
    ///
    /// The url is `redis://` or, with TLS, `rediss://`, then `[[user]:password@]host[:port][/database]`.
    ///
    /// # Errors
    /// [`OpenError`] where the url or the certificates cannot be read.
    pub fn open(url: &str, options: RedisOptions) -> Result<Self, OpenError> {
        let client = client(url, &options)?;
        let link = Link::open(client, format!("{}:feed", options.prefix), options.deadline);
        Ok(Self { link: Arc::new(link), options })
    }

    /// Whether it can be used right now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.is_there()
    }

    /// Limits that are shared by all nodes with this secret, Redis and prefix.
    #[must_use]
    pub fn limits(&self, secret: &SiteSecret, entropy: &dyn Entropy) -> RedisLimits {
        let RedisOptions { prefix, lease, .. } = &self.options;
        RedisLimits::new(Arc::clone(&self.link), prefix, *lease, secret, entropy)
    }

    /// Notifications between all nodes with this Redis and prefix. One for each that listens: a notification
    /// wakes one who waits.
    #[must_use]
    pub fn notifier(&self) -> RedisNotifier {
        RedisNotifier::new(Arc::clone(&self.link))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("at", &self.link.at()).finish_non_exhaustive()
    }
}

/// Redis cannot be used as it was asked.
#[derive(thiserror::Error)]
pub enum OpenError {
    /// The url cannot be read. Nothing of it is repeated, since it may hold a password.
    #[error(
        "the Redis URL is malformed; write redis://:password@host:6379/0, or rediss://… for TLS"
    )]
    Url,
    /// The certificates cannot be read.
    #[error(
        "cannot use the certificates for Redis ({0}); they must be PEM, and need a URL that starts with \
         rediss://"
    )]
    Certificates(#[source] RedisError),
}

vestibule_core::readable_debug!(OpenError);

fn client(url: &str, options: &RedisOptions) -> Result<Client, OpenError> {
    let info = url.into_connection_info().map_err(|_| OpenError::Url)?;
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        // The client leaves the choice of the cryptography to the process, and panics where nobody has
        // made it and there are two. Where somebody has, theirs stays.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    // Answers and notifications come on one connection, which the older protocol does not know.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    // A call is one small packet, and somebody waits for its answer.
    let tcp = TcpSettings::default().set_nodelay(true);
    let info = info.set_redis_settings(settings).set_tcp_settings(tcp);
    match options.root_certificates.clone() {
        Some(pem) => {
            let tls = TlsCertificates { client_tls: None, root_cert: Some(pem) };
            Client::build_with_tls(info, tls).map_err(OpenError::Certificates)
        }
        None => Client::open(info).map_err(|_| OpenError::Url),
    }
}
