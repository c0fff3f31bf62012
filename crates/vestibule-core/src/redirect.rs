//! Where to go after signing in: paths of this site and nothing else.

use std::fmt;

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

#[cfg(test)]
mod tests;

/// What a URL may not hold as it is (RFC 3986 section 2), among what [`LocalPath::parse`] lets through.
const UNSAFE_IN_URL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'^');

/// Everything but the unreserved characters (RFC 3986 section 2.3).
const NOT_UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Proxies and applications decode a path once, some of them twice.
const DECODING_ROUNDS: usize = 3;

/// A path of this site, with its query: what `next` may hold.
///
/// Whatever origin it is joined to by the rules of browsers (WHATWG URL), the result is of that origin, also
/// after something on the way has decoded it once or twice. It is ASCII and fit for a `Location` header.
///
/// ```
/// use vestibule_core::redirect::LocalPath;
///
/// let next = LocalPath::parse("/maps?id=1#top").unwrap_or_default();
/// assert_eq!(next.as_str(), "/maps?id=1");
/// assert_eq!(LocalPath::with_next("/auth/login", &next), "/auth/login?next=%2Fmaps%3Fid%3D1");
/// assert_eq!(LocalPath::parse("//evil.test").unwrap_or_default().as_str(), "/");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocalPath(String);

impl LocalPath {
    /// The most bytes, before and after encoding.
    pub const MAX_BYTES: usize = 2048;

    /// Reads a path and query as it came with a request; `None` if it is not certain to stay on this site.
    ///
    /// It begins with exactly one `/`. Backslashes, controls and `.` or `..` segments are refused anywhere in
    /// the path, also encoded; so is an encoded slash at the very beginning. The query is kept, the fragment
    /// dropped, and what a URL cannot hold (spaces, letters beyond ASCII) is percent-encoded.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::MAX_BYTES || text.chars().any(|c| c == '\\' || c.is_control()) {
            return None;
        }
        let without_fragment = text.split('#').next().unwrap_or_default();
        let (path, _) = split_query(without_fragment);
        if !stays_here(path) {
            return None;
        }
        let encoded = utf8_percent_encode(without_fragment, UNSAFE_IN_URL).to_string();
        (encoded.len() <= Self::MAX_BYTES).then_some(Self(encoded))
    }

    /// The address of a page that takes `next` and sends the person on: `path?next=…`, percent-encoded.
    #[must_use]
    pub fn with_next(sign_in_path: &str, next: &LocalPath) -> String {
        let separator = if sign_in_path.contains('?') { '&' } else { '?' };
        format!("{sign_in_path}{separator}next={}", utf8_percent_encode(&next.0, NOT_UNRESERVED))
    }

    /// Path and query, ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path alone.
    #[must_use]
    pub fn path(&self) -> &str {
        split_query(&self.0).0
    }

    /// What follows the `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        split_query(&self.0).1
    }
}

impl Default for LocalPath {
    /// The front page.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn split_query(text: &str) -> (&str, Option<&str>) {
    text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)))
}

/// Whether the path is one of ours as it stands and however often it is decoded.
fn stays_here(path: &str) -> bool {
    let mut current = path.to_owned();
    for _ in 0..=DECODING_ROUNDS {
        if !is_plain(&current) {
            return false;
        }
        // Bytes that are no UTF-8 become U+FFFD here; ASCII, which alone can do harm, stays what it is.
        let decoded = percent_decode_str(&current).decode_utf8_lossy().into_owned();
        if decoded == current {
            return true;
        }
        current = decoded;
    }
    // Still not at its end: nobody encodes an honest path that often.
    false
}

fn is_plain(path: &str) -> bool {
    let begins_with_one_slash = path.strip_prefix('/').is_some_and(|rest| !rest.starts_with('/'));
    begins_with_one_slash
        && !path.chars().any(|c| c == '\\' || c.is_control())
        // Whoever resolves them can be led to `//` at the beginning: `/..//evil.test`.
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
}
