//! One browser, as a person and as a page's script sees it (W3C WebDriver).

use std::{fs, path::Path, sync::Arc, time::Duration};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{Driver, Engine, Look};
use crate::{
    visitors::{Anonymous, request},
    wait,
};

/// How an element is named in answers (WebDriver section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// What the browser notes where somebody types before the page could put the cursor where it wants it: a program is
/// that fast, and nothing is wrong with the page.
const TYPED_EARLY: &str =
    "Autofocus processing was blocked because a document already has a focused element";
/// How long a page may take to show what it is asked for.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);

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
    line: Anonymous,
    session: String,
}

impl Tab {
    pub(super) async fn open(engine: Engine, driver: &Arc<Driver>, capabilities: &Value) -> Self {
        let line = Anonymous::new(driver.way(), &driver.host());
        let session = "/session".to_owned();
        let mut tab = Self { engine, _driver: Arc::clone(driver), line, session };
        let asked = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let opened = tab.post("", asked).await;
        let id = opened["sessionId"].as_str().expect("a new browser has an id");
        tab.session = format!("/session/{id}");
        tab
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
            let size = json!({ "width": look.width, "height": look.height });
            self.post("/window/rect", size).await;
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
        self.post("/url", json!({ "url": url })).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.post("/refresh", json!({})).await;
    }

    /// Back to the page before.
    pub async fn back(&self) {
        self.post("/back", json!({})).await;
    }

    /// Path and query of the page that is open.
    pub async fn path(&self) -> String {
        let url = self.get("/url").await;
        let url = url.as_str().unwrap_or_default();
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        format!("/{path}")
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
        self.get("/title").await.as_str().unwrap_or_default().to_owned()
    }

    /// Whether such an element is on the page.
    pub async fn has(&self, css: &str) -> bool {
        self.find(css).await.is_some()
    }

    /// The text of an element, as it is seen.
    pub async fn text(&self, css: &str) -> String {
        let text = self.read(css, "text").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What an input holds.
    pub async fn value(&self, css: &str) -> String {
        let value = self.read(css, "property/value").await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Clears an input and types into it.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.element(css).await;
        self.post(&format!("/element/{element}/clear"), json!({})).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// Chooses files in an input for such.
    pub async fn choose(&self, css: &str, paths: &[&str]) {
        let element = self.element(css).await;
        let paths = paths.join("\n");
        self.post(&format!("/element/{element}/value"), json!({ "text": paths })).await;
    }

    /// Clicks on an element.
    pub async fn click(&self, css: &str) {
        let element = self.element(css).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Types, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("/actions", json!({ "actions": [keyboard] })).await;
    }

    /// What a script of this body returns on the page.
    pub async fn script(&self, body: &str) -> Value {
        self.post("/execute/sync", json!({ "script": body, "args": [] })).await
    }

    /// The same for a script that calls `done` when it is ready.
    pub async fn script_until_done(&self, body: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {body}");
        self.post("/execute/async", json!({ "script": script, "args": [] })).await
    }

    /// The value of a cookie, those that scripts cannot see included.
    pub async fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.get("/cookie").await;
        let cookie = cookies.as_array()?.iter().find(|cookie| cookie["name"] == name)?;
        Some(cookie["value"].as_str()?.to_owned())
    }

    /// Takes a cookie out of the browser, as its end does.
    pub async fn drop_cookie(&self, name: &str) {
        let path = format!("{}/cookie/{name}", self.session);
        let dropped = self.send(request(Method::DELETE, &path, None)).await;
        dropped.unwrap_or_else(|problem| panic!("DELETE {path}: {problem}"));
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
        self.get("/window").await.as_str().unwrap_or_default().to_owned()
    }

    /// Opens another tab of the same browser and brings it to the front; gives its name.
    pub async fn open_tab(&self) -> String {
        let opened = self.post("/window/new", json!({ "type": "tab" })).await;
        let name = opened["handle"].as_str().expect("a tab has a name").to_owned();
        self.turn_to(&name).await;
        name
    }

    /// Brings a tab to the front.
    pub async fn turn_to(&self, tab: &str) {
        self.post("/window", json!({ "handle": tab })).await;
    }

    /// What the browser has complained about since it was last asked: errors of scripts, breaches of the
    /// content security policy, what could not be loaded. Only Chromium tells.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({ "type": "browser" })).await;
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
            Engine::Chromium => self.chromium_picture().await,
            Engine::Firefox => self.get("/moz/screenshot/full").await,
            Engine::WebKit => self.get("/screenshot").await,
        };
        let picture = STANDARD.decode(picture.as_str().unwrap_or_default());
        let picture = picture.expect("a picture in base64");
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
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    pub(super) async fn close(&self) {
        // Where it has gone already, all is well.
        let _ = self.send(request(Method::DELETE, &self.session, None)).await;
    }

    /// Something of an element, waited for. The page may be written anew between finding the element and
    /// reading it: then it is found again.
    async fn read(&self, css: &str, what: &str) -> Value {
        let read = async || {
            let element = self.find(css).await?;
            let path = format!("{}/element/{element}/{what}", self.session);
            match self.send(request(Method::GET, &path, None)).await {
                Ok(value) => Some(value),
                Err(problem) if problem["error"] == "stale element reference" => None,
                Err(problem) => panic!("{what} of {css}: {problem}"),
            }
        };
        match wait::until_async(SHOWN_WITHIN, read).await {
            Some(value) => value,
            None => panic!("{} has no {css}", self.path().await),
        }
    }

    /// An element, waited for.
    async fn element(&self, css: &str) -> String {
        let found = wait::until_async(SHOWN_WITHIN, async || self.find(css).await).await;
        match found {
            Some(element) => element,
            None => panic!("{} has no {css}", self.path().await),
        }
    }

    async fn find(&self, css: &str) -> Option<String> {
        let asked = json!({ "using": "css selector", "value": css });
        let path = format!("{}/element", self.session);
        let found = self.send(request(Method::POST, &path, Some(&asked))).await.ok()?;
        Some(found[ELEMENT].as_str()?.to_owned())
    }

    async fn get(&self, path: &str) -> Value {
        let path = format!("{}{path}", self.session);
        let answer = self.send(request(Method::GET, &path, None)).await;
        answer.unwrap_or_else(|problem| panic!("GET {path}: {problem}"))
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let path = format!("{}{path}", self.session);
        let answer = self.send(request(Method::POST, &path, Some(&body))).await;
        answer.unwrap_or_else(|problem| panic!("POST {path} {body}: {problem}"))
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Value, Value> {
        let answer = self.line.send(request).await;
        let value = answer.json()["value"].take();
        if answer.status.is_success() { Ok(value) } else { Err(value) }
    }
}
