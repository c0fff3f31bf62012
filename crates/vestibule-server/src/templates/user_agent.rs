//! What a `User-Agent` says, in words that people know their devices by.

use vestibule::{Carrier, core::session::Session};

use crate::i18n::{Language, Text};

/// The device of a session: the name that an app gave it, or else what its `User-Agent` says.
pub(crate) fn device(session: &Session, language: &Language) -> String {
    let given = session.device.as_deref().map(str::trim);
    match given.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => in_words(&session.agent, session.carrier, language),
    }
}

/// Browser and system, as far as they can be told. Everybody can claim to be anything: this helps people
/// to recognise their own devices, and proves nothing.
pub(crate) fn in_words(agent: &str, carrier: Carrier, language: &Language) -> String {
    let device = Device::of(agent, carrier);
    let program = device.program.map(str::to_owned).unwrap_or_else(|| {
        language.text(match carrier {
            Carrier::Cookie => "device-browser",
            Carrier::Header => "device-app",
        })
    });
    match device.system {
        Some(system) => {
            language.say(&Text::new("device").with("program", program).with("system", system))
        }
        None => program,
    }
}

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    program: Option<&'static str>,
    system: Option<&'static str>,
    carrier: Carrier,
}

impl Device {
    pub(crate) fn of(agent: &str, carrier: Carrier) -> Self {
        let find = |names: &[(&str, &'static str)]| {
            let found = names.iter().find(|(mark, _)| agent.contains(mark));
            found.map(|(_, name)| *name)
        };
        Self { program: find(BROWSERS), system: find(SYSTEMS), carrier }
    }
}

/// Browsers name those that they are compatible with: the most special one first.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// Android names Linux too, and an iPhone Mac OS X.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Texts;

    #[test]
    fn the_usual_browsers_are_told_apart() {
        let texts = Texts::ours();
        let english = texts.language(None);
        let like_gecko = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
        let linux = format!("Mozilla/5.0 (X11; Linux x86_64) {like_gecko}");
        let windows = format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {like_gecko}");
        for (agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned(),
                "Firefox on Linux",
            ),
            (linux.clone(), "Chrome on Linux"),
            (linux.replace("Chrome/", "HeadlessChrome/"), "Chrome on Linux"),
            (format!("{windows} Edg/150.0.0.0"), "Edge on Windows"),
            (format!("{windows} OPR/120.0"), "Opera on Windows"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/19.0 Safari/605.1.15"
                    .to_owned(),
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
                 Gecko) CriOS/150.0 Mobile/15E148 Safari/604.1"
                    .to_owned(),
                "Chrome on iPhone",
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 16; SM-S931B) {like_gecko} SamsungBrowser/29.0"),
                "Samsung Internet on Android",
            ),
            ("Mozilla/5.0 (Linux; U) Thing/1.0".to_owned(), "A browser on Linux"),
            (String::new(), "A browser"),
        ] {
            assert_eq!(in_words(&agent, Carrier::Cookie, english), words, "{agent}");
        }
        assert_eq!(in_words("maps/3.1", Carrier::Header, english), "An app");
        assert_eq!(in_words("curl/8.5.0", Carrier::Header, english), "curl");
    }
}
