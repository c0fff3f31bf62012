//! What the site says, in every language that it speaks.
//!
//! All texts stand in `texts/LANGUAGE/*.ftl`, in the format of Fluent (<https://projectfluent.org/fluent/guide/>);
//! the files are inside of this program. A folder of the owner's (`pages.texts`) with the same layout comes on
//! top: a text in it takes the place of ours with the same name, and a language that we do not have is one more
//! that the site speaks. What a language lacks is said in English.
//!
//! | module | holds |
//! |---|---|
//! | `load` | reading the files |
//! | `language` | one language: saying a text in it |
//! | `words` | moments, sizes and numbers by the custom of a language |
//! | `template` | how templates say something |
//!
//! # Texts and markup
//!
//! A text is plain: it holds no markup, so that the same words can stand on a page, in a mail and in an
//! attribute, and whoever translates breaks nothing. It is trusted, and written out as it stands. What is put
//! into it is not: in a page `t` escapes each argument, unless the template made it out of markup itself, which
//! is how a name in the midst of a sentence becomes bold or a link:
//!
//! ```jinja
//! {{ t("logout-what", name=strong(current_user.username)) }}
//! ```
//!
//! `strong` is a macro, whose result a template knows to be markup. In the plain text of a mail nothing is
//! escaped.
//!
//! The marks by which Fluent isolates what it puts into a text from the direction of writing around it are
//! off: they would stand in attributes, subjects of mails and titles, where programs show them as boxes. User
//! names, the only text of others in ours, hold no characters that turn the direction.

pub(crate) mod dates;
mod language;
mod load;
pub(crate) mod sizes;
mod template;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use vestibule::core::locale::Locale;

pub(crate) use self::{
    language::{Language, Text},
    template::add_to,
};

/// Every language that the site speaks.
#[derive(Debug)]
pub(crate) struct Texts {
    usual: Arc<Language>,
    /// All of them, the usual one first.
    languages: Vec<Arc<Language>>,
    locales: Vec<Locale>,
}

impl Texts {
    /// Those inside of this program, English being the usual one.
    #[cfg(test)]
    pub(crate) fn ours() -> Self {
        Self::load(None, &Locale::default()).unwrap()
    }

    /// The language of somebody who is to be answered in this one, or the usual one.
    pub(crate) fn language(&self, locale: Option<&Locale>) -> &Arc<Language> {
        let found = locale.and_then(|locale| {
            let closest = Locale::closest(locale.as_str(), &self.locales)?;
            self.languages.iter().find(|language| language.locale() == closest)
        });
        found.unwrap_or(&self.usual)
    }

    /// The names of all languages, the usual one first.
    pub(crate) fn locales(&self) -> &[Locale] {
        &self.locales
    }

    /// All languages, the usual one first.
    pub(crate) fn languages(&self) -> &[Arc<Language>] {
        &self.languages
    }
}
