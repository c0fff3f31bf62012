//! Connecting and migrating.

use std::{io::ErrorKind, sync::Arc};

use sqlx::postgres::PgConnectOptions;

use crate::{
    PoolOptions, PostgresStore,
    error::{self, DbError},
    pool::{self, Pool},
    pooled,
    schema::{self, Found, SchemaState},
    target::ConnectTarget,
};

impl PostgresStore {
    /// Connects to the database at `url`, whose schema has to be the present one.
    ///
    /// # Errors
    /// [`OpenError`] where the database cannot be reached or used, or its schema is not the present one.
    pub async fn connect(url: &str, options: PoolOptions) -> Result<Self, OpenError> {
        let state = Self::schema_state(url).await?;
        usable(&ConnectTarget::parse(url)?.0, state)?;
        Self::unconnected(url, options)
    }

    /// The store at `url`, without connecting to it yet: for a site that starts although its database is
    /// down. [`Self::schema_state`] is to be asked when it is back.
    ///
    /// # Errors
    /// [`OpenError`] where the url cannot be read.
    pub fn unconnected(url: &str, options: PoolOptions) -> Result<Self, OpenError> {
        let (_, connect) = ConnectTarget::parse(url)?;
        Ok(Self { pool: Arc::new(Pool::new(connect, options)) })
    }

    /// Brings the schema of the database at `url` up to date. Gives the state that was found: of many who do
    /// so at once, one has found it behind.
    ///
    /// # Errors
    /// [`OpenError`] where the database cannot be reached or changed, belongs to another program, or has a
    /// newer schema.
    pub async fn migrate(url: &str) -> Result<SchemaState, OpenError> {
        let (target, options) = ConnectTarget::parse(url)?;
        refuse_pooled(&target, &options).await?;
        let found = async {
            let mut connection = pool::connect_patiently(&options).await?;
            schema::migrate(&mut connection).await
        };
        let state = known(&target, found.await)?;
        match state {
            SchemaState::Behind { .. } | SchemaState::UpToDate => Ok(state),
            SchemaState::Ahead { found, known } => Err(OpenError::ahead(&target, found, known)),
        }
    }

    /// How the schema of the database at `url` stands to the one that this version knows. Changes nothing.
    ///
    /// # Errors
    /// [`OpenError`] where the database cannot be reached or used, or belongs to another program.
    pub async fn schema_state(url: &str) -> Result<SchemaState, OpenError> {
        let (target, options) = ConnectTarget::parse(url)?;
        refuse_pooled(&target, &options).await?;
        let found = async {
            let mut connection = pool::connect_patiently(&options).await?;
            schema::find(&mut connection).await
        };
        known(&target, found.await)
    }
}

