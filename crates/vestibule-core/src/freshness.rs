//! Freshness: the person proved themselves not long ago, in this session, and this very token says so.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::Timestamp;

/// Whether a token is proof of a recent authentication. In claims it is a number or `false`.
///
/// A renewed token is [`Freshness::Stale`] however short ago the proof was: renewal needs no person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Freshness {
    /// Made by a proof, and fresh before this moment.
    Until(Timestamp),
    /// Made by a renewal.
    #[default]
    Stale,
}

impl Freshness {
    /// The freshness of a token made by a proof at `auth_time`.
    #[must_use]
    pub fn proven(auth_time: Timestamp, fresh_for: Duration) -> Self {
        Self::Until(Timestamp::from_seconds((auth_time + fresh_for).seconds()))
    }

    /// Whether the token is fresh at `now`.
    #[must_use]
    pub fn is_fresh(self, now: Timestamp) -> bool {
        self.until().is_some_and(|until| now < until)
    }

    /// The same, where a proof at `auth_time` counts for no longer than this.
    #[must_use]
    pub fn at_most(self, auth_time: Timestamp, fresh_for: Duration) -> Self {
        match (self, Self::proven(auth_time, fresh_for)) {
            (Self::Until(until), Self::Until(latest)) => Self::Until(until.min(latest)),
            _ => Self::Stale,
        }
    }

    /// Until when, if it ever was.
    #[must_use]
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Until(until) => Some(until),
            Self::Stale => None,
        }
    }
}

impl Serialize for Freshness {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Until(until) => serializer.serialize_i64(until.seconds()),
            Self::Stale => serializer.serialize_bool(false),
        }
    }
}

impl<'de> Deserialize<'de> for Freshness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Claim {
            Until(i64),
            Never(bool),
        }
        match Claim::deserialize(deserializer)? {
            Claim::Until(seconds) => Ok(Self::Until(Timestamp::from_seconds(seconds))),
            Claim::Never(false) => Ok(Self::Stale),
            // `true` would be fresh for ever, which no token of ours is.
            Claim::Never(true) => Err(de::Error::custom("`fresh` is a number of seconds or false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_counts_from_the_proof_and_ends_on_the_second() {
        let proof = Timestamp::from_millis(10_500);
        let fresh = Freshness::proven(proof, Duration::from_secs(10));
        assert!(fresh.is_fresh(Timestamp::from_millis(19_999)));
        assert!(!fresh.is_fresh(Timestamp::from_seconds(20)));
        assert!(!Freshness::Stale.is_fresh(proof));
        assert!(!Freshness::proven(proof, Duration::ZERO).is_fresh(proof));
    }

    #[test]
    fn the_claim_is_a_number_or_false() {
        let read = |text: &str| serde_json::from_str::<Freshness>(text).ok();
        assert_eq!(read("20"), Some(Freshness::Until(Timestamp::from_seconds(20))));
        assert_eq!(read("false"), Some(Freshness::Stale));
        assert_eq!(read("true"), None);
        assert_eq!(read("20.5"), None);
        assert_eq!(serde_json::to_string(&Freshness::Stale).unwrap(), "false");
    }
}
