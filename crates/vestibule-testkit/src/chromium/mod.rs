//! A real browser: Chromium, driven through its own driver by the WebDriver protocol.
//!
//! The protocol is JSON over HTTP, so a handful of functions is all of it that the tests need.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a browser that does not do as it is told is a failed test"
)]

mod driver;
mod tab;

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::Poll,
};

use serde_json::{Value, json};

use self::driver::Driver;

pub use tab::{Tab, keys};

/// What kind of screen and browser it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Of the screen, in CSS pixels.
    pub width: u32,
    /// Of the screen, in CSS pixels.
    pub height: u32,
    /// Whether the person likes dark pages.
    pub is_dark: bool,
    /// Whether scripts of pages run.
    pub has_scripts: bool,
}

impl Look {
    /// A screen on a desk.
    pub const DESK: Self = Self { width: 1280, height: 900, is_dark: false, has_scripts: true };
    /// A phone.
    pub const PHONE: Self = Self { width: 390, height: 844, is_dark: false, has_scripts: true };

    /// The same at night.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { is_dark: true, ..self }
    }

    /// The same with scripts switched off.
    #[must_use]
    pub const fn without_scripts(self) -> Self {
        Self { has_scripts: false, ..self }
    }
}

/// Opens a browser that has never been anywhere, lets `work` use it, and closes it whatever happens.
///
/// # Panics
/// Where there is no `chromedriver` or no `chromium` on this machine, or `work` panics.
pub async fn browse<T>(look: Look, work: impl AsyncFnOnce(Tab) -> T) -> T {
    let driver = Driver::shared();
    let tab = Tab::open(&driver, &capabilities(look, &driver.new_profile())).await;
    tab.put_on(look).await;
    let mut running = pin!(work(tab.clone()));
    let outcome = poll_fn(|context| {
        // What a panic leaves behind is the browser, and that is closed below.
        match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await;
    tab.close().await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

fn capabilities(look: Look, profile: &str) -> Value {
    let size = format!("--window-size={},{}", look.width, look.height);
    let profile = format!("--user-data-dir={profile}");
    let arguments = [
        "--headless=new",
        // Tests often run as root, where the sandbox cannot.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--hide-scrollbars",
        &size,
        &profile,
    ];
    let mut preferences = json!({
        "credentials_enable_service": false,
        "profile.password_manager_leak_detection": false,
    });
    if !look.has_scripts {
        const BLOCK: u8 = 2;
        preferences["profile.managed_default_content_settings.javascript"] = BLOCK.into();
    }
    json!({
        "browserName": "chrome",
        "acceptInsecureCerts": true,
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
        "timeouts": { "script": 15_000, "pageLoad": 15_000, "implicit": 0 },
    })
}
