//! Whose the place of files is: looked at before the site is served, and before anything is removed there.

use std::{collections::HashSet, path::Path};

use futures_util::TryStreamExt as _;
use vestibule::{
    check_history,
    core::{feed::Break, random::Entropy, store::StoreError, time::Timestamp},
    feed_position,
};
use vestibule_files::{BlobError, Blobs};
use vestibule_site::{
    file::{Belongs, BlobKey, Contents, KnownPlace, NotOurs, PlaceNote, belongs},
    id::PlaceId,
    store::SiteStore,
};

use crate::{
    config::{FilesUrl, Settings},
    error::CommandError,
};

/// The name of what the store says of the place.
const VALUE: &str = "files";
/// What is looked at in one go.
const BATCH: usize = 500;

/// The place is this store's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home {
    pub(crate) known: KnownPlace,
    pub(crate) note: PlaceNote,
}

/// It is not, or nobody can say.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HomeError {
    #[error("{0}; correct files.url, or run `vestibule restored --adopt-files`")]
    NotOurs(#[from] NotOurs),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl HomeError {
    /// The same for a command.
    pub(crate) fn at(self, settings: &Settings) -> CommandError {
        match self {
            Self::NotOurs(why) => {
                let mend = match why {
                    NotOurs::Missing => "Mount or restore the previous files",
                    NotOurs::Other | NotOurs::Unknown => "Set files.url to a location of its own",
                };
                CommandError::Usage(format!(
                    "{}: {why}. {mend}, or run `vestibule restored --adopt-files` to continue with the \
                     files that are there.",
                    place(settings)
                ))
            }
            Self::Blob(BlobError::DamagedNote) => CommandError::Usage(self.to_string()),
            _ => CommandError::Failed(self.to_string()),
        }
    }
}

fn place(settings: &Settings) -> String {
    let folder = |path: &Path| format!("files.url ({})", path.display());
    match &settings.files.url {
        FilesUrl::Folder(path) => folder(path),
        FilesUrl::S3(url) => format!("files.url ({url})"),
    }
}

/// Makes sure that the place is this store's. One that belongs to nobody becomes it.
///
/// # Errors
/// [`HomeError::NotOurs`] where it is another's; the others where that cannot be seen right now.
pub(crate) async fn settle(
    blobs: &Blobs,
    store: &dyn SiteStore,
    entropy: &dyn Entropy,
) -> Result<Home, HomeError> {
    let noted = blobs.note().await?;
    let kept = known(store).await?;
    let contents = match noted {
        Some(_) => Contents::Empty,
        None => contents(blobs, store).await?,
    };
    let needs = noted.is_none() && store.has_blobs().await?;
    if let Belongs::BecomesOurs(known) = belongs(noted.map(|note| note.id), kept, contents, needs)?
    {
        let known = known.unwrap_or_else(|| KnownPlace {
            id: PlaceId::draw(entropy),
            since: Timestamp::from_seconds(0),
        });
        let kept = keep_first(store, known).await?;
        blobs.write_first_note(&PlaceNote { id: kept.id, position: None }).await?;
    }
    // Two that came at once: the one whose name stands.
    match (blobs.note().await?, known(store).await?) {
        (Some(note), Some(known)) if note.id == known.id => Ok(Home { known, note }),
        _ => Err(NotOurs::Other.into()),
    }
}

/// Makes the place this store's, whosever it was.
///
/// # Errors
/// [`HomeError`]
pub(crate) async fn adopt(
    blobs: &Blobs,
    store: &dyn SiteStore,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Home, HomeError> {
    let known = KnownPlace { id: PlaceId::draw(entropy), since: now };
    let note = PlaceNote { id: known.id, position: Some(feed_position(store).await?) };
    keep(store, known).await?;
    blobs.write_note(&note).await?;
    Ok(Home { known, note })
}

/// Notes that what lies there now was written for a store that was put back since.
///
/// # Errors
/// [`HomeError`]
pub(crate) async fn begin_anew(
    home: &Home,
    blobs: &Blobs,
    store: &dyn SiteStore,
    now: Timestamp,
) -> Result<(), HomeError> {
    keep(store, KnownPlace { since: now, ..home.known }).await?;
    let position = Some(feed_position(store).await?);
    Ok(blobs.write_note(&PlaceNote { position, ..home.note }).await?)
}

/// Whether the store goes on from where it was when somebody looked last; notes where it is now, if so.
///
/// # Errors
/// [`HomeError`]
pub(crate) async fn note_history(
    home: &Home,
    blobs: &Blobs,
    store: &dyn SiteStore,
) -> Result<Result<(), Break>, HomeError> {
    if let Some(seen) = &home.note.position
        && let Err(found) = check_history(store, seen).await?
    {
        return Ok(Err(found));
    }
    let position = Some(feed_position(store).await?);
    if position != home.note.position {
        blobs.write_note(&PlaceNote { position, ..home.note }).await?;
    }
    Ok(Ok(()))
}

/// The blobs there that the store does not know, in no order.
///
/// # Errors
/// [`HomeError`]
pub(crate) async fn unknown_blobs(
    blobs: &Blobs,
    store: &dyn SiteStore,
) -> Result<Vec<BlobKey>, HomeError> {
    let (mut unknown, mut some) = (Vec::new(), Vec::new());
    let mut found = blobs.list();
    loop {
        let next = found.try_next().await?;
        some.extend(next.map(|found| found.key));
        if some.len() == BATCH || next.is_none() {
            let known: HashSet<_> = store.known_blobs(&some).await?.into_iter().collect();
            unknown.extend(some.drain(..).filter(|key| !known.contains(key)));
        }
        if next.is_none() {
            return Ok(unknown);
        }
    }
}

/// What of the blobs there the store knows: looked through until one is known.
async fn contents(blobs: &Blobs, store: &dyn SiteStore) -> Result<Contents, HomeError> {
    let (mut is_empty, mut some) = (true, Vec::new());
    let mut found = blobs.list();
    loop {
        let next = found.try_next().await?;
        some.extend(next.map(|found| found.key));
        if !some.is_empty() && (some.len() == BATCH || next.is_none()) {
            is_empty = false;
            if !store.known_blobs(&some).await?.is_empty() {
                return Ok(Contents::Known);
            }
            some.clear();
        }
        if next.is_none() {
            return Ok(if is_empty { Contents::Empty } else { Contents::Unknown });
        }
    }
}

async fn known(store: &dyn SiteStore) -> Result<Option<KnownPlace>, StoreError> {
    let Some(value) = store.site_value(VALUE).await? else {
        return Ok(None);
    };
    let text = String::from_utf8(value).map_err(StoreError::unreadable)?;
    text.parse().map(Some).map_err(StoreError::unreadable)
}

/// Keeps what the store says of its place, unless it says something already, and gives what it says then.
async fn keep_first(store: &dyn SiteStore, place: KnownPlace) -> Result<KnownPlace, StoreError> {
    store.replace_site_value(VALUE, None, place.to_string().as_bytes()).await?;
    Ok(known(store).await?.unwrap_or(place))
}

async fn keep(store: &dyn SiteStore, place: KnownPlace) -> Result<(), StoreError> {
    loop {
        let kept = store.site_value(VALUE).await?;
        let text = place.to_string();
        if store.replace_site_value(VALUE, kept.as_deref(), text.as_bytes()).await? {
            return Ok(());
        }
    }
}
