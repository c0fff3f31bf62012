//! Who overtakes whom: exchanges of one visitor, by their numbers.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

use crate::wire::Message;

/// Where an exchange can overtake another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// At the server.
    Reached,
    /// At the client.
    Delivered,
}

/// Whose exchange it is, and its number.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    visitor: String,
    number: u64,
}

impl Lane {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }
}

/// The visitors of whom an exchange is held.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    held: Mutex<HashMap<String, watch::Sender<Passed>>>,
}

/// The highest numbers that have passed while somebody waited.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    reached: Option<u64>,
    delivered: Option<u64>,
}

impl Passed {
    const fn at(&mut self, point: Point) -> &mut Option<u64> {
        match point {
            Point::Reached => &mut self.reached,
            Point::Delivered => &mut self.delivered,
        }
    }
}

impl Lanes {
    pub(super) fn lane(&self, request: &Message, number: u64) -> Lane {
        let visitor = request.headers("user-agent").next().unwrap_or_default().to_owned();
        Lane { visitor, number }
    }

    /// An exchange has passed a point.
    pub(super) fn passed(&self, lane: &Lane, point: Point) {
        if let Some(waiting) = self.held().get(&lane.visitor) {
            waiting.send_modify(|passed| {
                let highest = passed.at(point);
                *highest = (*highest).max(Some(lane.number));
            });
        }
    }

    /// Waits until a later exchange has passed this point, and says whether one has.
    pub(super) async fn wait(&self, lane: &Lane, point: Point, at_most: Duration) -> bool {
        let mut later = {
            let mut held = self.held();
            held.entry(lane.visitor.clone()).or_default().subscribe()
        };
        let overtaken = later.wait_for(|passed| {
            let mut passed = *passed;
            *passed.at(point) > Some(lane.number)
        });
        let is_overtaken = timeout(at_most, overtaken).await.is_ok();
        drop(later);
        let mut held = self.held();
        if held.get(&lane.visitor).is_some_and(|waiting| waiting.receiver_count() == 0) {
            held.remove(&lane.visitor);
        }
        is_overtaken
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Passed>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Lanes {
    pub(super) fn is_empty(&self) -> bool {
        self.held().is_empty()
    }
}
