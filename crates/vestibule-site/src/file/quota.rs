//! How much one person may keep.

/// The bounds of one person's files together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes.
    pub bytes: u64,
    /// Files, so that empty ones are not without a bound.
    pub files: u64,
}

/// What one person's files take together: those that are there, and those whose upload has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes.
    pub bytes: u64,
    /// Files.
    pub files: u64,
}

impl Quota {
    /// The usage once a file of `size` bytes has been added.
    ///
    /// # Errors
    /// [`OverQuota`] where that is beyond the bounds.
    pub fn add(&self, usage: Usage, size: u64) -> Result<Usage, OverQuota> {
        let after =
            Usage { bytes: usage.bytes.saturating_add(size), files: usage.files.saturating_add(1) };
        if after.files > self.files {
            return Err(OverQuota::Files { allowed: self.files });
        }
        self.check_bytes(usage, after)
    }

    /// The usage once a file of `before` bytes has `size` bytes. What makes a file smaller is admitted also to
    /// somebody who is beyond the bounds, because they were narrowed meanwhile.
    ///
    /// # Errors
    /// [`OverQuota`] where it makes the file larger and is beyond the bounds.
    pub fn replace(&self, usage: Usage, before: u64, size: u64) -> Result<Usage, OverQuota> {
        let bytes = usage.bytes.saturating_sub(before).saturating_add(size);
        self.check_bytes(usage, Usage { bytes, ..usage })
    }

    /// How many bytes can be added.
    #[must_use]
    pub const fn room(&self, usage: Usage) -> u64 {
        if usage.files < self.files { self.bytes.saturating_sub(usage.bytes) } else { 0 }
    }

    fn check_bytes(&self, before: Usage, after: Usage) -> Result<Usage, OverQuota> {
        if after.bytes > self.bytes && after.bytes > before.bytes {
            let left = self.bytes.saturating_sub(before.bytes);
            return Err(OverQuota::Bytes { allowed: self.bytes, left });
        }
        Ok(after)
    }
}

impl Usage {
    /// The usage once a file of `size` bytes is gone.
    #[must_use]
    pub const fn without(self, size: u64) -> Self {
        Self { bytes: self.bytes.saturating_sub(size), files: self.files.saturating_sub(1) }
    }
}

/// A person's files would take more than they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// Bytes.
    #[error(
        "the owner's files can take {allowed} bytes in total, and {left} of them are left; delete some first"
    )]
    Bytes {
        /// Together.
        allowed: u64,
        /// Of them.
        left: u64,
    },
    /// Files.
    #[error("an account can keep at most {allowed} files; delete some first")]
    Files {
        /// Together.
        allowed: u64,
    },
}
