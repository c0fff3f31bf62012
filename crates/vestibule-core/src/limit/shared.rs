//! Windows that several nodes keep together.

use async_trait::async_trait;

use super::{Limited, Outcome, Rate};

/// Sliding windows that all nodes of a site share. The rule is [`SlidingWindow`](super::SlidingWindow)'s,
/// for all of them at once: tries in flight on any node count as failures until they are settled.
///
/// A node that ends without settling its tries must not lock anybody out: those tries count for a lease
/// that is longer than a try takes, of half a minute for example, and no longer.
///
/// Whoever begins a try is waiting for an answer to a person: an implementation answers within a fraction
/// of a second, and says that it is unavailable where it could not.
#[async_trait]
pub trait SharedLimits: Send + Sync + 'static {
    /// Begins a try of `key` among the limits of one `kind`, which is a word in lower case.
    ///
    /// Where the future is dropped before it has answered, no try has begun, or the one that has is
    /// settled as passed.
    ///
    /// # Errors
    /// [`BeginError::Limited`] where the rate is used up, [`BeginError::Unavailable`] where that cannot be
    /// said now.
    async fn begin(
        &self,
        kind: &'static str,
        key: &str,
        rate: Rate,
    ) -> Result<Box<dyn SharedTry>, BeginError>;
}

#[async_trait]
impl<L: SharedLimits + ?Sized> SharedLimits for std::sync::Arc<L> {
    async fn begin(
        &self,
        kind: &'static str,
        key: &str,
        rate: Rate,
    ) -> Result<Box<dyn SharedTry>, BeginError> {
        (**self).begin(kind, key, rate).await
    }
}

/// A try that has begun. It is settled exactly once.
pub trait SharedTry: Send + Sync {
    /// Ends it. Returns at once and can be called from anywhere, also from `drop`; whatever there is to
    /// wait for is waited for elsewhere.
    fn settle(self: Box<Self>, outcome: Outcome);
}

/// A try could not begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The key has used up its rate.
    #[error(transparent)]
    Limited(Limited),
    /// Nobody can tell. The caller limits by itself then, see [`Rate::alone`].
    #[error(transparent)]
    Unavailable(LimitsUnavailable),
}

/// Limits that are shared cannot be used right now.
#[derive(Debug, thiserror::Error)]
#[error("the shared limits are unavailable: {0}")]
pub struct LimitsUnavailable(#[source] Box<dyn std::error::Error + Send + Sync>);

impl LimitsUnavailable {
    /// They cannot be used because of `cause`.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
