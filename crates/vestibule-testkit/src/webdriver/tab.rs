//! One browser, as a person and as a page's script sees it (W3C WebDriver).

use std::{fmt::Display, fs, path::Path, sync::Arc, time::Duration};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
    elements::Element,
    error::CmdError,
    wd::{Capabilities, WebDriverCompatibleCommand, WindowHandle},
};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Position, Url};

use super::{Driver, Engine, Look};
use crate::wait;

/// What the browser notes where somebody types before the page could put the cursor where it wants it: a program is
/// that fast, and nothing is wrong with the page.
const TYPED_EARLY: &str =
    "Autofocus processing was blocked because a document already has a focused element";
/// How long a page may take to show what it is asked for.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);
/// How long a driver may take over one command before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keys without a letter (WebDriver section 17.4.2).
pub mod keys {
    /// On to the next field.
    pub const TAB: &str = "\u{E004}";
    /// Presses what has the focus, or sends the form.
    pub const ENTER: &str = "\u{E007}";
    /// Ticks a box.
    pub const SPACE: &str = " ";
}

/// A browser. Clones are the same one.
#[derive(Clone)]
pub struct Tab {
    engine: Engine,
    // Kept running for as long as a browser is.
    _driver: Arc<Driver>,
    client: Client,
}

impl Tab {
    pub(super) async fn open(
        engine: Engine,
        driver: &Arc<Driver>,
        capabilities: Capabilities,
    ) -> Self {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let url = driver.url();
        let opening = builder.capabilities(capabilities).connect(&url);
        let opened = tokio::time::timeout(PATIENCE, opening).await.expect("a browser in time");
        Self { engine, _driver: Arc::clone(driver), client: opened.expect("a browser") }
    }

    /// What it is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Gives it the screen and the taste of `look`. Outside of Chromium the screen alone, and that not narrower than
    /// the window can be: the taste is the one that it was opened with.
    pub async fn put_on(&self, look: Look) {
        if self.engine != Engine::Chromium {
            let sized = self.client.set_window_size(look.width, look.height);
            done("the size of the window", sized).await;
            return;
        }
        let screen = json!({
            "width": look.width, "height": look.height, "deviceScaleFactor": 1,
            "mobile": look.width < 600,
        });
        self.tools("Emulation.setDeviceMetricsOverride", screen).await;
        let scheme = if look.is_dark { "dark" } else { "light" };
        let taste = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tools("Emulation.setEmulatedMedia", taste).await;
    }

    /// Opens a URL and waits until it is loaded.
    pub async fn go(&self, url: &str) {
        done(url, self.client.goto(url)).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        done("loading again", self.client.refresh()).await;
    }

    /// Back to the page before.
    pub async fn back(&self) {
        done("going back", self.client.back()).await;
    }

    /// Path and query of the page that is open.
    pub async fn path(&self) -> String {
        let url = done("the page's address", self.client.current_url()).await;
        url[Position::BeforePath..].to_owned()
    }

    /// Waits until the page of this path is open.
    ///
    /// # Panics
    /// Where another one stays open.
    pub async fn arrive(&self, path: &str) {
        let arrived = async || (self.path().await == path).then_some(());
        if wait::until_async(SHOWN_WITHIN, arrived).await.is_none() {
            panic!("{} is open instead of {path}: {}", self.path().await, self.text("main").await);
        }
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        done("the title", self.client.title()).await
    }

    /// Whether such an element is on the page.
    pub async fn has(&self, css: &str) -> bool {
        self.find(css).await.is_some()
    }

    /// The text of an element, as it is seen.
    pub async fn text(&self, css: &str) -> String {
        self.read(css, async |element| element.text().await).await
    }

    /// What an input holds.
    pub async fn value(&self, css: &str) -> String {
        self.read(css, async |element| element.prop("value").await).await.unwrap_or_default()
    }

