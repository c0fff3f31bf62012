//! What the command line sets.

use std::path::PathBuf;

use clap::Args;

/// Flags that set configuration, good with every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct ConfigFlags {
    /// Read this file instead of vestibule.toml
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// development, dev-prod-db or production
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", global = true)]
    pub(crate) listen: Option<String>,
    /// Public origin of the site, such as https://maps.example.org
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) public_url: Option<String>,
    /// Directory for the database, files, mails and the signing secret
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data_dir: Option<String>,
    /// sqlite://FILE or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) database_url: Option<String>,
    /// Set any key, such as --set tokens.access_ttl=5m; may be repeated, before or after the command
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(crate) set: Vec<KeyValue>,
}

impl ConfigFlags {
    /// The flags that stand for one key each: the key, the flag, its value.
    pub(crate) fn dedicated(&self) -> [(&'static str, &'static str, Option<&str>); 5] {
        [
            ("profile", "--profile", self.profile.as_deref()),
            ("listen", "--listen", self.listen.as_deref()),
            ("public_url", "--public-url", self.public_url.as_deref()),
            ("data_dir", "--data-dir", self.data_dir.as_deref()),
            ("database_url", "--database-url", self.database_url.as_deref()),
        ]
    }
}

/// One `--set KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl std::str::FromStr for KeyValue {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) =
            text.split_once('=').ok_or("write KEY=VALUE, such as tokens.access_ttl=5m")?;
        Ok(Self { key: key.trim().to_owned(), value: value.to_owned() })
    }
}
