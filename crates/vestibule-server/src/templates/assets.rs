//! Style sheet, script and icon, inside the program.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// One of them.
pub(crate) struct Asset(EmbeddedFile);

impl Asset {
    pub(crate) fn find(name: &str) -> Option<Self> {
        Files::get(name).map(Self)
    }

    /// Its address, which names its content.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("/static/{name}?v={}", self.version())
    }

    /// The beginning of the content's SHA-256, in hexadecimal.
    pub(crate) fn version(&self) -> String {
        let hash = self.0.metadata.sha256_hash();
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn into_content(self) -> Cow<'static, [u8]> {
        self.0.data
    }
}
