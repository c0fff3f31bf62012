//! What the kinds of names share: folding, and the characters that none of them may hold.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};
use unicode_security::MixedScript as _;

use super::NameError;

/// More marks than this on one letter only serve to make a mess (UTS 39 section 5.4).
const MAX_MARKS_IN_A_ROW: usize = 4;

/// NFKC and full case folding until nothing changes any more.
///
/// One round settles all text that is known. It is repeated because stores rely on a key being its own key,
/// and bounded to make the end certain.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = nfkc(text);
    for _ in 0..8 {
        let next = nfkc(&CaseMapper::new().fold_string(&folded));
        if next == folded {
            break;
        }
        folded = next;
    }
    folded
}

pub(crate) fn nfkc(text: &str) -> String {
    ComposingNormalizer::new_nfkc().normalize(text).into_owned()
}

pub(crate) fn nfc(text: &str) -> String {
    ComposingNormalizer::new_nfc().normalize(text).into_owned()
}

/// Controls, format characters, and everything that leaves no trace on the screen.
pub(crate) fn is_invisible(character: char) -> bool {
    GeneralCategoryGroup::Control.union(GeneralCategoryGroup::Format).contains(category(character))
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || CodePointSetData::new::<BidiControl>().contains(character)
}

/// Whether somebody can write it: a letter, mark, number, symbol or punctuation of the present Unicode.
pub(crate) fn is_writable(character: char) -> bool {
    GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Symbol)
        .union(GeneralCategoryGroup::Punctuation)
        .contains(category(character))
        && !is_invisible(character)
}

/// A space of any width.
pub(crate) fn is_space(character: char) -> bool {
    category(character) == GeneralCategory::SpaceSeparator
}

pub(crate) fn is_letter(character: char) -> bool {
    GeneralCategoryGroup::Letter.contains(category(character))
}

/// A letter, a mark that combines with one, or a decimal digit, in any writing system.
pub(crate) fn is_word_character(character: char) -> bool {
    is_letter(character)
        || matches!(
            category(character),
            GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::DecimalNumber
        )
}

/// Marks need a letter or digit before them, and only so many.
pub(crate) fn check_marks(composed: &str) -> Result<(), NameError> {
    let mut marks = 0;
    let mut has_base = false;
    for character in composed.chars() {
        if is_mark(character) {
            marks += 1;
            if !has_base || marks > MAX_MARKS_IN_A_ROW {
                return Err(NameError::StrayMark);
            }
        } else {
            marks = 0;
            has_base = is_word_character(character);
        }
    }
    Ok(())
}

/// UTS 39 section 5.1, with the augmented script sets.
pub(crate) fn check_single_script(text: &str) -> Result<(), NameError> {
    if text.is_single_script() { Ok(()) } else { Err(NameError::MixedScripts) }
}

fn is_mark(character: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(character))
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}
