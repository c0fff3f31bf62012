//! Chromium, which most tests of pages use: what goes beyond the protocol, such as its own tools, is known of it alone.

use crate::webdriver::{self, Engine};

pub use crate::webdriver::{Look, Tab, keys};

/// Opens a Chromium that has never been anywhere, lets `work` use it, and closes it whatever happens.
///
/// # Panics
/// As [`webdriver::browse`] does.
pub async fn browse<T>(look: Look, work: impl AsyncFnOnce(Tab) -> T) -> T {
    webdriver::browse(Engine::Chromium, look, work).await
}
