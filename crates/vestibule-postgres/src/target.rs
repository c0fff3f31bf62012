//! Where the database is.

use std::{fmt, str::FromStr};

use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};

use crate::open::OpenError;

/// The parameters that a url may have. One that is misspelt would be passed over in silence, and with it,
/// for example, the demand for a verified certificate.
const PARAMETERS: [&str; 19] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "options[search_path]",
];

/// What is said of a database in messages: never its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectTarget {
    database: String,
    host: String,
    port: u16,
}

impl ConnectTarget {
    /// Reads a url.
    pub(crate) fn parse(url: &str) -> Result<(Self, PgConnectOptions), OpenError> {
        if let Some((_, parameters)) = url.split_once('?') {
            for (name, _) in form_urlencoded::parse(parameters.as_bytes()) {
                if !PARAMETERS.contains(&&*name) {
                    return Err(OpenError::Parameter { name: name.into_owned() });
                }
            }
        }
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(OpenError::Url);
        }
        // What the parser says may repeat a part of the url.
        let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("vestibule"),
        };
        // Statements are many and always the same.
        let options = options.disable_statement_logging();
        // No column is a fraction, and PgBouncer refuses start-up parameters that it does not know.
        let options = options.extra_float_digits(None);
        let database = options.get_database().unwrap_or(options.get_username()).to_owned();
        let host = match options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => options.get_host().to_owned(),
        };
        let port = options.get_port();
        Ok((Self { database, host, port }, options))
    }

    /// Whether it is reached through a file.
    pub(crate) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl fmt::Display for ConnectTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}:{}", self.database, self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_without_its_password() {
        for (url, expected) in [
            ("postgres://ann:tangerine@db.example.org/hall", "hall on db.example.org:5432"),
            (
                "postgresql://ann:tangerine@[::1]:6000/hall?sslmode=verify-full",
                "hall on [::1]:6000",
            ),
            (
                "postgres://db/ignored?dbname=hall&user=ann&password=tangerine&options[search_path]=v",
                "hall on db:5432",
            ),
            ("postgres://%2Frun%2Fpostgresql/hall", "hall on /run/postgresql:5432"),
        ] {
            let (target, _) = ConnectTarget::parse(url).unwrap();
            assert_eq!(target.to_string(), expected);
        }
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        for url in [
            "",
            "tangerine",
            "mysql://ann:tangerine@db/hall",
            "postgres://ann:tangerine@db:99999/hall",
            "postgres://ann:tangerine@db/hall?sslmode=tangerine",
            "postgres://ann:tangerine@db/hall?port=tangerine",
        ] {
            let refused = ConnectTarget::parse(url).unwrap_err();
            let said = format!("{refused} {refused:?}");
            assert!(!said.contains("tangerine"), "{said}");
            assert!(said.contains("database_url"), "{said}");
        }
    }

    #[test]
    fn a_parameter_that_is_misspelt_is_named_and_its_value_is_not() {
        let refused = ConnectTarget::parse("postgres://db/hall?sslmode=require&pasword=tangerine")
            .unwrap_err();
        let said = refused.to_string();
        assert!(said.contains("`pasword`") && !said.contains("tangerine"), "{said}");
    }
}
