//! What must hold between settings, each of which is well written on its own.

use std::{fs, path::Path, time::Duration};

use super::{
    problem::Problem,
    reader::Reader,
    settings::{Algorithm, Profile, Settings, Tls},
    sources::Source,
    values::{Argon2Cost, Period},
};

const DAY: Duration = Duration::from_secs(86_400);
/// Browsers forget a cookie after this time, whatever its lifetime (RFC 6265bis section 5.5).
const LONGEST_COOKIE: Duration = Duration::from_secs(400 * 86_400);

/// Least costs of a password hash, memory in KiB and passes, each as good as the others
/// (OWASP Password Storage Cheat Sheet).
const ARGON2_LEAST: &[(u32, u32)] =
    &[(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// Adds every problem to the reader's.
pub(crate) fn check(settings: &Settings, reader: &mut Reader, working_dir: &Path) {
    let mut checker = Checker { settings, reader };
    // Without a profile nobody knows what may be asked.
    if !checker.reader.broken.contains("profile") {
        match settings.profile {
            Profile::Development => {}
            Profile::DevProdDb => checker.production_database(),
            Profile::Production => checker.production(),
        }
    }
    checker.origins();
    checker.certificate(working_dir);
    checker.app(working_dir);
    checker.lifetimes();
    checker.algorithm();
    checker.cookies();
    checker.argon2();
    checker.files();
}

struct Checker<'c> {
    settings: &'c Settings,
    reader: &'c mut Reader,
}

impl Checker<'_> {
    fn production_database(&mut self) {
        if !self.reader.is_given("database_url") {
            self.report(
                &["database_url"],
                "The profile dev-prod-db uses the production database, but none is set.",
                "Set database_url (or DATABASE_URL).",
            );
        }
    }

    fn production(&mut self) {
        let settings = self.settings;
        if settings.secret_key.is_none() {
            self.report(
                &["secret_key"],
                "The secret is missing. In production none is generated.",
                "Set SECRET_KEY to a random value, such as the output of `openssl rand -base64 48`.",
            );
        }
        for (key, weakness) in settings.weak_secrets() {
            self.report(
                &[key],
                &format!("The secret {weakness}."),
                "Use a random value, such as the output of `openssl rand -base64 48`.",
            );
        }
        if settings.shares_its_secret() {
            self.report(
                &["jwt_secret_key", "secret_key"],
                "It is the same as secret_key: a program that verifies access tokens could forge everything else.",
                "Give JWT_SECRET_KEY its own value, such as the output of `openssl rand -base64 48`.",
            );
        }
        if !settings.public_url_given {
            self.report(
                &["public_url"],
                "The public address is missing. In production, links and CSRF protection depend on it.",
                "Set public_url to the origin that browsers use, such as https://maps.example.org.",
            );
        } else if !settings.public_url.is_https() {
            self.report(
                &["public_url"],
                "In production the site must use https.",
                "Start the origin with https://.",
            );
        }
        if settings.tls == Tls::Off && settings.trusted_proxies.is_empty() {
            self.report(
                &["trusted_proxies", "tls.cert", "tls.key", "tls.self_signed"],
                "Neither a certificate nor a proxy provides https.",
                "Set tls.cert and tls.key, or trusted_proxies to the address of the proxy in front.",
            );
        }
        if settings.pages.app_dir.is_some() {
            self.report(
                &["pages.app_dir"],
                "pages.app_dir works in development only.",
                "Remove pages.app_dir, and make the app part of the deployment.",
            );
        }
        let Argon2Cost { memory_kib, passes, .. } = settings.passwords.argon2;
        let is_enough = |least: &(u32, u32)| memory_kib >= least.0 && passes >= least.1;
        if !ARGON2_LEAST.iter().any(is_enough) {
            self.report(
                &["passwords.argon2"],
                "The cost is too low for real passwords.",
                "Write m=19456,t=2,p=1 or higher.",
            );
        }
    }

    fn origins(&mut self) {
        let settings = self.settings;
        if settings.tls != Tls::Off && !settings.public_url.is_https() {
            self.report(
                &["public_url", "tls.cert", "tls.key", "tls.self_signed"],
                "The site is served over https, but its public address starts with http.",
                "Start the origin with https://, or remove tls.*.",
            );
        }
        if settings.metrics.listen == Some(settings.listen) && settings.listen.port() != 0 {
            self.report(
                &["metrics.listen", "listen"],
                "The site itself listens on this address.",
                "Give the metrics their own port.",
            );
        }
    }

    fn certificate(&mut self, working_dir: &Path) {
        let Tls::Files { cert, key } = &self.settings.tls else {
            return;
        };
        let files = [
            ("tls.cert", cert, "CERTIFICATE-----", "certificate"),
            ("tls.key", key, "PRIVATE KEY-----", "private key"),
        ];
        for (name, path, marker, what) in files {
            let hint = format!("Set it to a PEM file with the {what} that this user can read.");
            match fs::read(working_dir.join(path)) {
                Err(error) => {
                    let wrong = format!("Cannot read {}: {error}.", path.display());
                    self.report(&[name], &wrong, &hint);
                }
                Ok(bytes) if !String::from_utf8_lossy(&bytes).contains(marker) => {
                    let wrong = format!("{} contains no {what} in PEM format.", path.display());
                    self.report(&[name], &wrong, &hint);
                }
                Ok(_) => {}
            }
        }
    }

    fn app(&mut self, working_dir: &Path) {
        let Some(folder) = &self.settings.pages.app_dir else {
            return;
        };
        if self.settings.profile == Profile::Production {
            return; // It is refused there, whatever is in it.
        }
        if !working_dir.join(folder).join("index.html").is_file() {
            let wrong = format!("{} contains no index.html.", folder.display());
            self.report(
                &["pages.app_dir"],
                &wrong,
                "Set it to the directory that the app's build writes to.",
            );
        }
    }

    fn lifetimes(&mut self) {
        let tokens = &self.settings.tokens;
        let second = Duration::from_secs(1);
        let none = Duration::ZERO;
        self.within("tokens.access_ttl", tokens.access_ttl, (second, DAY));
        self.within("tokens.refresh_ttl", tokens.refresh_ttl, (second, LONGEST_COOKIE));
        self.within("tokens.unremembered_ttl", tokens.unremembered_ttl, (second, LONGEST_COOKIE));
        self.within("tokens.fresh_for", tokens.fresh_for, (second, DAY));
        self.within("tokens.grace", tokens.grace, (none, Duration::from_secs(300)));
        let feed = self.settings.feed.bound;
        self.within("feed.bound", feed, (second, Duration::from_secs(60)));
        self.within("audit.keep", self.settings.audit.keep, (7 * DAY, 4000 * DAY));
        self.within("tokens.leeway", tokens.leeway, (none, Duration::from_secs(60)));
        if tokens.access_ttl >= tokens.refresh_ttl {
            let wrong = format!(
                "Access tokens live {}, which is not shorter than tokens.refresh_ttl ({}).",
                Period(tokens.access_ttl),
                Period(tokens.refresh_ttl)
            );
            let hint = "Make tokens.access_ttl shorter or tokens.refresh_ttl longer.";
            self.report(&["tokens.access_ttl", "tokens.refresh_ttl"], &wrong, hint);
        }
        let ends = [
            ("tokens.refresh_ttl", tokens.refresh_ttl),
            ("tokens.unremembered_ttl", tokens.unremembered_ttl),
        ];
        for (name, lifetime) in ends {
            if lifetime > tokens.session_max {
                let wrong = format!(
                    "Refresh tokens live {}, which is longer than the session ({}).",
                    Period(lifetime),
                    Period(tokens.session_max)
                );
                let hint = format!("Make {name} shorter or tokens.session_max longer.");
                self.report(&[name, "tokens.session_max"], &wrong, &hint);
            }
        }
    }

    fn algorithm(&mut self) {
        let is_keyed = self.settings.jwt_secret_key.is_some();
        if self.settings.tokens.algorithm == Algorithm::Hs256 && !is_keyed {
            self.report(
                &["jwt_secret_key", "tokens.algorithm"],
                "tokens.algorithm is HS256, but its signing key is missing.",
                "Set JWT_SECRET_KEY to a secret of at least 32 bytes that the verifying programs share, \
                 or use ES256.",
            );
        }
    }

    fn cookies(&mut self) {
        let cookies = &self.settings.cookies;
        let names = [
            ("cookies.access", &cookies.access),
            ("cookies.refresh", &cookies.refresh),
            ("cookies.csrf", &cookies.csrf),
        ];
        for (at, (key, name)) in names.iter().enumerate() {
            if let Some((other, _)) = names.iter().take(at).find(|(_, taken)| taken == name) {
                let wrong = format!("{other} has the same name, {name:?}.");
                self.report(&[key, other], &wrong, "Give each cookie its own name.");
            }
        }
    }

    fn argon2(&mut self) {
        let Argon2Cost { memory_kib, passes, lanes } = self.settings.passwords.argon2;
        // RFC 9106 section 3.1; the upper bounds keep a slip from taking the machine down.
        let is_possible = (1..=64).contains(&lanes)
            && (1..=100).contains(&passes)
            && (8 * lanes..=4 << 20).contains(&memory_kib);
        if !is_possible {
            self.report(
                &["passwords.argon2"],
                "Argon2 requires t from 1 to 100, p from 1 to 64 and m from 8 times p to 4194304.",
                "Write m=19456,t=2,p=1.",
            );
        }
    }

    fn files(&mut self) {
        let files = &self.settings.files;
        if files.max_size == 0 {
            let hint = "Write a size such as 50MiB.";
            self.report(&["files.max_size"], "No file could be stored.", hint);
        }
        if files.max_size > files.quota {
            self.report(
                &["files.max_size", "files.quota"],
                "A single file may be larger than files.quota.",
                "Make files.max_size smaller or files.quota larger.",
            );
        }
    }

    fn within(&mut self, name: &'static str, value: Duration, (least, most): (Duration, Duration)) {
        if !(least..=most).contains(&value) {
            let (least, most) = (Period(least), Period(most));
            let wrong = format!("{} is out of range.", Period(value));
            let hint = format!("Write a duration from {least} to {most}.");
            self.report(&[name], &wrong, &hint);
        }
    }

    /// Notes a problem about the first of the keys, unless one of them is already known to be wrong.
    fn report(&mut self, keys: &[&'static str], wrong: &str, hint: &str) {
        if keys.iter().any(|key| self.reader.broken.contains(key)) {
            return;
        }
        let Some(name) = keys.first() else { return };
        let entry = self.reader.entries.iter().find(|entry| entry.key == *name);
        let place = entry
            .map(|entry| &entry.source)
            .filter(|source| !matches!(source, Source::Default | Source::Follows(_)))
            .map(ToString::to_string);
        self.reader.problems.push(Problem {
            key: (*name).to_owned(),
            place,
            wrong: wrong.to_owned(),
            hint: hint.to_owned(),
        });
    }
}
