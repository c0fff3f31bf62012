//! E-mail addresses.

use std::net::Ipv4Addr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_security::skeleton;

use super::{
    NameError,
    characters::{check_marks, check_single_script, fold, is_invisible, is_word_character, nfkc},
    keyed_name,
};

/// An e-mail address that mail can be sent to.
///
/// `local@domain` with a dot-atom before the `@` (RFC 5322 section 3.2.3, with the letters, marks and digits
/// of RFC 6531; no quoted strings, no comments) and a domain name of at least two labels after it (UTS 46,
/// STD3 rules; no IP address). The key is the folded local part, `@`, and the domain in ASCII.
///
/// Servers may treat `Anna@` and `anna@` as two mailboxes; in practice they do not, and two accounts that
/// differ in case alone would only serve to deceive.
#[derive(Clone, Debug)]
pub struct EmailAddress {
    pub(super) typed: String,
    pub(super) key: String,
}

impl EmailAddress {
    /// The most bytes of an address as typed: a path of 256 without its brackets (RFC 5321 section 4.5.3.1.3).
    pub const MAX_BYTES: usize = 254;
    /// The most bytes before the `@` (RFC 5321 section 4.5.3.1.1).
    pub const MAX_LOCAL_BYTES: usize = 64;

    /// Reads an address as typed; white space around it is dropped.
    ///
    /// # Errors
    ///
    /// A [`NameError`] that says what to change.
    pub fn parse(typed: &str) -> Result<Self, NameError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(NameError::Empty);
        }
        if typed.len() > Self::MAX_BYTES {
            return Err(NameError::EmailTooLong);
        }
        if typed.chars().any(is_invisible) {
            return Err(NameError::Invisible);
        }
        if typed.chars().any(imitates_sign) {
            return Err(NameError::ImitatedSign);
        }
        let (local, domain) = typed.split_once('@').ok_or(NameError::NotAnAddress)?;
        if domain.contains('@') {
            return Err(NameError::NotAnAddress);
        }
        let key = format!("{}@{}", local_key(local)?, domain_key(domain)?);
        Ok(Self { typed: typed.to_owned(), key })
    }

    /// As typed, without surrounding white space.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The form by which addresses are compared and kept unique.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What stands before the `@`, as typed.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.typed.split_once('@').map_or("", |(local, _)| local)
    }
}

keyed_name!(EmailAddress);

/// `＠`, `．`, `。`, `…` and their like: mail programs turn some of them into the plain sign, and then the
/// address belongs to somebody else.
fn imitates_sign(character: char) -> bool {
    !character.is_ascii()
        && nfkc(character.encode_utf8(&mut [0; 4])).contains(['@', '.', '\u{3002}'])
}

fn local_key(local: &str) -> Result<String, NameError> {
    if local.is_empty() || local.len() > EmailAddress::MAX_LOCAL_BYTES {
        return Err(NameError::LocalPartLength);
    }
    let key = fold(local);
    for form in [local, key.as_str()] {
        let is_dot_atom =
            form.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character));
        if !is_dot_atom {
            return Err(NameError::LocalPart);
        }
        check_marks(form)?;
    }
    check_single_script(&nfkc(local))?;
    Ok(key)
}

fn is_atom_character(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
    } else {
        is_word_character(character)
    }
}

fn domain_key(domain: &str) -> Result<String, NameError> {
    if domain.starts_with('[') {
        return Err(NameError::IpAddress);
    }
    let uts46 = Uts46::new();
    let hyphens = Hyphens::CheckFirstLast;
    let ascii = uts46
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, hyphens, DnsLength::Verify)
        .map_err(|_| NameError::Domain)?;
    let (_, top) = ascii.rsplit_once('.').ok_or(NameError::Domain)?;
    if ascii.parse::<Ipv4Addr>().is_ok() {
        return Err(NameError::IpAddress);
    }
    // No top-level domain begins with a digit (RFC 3696 section 2), but number forms of IPv4 addresses do.
    if top.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(NameError::Domain);
    }
    // Looked at in Unicode whatever was typed: `xn--` must not hide what the letters would show.
    let (shown, valid) = uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, hyphens);
    valid.map_err(|_| NameError::Domain)?;
    let is_latin_top = !top.starts_with("xn--");
    for label in shown.split('.') {
        check_single_script(label)?;
        if is_latin_top && imitates_latin(label) {
            return Err(NameError::ImitatedDomain);
        }
    }
    Ok(ascii.into_owned())
}

/// A label wholly in another alphabet whose every letter looks like a Latin one (UTS 39 section 4). Under a
/// top-level domain of its own alphabet it is an honest word, under a Latin one it is a mask.
fn imitates_latin(label: &str) -> bool {
    !label.is_ascii()
        && !label.contains(|character: char| character.is_ascii_alphabetic())
        && skeleton(label).all(|character| character.is_ascii())
}
