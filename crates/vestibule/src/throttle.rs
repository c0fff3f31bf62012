//! Limits on failures: kept in memory by this node, and together with the others where that is given.
//!
//! With shared limits a try has to get a place twice, first here and then among all. Here there are as many
//! as among all, and every failure is noted: what one node has seen is a part of what all have, so this
//! refuses nobody whom they would not refuse. It keeps a burst against one node from being a burst of
//! questions to all, and it is what the node goes by while the shared limits are away, at half the count
//! then. So the failures of before still stand, those of meanwhile stand afterwards, and an outage is no
//! fresh allowance.

mod shared;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, Semaphore};
use vestibule_core::{
    id::{DeviceId, SessionId, UserId},
    limit::{BeginError, Limited, Outcome, Rate, SharedLimits, SharedTry, SlidingWindow},
    name::LoginKey,
    network::{network_of, wide_network_of},
    time::Clock,
};

use crate::config::Limits;

use shared::Shared;

/// As many accounts and networks are remembered at most; an entry takes about 100 bytes.
const CAPACITY: usize = 100_000;
/// As many tries may wait for others in flight.
const WAITING: usize = 256;

/// By what the tries at one account are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AccountKey {
    /// By a stranger: the name as typed, whether it is somebody's or not. What is refused so tells nothing of
    /// an account, not even that two names are the same one's.
    Name(LoginKey),
    /// By a device that this user has signed in with before, with whichever of their names.
    Device(DeviceId, UserId),
    /// By somebody who is signed in.
    Session(SessionId),
}

pub(crate) struct Throttle {
    accounts: Option<Arc<Window<AccountKey>>>,
    addresses: Option<Arc<Window<IpAddr>>>,
    networks: Option<Arc<Window<IpAddr>>>,
    registrations: Option<Arc<Window<IpAddr>>>,
}

impl Throttle {
    pub(crate) fn new(
        limits: &Limits,
        shared: Option<Arc<dyn SharedLimits>>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let shared = shared.map(Shared::new);
        Self {
            accounts: limits.account.map(|rate| Window::new("account", rate, &shared, clock)),
            addresses: limits.address.map(|rate| Window::new("address", rate, &shared, clock)),
            networks: limits.network.map(|rate| Window::new("network", rate, &shared, clock)),
            registrations: limits
                .register
                .map(|rate| Window::new("registration", rate, &shared, clock)),
        }
    }

    /// Begins a try that counts for an address, and for the wide network around it.
    pub(crate) async fn address(&self, address: IpAddr) -> Result<AddressTry, Limited> {
        self.from(self.addresses.as_ref(), address).await
    }

    /// Begins a try that counts for an account.
    pub(crate) async fn account(&self, key: AccountKey) -> Result<Try<AccountKey>, Limited> {
        begin(self.accounts.as_ref(), key).await
    }

    /// Begins a registration. Here it is the ones that succeed that count: `settle` it as failed.
    pub(crate) async fn registration(&self, address: IpAddr) -> Result<AddressTry, Limited> {
        self.from(self.registrations.as_ref(), address).await
    }

    async fn from(
        &self,
        window: Option<&Arc<Window<IpAddr>>>,
        address: IpAddr,
    ) -> Result<AddressTry, Limited> {
        let of_address = begin(window, network_of(address)).await?;
        let of_network = begin(self.networks.as_ref(), wide_network_of(address)).await?;
        Ok(AddressTry(of_address, of_network))
    }
}

/// A try in flight that counts for an address and for the wide network around it.
#[must_use = "a try that is dropped at once limits nothing"]
pub(crate) struct AddressTry(Try<IpAddr>, Try<IpAddr>);

impl AddressTry {
    /// It failed, and counts.
    pub(crate) fn failed(self) {
        self.0.failed();
        self.1.failed();
    }
}

/// Whose failures a window counts.
pub(crate) trait Key: Eq + Hash + Clone {
    /// The same text on every node.
    fn text(&self) -> String;
}

impl Key for AccountKey {
    fn text(&self) -> String {
        match self {
            Self::Name(login) => format!("name {}", login.as_str()),
            Self::Device(device, user) => format!("device {device} {user}"),
            Self::Session(session) => format!("session {session}"),
        }
    }
}

