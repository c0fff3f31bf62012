//! What all requests share.

use std::{
    net::IpAddr,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    http::{Extensions, HeaderMap},
    response::Response,
};
use serde_json::{Map, Value};
use tokio_util::task::TaskTracker;
use vestibule_core::{
    csrf::CsrfKey,
    device::DeviceKey,
    id::{SessionId, UserId},
    limit::SharedLimits,
    random::Entropy,
    revocation::Revocations,
    session::{EndReason, Session},
    store::{Changed, FeedNotifier, Store, StoreError, StoreResult, UserStore},
    time::{Clock, Timestamp},
    token::TokenIssuer,
    user::User,
};

use crate::{
    activity::ActivityLog,
    audit::AuditSink,
    background,
    cache::TokenCache,
    config::{ClientAddress, Config, ConfigError, Limits},
    follow::FeedAge,
    hashers::Hashers,
    history::History,
    keys::{KeyRingError, LiveRing},
    known_users::KnownUsers,
    metrics,
    notice::{Notifier, Silent},
    problem::Problem,
    rounds::Rounds,
    secret_check::{SecretError, check_secret},
    system::{SystemClock, SystemEntropy},
    throttle::Throttle,
    visit::Visit,
};

/// Sign-in for one application. Cloning is cheap; all clones are the same one.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use vestibule::{Config, MemoryStore, SiteSecret, Vestibule};
///
/// let secret = SiteSecret::new(*b"thirty-two bytes or more, please!")?;
/// let config = Config::development("Maps", "127.0.0.1:5000", secret)?;
/// let auth = Vestibule::builder(MemoryStore::default()).config(config).build().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Vestibule(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) users: Arc<dyn UserStore>,
    pub(crate) own_users: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) issuer: TokenIssuer,
    pub(crate) csrf: CsrfKey,
    pub(crate) devices: DeviceKey,
    pub(crate) keys: LiveRing,
    pub(crate) tokens: TokenCache,
    pub(crate) revocations: RwLock<Revocations>,
    pub(crate) feed_age: FeedAge,
    pub(crate) feed_notifier: Option<Arc<dyn FeedNotifier>>,
    /// What this node calls itself towards the others.
    pub(crate) node: String,
    pub(crate) activity: ActivityLog,
    pub(crate) history: History,
    /// The rounds in which both are written.
    pub(crate) noticed: Arc<Rounds>,
    pub(crate) known_users: KnownUsers,
    pub(crate) throttle: Throttle,
    pub(crate) hashers: Hashers,
    /// Whether it was said that better hashes cannot be stored.
    upgrade_failed: AtomicBool,
    pub(crate) notifier: Arc<dyn Notifier>,
    pub(crate) audit: Option<Arc<dyn AuditSink>>,
    pub(crate) claims: Option<ClaimsOf>,
    pub(crate) on_problem: Option<OnProblem>,
    /// Flows that run to their end, whoever waits for them.
    pub(crate) running: TaskTracker,
}

type ClaimsOf = Box<dyn Fn(&User) -> Map<String, Value> + Send + Sync>;
type OnProblem = Box<dyn Fn(&Problem, &Visit) -> Option<Response> + Send + Sync>;

impl Vestibule {
    /// Begins to build one over a store.
    pub fn builder(store: impl Store) -> Builder {
        Builder::new(Arc::new(store))
    }

