//! Connecting and migrating.

use std::{io::ErrorKind, sync::Arc};

use sqlx::postgres::PgConnectOptions;

use crate::{
    PoolOptions, PostgresStore,
    error::{self, Trouble},
    place::Place,
    pool::{self, Pool},
    pooled,
    schema::{self, Found, SchemaState},
};

impl PostgresStore {
    /// Connects to the database at `url`, whose schema has to be the present one.
    ///
    /// # Errors
    /// [`OpenError`] where the database cannot be reached or used, or its schema is not the present one.
    pub async fn connect(url: &str, options: PoolOptions) -> Result<Self, OpenError> {
        let state = Self::schema_state(url).await?;
        usable(&Place::parse(url)?.0, state)?;
        Self::unconnected(url, options)
    }

    /// The store at `url`, without connecting to it yet: for a site that starts although its database is
    /// down. [`Self::schema_state`] is to be asked when it is back.
    ///
    /// # Errors
    /// [`OpenError`] where the url cannot be read.
    pub fn unconnected(url: &str, options: PoolOptions) -> Result<Self, OpenError> {
        let (_, connect) = Place::parse(url)?;
        Ok(Self { pool: Arc::new(Pool::new(connect, options)) })
    }

    /// Brings the schema of the database at `url` up to date. Gives the state that was found: of many who do
    /// so at once, one has found it behind.
    ///
    /// # Errors
    /// [`OpenError`] where the database cannot be reached or changed, belongs to another program, or has a
    /// newer schema.
    pub async fn migrate(url: &str) -> Result<SchemaState, OpenError> {
        let (place, options) = Place::parse(url)?;
        refuse_pooled(&place, &options).await?;
        let found = async {
            let mut connection = pool::connect_patiently(&options).await?;
            schema::migrate(&mut connection).await
        };
        let state = known(&place, found.await)?;
        match state {
            SchemaState::Behind { .. } | SchemaState::UpToDate => Ok(state),
            SchemaState::Ahead { found, known } => Err(OpenError::ahead(&place, found, known)),
        }
    }

    /// How the schema of the database at `url` stands to the one that this version knows. Changes nothing.
    ///
    /// # Errors
    /// [`OpenError`] where the database cannot be reached or used, or belongs to another program.
    pub async fn schema_state(url: &str) -> Result<SchemaState, OpenError> {
        let (place, options) = Place::parse(url)?;
        refuse_pooled(&place, &options).await?;
        let found = async {
            let mut connection = pool::connect_patiently(&options).await?;
            schema::find(&mut connection).await
        };
        known(&place, found.await)
    }
}