    /// Clears an input and types into it.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.element(css).await;
        done(css, element.clear()).await;
        done(css, element.send_keys(text)).await;
    }

    /// Chooses files in an input for such.
    pub async fn choose(&self, css: &str, paths: &[&str]) {
        done(css, self.element(css).await.send_keys(&paths.join("\n"))).await;
    }

    /// Clicks on an element.
    pub async fn click(&self, css: &str) {
        done(css, self.element(css).await.click()).await;
    }

    /// Types, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let strokes = keys
            .chars()
            .flat_map(|value| [KeyAction::Down { value }, KeyAction::Up { value }])
            .fold(KeyActions::new("keyboard".to_owned()), KeyActions::then);
        done("typing", self.client.perform_actions(strokes)).await;
    }

    /// What a script of this body returns on the page.
    pub async fn script(&self, body: &str) -> Value {
        done(body, self.client.execute(body, Vec::new())).await
    }

    /// The same for a script that calls `done` when it is ready.
    pub async fn script_until_done(&self, body: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {body}");
        done(body, self.client.execute_async(&script, Vec::new())).await
    }

    /// The value of a cookie, those that scripts cannot see included.
    pub async fn cookie(&self, name: &str) -> Option<String> {
        let cookies = done("the cookies", self.client.get_all_cookies()).await;
        let cookie = cookies.into_iter().find(|cookie| cookie.name() == name)?;
        Some(cookie.value().to_owned())
    }

    /// Takes a cookie out of the browser, as its end does.
    pub async fn drop_cookie(&self, name: &str) {
        done(name, self.client.delete_cookie(name)).await;
    }

    /// Waits until the token in a cookie has expired. The cookie itself may stay longer.
    ///
    /// # Panics
    /// Where it has not after `at_most`.
    pub async fn outlast(&self, name: &str, at_most: Duration) {
        let is_over = async || self.has_expired(name).await.then_some(());
        assert!(wait::until_async(at_most, is_over).await.is_some(), "{name} does not expire");
    }

    /// Whether the token in a cookie has expired, by the browser's clock, or there is none.
    pub async fn has_expired(&self, name: &str) -> bool {
        let Some(token) = self.cookie(name).await else { return true };
        let claims = token.split('.').nth(1).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
        let claims: Value = claims
            .and_then(|claims| serde_json::from_slice(&claims).ok())
            .expect("a token has claims");
        let now = self.script("return Date.now() / 1000").await;
        claims["exp"].as_f64() < now.as_f64()
    }

    /// The tab that is in front.
    pub async fn tab(&self) -> String {
        done("the tab in front", self.client.window()).await.into()
    }

    /// Opens another tab of the same browser and brings it to the front; gives its name.
    pub async fn open_tab(&self) -> String {
        let opened = done("a new tab", self.client.new_window(true)).await;
        let name = String::from(opened.handle);
        self.turn_to(&name).await;
        name
    }

    /// Brings a tab to the front.
    pub async fn turn_to(&self, tab: &str) {
        let handle = WindowHandle::try_from(tab).expect("the name of a tab");
        done(tab, self.client.switch_to_window(handle)).await;
    }

    /// What the browser has complained about since it was last asked: errors of scripts, breaches of the
    /// content security policy, what could not be loaded. Only Chromium tells.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.extension("se/log", Some(json!({ "type": "browser" }))).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(Value::to_string).filter(|entry| !entry.contains(TYPED_EARLY)).collect()
    }

    /// Has everything on the page that moves or changes its colour be where it goes to; what never ends stops.
    pub async fn come_to_rest(&self) {
        const REST: &str = "for (const moving of document.getAnimations()) \
            if (moving.effect.getComputedTiming().endTime === Infinity) moving.cancel(); else moving.finish()";
        self.script(REST).await;
    }

    /// Takes a picture of the whole page, of what fits the screen in WebKit, once nothing on it moves.
    ///
    /// # Panics
    /// Where the file cannot be written.
    pub async fn picture(&self, file: &Path) {
        self.come_to_rest().await;
        let picture = match self.engine {
            Engine::Chromium => decoded(&self.chromium_picture().await),
            Engine::Firefox => decoded(&self.extension("moz/screenshot/full", None).await),
            Engine::WebKit => done("a picture", self.client.screenshot()).await,
        };
        fs::create_dir_all(file.parent().expect("a file in a folder")).expect("a folder");
        fs::write(file, picture).expect("a file for the picture");
    }

    async fn chromium_picture(&self) -> Value {
        let size = self.tools("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let clip = json!({
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1,
        });
        let how = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        self.tools("Page.captureScreenshot", how).await["data"].take()
    }

    /// A command of Chromium's own tools.
    pub async fn tools(&self, command: &str, parameters: Value) -> Value {
        let asked = json!({ "cmd": command, "params": parameters });
        self.extension("goog/cdp/execute", Some(asked)).await
    }

    pub(super) async fn close(&self) {
        // Where it has gone already, all is well.
        let _ = within(self.client.clone().close()).await;
    }

    /// Something of an element, waited for. The page may be written anew between finding the element and
    /// reading it: then it is found again.
    async fn read<T>(&self, css: &str, what: impl AsyncFn(&Element) -> Result<T, CmdError>) -> T {
        let read = async || {
            let element = self.find(css).await?;
            match within(what(&element)).await {
                Ok(value) => Some(value),
                Err(problem) if problem.is_stale_element_reference() => None,
                Err(problem) => panic!("reading {css}: {problem}"),
            }
        };
        match wait::until_async(SHOWN_WITHIN, read).await {
            Some(value) => value,
            None => panic!("{} has no {css}", self.path().await),
        }
    }

    /// An element, waited for.
    async fn element(&self, css: &str) -> Element {
        let found = wait::until_async(SHOWN_WITHIN, async || self.find(css).await).await;
        match found {
            Some(element) => element,
            None => panic!("{} has no {css}", self.path().await),
        }
    }

    async fn find(&self, css: &str) -> Option<Element> {
        within(self.client.find(Locator::Css(css))).await.ok()
    }

    /// A command that only some drivers have: with a body it is posted, without one it is got.
    async fn extension(&self, path: &'static str, body: Option<Value>) -> Value {
        done(path, self.client.issue_cmd(Extension { path, body })).await
    }
}

#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        match &self.body {
            Some(body) => (Method::POST, Some(body.to_string())),
            None => (Method::GET, None),
        }
    }
}

/// What the driver answers, in time and without an error.
async fn done<T>(what: impl Display, asked: impl Future<Output = Result<T, CmdError>>) -> T {
    within(asked).await.unwrap_or_else(|problem| panic!("{what}: {problem}"))
}

async fn within<T>(asked: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, asked).await.expect("an answer of the driver in time")
}

fn decoded(picture: &Value) -> Vec<u8> {
    let picture = STANDARD.decode(picture.as_str().unwrap_or_default());
    picture.expect("a picture in base64")
}
