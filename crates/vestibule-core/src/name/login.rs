//! What was typed into the sign-in field.

use super::{EmailAddress, UserName, characters::fold};

/// The key of whatever was typed into the sign-in field: a user name or an e-mail address.
///
/// Every spelling of one account's name gives the one key of that account, so it also serves to count
/// failures per account. What can be nobody's name gives a key that equals none: it begins with a space,
/// which no other key holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LoginKey {
    kind: Kind,
    key: String,
}

impl LoginKey {
    /// The most bytes that are looked at, after surrounding white space is dropped. No account's name is
    /// longer in any spelling.
    pub const MAX_TYPED_BYTES: usize = 1024;

    /// The most bytes of a key that matches nobody.
    const MAX_NOBODY_BYTES: usize = 128;

    /// Reads what was typed. Never fails: signing in with nonsense must look like any other failure.
    #[must_use]
    pub fn from_typed(typed: &str) -> Self {
        let typed = cut(typed.trim(), Self::MAX_TYPED_BYTES);
        if let Ok(address) = EmailAddress::parse(typed) {
            Self { kind: Kind::Email, key: address.key }
        } else if let Ok(name) = UserName::parse(typed) {
            Self { kind: Kind::UserName, key: name.key }
        } else {
            let visible: String = fold(typed).chars().filter(|c| !c.is_control()).collect();
            let key = format!(" {}", cut(&visible, Self::MAX_NOBODY_BYTES - 1));
            Self { kind: Kind::Nobody, key }
        }
    }

    /// Whether to look among the e-mail addresses; otherwise among the user names.
    #[must_use]
    pub fn is_email(&self) -> bool {
        self.kind == Kind::Email
    }

    /// Whether this can be no account's name. A look-up may be left out, the cost of a password check not.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.kind == Kind::Nobody
    }

    /// Equal to the [`UserName::key`] or [`EmailAddress::key`] of the account that is meant.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.key
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    UserName,
    Email,
    Nobody,
}

/// The longest beginning of at most `max` bytes that ends between characters.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}
