//! What is wrong with a file, for people of any language.

use vestibule_core::fault::{FieldError, Param};

use super::{FileName, FileNameError, OverQuota};

impl FieldError for FileNameError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "file_name_empty",
            Self::TooLong => "file_name_too_long",
            Self::Path => "file_name_path",
            Self::Control => "file_name_control",
            Self::Direction => "file_name_direction",
        }
    }

    fn facts(&self) -> Vec<(&'static str, Param)> {
        match self {
            Self::TooLong => vec![("max", FileName::MAX_BYTES.into())],
            _ => Vec::new(),
        }
    }
}

impl FieldError for OverQuota {
    fn code(&self) -> &'static str {
        match self {
            Self::Bytes { .. } => "quota_bytes",
            Self::Files { .. } => "quota_files",
        }
    }

    fn facts(&self) -> Vec<(&'static str, Param)> {
        match *self {
            Self::Bytes { allowed, left } => {
                vec![("allowed", allowed.into()), ("left", left.into())]
            }
            Self::Files { allowed } => vec![("allowed", allowed.into())],
        }
    }
}
