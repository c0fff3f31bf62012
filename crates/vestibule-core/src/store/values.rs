//! What a site keeps once, beside its rows.

use async_trait::async_trait;

use super::StoreResult;

/// Small values that belong to the store as a whole, by their names.
#[async_trait]
pub trait SiteValues: Send + Sync + 'static {
    /// The value of this name.
    async fn site_value(&self, name: &str) -> StoreResult<Option<Vec<u8>>>;

    /// Puts a value in the place of `from`, where that is still the one that is kept (`None`: none is).
    ///
    /// `false` where it is another one.
    async fn replace_site_value(
        &self,
        name: &str,
        from: Option<&[u8]>,
        to: &[u8],
    ) -> StoreResult<bool>;
}
