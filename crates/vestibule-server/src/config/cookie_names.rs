//! Cookie names, and the prefixes by which browsers guard them (RFC 6265bis section 4.1.3).

use super::problem::ValueError;

const HOST: &str = "__Host-";
const SECURE: &str = "__Secure-";

/// The names where nobody gave others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameSet {
    pub(crate) access: &'static str,
    pub(crate) refresh: &'static str,
    pub(crate) csrf: &'static str,
}

impl NameSet {
    pub(crate) const fn usual(flask_names: bool) -> Self {
        if flask_names {
            Self {
                access: "access_token_cookie",
                refresh: "refresh_token_cookie",
                csrf: "csrf_access_token",
            }
        } else {
            Self { access: "__Host-access", refresh: "__Host-refresh", csrf: "__Host-csrf" }
        }
    }
}

/// Reads a cookie name: a token (RFC 6265 section 4.1.1), with something behind its prefix.
pub(crate) fn name(text: &str) -> Result<String, ValueError> {
    let hint = "write letters, digits, - and _, such as __Host-access";
    let is_token = |sign: char| sign.is_ascii_graphic() && !"()<>@,;:\\\"/[]?={}".contains(sign);
    if !text.chars().all(is_token) {
        return Err(ValueError::new("contains a character that cookie names cannot have", hint));
    }
    if bare(text).is_empty() {
        return Err(ValueError::new("has no name after its prefix", hint));
    }
    if text.len() > 100 {
        return Err(ValueError::new("is longer than 100 bytes", hint));
    }
    Ok(text.to_owned())
}

/// The name with the prefix that the scheme and the path allow.
///
/// Browsers drop a prefixed cookie that breaks the prefix's promise: both want `Secure`, and `__Host-`
/// wants the path `/`.
pub(crate) fn fitted(name: &str, secure: bool, path: &str) -> String {
    let is_host = strip(name, HOST).is_some();
    match (secure, is_host && path != "/") {
        (false, _) => bare(name).to_owned(),
        (true, true) => format!("{SECURE}{}", bare(name)),
        (true, false) => name.to_owned(),
    }
}

fn bare(name: &str) -> &str {
    strip(name, HOST).or_else(|| strip(name, SECURE)).unwrap_or(name)
}

/// Browsers compare prefixes without regard to case.
fn strip<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    let (front, rest) = name.split_at_checked(prefix.len())?;
    front.eq_ignore_ascii_case(prefix).then_some(rest)
}
