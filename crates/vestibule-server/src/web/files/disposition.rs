//! Under which name a browser shows or saves a content (RFC 6266).

use axum::http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vestibule_site::file::FileName;

/// What may stand in `filename*` as it is (RFC 8187 section 3.2.1, `attr-char`).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The value of `Content-Disposition`: to be saved, or to be shown. The name stands in it twice, as it is for
/// every present browser, and with underscores for what knows nothing but ASCII.
pub(super) fn header(is_shown: bool, name: &FileName) -> HeaderValue {
    let kind = if is_shown { "inline" } else { "attachment" };
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || " !#$&()+,-.=@[]^_`{}~".contains(letter);
    let plain: String =
        name.as_str().chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    let encoded = utf8_percent_encode(name.as_str(), ENCODED);
    let text = format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    // All of it is printable ASCII.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_in_the_header_so_that_it_cannot_leave_it() {
        for (name, expected) in [
            ("a.txt", "inline; filename=\"a.txt\"; filename*=UTF-8''a.txt"),
            (
                "Brücke (1).txt",
                "inline; filename=\"Br_cke (1).txt\"; filename*=UTF-8''Br%C3%BCcke%20%281%29.txt",
            ),
            (
                "a\"; filename=\"b.exe",
                "inline; filename=\"a__ filename=_b.exe\"; filename*=UTF-8''a%22%3B%20filename%3D%22b.exe",
            ),
            ("100%'*", "inline; filename=\"100___\"; filename*=UTF-8''100%25%27%2A"),
        ] {
            let header = header(true, &FileName::parse(name).unwrap());
            assert_eq!(header.to_str().unwrap(), expected);
        }
        let saved = header(false, &FileName::parse("a").unwrap());
        assert!(saved.to_str().unwrap().starts_with("attachment; "));
    }
}
