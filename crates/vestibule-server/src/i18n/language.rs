//! One language.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use vestibule::{
    FieldProblem, Problem,
    core::{fault::Param, locale::Locale},
};

/// A language in which texts can be said.
pub(crate) struct Language {
    pub(super) locale: Locale,
    pub(super) bundle: FluentBundle<FluentResource>,
    /// The names of its texts.
    pub(super) ids: BTreeSet<String>,
    /// What is said where this language lacks a text.
    pub(super) english: Option<Arc<Language>>,
}

/// Something to say, whatever the language.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    id: Cow<'static, str>,
    args: Vec<(&'static str, FluentValue<'static>)>,
}

impl Text {
    /// The text of this name.
    pub(crate) fn new(id: impl Into<Cow<'static, str>>) -> Self {
        Self { id: id.into(), args: Vec::new() }
    }

    /// Something that is put into it.
    pub(crate) fn with(
        mut self,
        name: &'static str,
        value: impl Into<FluentValue<'static>>,
    ) -> Self {
        self.args.push((name, value.into()));
        self
    }
}

impl Language {
    /// Its name (BCP 47).
    pub(crate) fn locale(&self) -> &Locale {
        &self.locale
    }

    /// Says the text of this name, which names nothing.
    pub(crate) fn text(&self, id: &str) -> String {
        self.format(id, &FluentArgs::new())
    }

    /// Says a text.
    pub(crate) fn say(&self, text: &Text) -> String {
        let args = text.args.iter().map(|(name, value)| (*name, value.clone())).collect();
        self.format(&text.id, &args)
    }

    /// Says what is wrong with a field.
    pub(crate) fn field(&self, field: &FieldProblem) -> String {
        self.fault(field.code, &field.facts).unwrap_or_else(|| sentence(&field.message))
    }

    /// Says what mends a refusal, where that is more exact than its code's own text.
    pub(crate) fn reason(&self, problem: &Problem) -> Option<String> {
        let said = problem.reason.as_ref();
        said.and_then(|reason| self.fault(reason.code, &reason.facts)).or_else(|| {
            // Better the exact words of the rule than others, but not in the midst of another language.
            problem.detail.as_deref().filter(|_| self.english.is_none()).map(sentence)
        })
    }

    /// A fault of the rules. What has no text here is said as the rule says it.
    fn fault(&self, code: &str, facts: &BTreeMap<&'static str, Param>) -> Option<String> {
        let id = format!("fault-{}", code.replace('_', "-"));
        let mut args = FluentArgs::new();
        for (name, fact) in facts {
            match fact {
                Param::Number(number) => {
                    // Whether a number counts bytes, only the text knows.
                    args.set(format!("{name}_size"), self.size(*number));
                    args.set(*name, FluentValue::from(*number));
                }
                Param::Text(text) => args.set(*name, text.clone()),
            }
        }
        self.has(&id).then(|| self.format(&id, &args))
    }

    fn has(&self, id: &str) -> bool {
        self.bundle.has_message(id) || self.english.as_ref().is_some_and(|english| english.has(id))
    }

    /// Says a text with what is put into it. What this language lacks is said in English, and what is in no
    /// language as its name.
    pub(super) fn format(&self, id: &str, args: &FluentArgs<'_>) -> String {
        let pattern = self.bundle.get_message(id).and_then(|message| message.value());
        match (pattern, &self.english) {
            (Some(pattern), _) => {
                let mut errors = Vec::new();
                let text = self.bundle.format_pattern(pattern, Some(args), &mut errors);
                for error in errors {
                    tracing::error!(text = id, language = %self.locale, %error, "cannot format a text");
                }
                text.into_owned()
            }
            (None, Some(english)) => english.format(id, args),
            (None, None) => {
                tracing::error!(text = id, "unknown text");
                id.to_owned()
            }
        }
    }

    /// Which texts there are in English and not in this language.
    pub(super) fn lacks(&self) -> Vec<&str> {
        let english = self.english.iter().flat_map(|english| &english.ids);
        english.filter(|id| !self.ids.contains(*id)).map(String::as_str).collect()
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.locale)
    }
}

/// Messages of the rules begin in lower case where they also end a log line.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
}
