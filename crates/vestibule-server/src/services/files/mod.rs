//! Files that people keep here.
//!
//! | module | holds |
//! |---|---|
//! | `api`, `content`, `uploads` | the routes for programs: files, their contents, uploads that come in pieces |
//! | `service` | what may be done with a file, for these routes and for the pages |
//! | `receive`, `multipart` | a body on its way in |
//! | `serve`, `range`, `disposition` | a content on its way out |
//! | `bodies` | what the API takes and gives |
//! | `upload_slots` | how many contents arrive and leave at once |
//! | `home` | whose the place is where contents lie |
//! | `cleanup` | removing what nobody asks for any more |

pub(crate) mod cleanup;
pub(crate) mod home;
mod multipart;
pub(crate) mod receive;
pub(crate) mod service;
mod upload_slots;

use std::{net::IpAddr, sync::Arc, time::Duration};

use vestibule::{
    Problem, Rate, RateLimit, SystemEntropy, Vestibule,
    core::{feed::Break, id::UserId, limit::SharedLimits, time::Clock},
};
use vestibule_files::{BlobError, Blobs};
use vestibule_site::{file::Quota, store::SiteStore};

use self::upload_slots::UploadSlots;
use crate::{
    blocking,
    config::{self, FilesUrl, Settings},
    error::CommandError,
    permits::Permit,
    secure_file,
};

pub(crate) use self::{
    cleanup::Cleanup,
    home::{Home, HomeError, adopt, begin_anew, settle, unknown_blobs},
};

/// How many files one person may offer to others.
const OFFERS: Rate = Rate { count: 100, window: Duration::from_secs(3600) };
/// How many files one person may keep, whatever their size.
const MOST_FILES: u64 = 10_000;
/// How long a start waits for the place of files.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);

/// What a body may have beside the file: the boundary and the headers of a form's parts.
pub(crate) const AROUND_A_FILE: u64 = 64 * 1024;
/// The files of a site. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) auth: Vestibule,
    pub(crate) catalogue: Arc<dyn SiteStore>,
    pub(crate) blobs: Blobs,
    pub(crate) upload_slots: Arc<UploadSlots>,
    /// How many shares each person offers.
    offers: RateLimit,
    max_size: u64,
    quota: Quota,
}

impl Files {
    /// The files of `store`, whose contents lie where the settings say.
    pub(crate) fn new(
        auth: Vestibule,
        store: Arc<dyn SiteStore>,
        blobs: Blobs,
        settings: &config::Files,
        limits: Option<Arc<dyn SharedLimits>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            auth,
            offers: RateLimit::new("share", Some(OFFERS), limits, clock),
            catalogue: store,
            blobs,
            upload_slots: Arc::default(),
            max_size: settings.max_size,
            quota: Quota { bytes: settings.quota, files: MOST_FILES },
        }
    }

    /// Waits for a place among all that leaves the site at once.
    ///
    /// # Errors
    /// `rate_limited` for an account or a network that has its share already, `unavailable` where everybody
    /// together has all.
    pub(crate) async fn download_turn(
        &self,
        who: UserId,
        client: IpAddr,
    ) -> Result<Permit, Problem> {
        self.upload_slots.download(who, client).await
    }

    /// The bounds of one person's files together.
    pub(crate) const fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Notes how far the store's history has come, so that the next start can tell whether it went back.
    pub(crate) async fn note_history(&self) -> Result<(), HomeError> {
        let home = settle(&self.blobs, &*self.catalogue, &SystemEntropy).await?;
        if let Err(found) = home::note_history(&home, &self.blobs, &*self.catalogue).await? {
            say_history(found);
        }
        Ok(())
    }

    /// The most bytes of one file.
    pub(crate) const fn max_size(&self) -> u64 {
        self.max_size
    }
}

/// Opens the place where contents lie.
///
/// # Errors
/// [`CommandError::Usage`] where the settings name one that cannot be used.
pub(crate) async fn open_blobs(settings: &Settings) -> Result<Blobs, CommandError> {
    let url = settings.files.url.clone();
    if let FilesUrl::Folder(folder) = &url
        && secure_file::is_open_to_others(folder)
    {
        tracing::warn!(
            "other users of this machine can look into {0}, which contains the contents of files: run \
             `chmod 700 {0}` to keep them out",
            folder.display()
        );
    }
    let opened = blocking::run(move || match url {
        FilesUrl::Folder(folder) => Blobs::in_folder(&folder),
        FilesUrl::S3(url) => Blobs::in_bucket(url.url()),
    });
    opened.await?.map_err(|error| CommandError::Usage(format!("files.url: {error}")))
}

/// Makes sure, before the site is served, that the files are this database's. While the place cannot be reached
/// the site starts all the same, and removes nothing.
///
/// # Errors
/// [`CommandError::Usage`] where they are another one's.
pub(crate) async fn settle_at_start(
    blobs: &Blobs,
    store: &dyn SiteStore,
    settings: &Settings,
) -> Result<(), CommandError> {
    let settled = async {
        let home = settle(blobs, store, &SystemEntropy).await?;
        home::note_history(&home, blobs, store).await
    };
    match tokio::time::timeout(SETTLE_WITHIN, settled).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(found))) => say_history(found),
        Ok(Err(HomeError::Blob(BlobError::Unavailable(error)))) => {
            tracing::warn!(%error, "cannot reach files.url; nothing is removed there until it is known which database the \
                 files belong to");
        }
        Err(_) => tracing::warn!(
            "files.url does not answer; nothing is removed there until it is known which database the \
             files belong to"
        ),
        Ok(Err(error)) => return Err(error.at(settings)),
    }
    Ok(())
}

/// Says that the store is older than what was seen of it before.
fn say_history(found: Break) {
    tracing::error!(
        "{found}; if it was restored from a backup, run `vestibule restored`: until then, signed-out \
         sessions and replaced keys may be valid again, and unused files are not removed"
    );
}
