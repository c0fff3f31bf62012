//! Texts with rules of their own: names, paths, senders.

use vestibule::core::locale::Locale;

use super::problem::ValueError;

/// The site's name: a line of at most 100 characters.
pub(crate) fn site_name(text: &str) -> Result<String, ValueError> {
    let hint = "write one line of at most 100 characters";
    let is_line = !text.chars().any(char::is_control) && text.chars().count() <= 100;
    match text.trim() {
        "" => Err(ValueError::new("is empty", hint)),
        name if is_line => Ok(name.to_owned()),
        _ => Err(ValueError::new("is not a site name", hint)),
    }
}

/// An issuer or audience: not empty, no control characters.
pub(crate) fn name(text: &str) -> Result<String, ValueError> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        let hint = "write a name or a URL, such as https://maps.example.org";
        return Err(ValueError::new("is empty or contains control characters", hint));
    }
    Ok(text.to_owned())
}

/// A path in the file system.
pub(crate) fn path(text: &str) -> Result<String, ValueError> {
    if text.trim().is_empty() {
        return Err(ValueError::new("is empty", "write a path, or remove the key"));
    }
    if text.starts_with('~') {
        return Err(ValueError::new(
            "starts with ~, which only shells expand",
            "write the full path",
        ));
    }
    Ok(text.to_owned())
}

/// The name of a language (BCP 47).
pub(crate) fn language(text: &str) -> Result<Locale, ValueError> {
    Locale::parse(text.trim())
        .map_err(|_| ValueError::new("is not a language tag", "write one such as en, de or de-AT"))
}

/// The refresh cookie's path (RFC 6265 section 4.1.1), without a `/` at its end.
pub(crate) fn refresh_path(text: &str) -> Result<String, ValueError> {
    url_path(text, "write / or a path such as /auth")
}

/// Where the JavaScript app is served.
pub(crate) fn app_path(text: &str) -> Result<String, ValueError> {
    let hint = "write a path that has no pages of the site below it, such as /static/mapapp";
    let path = url_path(text, hint)?;
    let first = path.split('/').nth(1).unwrap_or_default();
    if matches!(first, "" | "api" | "auth" | "user" | "admin" | ".well-known") {
        return Err(ValueError::new("would hide pages of the site", hint));
    }
    Ok(path)
}

/// The address of what [`sender`] takes.
pub(crate) fn address_of(sender: &str) -> &str {
    let named = sender.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    named.map_or(sender.trim(), |(_, address)| address.trim())
}

/// A sender: an address, or `Name <address>` (RFC 5322 section 3.4).
pub(crate) fn sender(text: &str) -> Result<String, ValueError> {
    let address = match text.trim().strip_suffix('>') {
        Some(named) => named.rsplit_once('<').map(|(_, address)| address),
        None => Some(text.trim()),
    };
    let is_address = |address: &str| match address.rsplit_once('@') {
        Some((mailbox, domain)) => {
            !mailbox.is_empty()
                && !domain.is_empty()
                && !address.contains(|sign: char| sign.is_whitespace() || "<>,;".contains(sign))
        }
        None => false,
    };
    if address.is_some_and(is_address) && !text.chars().any(char::is_control) {
        return Ok(text.trim().to_owned());
    }
    Err(ValueError::new(
        "is not a sender address",
        "write no-reply@example.org, or My Site <no-reply@example.org>",
    ))
}

fn url_path(text: &str, hint: &str) -> Result<String, ValueError> {
    if !text.starts_with('/') {
        return Err(ValueError::new("does not start with /", hint));
    }
    let is_plain = |sign: char| sign.is_ascii_graphic() && !"?#;,\\\"<>%".contains(sign);
    let steps_aside = text.split('/').any(|step| matches!(step, "." | ".."));
    if !text.chars().all(is_plain) || text.contains("//") || steps_aside {
        return Err(ValueError::new("is not a plain path", hint));
    }
    match text.trim_end_matches('/') {
        "" => Ok("/".to_owned()),
        path => Ok(path.to_owned()),
    }
}
