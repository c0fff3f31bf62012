//! CSRF: where a request came from, and the value that only our own pages know.
//!
//! Both must hold for a cookie-carried, unsafe request. The value belongs to the session, not to the
//! token: renewal never changes it, so a form opened an hour ago and a second tab still work.

use std::net::Ipv6Addr;

use aws_lc_rs::{constant_time, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    id::SessionId,
    random::{self, Entropy},
    secret::SiteSecret,
    time::Timestamp,
};

const VALUE_BYTES: usize = 32;
const MASKED_BYTES: usize = 2 * VALUE_BYTES;
/// A form carries the time behind the masked value: seconds, big-endian.
const FORM_BYTES: usize = MASKED_BYTES + size_of::<i64>();

/// Derives CSRF values.
pub struct CsrfKey {
    present: hmac::Key,
    previous: Option<hmac::Key>,
}

impl CsrfKey {
    /// The key of the site with this secret.
    #[must_use]
    pub fn new(secret: &SiteSecret) -> Self {
        let previous = secret.previous().map(|previous| previous.csrf_key());
        Self { present: secret.csrf_key(), previous }
    }

    /// The value of a session, the same for its whole life.
    #[must_use]
    pub fn of_session(&self, id: SessionId) -> CsrfValue {
        self.derive(b"session", id.as_bytes())
    }

    /// The value of a browser that has no session yet, bound to the id in its short-lived form cookie.
    #[must_use]
    pub fn of_visitor(&self, id: &VisitorId) -> CsrfValue {
        self.derive(b"visitor", &id.0)
    }

    fn derive(&self, kind: &[u8; 7], id: &[u8; 16]) -> CsrfValue {
        let derive = |key: &hmac::Key| {
            let mut context = hmac::Context::with_key(key);
            context.update(kind);
            context.update(id);
            let mut value = [0; VALUE_BYTES];
            value.copy_from_slice(context.sign().as_ref());
            value
        };
        CsrfValue { present: derive(&self.present), previous: self.previous.as_ref().map(derive) }
    }
}

/// A browser without a session: 128 random bits in a short-lived cookie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VisitorId([u8; 16]);

impl VisitorId {
    /// Draws a new one.
    #[must_use]
    pub fn draw(entropy: &dyn Entropy) -> Self {
        Self(random::draw(entropy))
    }

    /// Reads a cookie's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<SessionId>().ok().map(|id| Self(*id.as_bytes()))
    }

    /// As the cookie's value.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl std::fmt::Debug for VisitorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VisitorId(…)")
    }
}

/// A CSRF value. Where the site's secret was replaced, the one that the previous secret gave counts as well.
#[derive(Clone, Copy)]
pub struct CsrfValue {
    present: [u8; VALUE_BYTES],
    previous: Option<[u8; VALUE_BYTES]>,
}

impl CsrfValue {
    /// As the readable cookie and the claim carry it.
    #[must_use]
    pub fn plain(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.present)
    }

    /// As a page carries it: masked with fresh random bytes, so that no two responses hold the same
    /// text and compression gives nothing away (BREACH).
    #[must_use]
    pub fn masked(&self, entropy: &dyn Entropy) -> String {
        URL_SAFE_NO_PAD.encode(self.mask(entropy))
    }

    /// As a form carries it: masked, followed by the time when the form was rendered ([`rendered_at`]).
    #[must_use]
    pub fn for_form(&self, entropy: &dyn Entropy, now: Timestamp) -> String {
        let time = now.seconds().to_be_bytes();
        URL_SAFE_NO_PAD.encode([self.mask(entropy).as_slice(), &time].concat())
    }

    fn mask(&self, entropy: &dyn Entropy) -> [u8; MASKED_BYTES] {
        let mask: [u8; VALUE_BYTES] = random::draw(entropy);
        let mut text = [0; MASKED_BYTES];
        let (left, right) = text.split_at_mut(VALUE_BYTES);
        left.copy_from_slice(&mask);
        for ((out, mask), value) in right.iter_mut().zip(mask).zip(self.present) {
            *out = mask ^ value;
        }
        text
    }

    /// Whether what a request presents is this value, plain, masked, or as a form carries it. The comparison
    /// takes the same time wherever they differ.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        let mut value = [0; VALUE_BYTES];
        match URL_SAFE_NO_PAD.decode(presented) {
            Ok(bytes) if bytes.len() == VALUE_BYTES => value.copy_from_slice(&bytes),
            Ok(bytes) if matches!(bytes.len(), MASKED_BYTES | FORM_BYTES) => {
                let (mask, masked) = bytes.split_at(VALUE_BYTES);
                for ((out, mask), masked) in value.iter_mut().zip(mask).zip(masked) {
                    *out = mask ^ masked;
                }
            }
            Ok(_) | Err(_) => return false,
        }
        let is_same =
            |own: &[u8; VALUE_BYTES]| constant_time::verify_slices_are_equal(&value, own).is_ok();
        is_same(&self.present) || self.previous.as_ref().is_some_and(is_same)
    }
}

