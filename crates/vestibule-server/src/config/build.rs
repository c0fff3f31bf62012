//! From what was given to [`Settings`]: each key, its default, and what the default follows.

use std::{net::SocketAddr, path::PathBuf, thread, time::Duration};

use vestibule::core::locale::Locale;

use super::{
    addresses::{self, DatabaseUrl, FilesUrl, Origin, ServiceUrl},
    cookie_names::{self, NameSet},
    mail_server::MailServer,
    problem::{Problem, ValueError},
    reader::Reader,
    secret::{self, Secret, Weakness},
    settings::{
        Accounts, Algorithm, Audit, Cookies, Cors, Feed, Feedback, Files, Limits, Mail, Metrics,
        Pages, Passwords, Profile, Registration, SameSite, Settings, Tls, Tokens, VerifiedEmail,
    },
    sources::{Given, GivenValue, Source},
    texts,
    values::{Argon2Cost, ByteSize, Period, Rate},
};

const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Reads every key. `None` where so much is wrong that the rest cannot be judged.
pub(crate) fn build(reader: &mut Reader) -> Option<Settings> {
    let profile = reader.value("profile", Profile::Development);
    reader.underlay(profile_defaults(profile), &Source::Profile(profile));

    let site_name = reader.value_or("site_name", texts::site_name, default("Vestibule".to_owned()));
    let listen = listen(reader);
    let tls = tls(reader);
    let public_url_given = reader.is_given("public_url");
    let from_listen = Origin::of_listener(listen, tls != Tls::Off)?;
    let public_url =
        reader.value_or("public_url", str::parse, (from_listen, Source::Follows("listen")));
    let data_dir = folder(reader, "data_dir").unwrap_or_else(|| {
        reader.amend("data_dir", "./data", None);
        PathBuf::from("./data")
    });
    let tokens = tokens(reader, &public_url);
    let cookies = cookies(reader, &tokens, public_url.is_https());
    let mail = mail(reader, &public_url);
    Some(Settings {
        profile,
        site_name,
        listen,
        public_url_given,
        secret_key: reader.secret("secret_key", signing_secret),
        secret_key_previous: reader.secret("secret_key_previous", signing_secret),
        jwt_secret_key: reader.secret("jwt_secret_key", signing_secret),
        database_url: reader.value_or(
            "database_url",
            str::parse,
            (DatabaseUrl::Sqlite(data_dir.join("vestibule.db")), Source::Follows("data_dir")),
        ),
        redis_url: reader.optional("redis_url", ServiceUrl::redis),
        tls,
        trusted_proxies: reader.list("trusted_proxies", addresses::network),
        tokens,
        cookies,
        cors: Cors { origins: reader.list("cors.origins", addresses::calling_origin) },
        passwords: passwords(reader),
        limits: limits(reader),
        accounts: Accounts {
            registration: reader.value("accounts.registration", Registration::Open),
            verified_email: reader.value("accounts.verified_email", VerifiedEmail::Optional),
        },
        audit: Audit { keep: duration(reader, "audit.keep", default(seconds(400 * DAY))) },
        feedback: feedback(reader, &mail.from),
        mail,
        files: Files {
            url: reader.value_or(
                "files.url",
                str::parse,
                (FilesUrl::Folder(data_dir.join("files")), Source::Follows("data_dir")),
            ),
            max_size: reader.value("files.max_size", ByteSize(50 << 20)).0,
            quota: reader.value("files.quota", ByteSize(1 << 30)).0,
        },
        pages: Pages {
            app_dir: folder(reader, "pages.app_dir"),
            app_path: reader.value_or(
                "pages.app_path",
                texts::app_path,
                default("/static/mapapp".to_owned()),
            ),
            openapi: reader.switch("pages.openapi"),
            templates: folder(reader, "pages.templates"),
            texts: folder(reader, "pages.texts"),
            language: reader.value_or(
                "pages.language",
                texts::language,
                default(Locale::default()),
            ),
        },
        metrics: Metrics { listen: reader.optional("metrics.listen", addresses::listener) },
        feed: Feed {
            bound: duration(reader, "feed.bound", default(seconds(5))),
            strict: reader.switch("feed.strict"),
        },
        public_url,
        data_dir,
    })
}

