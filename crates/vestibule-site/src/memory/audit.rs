//! The audit trail.

use std::{cmp::Reverse, collections::BTreeMap};

use async_trait::async_trait;
use vestibule_core::{
    event::{Event, EventName},
    store::StoreResult,
    time::Timestamp,
    user::UserStatus,
};

use super::MemoryStore;
use crate::store::{AuditTrail, DayCount, EventCursor, EventQuery, Figures, KeptEvent};

const DAY: i64 = 24 * 3600;

/// Everything that happened, by its place, and how often by day, name and cause.
#[derive(Clone, Default)]
pub(super) struct Trail {
    last: u64,
    pub(super) events: BTreeMap<EventCursor, Event>,
    counts: BTreeMap<(i64, &'static str, String), (EventName, u64)>,
}

impl Trail {
    pub(super) fn append(&mut self, event: &Event) {
        self.last += 1;
        let cause = event.cause().unwrap_or_default().to_owned();
        let day = event.at.seconds().div_euclid(DAY);
        let key = (day, event.name.name(), cause);
        self.counts.entry(key).or_insert((event.name, 0)).1 += event.count();
        self.events.insert(EventCursor { at: event.at, sequence: self.last }, event.clone());
    }
}

#[async_trait]
impl AuditTrail for MemoryStore {
    async fn append_events(&self, events: &[Event]) -> StoreResult<()> {
        self.with_extension(|site, _| events.iter().for_each(|event| site.trail.append(event)));
        Ok(())
    }

    async fn events(&self, query: &EventQuery) -> StoreResult<Vec<KeptEvent>> {
        self.with_extension(|site, _| {
            let latest_first = site.trail.events.iter().rev();
            let wanted = latest_first.filter(|(place, event)| is_wanted(query, **place, event));
            let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
            let kept = wanted
                .take(limit)
                .map(|(place, event)| KeptEvent { sequence: place.sequence, event: event.clone() });
            Ok(kept.collect())
        })
    }

    async fn event_counts(&self, from: i64, to: i64) -> StoreResult<Vec<DayCount>> {
        self.with_extension(|site, _| {
            let days = site.trail.counts.iter().filter(|((day, ..), _)| (from..to).contains(day));
            let counts = days.map(|((day, _, cause), (name, count))| DayCount {
                day: *day,
                name: *name,
                cause: cause.clone(),
                count: *count,
            });
            Ok(counts.collect())
        })
    }

    async fn figures(&self, now: Timestamp) -> StoreResult<Figures> {
        self.with_extension(|_, accounts| {
            let users = accounts.users().filter(|user| user.status != UserStatus::Deleted);
            let sessions = accounts.sessions().filter(|session| session.over(now).is_none());
            let most = u64::from(Figures::MOST);
            let counted = |count| u64::try_from(count).unwrap_or(most).min(most);
            Ok(Figures { users: counted(users.count()), sessions: counted(sessions.count()) })
        })
    }

    async fn purge_events(&self, before: Timestamp, limit: u32) -> StoreResult<u64> {
        self.with_extension(|site, _| {
            let trail = &mut site.trail;
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let old: Vec<_> = trail
                .events
                .keys()
                .take_while(|place| place.at < before)
                .take(limit)
                .copied()
                .collect();
            for place in &old {
                trail.events.remove(place);
            }
            let first_day = before.seconds().div_euclid(DAY);
            trail.counts.retain(|(day, ..), _| *day >= first_day);
            Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
        })
    }
}

fn is_wanted(query: &EventQuery, place: EventCursor, event: &Event) -> bool {
    query.name.is_none_or(|name| event.name == name)
        && query.actor.is_none_or(|actor| event.actor == Some(actor))
        && query.subject.is_none_or(|subject| event.subject == Some(subject))
        && query.session.is_none_or(|session| event.session == Some(session))
        && query.address.as_ref().is_none_or(|address| event.address.as_ref() == Some(address))
        && query.from.is_none_or(|from| event.at >= from)
        && query.to.is_none_or(|to| event.at < to)
        && query.behind.is_none_or(|behind| Reverse(place) > Reverse(behind))
}