/// When the form with this CSRF value was rendered. Nothing proves it: it may only choose the wording of a refusal.
#[must_use]
pub fn rendered_at(presented: &str) -> Option<Timestamp> {
    let bytes = URL_SAFE_NO_PAD.decode(presented).ok().filter(|bytes| bytes.len() == FORM_BYTES)?;
    let time = bytes.get(MASKED_BYTES..)?.try_into().ok()?;
    // Milliseconds have to fit as well.
    let seconds = i64::from_be_bytes(time);
    (0..=i64::MAX / 1000).contains(&seconds).then(|| Timestamp::from_seconds(seconds))
}

impl std::fmt::Debug for CsrfValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CsrfValue(…)")
    }
}

/// A web origin: scheme, host and port (RFC 6454 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads `scheme://host[:port]` with scheme http or https. The default port is left out, letters
    /// are lowered, IPv6 addresses shortened. `None` for anything else: paths, user names, `null`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let (host, port) = split_port(authority)?;
        let host = normal_host(host)?;
        Some(Self(match port.filter(|port| *port != default_port) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }))
    }

    /// The same for any scheme: apps in a web view and browser extensions have origins such as
    /// `capacitor://localhost` (RFC 6454 section 6.2 leaves their serialisation to the client). Only for a caller with
    /// a header token: what is compared with our own origin is read by [`Origin::parse`].
    #[must_use]
    pub fn parse_any_scheme(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        if matches!(scheme.as_str(), "http" | "https") {
            return Self::parse(text);
        }
        // RFC 3986 section 3.1.
        let in_scheme =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(in_scheme);
        let (host, port) = split_port(authority)?;
        let host = normal_host(host)?;
        is_scheme.then(|| match port {
            Some(port) => Self(format!("{scheme}://{host}:{port}")),
            None => Self(format!("{scheme}://{host}")),
        })
    }

    /// The origin of an absolute URL, as in `Referer`.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        let start = url.find("://")? + 3;
        let end =
            url.get(start..)?.find(['/', '?', '#']).map_or(url.len(), |length| start + length);
        Self::parse(url.get(..end)?)
    }

    /// Its serialisation, for example `https://app.test:8443`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a request's own headers say of where it came from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provenance<'r> {
    /// `Sec-Fetch-Site` (W3C Fetch Metadata section 2.3).
    pub fetch_site: Option<&'r str>,
    /// `Origin` (RFC 6454 section 7).
    pub origin: Option<&'r str>,
    /// `Referer` (RFC 9110 section 10.1.3).
    pub referer: Option<&'r str>,
}

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One of our own pages.
    Own,
    /// Somewhere else.
    Foreign,
    /// No header says it: an app, or a browser that sends nothing.
    Unsaid,
}

impl Provenance<'_> {
    /// Where the request came from. A known `Sec-Fetch-Site` decides, else `Origin`, else `Referer`;
    /// an unknown value of the first counts as missing. `ours` is `None` where it is not known which origin
    /// is ours.
    #[must_use]
    pub fn source(&self, ours: Option<&Origin>) -> Source {
        let Some(ours) = ours else {
            // Not knowing who we are, nothing that names a place names ours.
            let is_silent =
                self.fetch_site.is_none() && self.origin.is_none() && self.referer.is_none();
            return if is_silent { Source::Unsaid } else { Source::Foreign };
        };
        match self.fetch_site {
            Some("same-origin") => return Source::Own,
            Some("same-site" | "cross-site" | "none") => return Source::Foreign,
            Some(_) | None => {}
        }
        let said = match (self.origin, self.referer) {
            (Some(origin), _) => Origin::parse(origin),
            (None, Some(referer)) => Origin::of_url(referer),
            (None, None) => return Source::Unsaid,
        };
        if said.as_ref() == Some(ours) { Source::Own } else { Source::Foreign }
    }
}

/// What a cookie-carried request has to show before it counts as meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: it reads.
    Nothing,
    /// That it comes from one of our own pages. It opens a channel that reads and writes, and a browser has no
    /// place for the value there.
    Source,
    /// That, and the session's value: it may change something.
    SourceAndValue,
}

impl Demand {
    /// What a request of this method has to show. `opens_channel` where it opens a WebSocket or the like, which
    /// is a GET by its method, and is sent by browsers to other origins without asking first.
    #[must_use]
    pub fn of(method: &str, opens_channel: bool) -> Self {
        match method {
            // A tunnel, and over HTTP/2 a WebSocket (RFC 8441). Scripts cannot send it otherwise.
            "CONNECT" => Self::Source,
            // RFC 9110 section 9.2.1.
            "GET" | "HEAD" | "OPTIONS" | "TRACE" if opens_channel => Self::Source,
            "GET" | "HEAD" | "OPTIONS" | "TRACE" => Self::Nothing,
            _ => Self::SourceAndValue,
        }
    }

    /// The stronger of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::SourceAndValue, _) | (_, Self::SourceAndValue) => Self::SourceAndValue,
            (Self::Source, _) | (_, Self::Source) => Self::Source,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address stand before its bracket.
    let address_end = authority.find(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = authority.get(address_end..)?.find(':') else {
        return Some((authority, None));
    };
    let (host, port) = authority.split_at_checked(address_end + colon)?;
    let digits = port.get(1..)?;
    let port: u16 = digits.parse().ok()?;
    (port.to_string() == digits).then_some((host, Some(port)))
}

fn normal_host(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut labels = host.strip_suffix('.').unwrap_or(host).split('.');
    labels
        .all(|label| !label.is_empty() && label.bytes().all(in_label))
        .then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
