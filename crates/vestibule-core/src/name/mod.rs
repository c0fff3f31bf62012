//! User names, e-mail addresses and role names: what is accepted, and by which key it is compared.
//!
//! Two spellings that a person takes for the same name must be one account or be refused, never two
//! accounts that collide later. So each name has two forms:
//!
//! - *as typed* (without surrounding white space), for showing and for sending mail;
//! - its *key*: NFKC and full case folding, repeated until nothing changes (Unicode 3.13, UAX 15). Keys are
//!   what a store holds unique and what `==` and hashing use. `José` with one or two code points, `ＪＯＳÉ` in
//!   full width and `josé` share a key.
//!
//! What folding cannot unite is refused: invisible and text-direction characters, and names whose letters
//! come from different alphabets (UTS 39 section 5.1, single script with the augmented sets that Japanese,
//! Korean and Chinese need), because `pаypal` with a Cyrillic letter looks like `paypal` to everybody.
//!
//! ```
//! use vestibule_core::name::{EmailAddress, LoginKey, UserName};
//!
//! let name = UserName::parse(" José ")?;
//! assert_eq!(name.as_str(), "José");
//! assert_eq!(name.key(), "josé");
//! assert_eq!(name, UserName::parse("ＪＯＳE\u{301}")?);
//!
//! let address = EmailAddress::parse("Anna@Bücher.example")?;
//! assert_eq!(address.key(), "anna@xn--bcher-kva.example");
//! assert_eq!(LoginKey::from_typed("ANNA@bücher.example").as_str(), address.key());
//! # Ok::<(), vestibule_core::name::NameError>(())
//! ```

mod characters;
mod email;
mod erased;
mod login;
mod role;
mod user_name;

#[cfg(test)]
mod tests;

pub(crate) use characters::{fold, is_space, is_writable, nfc};
pub use email::EmailAddress;
pub use erased::erased_key;
pub use login::LoginKey;
pub use role::RoleName;
pub use user_name::UserName;

/// Why a name cannot be used. Each message is made to be shown beside the form field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing was typed, or only white space.
    #[error("This field is empty: fill it in.")]
    Empty,
    /// A user name of more than [`UserName::MAX_CHARS`] characters.
    #[error("The user name is too long: use at most {} characters.", UserName::MAX_CHARS)]
    UserNameTooLong,
    /// A user name without a letter, which could be taken for a numeric id.
    #[error("The user name needs at least one letter.")]
    NoLetter,
    /// A user name with `@`, which could be taken for an e-mail address.
    #[error(
        "The user name cannot contain “@”: leave it out, or use the field for the e-mail address."
    )]
    AtSign,
    /// A character that user names do not hold.
    #[error("The user name cannot contain “{character}”: use letters, digits, “.”, “-” and “_”.")]
    Character {
        /// The first such character; never an invisible one.
        character: char,
    },
    /// A space inside a user name.
    #[error("The user name cannot contain spaces: use “.”, “-” or “_” between its parts.")]
    Space,
    /// A control, invisible or text-direction character.
    #[error("This field contains an invisible character: type the text instead of pasting it.")]
    Invisible,
    /// An accent or other mark that stands alone, or too many on one letter.
    #[error(
        "This field contains an accent without its letter, or more than four on one letter: remove it."
    )]
    StrayMark,
    /// Letters of several alphabets in one name or in one part of a domain.
    #[error(
        "The letters come from different alphabets and could be mistaken for others: use a single alphabet."
    )]
    MixedScripts,
    /// An e-mail address of more than [`EmailAddress::MAX_BYTES`] bytes.
    #[error("The e-mail address is too long: use at most {} bytes.", EmailAddress::MAX_BYTES)]
    EmailTooLong,
    /// No `@`, or several.
    #[error("An e-mail address has exactly one “@”, as in name@example.org.")]
    NotAnAddress,
    /// A character that is not, but normalises to, `@` or `.`.
    #[error("This field contains a look-alike of “@” or “.”: type the plain character.")]
    ImitatedSign,
    /// What stands before `@` is missing or longer than [`EmailAddress::MAX_LOCAL_BYTES`] bytes.
    #[error("The part before “@” must have 1 to {} bytes.", EmailAddress::MAX_LOCAL_BYTES)]
    LocalPartLength,
    /// What stands before `@` is not a dot-atom (RFC 5322 section 3.2.3, RFC 6531 section 3.3).
    #[error(
        "The part before “@” can hold letters, digits and !#$%&'*+-/=?^_`{{|}}~, with single dots between \
         them; forms in quotation marks are not supported."
    )]
    LocalPart,
    /// What stands after `@` is no domain name of at least two labels (UTS 46).
    #[error("The part after “@” is not a domain name such as example.org.")]
    Domain,
    /// What stands after `@` is an IP address.
    #[error("The part after “@” is an IP address: use an address with a domain name.")]
    IpAddress,
    /// A part of the domain consists of foreign letters that all look like Latin ones.
    #[error("The domain contains look-alike letters of another one: check it and type it again.")]
    ImitatedDomain,
    /// Not a role name.
    #[error("A role has 1 to {} characters of a-z, 0-9, “_” and “-”.", RoleName::MAX_CHARS)]
    Role,
}

/// What the keys of all names begin with that begin with what was typed: for searching. An address that is
/// whole gives its key.
#[must_use]
pub fn prefix_key(typed: &str) -> String {
    let typed = typed.trim();
    if let Ok(address) = EmailAddress::parse(typed) {
        return address.key().to_owned();
    }
    fold(typed.get(..typed.floor_char_boundary(LoginKey::MAX_TYPED_BYTES)).unwrap_or(typed))
}

/// What every name with a typed form and a key has in common.
macro_rules! keyed_name {
    ($name:ident) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.key == other.key
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.key.hash(state);
            }
        }

        /// As typed.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.typed)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::name::NameError;

            fn from_str(typed: &str) -> Result<Self, Self::Err> {
                Self::parse(typed)
            }
        }

        /// As typed.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.typed)
            }
        }
    };
}
use keyed_name;
