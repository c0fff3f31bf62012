//! The catalogue: every key there is, so that a misspelt one is noticed instead of ignored.

/// What a configuration key takes, and how carefully it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// The dotted name, as written in the reference and in TOML (`tokens.access_ttl`).
    pub(crate) name: &'static str,
    /// What a value looks like in TOML and in the environment.
    pub(crate) shape: Shape,
    /// What may be printed of the value.
    pub(crate) secrecy: Secrecy,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text. A TOML number is refused, because it would lose leading zeros.
    Text,
    /// A whole number, bare or quoted.
    Number,
    /// A switch.
    Switch,
    /// An array of texts in TOML, comma-separated elsewhere.
    List,
}

/// What may be printed of a value, in listings and in messages alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    /// All of it.
    Open,
    /// A URL: all but the credentials in it.
    Url,
    /// Nothing.
    Secret,
}

/// Every key, in the order of the reference.
pub(crate) const KEYS: &[Key] = &[
    text("profile"),
    text("site_name"),
    text("public_url"),
    text("listen"),
    text("data_dir"),
    secret("secret_key"),
    secret("secret_key_previous"),
    secret("jwt_secret_key"),
    url("database_url"),
    url("redis_url"),
    text("tls.cert"),
    text("tls.key"),
    switch("tls.self_signed"),
    list("trusted_proxies"),
    text("tokens.access_ttl"),
    text("tokens.refresh_ttl"),
    text("tokens.unremembered_ttl"),
    text("tokens.session_max"),
    text("tokens.grace"),
    text("tokens.fresh_for"),
    text("tokens.algorithm"),
    text("tokens.issuer"),
    text("tokens.audience"),
    text("tokens.leeway"),
    switch("tokens.flask_names"),
    text("cookies.access"),
    text("cookies.refresh"),
    text("cookies.csrf"),
    text("cookies.same_site"),
    text("cookies.refresh_path"),
    list("cors.origins"),
    number("passwords.min_length"),
    text("passwords.argon2"),
    number("passwords.parallel"),
    number("passwords.queue"),
    text("limits.account"),
    text("limits.address"),
    text("limits.network"),
    text("limits.register"),
    number("limits.sessions"),
    text("limits.mail"),
    text("limits.feedback"),
    text("accounts.registration"),
    text("accounts.verified_email"),
    text("audit.keep"),
    url("mail.url"),
    text("mail.from"),
    text("mail.templates"),
    text("feedback.to"),
    url("files.url"),
    number("files.max_size"),
    number("files.quota"),
    text("pages.app_dir"),
    text("pages.app_path"),
    switch("pages.openapi"),
    text("pages.templates"),
    text("pages.texts"),
    text("pages.language"),
    text("metrics.listen"),
    text("feed.bound"),
    switch("feed.strict"),
];

/// Environment names that other programs have made usual, and the key each one sets. `SERVICE_PORT`
/// is not among them: it sets only a part of `listen`.
pub(crate) const PLAIN_NAMES: &[(&str, &str)] = &[
    ("SECRET_KEY", "secret_key"),
    ("SECRET_KEY_PREVIOUS", "secret_key_previous"),
    ("JWT_SECRET_KEY", "jwt_secret_key"),
    ("DATABASE_URL", "database_url"),
    ("REDIS_URL", "redis_url"),
];

/// The usual name for the port of `listen`.
pub(crate) const SERVICE_PORT: &str = "SERVICE_PORT";

/// What every environment name of ours begins with.
pub(crate) const ENVIRONMENT_PREFIX: &str = "VESTIBULE_";

impl Key {
    /// The key's name in the environment: `tokens.access_ttl` is `VESTIBULE_TOKENS__ACCESS_TTL`.
    pub(crate) fn environment_name(&self) -> String {
        let upper = self.name.to_ascii_uppercase().replace('.', "__");
        format!("{ENVIRONMENT_PREFIX}{upper}")
    }
}

/// The key of this name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Whether keys begin with this section name (`tokens`).
pub(crate) fn is_section(name: &str) -> bool {
    KEYS.iter().filter_map(|key| key.name.strip_prefix(name)).any(|rest| rest.starts_with('.'))
}

/// The key that was most likely meant by an unknown name, if any is near.
pub(crate) fn nearest(name: &str) -> Option<&'static Key> {
    let typed = name.to_ascii_lowercase().replace('-', "_");
    let whole = |key: &Key| strsim::jaro_winkler(key.name, &typed);
    // `access_ttl` outside its section is nearer to `tokens.access_ttl` than its letters say.
    let leaf = |key: &Key| match key.name.rsplit_once('.') {
        Some((_, leaf)) => strsim::jaro_winkler(leaf, last_part(&typed)) * 0.96,
        None => strsim::jaro_winkler(key.name, last_part(&typed)) * 0.96,
    };
    KEYS.iter()
        .map(|key| (whole(key).max(leaf(key)), whole(key), key))
        .filter(|(score, _, _)| *score >= 0.82)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .map(|(_, _, key)| key)
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, leaf)| leaf)
}

const fn text(name: &'static str) -> Key {
    Key { name, shape: Shape::Text, secrecy: Secrecy::Open }
}

const fn url(name: &'static str) -> Key {
    Key { name, shape: Shape::Text, secrecy: Secrecy::Url }
}

const fn secret(name: &'static str) -> Key {
    Key { name, shape: Shape::Text, secrecy: Secrecy::Secret }
}

const fn switch(name: &'static str) -> Key {
    Key { name, shape: Shape::Switch, secrecy: Secrecy::Open }
}

const fn list(name: &'static str) -> Key {
    Key { name, shape: Shape::List, secrecy: Secrecy::Open }
}

const fn number(name: &'static str) -> Key {
    Key { name, shape: Shape::Number, secrecy: Secrecy::Open }
}