impl Key for IpAddr {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl Key for String {
    fn text(&self) -> String {
        self.clone()
    }
}

/// A limit that an application keeps for something of its own, by the same means as those for sign-in: this
/// node counts, and together with the others where limits are shared; while those are away it allows half.
#[derive(Clone)]
pub struct RateLimit(Option<Arc<Window<String>>>);

impl RateLimit {
    /// So many of one key, and without a rate any number. `kind` is a word in lower case that tells these
    /// keys from those of other limits; `account`, `address`, `network` and `registration` are taken.
    #[must_use]
    pub fn new(
        kind: &'static str,
        rate: Option<Rate>,
        shared: Option<Arc<dyn SharedLimits>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shared = shared.map(Shared::new);
        Self(rate.map(|rate| Window::new(kind, rate, &shared, &clock)))
    }

    /// Counts one more.
    ///
    /// # Errors
    /// Where that is one too many; it says when there is room again.
    pub async fn count(&self, key: &str) -> Result<(), Limited> {
        begin(self.0.as_ref(), key.to_owned()).await?.failed();
        Ok(())
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.0.as_ref().map(|window| (window.kind, window.rate));
        f.debug_tuple("RateLimit").field(&rate).finish()
    }
}

async fn begin<K: Key>(window: Option<&Arc<Window<K>>>, key: K) -> Result<Try<K>, Limited> {
    let Some(window) = window else {
        return Ok(Try { window: None, key, shared: None });
    };
    let mut begun = begin_here(window, window.rate, key).await?;
    let Some(shared) = &window.shared else {
        return Ok(begun);
    };
    match shared.begin(window.kind, &begun.key.text(), window.rate).await {
        Ok(among_all) => {
            begun.shared = Some(among_all);
            Ok(begun)
        }
        Err(BeginError::Limited(limited)) => Err(limited),
        Err(BeginError::Unavailable(_)) => {
            // The place is given back first: many may come here at once, and while each held one of all
            // the places none of them could get one of the half.
            let key = begun.key.clone();
            drop(begun);
            begin_here(window, window.rate.alone(), key).await
        }
    }
}

/// Begins a try on this node. Where only tries in flight stand in the way it waits for them: somebody who
/// signs in on many devices at once, with the right password, has not failed.
async fn begin_here<K: Key>(
    window: &Arc<Window<K>>,
    rate: Rate,
    key: K,
) -> Result<Try<K>, Limited> {
    let mut place = None;
    loop {
        // Asked for before the look, so that what is settled in between is not missed.
        let settled = window.settled.notified();
        match window.lock().begin_within(rate.count, &key, window.clock.monotonic()) {
            Ok(()) => return Ok(Try { window: Some(Arc::clone(window)), key, shared: None }),
            Err(limited) if !limited.by_in_flight => return Err(limited),
            Err(limited) => {
                if place.is_none() {
                    place = Some(window.places.try_acquire().map_err(|_| limited)?);
                }
            }
        }
        settled.await;
    }
}

struct Window<K> {
    kind: &'static str,
    rate: Rate,
    failures: Mutex<SlidingWindow<K>>,
    shared: Option<Arc<Shared>>,
    clock: Arc<dyn Clock>,
    settled: Notify,
    places: Semaphore,
}

impl<K: Key> Window<K> {
    fn new(
        kind: &'static str,
        rate: Rate,
        shared: &Option<Arc<Shared>>,
        clock: &Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            kind,
            rate,
            failures: Mutex::new(SlidingWindow::new(rate, CAPACITY)),
            shared: shared.clone(),
            clock: Arc::clone(clock),
            settled: Notify::new(),
            places: Semaphore::new(WAITING),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, SlidingWindow<K>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A try in flight. Dropped without having failed, it leaves no trace.
///
/// That goes for shared limits as well, also where a client went away and its handler was dropped with it:
/// settling there does not wait ([`SharedTry::settle`]), and whoever keeps them tells the others as long as
/// this node lives. Of a node that dies, the lease on its tries takes care; and what failed is noted here
/// before anybody else is told, so that it counts whether or not the others hear of it.
#[must_use = "a try that is dropped at once limits nothing"]
pub(crate) struct Try<K: Key> {
    window: Option<Arc<Window<K>>>,
    key: K,
    shared: Option<Box<dyn SharedTry>>,
}

impl<K: Key> Try<K> {
    /// It failed, and counts.
    pub(crate) fn failed(mut self) {
        self.settle(Outcome::Failed);
    }

    fn settle(&mut self, outcome: Outcome) {
        let Some(window) = self.window.take() else { return };
        let now = window.clock.monotonic();
        window.lock().settle(&self.key, outcome, now);
        // Before those are woken who wait for the place here: they go on to ask there.
        if let Some(shared) = self.shared.take() {
            shared.settle(outcome);
        }
        window.settled.notify_waiters();
    }
}

impl<K: Key> Drop for Try<K> {
    fn drop(&mut self) {
        self.settle(Outcome::Passed);
    }
}