/// What a profile puts in place of the reference's defaults.
fn profile_defaults(profile: Profile) -> &'static [(&'static str, &'static str)] {
    match profile {
        Profile::Development | Profile::DevProdDb => &[("pages.openapi", "true")],
        Profile::Production => &[("accounts.verified_email", "required")],
    }
}

fn listen(reader: &mut Reader) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], 5000));
    let mut listen = reader.value_or("listen", addresses::listener, default(usual));
    if let Some(Given { value, source }) = reader.service_port.take() {
        let text = match value {
            GivenValue::Text(text) => text,
            GivenValue::List(items) => items.concat(),
        };
        match text.parse() {
            Ok(port) => {
                listen.set_port(port);
                reader.amend("listen", &listen.to_string(), Some(source));
            }
            Err(_) => {
                let hint = "write a number from 1 to 65535";
                let error = ValueError::new("is not a port", hint);
                reader.misread("listen", &text, &source, error);
            }
        }
    }
    listen
}

fn tls(reader: &mut Reader) -> Tls {
    let cert = folder(reader, "tls.cert");
    let key = folder(reader, "tls.key");
    let self_signed = reader.switch("tls.self_signed");
    let broken = ["tls.cert", "tls.key"].iter().any(|name| reader.broken.contains(name));
    let mut half = |key: &str, wrong: &str, hint: &str| {
        reader.problems.push(Problem {
            key: key.to_owned(),
            place: None,
            wrong: wrong.to_owned(),
            hint: hint.to_owned(),
        });
    };
    match (cert, key) {
        (None, None) if self_signed => return Tls::SelfSigned,
        (None, None) => return Tls::Off,
        (Some(_), _) | (_, Some(_)) if self_signed => half(
            "tls.self_signed",
            "tls.self_signed creates a certificate, but tls.cert or tls.key is set as well.",
            "Remove tls.self_signed, or remove tls.cert and tls.key.",
        ),
        (Some(cert), Some(key)) => return Tls::Files { cert, key },
        _ if broken => {}
        (Some(_), None) => half(
            "tls.key",
            "tls.cert is set without tls.key.",
            "Set tls.key to the PEM file of the private key.",
        ),
        (None, Some(_)) => half(
            "tls.cert",
            "tls.key is set without tls.cert.",
            "Set tls.cert to the PEM file of the certificate chain.",
        ),
    }
    Tls::SelfSigned
}

/// Defaults give way to what is given: a session of an hour does not need a `refresh_ttl` beside it.
fn tokens(reader: &mut Reader, public_url: &Origin) -> Tokens {
    let session_max = duration(reader, "tokens.session_max", default(seconds(180 * DAY)));
    let refresh_default = capped(seconds(30 * DAY), session_max, "tokens.session_max");
    let refresh_ttl = duration(reader, "tokens.refresh_ttl", refresh_default);
    let unremembered_default =
        capped(seconds(12 * HOUR), refresh_ttl.min(session_max), "tokens.refresh_ttl");
    let access_default = if seconds(15 * MINUTE) < refresh_ttl {
        default(seconds(15 * MINUTE))
    } else {
        let half = seconds(refresh_ttl.as_secs() / 2).max(seconds(1));
        (half, Source::Follows("tokens.refresh_ttl"))
    };
    let here = || (public_url.to_string(), Source::Follows("public_url"));
    Tokens {
        access_ttl: duration(reader, "tokens.access_ttl", access_default),
        refresh_ttl,
        unremembered_ttl: duration(reader, "tokens.unremembered_ttl", unremembered_default),
        session_max,
        grace: duration(reader, "tokens.grace", default(seconds(30))),
        fresh_for: duration(reader, "tokens.fresh_for", default(seconds(10 * MINUTE))),
        algorithm: reader.value("tokens.algorithm", Algorithm::Es256),
        issuer: reader.value_or("tokens.issuer", texts::name, here()),
        audience: reader.value_or("tokens.audience", texts::name, here()),
        leeway: duration(reader, "tokens.leeway", default(seconds(5))),
        flask_names: reader.switch("tokens.flask_names"),
    }
}

