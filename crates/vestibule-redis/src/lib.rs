//! What the nodes of a site tell each other through Redis (7 or later) or Valkey.
//!
//! - [`RedisLimits`]: limits on failures that count on all nodes together
//!   ([`vestibule_core::limit::SharedLimits`]).
//! - [`RedisNotifier`]: that the feed of the store has something new
//!   ([`vestibule_core::store::FeedNotifier`]).
//!
//! Neither keeps a truth. The feed is in the store, and every node reads it by itself twice a second. What is
//! known of failures is worth a window's length, and each node has noted its own.
//!
//! ```
//! use vestibule_core::secret::SiteSecret;
//! use vestibule_redis::{Redis, RedisOptions};
//!
//! # struct Machine;
//! # impl vestibule_core::random::Entropy for Machine {
//! #     fn fill(&self, bytes: &mut [u8]) { bytes.fill(7) }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (secret, entropy) = (SiteSecret::new([7; 32])?, Machine);
//! let redis = Redis::open("redis://:password@127.0.0.1:6379", RedisOptions::default())?;
//! let limits = redis.limits(&secret, &entropy);
//! let notifier = redis.notifier();
//! # Ok(()) }
//! ```
//!
//! # When Redis is away
//!
//! One connection serves both, and is kept by a task of its own. Nobody ever waits for a connection to be
//! made: without one, every call is answered at once. A call on it is answered within
//! [`RedisOptions::deadline`]; one that is not takes the connection down for all, so that they do not wait
//! one after the other. A Redis that neither answers nor closes is noticed by a ping without any call. The
//! connection is tried again every two seconds or sooner, for as long as it takes; the log has one line when
//! it is lost and one when it is back, and neither has the password.
//!
//! # What Redis has to allow
//!
//! The commands `HELLO`, `CLIENT`, `PING`, `SUBSCRIBE`, `PUBLISH`, `EVALSHA` and `SCRIPT LOAD`, on keys and
//! channels that begin with the [prefix](RedisOptions::prefix) and a colon, and to scripts `TIME`, `ZADD`,
//! `ZCARD`, `ZRANGE`, `ZREM`, `ZREMRANGEBYSCORE` and `PEXPIRE`. Where it evicts keys to make room for others,
//! failures are forgotten early: `maxmemory-policy noeviction` does not.
//!
//! # What it does not do
//!
//! It does not follow a Redis Cluster or a Sentinel: the url leads to the one server, or to whoever stands
//! for it.

mod limits;
mod link;
mod notifier;
mod open;
mod settling;

pub use limits::RedisLimits;
pub use notifier::RedisNotifier;
pub use open::{OpenError, Redis, RedisOptions};
