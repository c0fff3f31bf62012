//! What start-up says of a good configuration.

use super::{
    addresses::{DatabaseUrl, FilesUrl},
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
        ("limits.register", settings.limits.register),
        ("limits.mail", settings.limits.mail),
        ("limits.feedback", settings.limits.feedback),
    ];
    let mut warnings = Vec::new();
    if !service_links.is_empty() {
        warnings.push(format!(
            "ignored environment variables that describe a Service and set nothing: {}; \
             `enableServiceLinks: false` in the pod's specification keeps them out",
            service_links.join(", ")
        ));
    }
    if !settings.cookies.secure {
        warnings.push(format!(
            "{} is plain http: cookies go without Secure and without the __Host- prefix",
            settings.public_url
        ));
        if !settings.listen.ip().is_loopback() {
            warnings.push(format!(
                "other machines reach {} over plain http: passwords can be read on the way",
                settings.listen
            ));
        }
    }
    if is_production && settings.mail.url.is_none() {
        warnings.push(format!(
            "mail.url is not set: mails are written below {} and reach nobody",
            settings.mail_dir().display()
        ));
    }
    let may_be_many = matches!(settings.database_url, DatabaseUrl::Postgres(_));
    if is_production && may_be_many && matches!(settings.files.url, FilesUrl::Folder(_)) {
        warnings.push(
            "files.url is a folder: other nodes find its files only where they share it".to_owned(),
        );
    }
    if is_production && settings.tls == Tls::SelfSigned {
        warnings.push("tls.self_signed is on: no browser trusts the certificate".to_owned());
    }
    if is_production {
        let off = limits.iter().filter(|(_, rate)| *rate == Rate::Off);
        warnings.extend(off.map(|(key, _)| format!("{key} is off: guessing is not slowed down")));
    }
    if settings.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        warnings.push(
            "trusted_proxies holds every address: anybody can claim to come from anywhere"
                .to_owned(),
        );
    }
    let weak = settings.weak_secrets();
    warnings.extend(weak.map(|(key, weakness)| format!("{key} {weakness}: production refuses it")));
    if settings.secret_key.is_some() && settings.secret_key == settings.jwt_secret_key {
        warnings.push(
            "jwt_secret_key is the same as secret_key: who verifies tokens could forge everything else"
                .to_owned(),
        );
    }
    warnings
}
