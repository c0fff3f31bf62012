//! User names.

use super::{
    NameError,
    characters::{
        check_marks, check_single_script, fold, is_invisible, is_letter, is_word_character, nfc,
        nfkc,
    },
    keyed_name,
};

/// The name by which a person is known on the site.
///
/// 1 to [`UserName::MAX_CHARS`] letters, marks and decimal digits of one writing system, `.`, `_` and `-`,
/// with at least one letter, so that it is never taken for a numeric id, and without `@`, so that it is never
/// taken for an e-mail address. Joiners (U+200C, U+200D) count as invisible and are refused, which costs some
/// Persian and Indic names a spelling.
#[derive(Clone, Debug)]
pub struct UserName {
    pub(super) typed: String,
    pub(super) key: String,
}

impl UserName {
    /// The most characters (code points, composed) a user name can have.
    pub const MAX_CHARS: usize = 64;

    /// More than this cannot be 64 characters in any normalisation form.
    const MAX_TYPED_BYTES: usize = 1024;

    /// Reads a user name as typed; white space around it is dropped.
    ///
    /// # Errors
    ///
    /// A [`NameError`] that says what to change.
    pub fn parse(typed: &str) -> Result<Self, NameError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(NameError::Empty);
        }
        let composed = if typed.len() > Self::MAX_TYPED_BYTES { String::new() } else { nfc(typed) };
        if composed.is_empty() || composed.chars().count() > Self::MAX_CHARS {
            return Err(NameError::UserNameTooLong);
        }
        let key = fold(typed);
        // The key is checked as well: folding turns some letters into signs, and a key is a name of its own.
        for form in [composed.as_str(), key.as_str()] {
            form.chars().try_for_each(check_character)?;
            check_marks(form)?;
        }
        if !composed.chars().any(is_letter) {
            return Err(NameError::NoLetter);
        }
        check_single_script(&nfkc(typed))?;
        Ok(Self { typed: typed.to_owned(), key })
    }

    /// As typed, without surrounding white space.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The form by which user names are compared and kept unique.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

keyed_name!(UserName);

fn check_character(character: char) -> Result<(), NameError> {
    if is_word_character(character) && !is_invisible(character) {
        return Ok(());
    }
    match character {
        '.' | '_' | '-' => Ok(()),
        '@' | '＠' | '﹫' => Err(NameError::AtSign),
        _ if is_invisible(character) => Err(NameError::Invisible),
        _ if character.is_whitespace() => Err(NameError::Space),
        _ => Err(NameError::Character { character }),
    }
}
