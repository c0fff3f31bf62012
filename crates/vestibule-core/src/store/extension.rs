//! Tables that a store keeps beside those of this crate.

use std::{any::Any, fmt, sync::Arc};

/// A change or a row of tables that this crate does not know, as part of a [`Commit`](super::Commit). A store
/// knows it by its type, and refuses the whole commit if it does not ([`UnknownExtension`]).
#[derive(Clone)]
pub struct Extension(Arc<dyn Any + Send + Sync>);

impl Extension {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Any + Send + Sync) -> Self {
        Self(Arc::new(value))
    }

    /// The value, if it is of this type.
    #[must_use]
    pub fn downcast_ref<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extension").finish_non_exhaustive()
    }
}

/// A commit holds a change or a row that the store has no table for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this store has no table for a part of the commit; use a store that has one, or enable its feature"
)]
pub struct UnknownExtension;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_by_its_type() {
        let extension = Extension::new(7_u32);
        assert_eq!(extension.downcast_ref::<u32>(), Some(&7));
        assert_eq!(extension.downcast_ref::<u64>(), None);
        assert_eq!(format!("{extension:?}"), "Extension { .. }", "it may hold a secret");
    }
}