/// The database cannot be used.
#[derive(thiserror::Error)]
pub enum OpenError {
    /// The url cannot be read.
    #[error(
        "`database_url` cannot be read; write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with % codes for \
         special characters in the password"
    )]
    Url,
    /// The url has a parameter that is not known.
    #[error("`database_url` has the parameter `{name}`, which is not known; correct or remove it")]
    Parameter {
        /// Its name.
        name: String,
    },
    /// The server does not answer, or gives no connection for now. All other errors stay until somebody mends
    /// what they name.
    #[error(
        "the database {place} cannot be reached: {cause}; start its server, or correct `database_url`"
    )]
    Unreachable {
        /// Which, without its password.
        place: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server does not let this user in.
    #[error(
        "the server of the database {place} does not let this user in: {cause}; correct user and password in \
         `database_url`, or the server's pg_hba.conf"
    )]
    NotLetIn {
        /// Which, without its password.
        place: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no such database.
    #[error("there is no database {place}; make one with `createdb`, or correct `database_url`")]
    Missing {
        /// Which, without its password.
        place: String,
    },
    /// The database is another program's.
    #[error(
        "the database {place} holds tables of another program; name another database in `database_url`, or \
         another schema with `?options[search_path]=NAME`"
    )]
    Foreign {
        /// Which, without its password.
        place: String,
    },
    /// Something in between gives each transaction another connection.
    #[error(
        "the database {place} is reached through a pool that gives each transaction another connection, and prepared \
         statements and notifications need one that stays; set `pool_mode = session` for it (in PgBouncer), or name \
         PostgreSQL itself in `database_url`"
    )]
    Pooled {
        /// Which, without its password.
        place: String,
    },
    /// Names in every script could not be kept.
    #[error(
        "the database {place} is encoded in {encoding}; make one that is encoded in UTF8 and name it in \
         `database_url`"
    )]
    Encoding {
        /// Which, without its password.
        place: String,
        /// Its encoding.
        encoding: String,
    },
    /// The schema is older, and was not to be changed.
    #[error(
        "the database {place} has schema version {from}, and this version needs {to}; run `vestibule migrate`"
    )]
    Behind {
        /// Which, without its password.
        place: String,
        /// The database's schema version; 0 for an empty one.
        from: u32,
        /// The one that is needed.
        to: u32,
    },
    /// The schema is newer.
    #[error(
        "the database {place} has schema version {found}, and this version knows only {known}; use the newer \
         `vestibule` that it was migrated with"
    )]
    Ahead {
        /// Which, without its password.
        place: String,
        /// The database's schema version.
        found: u32,
        /// The newest one that is known.
        known: u32,
    },
    /// PostgreSQL refuses something else.
    #[error("the database {place} cannot be used: {cause}")]
    Postgres {
        /// Which, without its password.
        place: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

vestibule_core::readable_debug!(OpenError);

impl OpenError {
    fn ahead(place: &Place, found: u32, known: u32) -> Self {
        Self::Ahead { place: place.to_string(), found, known }
    }

    fn failed(place: &Place, trouble: Trouble) -> Self {
        let answered = match &trouble {
            Trouble::Database(cause) if stays(cause, place) => Some(String::new()),
            Trouble::Database(cause) => error::code(cause),
            _ => None,
        };
        let (place, cause) = (place.to_string(), Box::new(trouble));
        match answered.as_deref() {
            None => Self::Unreachable { place, cause },
            Some(code) if error::NOT_NOW.contains(&code) => Self::Unreachable { place, cause },
            Some(error::NO_DATABASE) => Self::Missing { place },
            Some(code) if error::NOT_LET_IN.contains(&code) => Self::NotLetIn { place, cause },
            Some(_) => Self::Postgres { place, cause },
        }
    }
}

async fn refuse_pooled(place: &Place, options: &PgConnectOptions) -> Result<(), OpenError> {
    let kept = pooled::keeps_its_connections(options).await;
    match kept.map_err(|trouble| OpenError::failed(place, trouble))? {
        true => Ok(()),
        false => Err(OpenError::Pooled { place: place.to_string() }),
    }
}

/// Whether waiting mends nothing, although no server has said so: it offers no encryption, its certificate is not
/// the right one, or the file of the authority that vouches for it cannot be read.
fn stays(cause: &sqlx::Error, place: &Place) -> bool {
    match cause {
        sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => true,
        sqlx::Error::Io(cause) => match cause.kind() {
            ErrorKind::InvalidData => true,
            // The socket of a server that does not run is not there either.
            ErrorKind::NotFound | ErrorKind::PermissionDenied => !place.is_socket(),
            _ => false,
        },
        _ => false,
    }
}

fn known(place: &Place, found: Result<Found, Trouble>) -> Result<SchemaState, OpenError> {
    match found.map_err(|trouble| OpenError::failed(place, trouble))? {
        Found::Ours(state) => Ok(state),
        Found::Foreign => Err(OpenError::Foreign { place: place.to_string() }),
        Found::Encoding(encoding) => {
            Err(OpenError::Encoding { place: place.to_string(), encoding })
        }
    }
}

fn usable(place: &Place, state: SchemaState) -> Result<(), OpenError> {
    match state {
        SchemaState::UpToDate => Ok(()),
        SchemaState::Ahead { found, known } => Err(OpenError::ahead(place, found, known)),
        SchemaState::Behind { from, to } => {
            Err(OpenError::Behind { place: place.to_string(), from, to })
        }
    }
}
