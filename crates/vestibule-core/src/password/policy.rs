//! Which passwords may be set.

use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

use super::{Password, PasswordProblem};
use crate::name::fold;

#[cfg(test)]
mod tests;

/// Below 10^7 guesses a password counts as common.
///
/// Measured: what lists of leaked passwords are full of (words twice, rows of keys, a word and digits) stays
/// below 10^6.8, even drawn out to 15 characters; the least of honest passphrases, two common words, starts at
/// 10^8. The block list is there for the former; style is nobody's business.
const COMMON_BELOW_LOG10: f64 = 7.0;

/// From here on a password stands on no list; only repetition still makes it guessable.
const LONG_CHARS: usize = 32;

/// zxcvbn's time grows steeply with the number of signs that could stand for letters: 0.7 s for 63 of them.
/// What is hard to guess already in so many characters needs no look at the rest.
const FIRST_CHARS: usize = 16;

/// Passphrases that stand in comics, guides and examples.
const FAMOUS: &[&str] = &[
    "correcthorsebatterystaple",
    "horsebatterystaplecorrect",
    "correctbatteryhorsestaple",
    "tobeornottobethatisthequestion",
    "thequickbrownfoxjumpsoverthelazydog",
];

/// Shorter context words would be found in honest passwords by chance.
const MIN_CONTEXT_CHARS: usize = 3;

/// The same for the single words of a site's name: `The`, `Map`.
const MIN_CONTEXT_PART_CHARS: usize = 4;

/// The rules for new passwords (NIST SP 800-63B-4 section 3.1.1.2). Passwords already set are not asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The fewest characters (code points).
    pub min_length: usize,
}

impl Default for PasswordPolicy {
    /// 15 characters: what NIST asks for where the password is the only factor.
    fn default() -> Self {
        Self { min_length: 15 }
    }
}

impl PasswordPolicy {
    /// Checks a password that is about to be set.
    ///
    /// `context` holds what others know: the user name, what stands before the `@` of the e-mail address, the
    /// site's name. Each one of 3 or more characters is looked for in the password, without regard to case and
    /// width; so is a name of several words written as one, and each of its words of 4 or more characters.
    ///
    /// # Errors
    ///
    /// The first [`PasswordProblem`] found, the plainest first.
    pub fn check(&self, password: &Password, context: &[&str]) -> Result<(), PasswordProblem> {
        if password.char_count() < self.min_length {
            return Err(PasswordProblem::TooShort { min: self.min_length });
        }
        let folded = Zeroizing::new(fold(password.as_str()));
        if let Some(word) = context.iter().find_map(|given| found_word(&folded, given)) {
            return Err(PasswordProblem::HoldsContext { word: word.to_owned() });
        }
        if is_common(password.as_str()) {
            return Err(PasswordProblem::Common);
        }
        Ok(())
    }
}

/// The part of `given` that the folded password contains, if any.
fn found_word<'a>(folded_password: &str, given: &'a str) -> Option<&'a str> {
    let contains = |word: &str, min_chars: usize| {
        let word = fold(word);
        word.chars().count() >= min_chars && folded_password.contains(&word)
    };
    let given = given.trim();
    let joined: String = given.split_whitespace().collect();
    if contains(given, MIN_CONTEXT_CHARS) || contains(&joined, MIN_CONTEXT_CHARS) {
        return Some(given);
    }
    given.split_whitespace().find(|part| contains(part, MIN_CONTEXT_PART_CHARS))
}

fn is_common(password: &str) -> bool {
    let chars = Zeroizing::new(password.chars().collect::<Vec<char>>());
    is_famous(&chars)
        || looked_at(&chars).is_some_and(|essence| {
            guesses_log10(essence) < COMMON_BELOW_LOG10
                || decorated_guesses_log10(essence).is_some_and(|log| log < COMMON_BELOW_LOG10)
        })
}

/// Whether it is a passphrase that everybody has read of, written as one word, whatever stands at its ends.
fn is_famous(chars: &[char]) -> bool {
    let lower = chars.iter().flat_map(|c| c.to_lowercase());
    let word = Zeroizing::new(lower.collect::<String>());
    FAMOUS.contains(&word.trim_matches(|c: char| !c.is_alphabetic()))
}

/// How many guesses it takes, as a power of ten. What is hard to guess already in its first characters is not
/// looked at further.
fn guesses_log10(chars: &[char]) -> f64 {
    let first = chars.get(..FIRST_CHARS).unwrap_or(chars);
    let log10 = measure_log10(first);
    if log10 >= COMMON_BELOW_LOG10 || first.len() == chars.len() {
        return log10;
    }
    measure_log10(chars)
}

/// The same for somebody who tries words, and then words with something in front and behind: `Password1234567!`.
/// Taken as a whole such a password counts as more, because zxcvbn charges for the number of its parts. `None`
/// if nothing stands around the word.
fn decorated_guesses_log10(chars: &[char]) -> Option<f64> {
    let start = chars.iter().position(|c| c.is_alphabetic())?;
    let end = chars.iter().rposition(|c| c.is_alphabetic())? + 1;
    if start == 0 && end == chars.len() {
        return None;
    }
    let parts = [chars.get(..start), chars.get(start..end), chars.get(end..)];
    Some(parts.into_iter().flatten().map(guesses_log10).sum())
}

fn measure_log10(chars: &[char]) -> f64 {
    if chars.is_empty() {
        return 0.0;
    }
    let text = Zeroizing::new(chars.iter().collect::<String>());
    zxcvbn(&text, &[]).guesses_log10()
}

/// The part that a password comes down to, if it is short enough to stand on a list.
fn looked_at(chars: &[char]) -> Option<&[char]> {
    let essence = repeated_unit(chars).unwrap_or(chars);
    (essence.len() < LONG_CHARS).then_some(essence)
}

/// The shortest beginning that, repeated at least twice (the last time perhaps in part), gives the whole.
fn repeated_unit(chars: &[char]) -> Option<&[char]> {
    (1..=chars.len() / 2)
        .find(|&period| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b))
        .and_then(|period| chars.get(..period))
}
