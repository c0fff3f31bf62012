//! Uploads.

use vestibule_core::time::Timestamp;

use super::files::{Files, Row};
use crate::{
    file::{Blob, File, OverQuota, Quota, Upload, digest_of},
    id::{FileId, UploadId},
};

impl Files {
    pub(super) fn begin(&mut self, upload: &Upload, quota: &Quota) -> Result<(), OverQuota> {
        self.reserve(upload.owner, upload.size, quota)?;
        self.uploads.insert(upload.id, upload.clone());
        Ok(())
    }

    pub(super) fn append(
        &mut self,
        id: UploadId,
        offset: u64,
        blob: &Blob,
        now: Timestamp,
    ) -> bool {
        let fits = |upload: &&mut Upload| {
            let end = offset.checked_add(blob.size);
            upload.received() == offset && end.is_some_and(|end| end <= upload.size)
        };
        let Some(upload) = self.uploads.get_mut(&id).filter(fits) else {
            return false;
        };
        upload.blobs.push(*blob);
        upload.touched_at = now;
        true
    }

    pub(super) fn finish(
        &mut self,
        id: UploadId,
        file: FileId,
        kind: &str,
        now: Timestamp,
    ) -> Option<File> {
        self.uploads.get(&id).filter(|upload| upload.is_whole())?;
        let upload = self.uploads.remove(&id)?;
        let file = File {
            id: file,
            owner: upload.owner,
            name: upload.name,
            kind: kind.to_owned(),
            size: upload.size,
            digest: digest_of(&upload.blobs),
            version: 1,
            changed_by: upload.owner,
            created_at: now,
            changed_at: now,
        };
        self.rows.insert(file.id, Row { file: file.clone(), blobs: upload.blobs });
        Some(file)
    }

    pub(super) fn abandon(&mut self, id: UploadId, now: Timestamp) -> bool {
        let Some(upload) = self.uploads.remove(&id) else {
            return false;
        };
        self.give_back(upload.owner, upload.size);
        self.drop_blobs(&upload.blobs, now);
        true
    }

    pub(super) fn expire(&mut self, before: Timestamp, now: Timestamp) -> u64 {
        let old = self.uploads.values().filter(|upload| upload.touched_at < before);
        let old: Vec<_> = old.map(|upload| upload.id).collect();
        old.into_iter().map(|id| u64::from(self.abandon(id, now))).sum()
    }
}
