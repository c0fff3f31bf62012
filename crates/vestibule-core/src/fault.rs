//! What is wrong with something that was typed, for people of any language.
//!
//! A rule says it in English (`Display`). Whoever shows it in another language finds their own text by the
//! code, and puts into it what the rule names: bounds, or the word that it stumbled on.

use std::fmt;

use serde::Serialize;

use crate::{
    name::{EmailAddress, NameError, RoleName, UserName},
    password::PasswordProblem,
    user::{NotChanged, Taken},
};

/// What a fault names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Param {
    /// A bound, or how many there are.
    Number(u64),
    /// A word or a character.
    Text(String),
}

impl From<u64> for Param {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Param {
    fn from(number: usize) -> Self {
        Self::Number(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What is wrong with something that was typed. `Display` says it in English.
pub trait FieldError: fmt::Display {
    /// The word for programs, out of `a-z` and `_`. The same fault always has the same one.
    fn code(&self) -> &'static str;

    /// What the text names, and by which names.
    fn facts(&self) -> Vec<(&'static str, Param)> {
        Vec::new()
    }
}

impl<F: FieldError + ?Sized> FieldError for &F {
    fn code(&self) -> &'static str {
        F::code(self)
    }

    fn facts(&self) -> Vec<(&'static str, Param)> {
        F::facts(self)
    }
}

impl FieldError for NameError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::UserNameTooLong => "username_too_long",
            Self::NoLetter => "username_no_letter",
            Self::AtSign => "username_at_sign",
            Self::Character { .. } => "username_character",
            Self::Space => "username_space",
            Self::Invisible => "invisible_character",
            Self::StrayMark => "stray_mark",
            Self::MixedScripts => "mixed_scripts",
            Self::EmailTooLong => "email_too_long",
            Self::NotAnAddress => "email_no_address",
            Self::ImitatedSign => "email_imitated_sign",
            Self::LocalPartLength => "email_local_part_length",
            Self::LocalPart => "email_local_part",
            Self::Domain => "email_domain",
            Self::IpAddress => "email_ip_address",
            Self::ImitatedDomain => "email_imitated_domain",
            Self::Role => "role_name",
        }
    }

    fn facts(&self) -> Vec<(&'static str, Param)> {
        match self {
            Self::UserNameTooLong => vec![("max", UserName::MAX_CHARS.into())],
            Self::Character { character } => vec![("character", character.to_string().into())],
            Self::EmailTooLong => vec![("max", EmailAddress::MAX_BYTES.into())],
            Self::LocalPartLength => vec![("max", EmailAddress::MAX_LOCAL_BYTES.into())],
            Self::Role => vec![("max", RoleName::MAX_CHARS.into())],
            _ => Vec::new(),
        }
    }
}

impl FieldError for PasswordProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "password_empty",
            Self::TooShort { .. } => "password_too_short",
            Self::TooLong { .. } => "password_too_long",
            Self::NotText => "password_character",
            Self::Common => "password_common",
            Self::HoldsContext { .. } => "password_holds_context",
        }
    }

    fn facts(&self) -> Vec<(&'static str, Param)> {
        match self {
            Self::TooShort { min } => vec![("min", (*min).into())],
            Self::TooLong { max } => vec![("max", (*max).into())],
            Self::HoldsContext { word } => vec![("word", word.clone().into())],
            Self::Empty | Self::NotText | Self::Common => Vec::new(),
        }
    }
}

impl FieldError for Taken {
    fn code(&self) -> &'static str {
        match self {
            Self::Username => "username_taken",
            Self::Email => "email_taken",
        }
    }
}

impl FieldError for NotChanged {
    fn code(&self) -> &'static str {
        match self {
            Self::Taken(taken) => taken.code(),
            Self::LastSuperUser => "last_super_user",
            Self::Deleted => "account_deleted",
            Self::Suspended => "account_suspended",
            Self::NotDeleted => "account_not_deleted",
        }
    }
}
