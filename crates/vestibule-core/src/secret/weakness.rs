//! What makes a secret easy to guess: its length, and that everybody knows it.

use std::{collections::BTreeSet, fmt};

use super::MIN_SECRET_BYTES;

/// Why a secret protects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer bytes than [`MIN_SECRET_BYTES`].
    Short(usize),
    /// Published in documentation, or a placeholder that was meant to be replaced.
    WellKnown,
    /// One short piece over and over, or hardly any different characters.
    Repeats,
}

impl fmt::Display for Weakness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(length) => {
                write!(out, "has {length} bytes, but at least {MIN_SECRET_BYTES} are needed")
            }
            Self::WellKnown => out.write_str("is a well-known sample that anyone can look up"),
            Self::Repeats => out.write_str("repeats itself, which makes it easy to guess"),
        }
    }
}

/// What is weak about a secret, if anything.
///
/// A sample is named as such even where it is short too: a longer sample would not be better.
#[must_use]
pub fn weakness(secret: &str) -> Option<Weakness> {
    if is_sample(secret) {
        Some(Weakness::WellKnown)
    } else if secret.len() < MIN_SECRET_BYTES {
        Some(Weakness::Short(secret.len()))
    } else if repeats(secret.as_bytes()) {
        Some(Weakness::Repeats)
    } else {
        None
    }
}

/// Whole secrets that documentation and tutorials print, lower case, letters and digits only.
const PUBLISHED: &[&str] = &[
    // Flask's and FastAPI's documentation.
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "5y2lf4q8znxec",
    "a0zr98jyxrxhhjmnlwxrt",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    // jwt.io and the examples of JOSE libraries.
    "astringsecretatleast256bitslong",
    "asecretstringatleast256bitslong",
    "qwertyuiopasdfghjklzxcvbnm123456",
    "ay0m5mgpdw4pqgvpkhxbmg",
    // RFC 7515 appendix A.1.
    "ayjto9kuxi0adszfnw0anasrk3vgs0x1vsyb0bkr4bevsjzqevt0wcgvcdxtswizrcxw3v5ayqk",
    // Runs of the keyboard and of the alphabet.
    "abcdefghijklmnopqrstuvwxyz",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "abcdefghijklmnopqrstuvwxyz123456",
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
];

/// Words that only a placeholder contains, with separators taken out.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "replacewith",
    "yoursecret",
    "yourjwtsecret",
    "yourflasksecret",
    "your256bitsecret",
    "your512bitsecret",
    "yourverysecret",
    "yourownsecret",
    "insertsecret",
    "putyoursecret",
    "notsosecret",
    "djangoinsecure",
    "thisisasecret",
    "thisisnotasecret",
    "dontusethis",
    "donotuseinproduction",
    "dontuseinproduction",
];

/// Words that are no secret, however they are filled up to the needed length.
const WEAK_WORDS: &[&str] = &[
    "admin",
    "default",
    "dev",
    "development",
    "example",
    "flask",
    "flasksecret",
    "flasksecretkey",
    "insecure",
    "jwt",
    "jwtsecret",
    "jwtsecretkey",
    "key",
    "letmein",
    "mykey",
    "mysecret",
    "mysecretkey",
    "mysupersecretkey",
    "password",
    "sample",
    "secret",
    "secretkey",
    "sessionsecret",
    "shhhhh",
    "supersecret",
    "supersecretkey",
    "superstrongsecret",
    "test",
    "testing",
    "testkey",
    "testsecret",
    "thesecretkey",
    "topsecret",
    "verysecret",
    "verysecretkey",
    "vestibule",
];

fn is_sample(secret: &str) -> bool {
    let plain: String = secret
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    // Zeros are what a key looks like that nobody has filled in.
    let is_blank = !plain.is_empty() && plain.chars().all(|sign| sign == '0');
    is_blank
        || PUBLISHED.contains(&plain.as_str())
        || PLACEHOLDERS.iter().any(|word| plain.contains(word))
        || WEAK_WORDS.contains(&without_padding(&plain))
        || WEAK_WORDS.contains(&shortest_unit(&plain))
}

/// The text without the run of digits or of one character that fills it up at either end.
fn without_padding(plain: &str) -> &str {
    let words = plain.trim_matches(|character: char| character.is_ascii_digit());
    let Some(last) = words.chars().last() else {
        return words;
    };
    let trimmed = words.trim_end_matches(last);
    // One character at the end is spelling, several are filling.
    if words.len() - trimmed.len() > 2 * last.len_utf8() { trimmed } else { words }
}

/// The shortest piece that the text repeats, the last repetition being allowed to break off.
fn shortest_unit(plain: &str) -> &str {
    plain
        .char_indices()
        .map(|(at, _)| at)
        .skip(1)
        .filter_map(|at| Some((plain.get(..at)?, plain.get(at..)?)))
        // What follows the first piece begins as the whole begins, exactly if it repeats.
        .find(|(_, rest)| plain.starts_with(rest))
        .map_or(plain, |(unit, _)| unit)
}

/// Whether a secret is one piece of at most 16 bytes over and over, or has hardly any characters.
///
/// Of ten digits drawn 32 times, fewer than six different ones come up once in ten million.
fn repeats(secret: &[u8]) -> bool {
    let different: BTreeSet<_> = secret.iter().collect();
    let period = (1..=16).find(|period| {
        let shifted = secret.iter().skip(*period);
        secret.len() >= period * 2 && shifted.zip(secret).all(|(a, b)| a == b)
    });
    different.len() < 6 || period.is_some()
}
