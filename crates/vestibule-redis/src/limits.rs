//! Sliding windows in Redis.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use redis::Script;
use vestibule_core::{
    limit::{BeginError, Limited, LimitsUnavailable, Outcome, Rate, SharedLimits, SharedTry},
    random::{self, Entropy},
    secret::SiteSecret,
};

use crate::{
    link::{CallError, Link},
    settling::{Settlement, Settling},
};

static BEGIN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("begin.lua")));

/// What the script says stands in the way.
const NOTHING: u8 = 0;
const TRIES_IN_FLIGHT: u8 = 1;

/// Limits that all nodes of a site share through Redis: an exact sliding window for each key, by the clock of
/// Redis.
///
/// Of each limit Redis has two sorted sets, the times of its failures and its tries in flight. One script
/// looks and reserves, so that of many nodes at once no more begin than there are places. Both sets go when
/// nothing in them counts any longer. Their names are MACs under a key derived from the site's secret: who
/// failed to sign in where cannot be read off them, and names of people cannot be tried out.
pub struct RedisLimits {
    link: Arc<Link>,
    names: hmac::Key,
    prefix: String,
    lease: Duration,
    /// Drawn by this node, and a count beside it: no two tries have one name.
    node: String,
    tries: AtomicU64,
    settling: Settling,
}

impl RedisLimits {
    pub(crate) fn new(
        link: Arc<Link>,
        prefix: &str,
        lease: Duration,
        secret: &SiteSecret,
        entropy: &dyn Entropy,
    ) -> Self {
        Self {
            names: secret.limit_key(),
            prefix: prefix.to_owned(),
            lease,
            node: URL_SAFE_NO_PAD.encode(random::draw::<12>(entropy)),
            tries: AtomicU64::new(0),
            settling: Settling::start(Arc::clone(&link), lease),
            link,
        }
    }

    fn keys(&self, kind: &str, key: &str) -> [String; 2] {
        let tag = hmac::sign(&self.names, format!("{kind} {key}").as_bytes());
        let (prefix, name) = (&self.prefix, URL_SAFE_NO_PAD.encode(tag));
        ["failures", "in-flight"].map(|what| format!("{prefix}:limit:{name}:{what}"))
    }

    fn name_try(&self) -> String {
        format!("{}:{}", self.node, self.tries.fetch_add(1, Ordering::Relaxed))
    }
}

#[async_trait]
impl SharedLimits for RedisLimits {
    async fn begin(
        &self,
        kind: &'static str,
        key: &str,
        rate: Rate,
    ) -> Result<Box<dyn SharedTry>, BeginError> {
        let (keys, name) = (self.keys(kind, key), self.name_try());
        let mut script = BEGIN.prepare_invoke();
        script
            .key(&keys)
            .arg(&name)
            .arg(rate.count)
            .arg(millis(rate.window))
            .arg(millis(self.lease));
        // From here on it may have begun, whoever goes away meanwhile: until somebody says otherwise, it is
        // settled as passed when this is dropped.
        let settlement = Settlement { keys, name, outcome: Outcome::Passed, window: rate.window };
        let mut begun = Begun { settlement: Some(settlement), settling: self.settling.clone() };
        let asked = self.link.call(|mut connection| async move {
            script.invoke_async::<(u8, u64)>(&mut connection).await
        });
        match asked.await {
            Ok((NOTHING, _)) => Ok(Box::new(begun)),
            Ok((obstacle, wait)) => {
                begun.has_not_begun();
                Err(BeginError::Limited(Limited {
                    retry_after: Duration::from_millis(wait).max(Duration::from_secs(1)),
                    by_in_flight: obstacle == TRIES_IN_FLIGHT,
                }))
            }
            Err(error) => {
                if matches!(error, CallError::Away | CallError::Refused(_)) {
                    begun.has_not_begun();
                }
                Err(BeginError::Unavailable(LimitsUnavailable::new(error)))
            }
        }
    }
}

impl fmt::Debug for RedisLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimits").field("at", &self.link.at()).finish_non_exhaustive()
    }
}

/// A try that has begun, or may have.
struct Begun {
    settlement: Option<Settlement>,
    settling: Settling,
}

impl Begun {
    fn has_not_begun(&mut self) {
        self.settlement = None;
    }
}

impl SharedTry for Begun {
    fn settle(mut self: Box<Self>, outcome: Outcome) {
        if let Some(settlement) = &mut self.settlement {
            settlement.outcome = outcome;
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(settlement) = self.settlement.take() {
            self.settling.add(settlement);
        }
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
