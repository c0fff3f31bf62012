//! Addresses of the site and of what it talks to. None of them prints a password.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use ipnet::IpNet;
use url::{Host, Url};
use vestibule::core::csrf::Origin as CallingOrigin;

use super::problem::ValueError;

/// What stands for a part that is not shown.
pub(crate) const MASK: &str = "********";

/// A web origin (RFC 6454): scheme, host, and port where it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(Url);

/// Where users and sessions are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DatabaseUrl {
    /// A file. `sqlite://data/site.db` is relative to the working directory, `sqlite:///srv/site.db` absolute.
    Sqlite(PathBuf),
    /// A server that speaks PostgreSQL's protocol.
    Postgres(ServiceUrl),
}

/// Where uploaded files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilesUrl {
    /// A folder, relative to the working directory or absolute, as for [`DatabaseUrl::Sqlite`].
    Folder(PathBuf),
    /// A bucket of an object store: `s3://bucket?region=…&endpoint=…`.
    S3(ServiceUrl),
}

/// The URL of a service, perhaps with credentials, which are never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServiceUrl(Url);

impl Origin {
    /// The origin of a listener without a name: what a browser on this machine types.
    pub(crate) fn of_listener(listen: SocketAddr, https: bool) -> Option<Self> {
        let scheme = if https { "https" } else { "http" };
        let text = if listen.ip().is_unspecified() {
            format!("{scheme}://localhost:{}", listen.port())
        } else {
            format!("{scheme}://{listen}")
        };
        Url::parse(&text).ok().map(Self)
    }

    /// Whether browsers reach it over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host's name or address, an IPv6 one in brackets.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether it names this machine itself.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl FromStr for Origin {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hint = "write scheme and host, with the port if it is not the default one: https://maps.example.org";
        let not_an_origin = |wrong: &str| ValueError::new(wrong, hint);
        if text == "*" {
            return Err(not_an_origin("would let every site call the API"));
        }
        let url = Url::parse(text).map_err(|_| not_an_origin("is not an origin"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(not_an_origin("is not a web origin"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(not_an_origin("contains credentials"));
        }
        // The parser reads a missing path as `/`.
        if url.path() != "/" {
            return Err(not_an_origin("has a path, but the site needs an origin of its own"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(not_an_origin("has a query or fragment"));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Origin {
    /// As browsers send it in `Origin`: no path, not even `/`, and no usual port.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.origin().ascii_serialization())
    }
}

impl FromStr for DatabaseUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hint = "write sqlite://data/vestibule.db for a file, or postgres://user:password@host/database";
        if let Some(path) = text.strip_prefix("sqlite:") {
            return file_path(path, hint).map(Self::Sqlite);
        }
        let (scheme, _) =
            text.split_once(':').ok_or_else(|| ValueError::new("is not a database URL", hint))?;
        match scheme {
            "postgres" | "postgresql" => service(text, hint).map(Self::Postgres),
            // Written for another framework, which names its driver.
            _ if scheme.starts_with("postgresql+") || scheme.starts_with("postgres+") => {
                Err(ValueError::new(
                    "names the driver of another framework",
                    "start it with postgres:// and keep the rest",
                ))
            }
            _ => Err(ValueError::new("is not a supported database", hint)),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(out, "sqlite://{}", path.display()),
            Self::Postgres(url) => url.fmt(out),
        }
    }
}

impl FromStr for FilesUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hint = "write file://data/files for a directory, or s3://bucket?region=…&endpoint=…";
        if let Some(path) = text.strip_prefix("file:") {
            return file_path(path, hint).map(Self::Folder);
        }
        if text.starts_with("s3:") {
            return service(text, hint).map(Self::S3);
        }
        Err(ValueError::new("is not a storage URL", hint))
    }
}

impl fmt::Display for FilesUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(out, "file://{}", path.display()),
            Self::S3(url) => url.fmt(out),
        }
    }
}

impl ServiceUrl {
    /// The whole URL, for whoever connects to the service.
    pub(crate) const fn url(&self) -> &Url {
        &self.0
    }

    /// Reads a `redis://` or `rediss://` URL.
    pub(crate) fn redis(text: &str) -> Result<Self, ValueError> {
        let hint = "write redis://host:6379, or rediss://… for TLS";
        match text.split_once("://") {
            Some(("redis" | "rediss", _)) => service(text, hint),
            _ => Err(ValueError::new("is not a Redis URL", hint)),
        }
    }

    /// Its parts.
    pub(crate) fn parts(&self) -> &Url {
        &self.0
    }

    /// Reads a `smtp://` or `smtps://` URL.
    pub(crate) fn mail(text: &str) -> Result<Self, ValueError> {
        let hint = "write smtp://user:password@host:587, or smtps://… for TLS from the first byte";
        match text.split_once("://") {
            Some(("smtp" | "smtps", _)) => service(text, hint),
            _ => Err(ValueError::new("is not a mail server URL", hint)),
        }
    }
}

