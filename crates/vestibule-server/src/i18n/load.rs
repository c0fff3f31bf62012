//! Reading the texts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use fluent_bundle::{FluentResource, concurrent::FluentBundle};
use fluent_syntax::ast::Entry;
use rust_embed::RustEmbed;
use unic_langid::LanguageIdentifier;
use vestibule::core::locale::Locale;

use super::{Texts, language::Language};

#[derive(RustEmbed)]
#[folder = "texts/"]
struct Files;

/// Texts that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextsError {
    /// A folder or file of the owner's.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    /// A file that is not in the format.
    #[error("{file} is not valid Fluent: {error}")]
    Malformed { file: String, error: String },
    /// A folder that is not called like a language.
    #[error("{}: the name of the directory is not a language (`de`, `de-AT`)", .0.display())]
    NoLanguage(PathBuf),
    /// The language that the site begins with.
    #[error("pages.language is {0}, but there are no texts in it; the available languages are {1}")]
    Unspoken(Locale, String),
}

/// The files of one language in the order in which they are read, a later text in the place of an earlier one.
type Sources = BTreeMap<Locale, Vec<(String, String)>>;

impl Texts {
    /// Reads our own texts and those of the owner's folder, if there is one.
    ///
    /// # Errors
    /// [`TextsError`]
    pub(crate) fn load(folder: Option<&Path>, usual: &Locale) -> Result<Self, TextsError> {
        let mut sources = embedded();
        if let Some(folder) = folder {
            add_folder(folder, &mut sources)?;
        }
        let english = match sources.remove_entry(&Locale::default()) {
            Some((locale, files)) => Some(Arc::new(read(locale, &files, None)?)),
            None => None,
        };
        let mut languages: Vec<_> = english.iter().map(Arc::clone).collect();
        for (locale, files) in sources {
            let language = read(locale, &files, english.clone())?;
            let lacks = language.lacks();
            if !lacks.is_empty() {
                tracing::warn!(
                    language = %language.locale(),
                    texts = lacks.join(" "),
                    "this language lacks some texts; they are shown in English"
                );
            }
            languages.push(Arc::new(language));
        }
        // The usual one first, the others by name.
        languages.sort_by_key(|language| (language.locale() != usual, language.locale().clone()));
        let locales: Vec<_> = languages.iter().map(|language| language.locale().clone()).collect();
        match languages.first() {
            Some(first) if first.locale() == usual => {
                Ok(Self { usual: Arc::clone(first), languages, locales })
            }
            _ => {
                let spoken: Vec<_> = locales.iter().map(Locale::as_str).collect();
                Err(TextsError::Unspoken(usual.clone(), spoken.join(", ")))
            }
        }
    }
}

fn embedded() -> Sources {
    let mut sources = Sources::new();
    for name in Files::iter() {
        let Some((language, _)) = name.split_once('/') else { continue };
        let Ok(locale) = Locale::parse(language) else { continue };
        let data = Files::get(&name).map(|file| file.data.into_owned()).unwrap_or_default();
        let text = String::from_utf8_lossy(&data).into_owned();
        sources.entry(locale).or_default().push((name.into_owned(), text));
    }
    sources
}

fn add_folder(folder: &Path, sources: &mut Sources) -> Result<(), TextsError> {
    for path in entries(folder)? {
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let locale = Locale::parse(name).map_err(|_| TextsError::NoLanguage(path.clone()))?;
        for file in entries(&path)? {
            if file.extension().is_none_or(|extension| extension != "ftl") {
                continue;
            }
            let text = fs::read_to_string(&file)
                .map_err(|error| TextsError::Unreadable { path: file.clone(), error })?;
            sources.entry(locale.clone()).or_default().push((file.display().to_string(), text));
        }
    }
    Ok(())
}

/// What lies in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, TextsError> {
    let unreadable = |error| TextsError::Unreadable { path: folder.to_owned(), error };
    let mut paths = fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn read(
    locale: Locale,
    files: &[(String, String)],
    english: Option<Arc<Language>>,
) -> Result<Language, TextsError> {
    // Every name of ours is one of theirs.
    let name: LanguageIdentifier = locale.as_str().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![name]);
    bundle.set_use_isolating(false);
    let mut ids = BTreeSet::new();
    for (file, text) in files {
        let resource = FluentResource::try_new(text.clone()).map_err(|(_, errors)| {
            let error = errors.first().map(ToString::to_string).unwrap_or_default();
            TextsError::Malformed { file: file.clone(), error }
        })?;
        ids.extend(resource.entries().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message.id.name.to_owned()),
            _ => None,
        }));
        bundle.add_resource_overriding(resource);
    }
    Ok(Language { locale, bundle, ids, english })
}
