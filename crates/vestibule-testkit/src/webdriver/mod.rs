//! Real browsers, driven through their own drivers by the WebDriver protocol: [`Engine::Chromium`] by
//! `chromedriver`, [`Engine::Firefox`] by `geckodriver`, [`Engine::WebKit`] by `WebKitWebDriver` on a screen of its own.
//!
//! The protocol is `fantoccini`'s. What is here waits for pages, reads what drivers offer beyond the standard, and starts
//! the drivers.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a browser that does not do as it is told is a failed test"
)]

mod driver;
mod engine;
mod look;
mod screen;
mod tab;

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::Poll,
};

use self::driver::Driver;

pub use self::{
    engine::Engine,
    look::Look,
    tab::{Tab, keys},
};

/// Opens a browser that has never been anywhere, lets `work` use it, and closes it whatever happens.
///
/// # Panics
/// Where the browser or its driver is not on this machine, or `work` panics.
pub async fn browse<T>(engine: Engine, look: Look, work: impl AsyncFnOnce(Tab) -> T) -> T {
    let driver = Driver::of(engine, look);
    let tab = Tab::open(engine, &driver, engine.capabilities(look, &driver.new_profile())).await;
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
    outcome.unwrap_or_else(|panic| {
        eprintln!("this was in {engine:?}");
        resume_unwind(panic)
    })
}

/// Opens one browser of each engine after the other.
///
/// # Panics
/// As [`browse`] does.
pub async fn browse_in_each(look: Look, mut work: impl AsyncFnMut(Tab)) {
    for engine in Engine::ALL {
        browse(engine, look, &mut work).await;
    }
}
