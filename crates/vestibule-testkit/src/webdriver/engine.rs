//! What browsers there are, and how each is asked for.

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

use super::Look;

/// Debian's MiniBrowser, which is WebKitGTK with as little around it as can be.
const MINI_BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/// What reads the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium.
    Chromium,
    /// Firefox ESR.
    Firefox,
    /// WebKitGTK.
    WebKit,
}

impl Engine {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// The name of its driver.
    pub(super) const fn driver(self) -> &'static str {
        match self {
            Self::Chromium => "chromedriver",
            Self::Firefox => "geckodriver",
            Self::WebKit => "WebKitWebDriver",
        }
    }

    /// What the driver is asked for.
    pub(super) fn capabilities(self, look: Look, profile: &str) -> Capabilities {
        let asked = match self {
            Self::Chromium => chromium(look, profile),
            Self::Firefox => firefox(look),
            Self::WebKit => webkit(look),
        };
        let timeouts = json!({ "script": 15_000, "pageLoad": 15_000, "implicit": 0 });
        let all = json!({ "acceptInsecureCerts": true, "timeouts": timeouts });
        [asked, all].into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect()
    }
}

fn chromium(look: Look, profile: &str) -> Value {
    const BLOCK: u8 = 2;
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
        preferences["profile.managed_default_content_settings.javascript"] = BLOCK.into();
    }
    if !look.keeps_cookies {
        preferences["profile.managed_default_content_settings.cookies"] = BLOCK.into();
    }
    json!({
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": { "args": arguments, "prefs": preferences },
    })
}

fn firefox(look: Look) -> Value {
    assert!(look.has_scripts, "Firefox cannot be driven without scripts; take Chromium");
    // Firefox writes its choices as numbers: 0 is dark and 1 is light; 5 keeps cookies as usual and 2 none.
    let preferences = json!({
        "layout.css.prefers-color-scheme.content-override": if look.is_dark { 0 } else { 1 },
        "network.cookie.cookieBehavior": if look.keeps_cookies { 5 } else { 2 },
        "signon.rememberSignons": false,
    });
    json!({
        "browserName": "firefox",
        "moz:firefoxOptions": { "args": ["-headless"], "prefs": preferences },
    })
}

fn webkit(look: Look) -> Value {
    assert!(look.has_scripts, "WebKit cannot be driven without scripts; take Chromium");
    let cookies = if look.keeps_cookies { "no-third-party" } else { "never" };
    let cookies = format!("--cookies-policy={cookies}");
    json!({
        "webkitgtk:browserOptions": { "binary": MINI_BROWSER, "args": ["--automation", &cookies] },
    })
}
