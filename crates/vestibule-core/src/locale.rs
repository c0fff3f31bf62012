//! Languages: naming them, and choosing one.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde::Serialize;

/// As many ranges of an `Accept-Language` header are looked at: more than any browser sends.
const MAX_RANGES: usize = 32;

/// The name of a language (BCP 47, RFC 5646 section 2.1): a language, and where it matters a script and a
/// region, such as `de`, `de-AT` or `zh-Hant`. There is one spelling of each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Locale(String);

impl Locale {
    /// Reads the name of a language, in any case.
    ///
    /// # Errors
    /// [`LocaleError`] where it has another form.
    pub fn parse(typed: &str) -> Result<Self, LocaleError> {
        let mut parts = typed.split('-');
        let language = parts.next().filter(|part| is_word(part, 2..=3)).ok_or(LocaleError)?;
        let mut name = language.to_ascii_lowercase();
        let mut next = parts.next();
        if let Some(script) = next.filter(|part| is_word(part, 4..=4)) {
            let (first, rest) = script.split_at(1);
            name.push('-');
            name.push_str(&first.to_ascii_uppercase());
            name.push_str(&rest.to_ascii_lowercase());
            next = parts.next();
        }
        if let Some(region) = next.filter(|part| is_region(part)) {
            name.push('-');
            name.push_str(&region.to_ascii_uppercase());
            next = parts.next();
        }
        if next.is_some() { Err(LocaleError) } else { Ok(Self(name)) }
    }

    /// Its name, in its one spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Of several languages the one that comes closest to this name without being another one (RFC 4647
    /// section 3.4): for `de-AT` that is `de-AT`, or else `de`.
    #[must_use]
    pub fn closest<'a>(name: &str, available: &'a [Self]) -> Option<&'a Self> {
        let mut range = name;
        loop {
            let found = available.iter().find(|locale| locale.0.eq_ignore_ascii_case(range));
            if found.is_some() {
                return found;
            }
            (range, _) = range.rsplit_once('-')?;
        }
    }

    /// Of several languages the one that an `Accept-Language` header likes best (RFC 9110 section 12.5.4): the
    /// highest weight counts, and of equal ones the first. `None` where it likes none of them.
    ///
    /// `*` stands for the first language that no other range of the header means. What cannot be read of the
    /// header is left out.
    #[must_use]
    pub fn preferred<'a>(header: &str, available: &'a [Self]) -> Option<&'a Self> {
        let ranges: Vec<_> = header.split(',').take(MAX_RANGES).filter_map(read_range).collect();
        let meant: Vec<_> =
            ranges.iter().filter_map(|(range, _)| Self::closest(range, available)).collect();
        let mut best: Option<(u16, &Self)> = None;
        for (range, weight) in &ranges {
            let found = match *range {
                "*" => available.iter().find(|locale| !meant.contains(locale)),
                range => Self::closest(range, available),
            };
            let Some(found) = found else { continue };
            if *weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((*weight, found));
            }
        }
        best.map(|(_, found)| found)
    }
}

impl Default for Locale {
    /// English.
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Locale {
    type Err = LocaleError;

    fn from_str(typed: &str) -> Result<Self, LocaleError> {
        Self::parse(typed)
    }
}

/// A text that does not name a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a language must be a BCP 47 tag, such as `de`, `de-AT` or `zh-Hant`")]
pub struct LocaleError;

/// A language range and its weight in thousandths. A range without a weight has the highest one.
fn read_range(item: &str) -> Option<(&str, u16)> {
    let mut parts = item.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = match parts.next() {
        None => 1000,
        Some(weight) => read_weight(weight.strip_prefix("q=").or(weight.strip_prefix("Q="))?)?,
    };
    parts.next().is_none().then_some((range, weight))
}

/// `1`, `0.8`, `0.125` (RFC 9110 section 12.4.2).
fn read_weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_number = decimals.len() <= 3 && decimals.bytes().all(|digit| digit.is_ascii_digit());
    match whole {
        "0" if is_number => format!("{decimals:0<3}").parse().ok(),
        "1" if is_number && decimals.bytes().all(|digit| digit == b'0') => Some(1000),
        _ => None,
    }
}

fn is_word(part: &str, length: RangeInclusive<usize>) -> bool {
    length.contains(&part.len()) && part.bytes().all(|letter| letter.is_ascii_alphabetic())
}

fn is_region(part: &str) -> bool {
    is_word(part, 2..=2) || (part.len() == 3 && part.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locales(names: &[&str]) -> Vec<Locale> {
        names.iter().map(|name| Locale::parse(name).unwrap()).collect()
    }

    #[test]
    fn a_language_has_one_spelling() {
        for (typed, name) in [
            ("de", "de"),
            ("DE-at", "de-AT"),
            ("zh-hANT-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sr-latn", "sr-Latn"),
        ] {
            assert_eq!(Locale::parse(typed).unwrap().as_str(), name);
        }
        for bad in
            ["", "d", "deutsch", "de_AT", "de-", "-de", "de-AT-1996", "dé", "12", "../de", "*"]
        {
            assert_eq!(Locale::parse(bad), Err(LocaleError), "{bad}");
        }
    }

    #[test]
    fn the_header_chooses_the_language() {
        let available = locales(&["en", "de", "pt-BR"]);
        for (header, chosen) in [
            ("de", Some("de")),
            ("DE", Some("de")),
            ("de-AT", Some("de")),
            ("de-Latn-AT-1996", Some("de")),
            ("de-DE,de;q=0.9,en;q=0.8", Some("de")),
            ("fr, de;q=0.5, en;q=0.7", Some("en")),
            ("fr,es;q=0.3", None),
            // Of equal weights the first.
            ("en,de", Some("en")),
            ("de;q=0.8, en;q=0.8", Some("de")),
            ("en;q=0.1,de;q=0.123", Some("de")),
            // A region is not another one, and not the language in general.
            ("pt", None),
            ("pt-PT", None),
            ("pt-br", Some("pt-BR")),
            // What nobody wants is not given.
            ("de;q=0", None),
            ("de;q=0.000, en;q=0.001", Some("en")),
            ("*", Some("en")),
            ("fr, *;q=0.5", Some("en")),
            ("en;q=0, *", Some("de")),
            ("de;q=0.4, *;q=0.5", Some("en")),
            // What cannot be read is left out.
            ("", None),
            (",,;q=1,", None),
            ("de;q=2, en;q=0.1", Some("en")),
            ("de;q=0.1234, en;q=0.1", Some("en")),
            ("de;level=1, en;q=0.1", Some("en")),
            ("de ; q=1.000", Some("de")),
            ("dé, en;q=0.1", Some("en")),
        ] {
            let found = Locale::preferred(header, &available).map(Locale::as_str);
            assert_eq!(found, chosen, "{header}");
        }
        assert_eq!(Locale::preferred("de", &[]), None);
        // Only so much of a header is read.
        let long = format!("{}de", "fr,".repeat(10_000));
        assert_eq!(Locale::preferred(&long, &available), None);
    }
}
