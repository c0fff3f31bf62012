//! Which part of a content is asked for (RFC 9110 section 14).

use std::ops::Range;

/// The bytes that `Range` asks for, of a content of `size` bytes.
///
/// `None` where the whole is sent: other units, several parts at once, and what lies behind the end. To all
/// of these a server may answer as if the header were not there (section 14.2), and that is an answer which
/// every client understands.
pub(super) fn parse(header: &str, size: u64) -> Option<Range<u64>> {
    let (unit, set) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    let range = match (first, last) {
        ("", length) => size.saturating_sub(number(length)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    (range.start < range.end).then_some(range)
}

/// Digits alone: a sign is not one.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_what_it_says() {
        for (header, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-99", 0..100),
            ("bytes=10-", 10..100),
            ("bytes=90-1000", 90..100),
            ("bytes=99-99999999999999999999", 99..100),
            ("bytes=-10", 90..100),
            ("bytes=-1000", 0..100),
            ("Bytes= 1-2", 1..3),
        ] {
            assert_eq!(parse(header, 100), Some(range), "{header}");
        }
    }

    #[test]
    fn everything_else_is_the_whole() {
        for header in [
            "bytes=100-",
            "bytes=100-200",
            "bytes=5-4",
            "bytes=-0",
            "bytes=0-1,3-4",
            "bytes=",
            "bytes=-",
            "bytes=+1-2",
            "bytes=a-b",
            "lines=0-1",
            "bytes",
            "",
        ] {
            assert_eq!(parse(header, 100), None, "{header}");
        }
        for header in ["bytes=0-0", "bytes=-1", "bytes=0-"] {
            assert_eq!(parse(header, 0), None, "{header}");
        }
    }
}