    /// Begins to build one over a store that others hold as well.
    pub fn builder_over(store: Arc<dyn Store>) -> Builder {
        Builder::new(store)
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    /// Its users: those of the store, or of the application's own table.
    #[must_use]
    pub fn users(&self) -> &dyn UserStore {
        &*self.0.users
    }

    /// Now, by its clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Its random generator.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    /// Where a request comes from, as [`Config::client_address`] says. For whoever stands outside of the layer,
    /// as a log does; inside of it a [`Visit`] knows. The unspecified address where it is not known.
    #[must_use]
    pub fn client_address(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        self.known_address(extensions, headers).unwrap_or(crate::address::NOWHERE)
    }

    /// The same where it is known.
    pub(crate) fn known_address(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Option<IpAddr> {
        let config = &self.0.config;
        let trusted = &config.trusted_proxies;
        crate::address::client_address(&config.client_address, extensions, headers, trusted)
    }

    /// Waits until every flow that was begun has come to its end, whether or not a client still waits for it
    /// ([`Vestibule::uncancelled`]).
    pub async fn settled(&self) {
        let running = &self.0.running;
        running.close();
        running.wait().await;
        running.reopen();
    }

    /// Waits for the flows that still run, writes what was noticed of sessions and is not in the store yet,
    /// and lets other nodes take over. For the end of a program, once no request comes any more: while it runs
    /// the second happens by itself, within a second.
    pub async fn flush(&self) {
        self.settled().await;
        self.0.write_noticed().await;
        self.0.give_leases_back().await;
    }

    /// Whether this node's knowledge of ended sessions is older than [`Config::feed_bound`]: requests then
    /// ask the store, or are answered 503 where [`Config::feed_strict`].
    #[must_use]
    pub fn has_lost_feed(&self) -> bool {
        self.0.feed_age.is_lost()
    }
}

impl Inner {
    /// Says once that a better hash of a password could not be stored: it would be said again at every sign-in.
    pub(crate) fn note_failed_upgrade(&self, error: &StoreError) {
        if !self.upgrade_failed.swap(true, Ordering::Relaxed) {
            tracing::error!(
                %error,
                "cannot store a stronger hash of a password; users sign in with the old one. Make room \
                 for 255 characters in the column of the hash, or set `Config::upgrade_hashes` to false. \
                 This is logged once"
            );
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether users and sessions lie in one store, so that a session can be written under the condition
    /// that its user is as they were read.
    pub(crate) fn guards_sessions(&self) -> bool {
        !self.own_users
    }

    /// A user's row, read a moment ago at the most. While the store cannot be reached, the last one that
    /// was read within the life of an access token.
    pub(crate) async fn current_user(&self, id: UserId) -> StoreResult<Option<Arc<User>>> {
        let now = self.clock.monotonic();
        if let Some(user) = self.known_users.young(id, now) {
            return Ok(Some(user));
        }
        let reading = self.known_users.begin_reading();
        match self.users.user(id).await {
            Ok(Some(user)) => {
                let user = Arc::new(user);
                self.known_users.keep(&user, now, reading);
                Ok(Some(user))
            }
            Ok(None) => Ok(None),
            Err(error @ StoreError::Unavailable(_)) => {
                let last = self.known_users.within(id, now, self.config.lifetimes.access);
                last.map(Some).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// A session as the lifetimes of today have it.
    pub(crate) async fn session(&self, id: SessionId) -> StoreResult<Option<Session>> {
        let session = self.store.session(id).await?;
        Ok(session.map(|session| self.limited(session)))
    }

    pub(crate) fn limited(&self, mut session: Session) -> Session {
        session.limit(&self.config.lifetimes);
        session
    }

    /// Ends one session and knows it at once; whether it was this call that ended it.
    pub(crate) async fn end_session(
        &self,
        session: SessionId,
        reason: EndReason,
    ) -> StoreResult<bool> {
        let ended = self.store.end_session(session, reason, self.now()).await?;
        self.apply_and_notify(Changed::SessionEnded(session)).await;
        if ended {
            metrics::session_ended(reason);
        }
        Ok(ended)
    }
}

/// Builds a [`Vestibule`].
#[must_use = "nothing is built before `build`"]
pub struct Builder {
    store: Arc<dyn Store>,
    config: Option<Config>,
    users: Option<Arc<dyn UserStore>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    notifier: Arc<dyn Notifier>,
    audit: Option<Arc<dyn AuditSink>>,
    feed_notifier: Option<Arc<dyn FeedNotifier>>,
    shared_limits: Option<Arc<dyn SharedLimits>>,
    claims: Option<ClaimsOf>,
    on_problem: Option<OnProblem>,
}

impl Builder {
    fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            config: None,
            users: None,
            clock: Arc::new(SystemClock::start()),
            entropy: Arc::new(SystemEntropy),
            notifier: Arc::new(Silent),
            audit: None,
            feed_notifier: None,
            shared_limits: None,
            claims: None,
            on_problem: None,
        }
    }

    /// The configuration. There is no default one: a site's secret and address are its own.
    pub fn config(self, config: Config) -> Self {
        Self { config: Some(config), ..self }
    }

    /// Users in a table of the application's own, instead of the store's.
    ///
    /// A transaction of the store cannot hold a change of that table. So the change is made by itself, between
    /// two transactions of the store: one that uses up the one-time token and ends sessions, and one that ends
    /// them once more and holds the feed's entry, the events and the mails. A program that ends in between
    /// leaves a change without its events and mails behind, or a token that was used up for nothing; it never
    /// leaves a session open whose user must not have one, since every renewal reads the user.
    pub fn users(self, users: impl UserStore) -> Self {
        Self { users: Some(Arc::new(users)), ..self }
    }

    /// Who tells people what they have to know, by mail for example. Without one nobody is told.
    pub fn notifier(self, notifier: impl Notifier) -> Self {
        Self { notifier: Arc::new(notifier), ..self }
    }

    /// Who keeps an audit trail of what happens. Without one it is only logged.
    pub fn audit(self, sink: impl AuditSink) -> Self {
        Self { audit: Some(Arc::new(sink)), ..self }
    }

    /// What tells the nodes of a site that the feed has something new. Without one each of them reads the
    /// feed twice a second, which is right for a single node.
    pub fn feed_notifier(self, feed_notifier: impl FeedNotifier) -> Self {
        Self { feed_notifier: Some(Arc::new(feed_notifier)), ..self }
    }

    /// Limits that all nodes of the site share, those of `vestibule-redis` for example. Without them each
    /// node counts for itself, and so it does, to half of the rates, while they are away.
    pub fn shared_limits(self, limits: impl SharedLimits) -> Self {
        Self { shared_limits: Some(Arc::new(limits)), ..self }
    }

    /// Claims of the application's own in every access token. They are read again at every renewal;
    /// reserved names are left out.
    pub fn claims(
        self,
        claims: impl Fn(&User) -> Map<String, Value> + Send + Sync + 'static,
    ) -> Self {
        Self { claims: Some(Box::new(claims)), ..self }
    }

    /// Answers of the application's own to refusals; `None` leaves the built-in one.
    pub fn on_problem(
        self,
        answer: impl Fn(&Problem, &Visit) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        Self { on_problem: Some(Box::new(answer)), ..self }
    }

    /// Another clock, for tests.
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Another random generator, for tests.
    pub fn entropy(self, entropy: impl Entropy) -> Self {
        Self { entropy: Arc::new(entropy), ..self }
    }

    /// Opens the key ring, loads what is known of ended sessions, and starts following the store. Must be
    /// called within a tokio runtime; what it started ends with the last clone.
    ///
    /// # Errors
    /// [`BuildError`] where the configuration is missing or the store cannot be used.
    pub async fn build(self) -> Result<Vestibule, BuildError> {
        let config = self.config.ok_or(BuildError::NoConfig)?;
        config.check()?;
        let limits = countable(&config);
        check_secret(&*self.store, &config.secret, &*self.entropy).await?;
        let keys = LiveRing::open(&config, &*self.store, &*self.clock, &*self.entropy).await?;
        let auth = Arc::new(Inner {
            issuer: TokenIssuer::new(
                &config.secret,
                &config.issuer,
                &config.audience,
                &config.lifetimes,
            ),
            csrf: CsrfKey::new(&config.secret),
            devices: DeviceKey::new(&config.secret),
            keys,
            tokens: TokenCache::new(),
            revocations: RwLock::default(),
            feed_age: FeedAge::new(config.feed_bound),
            feed_notifier: self.feed_notifier,
            node: background::draw_node_name(&*self.entropy),
            activity: ActivityLog::nothing(),
            history: History::nothing(),
            noticed: Arc::default(),
            known_users: KnownUsers::default(),
            throttle: Throttle::new(&limits, self.shared_limits, &self.clock),
            upgrade_failed: AtomicBool::new(false),
            hashers: Hashers::new(config.password_parameters, config.hashers, config.hash_queue),
            own_users: self.users.is_some(),
            users: self.users.unwrap_or_else(|| Arc::clone(&self.store) as Arc<dyn UserStore>),
            store: self.store,
            clock: self.clock,
            entropy: self.entropy,
            notifier: self.notifier,
            audit: self.audit,
            claims: self.claims,
            on_problem: self.on_problem,
            running: TaskTracker::new(),
            config,
        });
        metrics::describe();
        crate::follow::start(&auth).await?;
        background::start(&auth);
        Ok(Vestibule(auth))
    }
}

/// The limits that can be kept: none of addresses where there are none.
fn countable(config: &Config) -> Limits {
    match config.client_address {
        ClientAddress::Unknown => {
            let Limits { account, sessions, .. } = config.limits;
            Limits { account, sessions, ..Limits::NONE }
        }
        ClientAddress::Peer | ClientAddress::Header(_) => config.limits,
    }
}

/// A [`Vestibule`] cannot be built.
#[derive(thiserror::Error)]
pub enum BuildError {
    /// No configuration was given.
    #[error("no configuration was given; call `.config(Config::new(…)?)` before `.build()`")]
    NoConfig,
    /// The secret is not that of the store.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The configuration cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The key ring cannot be opened.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

vestibule_core::readable_debug!(BuildError);