/// The database cannot be used.
#[derive(thiserror::Error)]
pub enum OpenError {
    /// The url cannot be read.
    #[error(
        "`database_url` is malformed; write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with % \
         codes for special characters in the password"
    )]
    Url,
    /// The url has a parameter that is not known.
    #[error("`database_url` has the unknown parameter `{name}`; correct or remove it")]
    Parameter {
        /// Its name.
        name: String,
    },
    /// The server does not answer, or gives no connection for now. All other errors stay until somebody mends
    /// what they name.
    #[error(
        "the database {target} cannot be reached: {cause}; start its server, or correct `database_url`"
    )]
    Unreachable {
        /// Which, without its password.
        target: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server does not let this user in.
    #[error(
        "the server of the database {target} does not let this user in: {cause}; correct user and password in \
         `database_url`, or the server's pg_hba.conf"
    )]
    NotLetIn {
        /// Which, without its password.
        target: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no such database.
    #[error("there is no database {target}; make one with `createdb`, or correct `database_url`")]
    Missing {
        /// Which, without its password.
        target: String,
    },
    /// The database is another program's.
    #[error(
        "the database {target} holds tables of another program; name another database in `database_url`, or \
         another schema with `?options[search_path]=NAME`"
    )]
    Foreign {
        /// Which, without its password.
        target: String,
    },
    /// Something in between gives each transaction another connection.
    #[error(
        "the database {target} is reached through a pool that gives each transaction another connection, and prepared \
         statements and notifications need one that stays; set `pool_mode = session` for it (in PgBouncer), or name \
         PostgreSQL itself in `database_url`"
    )]
    Pooled {
        /// Which, without its password.
        target: String,
    },
    /// Names in every script could not be kept.
    #[error(
        "the database {target} is encoded in {encoding}; make one that is encoded in UTF8 and name it in \
         `database_url`"
    )]
    Encoding {
        /// Which, without its password.
        target: String,
        /// Its encoding.
        encoding: String,
    },
    /// The schema is older, and was not to be changed.
    #[error(
        "the database {target} has schema version {from}, and this version needs {to}; run `vestibule migrate`"
    )]
    Behind {
        /// Which, without its password.
        target: String,
        /// The database's schema version; 0 for an empty one.
        from: u32,
        /// The one that is needed.
        to: u32,
    },
    /// The schema is newer.
    #[error(
        "the database {target} has schema version {found}, and this version knows only {known}; use the newer \
         `vestibule` that it was migrated with"
    )]
    Ahead {
        /// Which, without its password.
        target: String,
        /// The database's schema version.
        found: u32,
        /// The newest one that is known.
        known: u32,
    },
    /// PostgreSQL refuses something else.
    #[error("the database {target} cannot be used: {cause}")]
    Postgres {
        /// Which, without its password.
        target: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

vestibule_core::readable_debug!(OpenError);

impl OpenError {
    fn ahead(target: &ConnectTarget, found: u32, known: u32) -> Self {
        Self::Ahead { target: target.to_string(), found, known }
    }

    fn failed(target: &ConnectTarget, trouble: DbError) -> Self {
        let answered = match &trouble {
            DbError::Database(cause) if stays(cause, target) => Some(String::new()),
            DbError::Database(cause) => error::code(cause),
            _ => None,
        };
        let (target, cause) = (target.to_string(), Box::new(trouble));
        match answered.as_deref() {
            None => Self::Unreachable { target, cause },
            Some(code) if error::NOT_NOW.contains(&code) => Self::Unreachable { target, cause },
            Some(error::NO_DATABASE) => Self::Missing { target },
            Some(code) if error::NOT_LET_IN.contains(&code) => Self::NotLetIn { target, cause },
            Some(_) => Self::Postgres { target, cause },
        }
    }
}

async fn refuse_pooled(
    target: &ConnectTarget,
    options: &PgConnectOptions,
) -> Result<(), OpenError> {
    let kept = pooled::keeps_its_connections(options).await;
    match kept.map_err(|trouble| OpenError::failed(target, trouble))? {
        true => Ok(()),
        false => Err(OpenError::Pooled { target: target.to_string() }),
    }
}

/// Whether waiting mends nothing, although no server has said so: it offers no encryption, its certificate is not
/// the right one, or the file of the authority that vouches for it cannot be read.
fn stays(cause: &sqlx::Error, target: &ConnectTarget) -> bool {
    match cause {
        sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => true,
        sqlx::Error::Io(cause) => match cause.kind() {
            ErrorKind::InvalidData => true,
            // The socket of a server that does not run is not there either.
            ErrorKind::NotFound | ErrorKind::PermissionDenied => !target.is_socket(),
            _ => false,
        },
        _ => false,
    }
}

fn known(target: &ConnectTarget, found: Result<Found, DbError>) -> Result<SchemaState, OpenError> {
    match found.map_err(|trouble| OpenError::failed(target, trouble))? {
        Found::Ours(state) => Ok(state),
        Found::Foreign => Err(OpenError::Foreign { target: target.to_string() }),
        Found::Encoding(encoding) => {
            Err(OpenError::Encoding { target: target.to_string(), encoding })
        }
    }
}

fn usable(target: &ConnectTarget, state: SchemaState) -> Result<(), OpenError> {
    match state {
        SchemaState::UpToDate => Ok(()),
        SchemaState::Ahead { found, known } => Err(OpenError::ahead(target, found, known)),
        SchemaState::Behind { from, to } => {
            Err(OpenError::Behind { target: target.to_string(), from, to })
        }
    }
}
