//! OpaqueString (RFC 8265 section 4.2), by the present Unicode.

use std::borrow::Cow;

use precis_profiles::{
    OpaqueString,
    precis_core::{
        DerivedPropertyValue, FreeformClass, StringClass as _, profile::PrecisFastInvocation as _,
    },
};
use zeroize::Zeroizing;

use crate::name::{is_space, is_writable, nfc};

/// An allowed letter without any rule of context.
const STAND_IN: char = 'x';

/// The text as it is set, or `None` where a character is not allowed.
///
/// The profile's library has the tables of an older Unicode, in which newer emoji and scripts are not assigned. RFC 8264
/// derives what is allowed from the properties that a character has in the present version, so these are asked for them
/// here, and the library for all others.
pub(super) fn enforce(typed: &str) -> Option<Zeroizing<String>> {
    let text = match OpaqueString::enforce(typed) {
        Ok(text) => Zeroizing::new(text.into_owned()),
        Err(_) => newer(typed)?,
    };
    // Composition can make a character that is not allowed of one that is: U+0387 becomes U+00B7.
    is_allowed(&text).then_some(text)
}

fn newer(typed: &str) -> Option<Zeroizing<String>> {
    if !typed.chars().any(is_newer) {
        return None;
    }
    let mapped: Zeroizing<String> =
        Zeroizing::new(typed.chars().map(|c| if is_space(c) { ' ' } else { c }).collect());
    is_allowed(&mapped).then(|| Zeroizing::new(nfc(&mapped)))
}

/// Whether each character is allowed, and where it stands.
fn is_allowed(text: &str) -> bool {
    let known: Cow<'_, str> = match text.chars().any(is_newer) {
        false => text.into(),
        true => text.chars().map(|c| if is_newer(c) { STAND_IN } else { c }).collect(),
    };
    OpaqueString::prepare(known).is_ok()
}

/// Whether the library does not know a character that may be used.
fn is_newer(character: char) -> bool {
    !character.is_ascii()
        && FreeformClass::default().get_value_from_char(character)
            == DerivedPropertyValue::Unassigned
        && is_writable(character)
}