impl ServiceUrl {
    /// Its scheme, in lower case.
    pub(crate) fn scheme(&self) -> &str {
        self.0.scheme()
    }

    /// The host's name or address.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The value of a parameter of its query.
    pub(crate) fn option(&self, name: &str) -> Option<String> {
        let mut pairs = self.0.query_pairs();
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// Whether what is said to the service leaves this machine: it is neither a loopback address nor a socket in the
    /// file system.
    pub(crate) fn is_remote(&self) -> bool {
        let is_socket = self.host().to_ascii_lowercase().starts_with("%2f")
            || self.option("host").is_some_and(|host| host.starts_with('/'));
        !is_socket && !is_loopback(&self.0)
    }

    /// The `endpoint` of an object store on another machine, where it speaks plain http.
    pub(crate) fn endpoint_in_the_clear(&self) -> Option<String> {
        let endpoint = Url::parse(&self.option("endpoint")?).ok()?;
        let is_clear = endpoint.scheme() == "http" && !is_loopback(&endpoint);
        is_clear.then(|| endpoint.origin().ascii_serialization())
    }

    /// All of it, for whoever connects there.
    pub(crate) fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ServiceUrl {
    /// The URL with its password, and whatever in the query looks like one, masked.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        if shown.password().is_some() && shown.set_password(Some(MASK)).is_err() {
            return out.write_str(MASK);
        }
        if shown.query().is_some() {
            let pairs: Vec<_> = shown
                .query_pairs()
                .map(|(name, value)| {
                    let shown = if is_credential(&name) { MASK.into() } else { value };
                    (name.into_owned(), shown.into_owned())
                })
                .collect();
            shown.query_pairs_mut().clear().extend_pairs(pairs);
        }
        out.write_str(shown.as_str())
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ServiceUrl({self})")
    }
}

/// Reads an origin that may call the API with a header token: one of the web, or of an app in a web view.
pub(crate) fn calling_origin(text: &str) -> Result<CallingOrigin, ValueError> {
    let fix = "write scheme and host, with the port if it is not the default one: https://maps.example.org, or \
         capacitor://localhost for an app";
    let of_the_web = text == "*" || ["http:", "https:"].iter().any(|web| text.starts_with(web));
    let written = if of_the_web { text.parse::<Origin>()?.to_string() } else { text.to_owned() };
    CallingOrigin::parse_any_scheme(&written)
        .ok_or_else(|| ValueError::new("is not an origin", fix))
}

/// Reads an address (`10.0.0.5`) or a network (`10.0.0.0/8`).
pub(crate) fn network(text: &str) -> Result<IpNet, ValueError> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map(|network| network.trunc())
        .map_err(|_| {
            ValueError::new(
                "is not an address or network",
                "write 10.0.0.5, or 10.0.0.0/8 for a whole network",
            )
        })
}

/// Reads where to listen: an address with a port.
pub(crate) fn listener(text: &str) -> Result<SocketAddr, ValueError> {
    text.parse().map_err(|_| {
        ValueError::new(
            "is not an address with a port",
            "write 127.0.0.1:5000 for this machine only, 0.0.0.0:5000 or [::]:5000 for all interfaces",
        )
    })
}

/// Whether the host is this machine itself.
fn is_loopback(url: &Url) -> bool {
    // Of a scheme that the URL standard does not know, an address is read as a name.
    let text = url.host_str().unwrap_or_default();
    let address = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match (address, url.host()) {
        (Ok(address), _) => address.is_loopback(),
        (Err(_), Some(Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        (Err(_), _) => false,
    }
}

fn service(text: &str, hint: &str) -> Result<ServiceUrl, ValueError> {
    let url = Url::parse(text).map_err(|error| {
        let wrong = format!("is not a valid URL ({error})");
        ValueError::new(
            wrong,
            format!("{hint}; percent-encode characters such as @ or / in a password"),
        )
    })?;
    match url.host_str() {
        Some(host) if !host.is_empty() => Ok(ServiceUrl(url)),
        _ => Err(ValueError::new("has no host", hint)),
    }
}

fn file_path(after_scheme: &str, hint: &str) -> Result<PathBuf, ValueError> {
    let path = after_scheme.strip_prefix("//").unwrap_or(after_scheme);
    if path.contains(":memory:") {
        return Err(ValueError::new(
            "would lose all accounts when the server stops",
            "name a file, such as sqlite://data/vestibule.db",
        ));
    }
    if path.contains(['?', '#']) {
        return Err(ValueError::new("has options, but a file path takes none", hint));
    }
    if path.trim_matches('/').is_empty() {
        return Err(ValueError::new("has no file path", hint));
    }
    Ok(PathBuf::from(path))
}

fn is_credential(parameter: &str) -> bool {
    let parameter = parameter.to_ascii_lowercase();
    ["password", "passwd", "secret", "token", "key"].iter().any(|word| parameter.contains(word))
}
