//! Places of which there is a bounded number, shared fairly among accounts and networks.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{counter, gauge};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use vestibule::core::{id::UserId, network::wide_network_of};
use vestibule_site::share;

/// The figure of places that are taken.
pub(crate) const TAKEN: &str = "vestibule_places_taken";
/// The figure of those who got none.
pub(crate) const REFUSED: &str = "vestibule_places_refused_total";

/// All places of one kind. Clones share them.
#[derive(Clone)]
pub(crate) struct Permits(Arc<Shared>);

struct Shared {
    /// What they are for, as the figures name it.
    of: &'static str,
    state: Mutex<State>,
    freed: Notify,
}

struct State {
    all: usize,
    free: usize,
    held: HashMap<Holder, usize>,
}

/// Whose share a place counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// An account.
    Account(UserId),
    /// The network of a client.
    Network(IpAddr),
}

impl Holder {
    /// The network of this client.
    pub(crate) fn network_of(client: IpAddr) -> Self {
        Self::Network(wide_network_of(client))
    }
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPermit {
    /// All are taken.
    All,
    /// This one has its share.
    Of(Holder),
}

impl Permits {
    /// So many places, all free.
    pub(crate) fn new(of: &'static str, all: usize) -> Self {
        counter!(REFUSED, "of" => of, "by" => "all").absolute(0);
        counter!(REFUSED, "of" => of, "by" => "share").absolute(0);
        let state = Mutex::new(State { all, free: all, held: HashMap::new() });
        let places = Self(Arc::new(Shared { of, state, freed: Notify::new() }));
        places.show(0);
        places
    }

    /// A place for all of these, if there is one now.
    pub(crate) fn try_take(&self, holders: &[Holder]) -> Result<Permit, NoPermit> {
        let mut state = self.state();
        if state.free == 0 {
            return Err(NoPermit::All);
        }
        if let Some(holder) = holders.iter().find(|holder| !state.may_take(holder)) {
            return Err(NoPermit::Of(*holder));
        }
        state.free -= 1;
        for holder in holders {
            *state.held.entry(*holder).or_default() += 1;
        }
        self.show(state.all - state.free);
        Ok(Permit { places: self.clone(), holders: holders.into() })
    }

    /// A place for all of these, waited for.
    pub(crate) async fn take(
        &self,
        holders: &[Holder],
        within: Duration,
    ) -> Result<Permit, NoPermit> {
        let until = Instant::now() + within;
        loop {
            let mut freed = std::pin::pin!(self.0.freed.notified());
            // From here on no change is missed.
            freed.as_mut().enable();
            let no_place = match self.try_take(holders) {
                Ok(place) => return Ok(place),
                Err(no_place) => no_place,
            };
            if timeout_at(until, freed).await.is_err() {
                self.count_refusal(no_place);
                return Err(no_place);
            }
        }
    }

    /// Waits until there is a place at all.
    pub(crate) async fn any(&self) {
        loop {
            let mut freed = std::pin::pin!(self.0.freed.notified());
            freed.as_mut().enable();
            if self.state().free > 0 {
                return;
            }
            freed.await;
        }
    }

    /// How many places somebody has.
    pub(crate) fn held(&self, holder: Holder) -> usize {
        self.state().held.get(&holder).copied().unwrap_or_default()
    }

    /// Counts somebody who got no place.
    pub(crate) fn count_refusal(&self, why: NoPermit) {
        let by = if why == NoPermit::All { "all" } else { "share" };
        counter!(REFUSED, "of" => self.0.of, "by" => by).increment(1);
    }

    fn show(&self, taken: usize) {
        gauge!(TAKEN, "of" => self.0.of).set(taken as f64);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn may_take(&self, holder: &Holder) -> bool {
        share::may_take(self.held.get(holder).copied().unwrap_or_default(), self.free)
    }

    fn leave(&mut self, holder: &Holder) {
        if let Some(count) = self.held.get_mut(holder) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(holder);
            }
        }
    }
}

/// A place that is taken, until it is dropped.
pub(crate) struct Permit {
    places: Permits,
    holders: Vec<Holder>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.places.state();
        state.free += 1;
        self.holders.iter().for_each(|holder| state.leave(holder));
        self.places.show(state.all - state.free);
        drop(state);
        self.places.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_share_is_kept_a_place_is_waited_for_and_nobody_is_remembered() {
        let places = Permits::new("tests", 4);
        let (one, other) = (Holder::Account(UserId(1)), Holder::Account(UserId(2)));
        let network = Holder::network_of("198.51.100.7".parse().unwrap());
        let first = places.try_take(&[one, network]).ok().unwrap();
        let second = places.try_take(&[one]).ok().unwrap();
        assert_eq!(places.try_take(&[one]).err(), Some(NoPermit::Of(one)));
        let _third = places.try_take(&[other]).ok().unwrap();
        assert_eq!(places.try_take(&[network]).err(), Some(NoPermit::Of(network)));
        assert_eq!(places.held(one), 2);

        let wait = Duration::from_secs(10);
        assert_eq!(places.take(&[network], wait).await.err(), Some(NoPermit::Of(network)));
        let waiting = async { places.take(&[network], wait).await.is_ok() };
        let freeing = async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            drop(second);
            drop(first);
        };
        assert!(tokio::join!(waiting, freeing).0);
        assert_eq!(places.held(one), 0);
        assert_eq!(places.state().held.len(), 1, "only who has a place");
    }
}
