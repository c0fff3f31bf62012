//! Templates of pages and mails.

use std::{collections::BTreeMap, fmt, fs, path::Path, sync::Arc};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, context};
use rust_embed::RustEmbed;
use vestibule::{ErrorCode, Problem, core::locale::Locale};

use super::assets::Asset;
use crate::i18n::{self, Language, Texts};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Files;

/// The templates of all pages and mails, parsed, and the languages that they can be in.
pub(crate) struct Templates {
    texts: Texts,
    /// One for each language.
    environments: BTreeMap<Locale, Environment<'static>>,
}

impl Templates {
    /// Parses the templates inside this program.
    ///
    /// # Errors
    /// Where one is not a template.
    #[cfg(test)]
    pub(crate) fn load() -> Result<Self, Error> {
        Self::load_with(None, None, Texts::ours())
    }

    /// Parses the templates inside this program, or those of the same names in a folder of pages and a folder
    /// of mails, where there are any. They say `texts`.
    ///
    /// # Errors
    /// Where one is not a template or cannot be read.
    pub(crate) fn load_with(
        pages: Option<&Path>,
        mails: Option<&Path>,
        texts: Texts,
    ) -> Result<Self, Error> {
        let mut environment = Environment::new();
        // Whatever a template is called, nothing leaves it as markup by accident. The plain text of a mail
        // knows no markup.
        environment.set_auto_escape_callback(|name| match name.strip_prefix("mail/") {
            Some(name) if name.ends_with(".txt") => AutoEscape::None,
            _ => AutoEscape::Html,
        });
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.add_function("asset", |name: &str| asset(name));
        let languages: Vec<_> = texts.languages().iter().map(|language| {
            context! { code => language.locale().as_str(), name => language.text("language-name") }
        }).collect();
        environment.add_global("languages", Value::from(languages));
        let unreadable = |name: &dyn fmt::Display, error: &dyn fmt::Display| {
            Error::new(ErrorKind::InvalidOperation, format!("cannot read {name}: {error}"))
        };
        for name in Files::iter() {
            let given = match name.strip_prefix("mail/") {
                Some(mail) => mails.map(|folder| folder.join(mail)),
                None => pages.map(|folder| folder.join(&*name)),
            };
            let file = match given.filter(|path| path.exists()) {
                Some(path) => {
                    fs::read(&path).map_err(|error| unreadable(&path.display(), &error))?
                }
                None => Files::get(&name).map(|file| file.data.into_owned()).unwrap_or_default(),
            };
            let source = String::from_utf8(file).map_err(|error| unreadable(&name, &error))?;
            environment.add_template_owned(name.into_owned(), source)?;
        }
        let environments = texts.languages().iter().map(|language| {
            let mut environment = environment.clone();
            i18n::add_to(&mut environment, language);
            (language.locale().clone(), environment)
        });
        Ok(Self { environments: environments.collect(), texts })
    }

    /// The languages that the pages and mails can be in.
    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The language for somebody who is to be answered in this one, or the usual one.
    pub(crate) fn language(&self, locale: Option<&Locale>) -> &Arc<Language> {
        self.texts.language(locale)
    }

    /// Renders a page, or a mail.
    ///
    /// # Errors
    /// A 500 where the template does not fit what it is given; the log says how.
    pub(crate) fn render(
        &self,
        language: &Language,
        name: &str,
        content: Value,
    ) -> Result<String, Problem> {
        self.try_render(language, name, content).map_err(|error| {
            tracing::error!(
                template = name,
                error = format!("{error:#}"),
                "cannot render a template"
            );
            Problem::new(ErrorCode::Internal)
        })
    }

    pub(crate) fn try_render(
        &self,
        language: &Language,
        name: &str,
        content: Value,
    ) -> Result<String, Error> {
        let unknown = || {
            let what = format!("the site has no texts in {}", language.locale());
            Error::new(ErrorKind::InvalidOperation, what)
        };
        let environment = self.environments.get(language.locale()).ok_or_else(unknown)?;
        environment.get_template(name)?.render(content)
    }

    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<String> {
        let environment = self.environments.values().next();
        let templates = environment.into_iter().flat_map(|environment| environment.templates());
        templates.map(|(name, _)| name.to_owned()).collect()
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Templates")
    }
}

/// The address of an asset. It changes with the content, so that browsers may keep it for good.
fn asset(name: &str) -> Result<Value, Error> {
    let url = Asset::find(name).map(|found| found.url(name)).ok_or_else(|| {
        Error::new(ErrorKind::InvalidOperation, format!("there is no asset {name}"))
    })?;
    Ok(Value::from_safe_string(url))
}