fn cookies(reader: &mut Reader, tokens: &Tokens, secure: bool) -> Cookies {
    let usual = NameSet::usual(tokens.flask_names);
    let refresh_path =
        reader.value_or("cookies.refresh_path", texts::refresh_path, default("/".to_owned()));
    let mut name = |key: &'static str, usual: &str, path: &str| {
        let source = if tokens.flask_names {
            Source::Follows("tokens.flask_names")
        } else {
            Source::Default
        };
        let written = reader.value_or(key, cookie_names::name, (usual.to_owned(), source));
        let fitted = cookie_names::fitted(&written, secure, path);
        reader.amend(key, &fitted, None);
        fitted
    };
    Cookies {
        access: name("cookies.access", usual.access, "/"),
        refresh: name("cookies.refresh", usual.refresh, &refresh_path),
        csrf: name("cookies.csrf", usual.csrf, "/"),
        same_site: reader.value("cookies.same_site", SameSite::Lax),
        refresh_path,
        secure,
    }
}

fn passwords(reader: &mut Reader) -> Passwords {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let cores = u32::try_from(cores).unwrap_or(1).min(1_024);
    let cost = Argon2Cost { memory_kib: 19_456, passes: 2, lanes: 1 };
    Passwords {
        min_length: reader.number("passwords.min_length", 15, (8, 128)),
        argon2: reader.value("passwords.argon2", cost),
        parallel: reader.number("passwords.parallel", cores, (1, 1_024)),
        queue: reader.number("passwords.queue", 64, (1, 100_000)),
    }
}

fn limits(reader: &mut Reader) -> Limits {
    let sessions = reader.number("limits.sessions", 200, (1, 10_000));
    let mut rate = |name, count: u32, window| {
        let usual = count
            .try_into()
            .map_or(Rate::Off, |count| Rate::Limited { count, window: seconds(window) });
        reader.value(name, usual)
    };
    Limits {
        account: rate("limits.account", 10, 15 * MINUTE),
        address: rate("limits.address", 100, 15 * MINUTE),
        network: rate("limits.network", 1_000, HOUR),
        register: rate("limits.register", 20, HOUR),
        sessions,
        mail: rate("limits.mail", 5, HOUR),
        feedback: rate("limits.feedback", 10, HOUR),
    }
}

fn mail(reader: &mut Reader, public_url: &Origin) -> Mail {
    let host = public_url.host();
    let domain = if public_url.is_loopback() { "localhost" } else { host };
    let from = (format!("no-reply@{domain}"), Source::Follows("public_url"));
    Mail {
        url: reader.optional("mail.url", MailServer::parse),
        from: reader.value_or("mail.from", texts::sender, from),
        templates: folder(reader, "mail.templates"),
    }
}

fn feedback(reader: &mut Reader, from: &str) -> Feedback {
    let to = (texts::address_of(from).to_owned(), Source::Follows("mail.from"));
    Feedback { to: reader.value_or("feedback.to", texts::sender, to) }
}

fn signing_secret(text: &str) -> Result<Secret, ValueError> {
    match secret::weakness(text) {
        // That is for production to refuse.
        None | Some(Weakness::Repeats) => Ok(Secret::new(text)),
        Some(weakness) => Err(ValueError::new(
            weakness.to_string(),
            "use a random value, such as the output of `openssl rand -base64 48`",
        )),
    }
}

fn folder(reader: &mut Reader, name: &'static str) -> Option<PathBuf> {
    reader.optional(name, texts::path).map(PathBuf::from)
}

fn duration(reader: &mut Reader, name: &'static str, usual: (Duration, Source)) -> Duration {
    let (usual, source) = usual;
    reader.value_or(name, str::parse, (Period(usual), source)).0
}

fn capped(usual: Duration, most: Duration, by: &'static str) -> (Duration, Source) {
    if usual <= most { default(usual) } else { (most, Source::Follows(by)) }
}

fn default<T>(value: T) -> (T, Source) {
    (value, Source::Default)
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
