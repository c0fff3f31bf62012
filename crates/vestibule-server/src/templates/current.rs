//! The templates and texts in use, which may be replaced while the site runs.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use vestibule::core::locale::Locale;

use super::Templates;
use crate::{config::Settings, i18n::Texts};

/// What a site renders with. Cloning is cheap; all clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct CurrentTemplates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sources: Sources,
    templates: ArcSwap<Templates>,
}

/// The folders of the owner, where there are any, and the language that the site begins with.
#[derive(Debug, Default)]
struct Sources {
    pages: Option<PathBuf>,
    mails: Option<PathBuf>,
    texts: Option<PathBuf>,
    usual: Locale,
}

impl CurrentTemplates {
    /// Reads them from where the settings say.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub(crate) fn load(settings: &Settings) -> Result<Self, String> {
        let sources = Sources {
            pages: settings.pages.templates.clone(),
            mails: settings.mail.templates.clone(),
            texts: settings.pages.texts.clone(),
            usual: settings.pages.language.clone(),
        };
        let templates = ArcSwap::from_pointee(sources.load()?);
        Ok(Self(Arc::new(Inner { sources, templates })))
    }

    /// Those inside of this program.
    #[cfg(test)]
    pub(crate) fn ours() -> Self {
        let templates = ArcSwap::from_pointee(Templates::load().unwrap());
        Self(Arc::new(Inner { sources: Sources::default(), templates }))
    }

    /// Those in use right now.
    pub(crate) fn get(&self) -> Arc<Templates> {
        self.0.templates.load_full()
    }

    /// The folders of the owner that they are read from.
    pub(crate) fn folders(settings: &Settings) -> Vec<PathBuf> {
        let pages = &settings.pages;
        let folders = [&pages.templates, &settings.mail.templates, &pages.texts];
        folders.into_iter().flatten().cloned().collect()
    }

    /// Reads them again. Where that fails, those in use stay.
    ///
    /// # Errors
    /// What is wrong with the new ones, in words.
    pub(crate) fn reload(&self) -> Result<(), String> {
        let templates = self.0.sources.load()?;
        // What a visitor may choose was decided at the start.
        if templates.texts().locales() != self.get().texts().locales() {
            return Err(
                "pages.texts has other languages than on start; restart the server to use them"
                    .to_owned(),
            );
        }
        self.0.templates.store(Arc::new(templates));
        Ok(())
    }
}

impl Sources {
    fn load(&self) -> Result<Templates, String> {
        let texts = Texts::load(self.texts.as_deref(), &self.usual)
            .map_err(|error| format!("cannot load the texts: {error}"))?;
        Templates::load_with(self.pages.as_deref(), self.mails.as_deref(), texts)
            .map_err(|error| format!("cannot load the pages and mails: {error:#}"))
    }
}
