//! What start-up says of a good configuration.

use super::{
    addresses::{DatabaseUrl, FilesUrl, ServiceUrl},
    settings::{Profile, Settings, Tls},
    values::Rate,
};

/// A sentence for each thing that is easily overlooked. `service_links` are variables that were ignored because they
/// describe a Service of Kubernetes.
pub(crate) fn warnings(settings: &Settings, service_links: &[String]) -> Vec<String> {
    let is_production = settings.profile == Profile::Production;
    let limits = [
        ("limits.account", settings.limits.account),
        ("limits.address", settings.limits.address),
        ("limits.network", settings.limits.network),
        ("limits.register", settings.limits.register),
        ("limits.mail", settings.limits.mail),
        ("limits.feedback", settings.limits.feedback),
    ];
    let mut warnings = Vec::new();
    if !service_links.is_empty() {
        warnings.push(format!(
            "ignored environment variables that describe a Kubernetes Service: {}; set \
             `enableServiceLinks: false` in the pod's specification to avoid them",
            service_links.join(", ")
        ));
    }
    if !settings.cookies.secure {
        warnings.push(format!(
            "{} is plain http: cookies have neither Secure nor the __Host- prefix",
            settings.public_url
        ));
        if !settings.listen.ip().is_loopback() {
            warnings.push(format!(
                "other machines reach {} over plain http: passwords can be read in transit",
                settings.listen
            ));
        }
    }
    if is_production && settings.mail.url.is_none() {
        warnings.push(format!(
            "mail.url is not set: mails are written to {} and are not delivered",
            settings.mail_dir().display()
        ));
    }
    let may_be_many = matches!(settings.database_url, DatabaseUrl::Postgres(_));
    if is_production && may_be_many && matches!(settings.files.url, FilesUrl::Folder(_)) {
        warnings.push(
            "files.url is a directory: other nodes find its files only if they share it".to_owned(),
        );
    }
    if is_production && settings.tls == Tls::SelfSigned {
        warnings.push("tls.self_signed is on: browsers do not trust the certificate".to_owned());
    }
    if is_production {
        let off = limits.iter().filter(|(_, rate)| *rate == Rate::Off);
        warnings.extend(off.map(|(key, _)| format!("{key} is off: guessing is not limited")));
    }
    if settings.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        warnings.push(
            "trusted_proxies contains every address: any client can claim any address".to_owned(),
        );
    }
    if settings.profile != Profile::Development {
        warnings.extend(in_the_clear(settings));
    }
    let weak = settings.weak_secrets();
    warnings.extend(weak.map(|(key, weakness)| format!("{key} {weakness}: production refuses it")));
    if settings.shares_its_secret() {
        warnings.push(
            "jwt_secret_key is the same as secret_key: a program that verifies access tokens could forge \
             everything else. Give jwt_secret_key its own value; production refuses this one"
                .to_owned(),
        );
    }
    warnings
}

/// Services on other machines that are reached without TLS.
fn in_the_clear(settings: &Settings) -> impl Iterator<Item = String> {
    let database = match &settings.database_url {
        DatabaseUrl::Postgres(url) if url.is_remote() && !requires_tls(url) => Some(format!(
            "database_url does not require TLS to {}: accounts and sessions can be read in transit. Add \
             sslmode=verify-full to it (with sslrootcert=… for a private authority), or at least \
             sslmode=require",
            url.host()
        )),
        DatabaseUrl::Postgres(_) | DatabaseUrl::Sqlite(_) => None,
    };
    let redis =
        settings.redis_url.as_ref().filter(|url| url.is_remote() && url.scheme() == "redis");
    let redis = redis.map(|url| {
        format!(
            "redis_url sends its password to {} unencrypted. Write rediss:// for TLS",
            url.host()
        )
    });
    let files = match &settings.files.url {
        FilesUrl::S3(url) => url.endpoint_in_the_clear(),
        FilesUrl::Folder(_) => None,
    };
    let files = files.map(|endpoint| {
        format!("files.url reaches {endpoint} unencrypted. Write endpoint=https://… for TLS")
    });
    [database, redis, files].into_iter().flatten()
}

/// Whether PostgreSQL's own notation demands TLS; what it leaves to chance does not count.
fn requires_tls(url: &ServiceUrl) -> bool {
    url.option("sslmode")
        .or_else(|| url.option("ssl-mode"))
        .is_some_and(|mode| matches!(mode.as_str(), "require" | "verify-ca" | "verify-full"))
}
