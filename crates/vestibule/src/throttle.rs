//! Limits on failures, kept in memory by this node.

use std::{
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Notify, Semaphore};
use vestibule_core::{
    id::UserId,
    limit::{Limited, Outcome, Rate, SlidingWindow},
    name::LoginKey,
    time::Clock,
};

use crate::{address::network_of, config::Limits};

/// As many accounts and networks are remembered at most; an entry takes about 100 bytes.
const CAPACITY: usize = 100_000;
/// As many tries may wait for others in flight.
const WAITING: usize = 256;

/// Whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AccountKey {
    /// A user: whichever of their names was typed, behind whichever door.
    Known(UserId),
    /// A name that is nobody's, so that it is answered like one that is somebody's.
    Unknown(LoginKey),
}

pub(crate) struct Throttle {
    accounts: Option<Arc<Window<AccountKey>>>,
    addresses: Option<Arc<Window<IpAddr>>>,
    registrations: Option<Arc<Window<IpAddr>>>,
}

impl Throttle {
    pub(crate) fn new(limits: &Limits, clock: &Arc<dyn Clock>) -> Self {
        Self {
            accounts: limits.account.map(|rate| Window::new(rate, clock)),
            addresses: limits.address.map(|rate| Window::new(rate, clock)),
            registrations: limits.register.map(|rate| Window::new(rate, clock)),
        }
    }

    /// Begins a try that counts for an address.
    pub(crate) async fn address(&self, address: IpAddr) -> Result<Try<IpAddr>, Limited> {
        begin(self.addresses.as_ref(), network_of(address)).await
    }

    /// Begins a try that counts for an account.
    pub(crate) async fn account(&self, key: AccountKey) -> Result<Try<AccountKey>, Limited> {
        begin(self.accounts.as_ref(), key).await
    }

    /// Begins a registration. Here it is the ones that succeed that count: `settle` it as failed.
    pub(crate) async fn registration(&self, address: IpAddr) -> Result<Try<IpAddr>, Limited> {
        begin(self.registrations.as_ref(), network_of(address)).await
    }
}

/// Begins a try. Where only tries in flight stand in the way it waits for them: somebody who signs in on
/// many devices at once, with the right password, has not failed.
async fn begin<K: Eq + Hash + Clone>(
    window: Option<&Arc<Window<K>>>,
    key: K,
) -> Result<Try<K>, Limited> {
    let Some(window) = window else {
        return Ok(Try { window: None, key });
    };
    let mut place = None;
    loop {
        // Asked for before the look, so that what is settled in between is not missed.
        let settled = window.settled.notified();
        match window.lock().begin(&key, window.clock.monotonic()) {
            Ok(()) => return Ok(Try { window: Some(Arc::clone(window)), key }),
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
    failures: Mutex<SlidingWindow<K>>,
    clock: Arc<dyn Clock>,
    settled: Notify,
    places: Semaphore,
}

impl<K: Eq + Hash + Clone> Window<K> {
    fn new(rate: Rate, clock: &Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            failures: Mutex::new(SlidingWindow::new(rate, CAPACITY)),
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
#[must_use = "a try that is dropped at once limits nothing"]
pub(crate) struct Try<K: Eq + Hash + Clone> {
    window: Option<Arc<Window<K>>>,
    key: K,
}

impl<K: Eq + Hash + Clone> Try<K> {
    /// It failed, and counts.
    pub(crate) fn failed(mut self) {
        self.settle(Outcome::Failed);
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(window) = self.window.take() {
            let now = window.clock.monotonic();
            window.lock().settle(&self.key, outcome, now);
            window.settled.notify_waiters();
        }
    }
}

impl<K: Eq + Hash + Clone> Drop for Try<K> {
    fn drop(&mut self) {
        self.settle(Outcome::Passed);
    }
}
