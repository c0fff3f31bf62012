//! What a site is measured on: the embedded store, or a PostgreSQL of this run's own.

use std::{error::Error, fmt, path::Path};

use tempfile::TempDir;
use vestibule_testkit::postgres::{Durability, Postgres};

use crate::server::Server;

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// What the nodes of a site share.
pub(crate) struct Surroundings {
    folder: TempDir,
    postgres: Option<Postgres>,
}

impl Surroundings {
    /// Starts what this kind needs. Commits wait for the disk, as in production.
    pub(crate) fn of(kind: Kind) -> Result<Self, Box<dyn Error>> {
        let postgres = (kind == Kind::Postgres).then(|| Postgres::start(Durability::Full));
        Ok(Self { folder: tempfile::tempdir()?, postgres })
    }

    /// Starts a node.
    pub(crate) async fn serve(&self) -> Result<Server, Box<dyn Error>> {
        let variables = self.variables();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
        Ok(Server::site_with(self.folder.path(), &variables).await?.0)
    }

    /// What a program of the site is started with.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("VESTIBULE_PASSWORDS__ARGON2", "m=64,t=1,p=1".to_owned()),
            // One site, whichever port its nodes listen on: it names whom the tokens are from and for.
            ("VESTIBULE_PUBLIC_URL", "http://127.0.0.1:5000".to_owned()),
        ];
        let url = self.postgres.as_ref().map(|postgres| postgres.url("postgres"));
        variables.extend(url.map(|url| ("VESTIBULE_DATABASE_URL", url)));
        variables
    }

    /// Where such a program runs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server, where there is one.
    pub(crate) const fn postgres(&self) -> Option<&Postgres> {
        self.postgres.as_ref()
    }
}
