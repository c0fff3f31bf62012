//! From settings to what a running site and the commands work with: the store, the secret, the library's
//! configuration.

mod redis;
mod store;

use crate::{
    config::{self, Algorithm, Registration, SameSite, Settings, VerifiedEmail},
    error::CommandError,
    secure_file,
    services::mail,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use vestibule::{
    Config, SiteSecret,
    core::{
        jws,
        password::{PasswordParameters, PasswordPolicy},
        random::{self, Entropy},
        secret::{MadeUnder, SealError},
    },
};
use vestibule_site::{outbox::MailId, store::SiteStore};

pub(crate) use redis::open_redis;
pub(crate) use store::{Opened, lock_for_serving, migrate, open_store};

/// The name of the check that the library keeps in the store.
const SECRET_CHECK: &str = vestibule::SECRET_CHECK;
/// How many mails are looked at to know whose they are.
const SOME_MAILS: u32 = 100;

/// Where scripts that were written for Flask-JWT-Extended look for the CSRF value when they renew.
const CSRF_REFRESH: &str = "csrf_refresh_token";

/// Makes the folder for everything that the site keeps (mode 0700).
///
/// # Errors
/// [`CommandError::Failed`] where it cannot be made.
pub(crate) fn make_data_dir(settings: &Settings) -> Result<(), CommandError> {
    let folder = &settings.data_dir;
    secure_file::make_folder(folder).map_err(|error| {
        CommandError::Failed(format!(
            "cannot create the directory {} ({error}); set data_dir to one that this user can write to",
            folder.display()
        ))
    })
}

/// The site's secret, with the one before it where the settings name one.
///
/// # Errors
/// [`CommandError`] where the file cannot be made or holds no secret.
pub(crate) fn site_secret(settings: &Settings) -> Result<SiteSecret, CommandError> {
    let secret = present_secret(settings)?;
    let Some(previous) = &settings.secret_key_previous else {
        return Ok(secret);
    };
    let previous = SiteSecret::new(previous.expose())
        .map_err(|error| CommandError::Usage(format!("secret_key_previous: {error}")))?;
    Ok(secret.with_previous(&previous))
}

/// The site's secret: that of the settings, else the one in `<data_dir>/secret`, which is made where it is
/// missing. Production always has the first.
///
/// # Errors
/// [`CommandError`] where the file cannot be made or holds no secret.
fn present_secret(settings: &Settings) -> Result<SiteSecret, CommandError> {
    if let Some(secret) = &settings.secret_key {
        return SiteSecret::new(secret.expose())
            .map_err(|error| CommandError::Usage(format!("secret_key: {error}")));
    }
    make_data_dir(settings)?;
    let path = settings.data_dir.join("secret");
    let entropy = vestibule::SystemEntropy;
    let make = || {
        let bytes: [u8; 48] = random::draw(&entropy);
        Ok(format!("{}\n", STANDARD.encode(bytes)))
    };
    let text = secure_file::read_or_make::<std::io::Error>(&path, &entropy, make).map_err(|error| {
        CommandError::Failed(format!(
            "cannot use the secret in {} ({error}); make the file readable for this user, or set secret_key",
            path.display()
        ))
    })?;
    SiteSecret::new(text.trim()).map_err(|_| {
        CommandError::Usage(format!(
            "{} does not contain a secret of at least 32 bytes; restore its content, or remove the file \
             to create a new secret, which signs everyone out",
            path.display()
        ))
    })
}

/// Makes sure that the store's contents were sealed under this secret or the one before it.
///
/// # Errors
/// [`CommandError::Usage`] where they were not.
pub(crate) async fn check_secret(
    store: &dyn SiteStore,
    secret: &SiteSecret,
    entropy: &dyn Entropy,
) -> Result<MadeUnder, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| CommandError::Usage(error.to_string());
    let is_checked = store.site_value(SECRET_CHECK).await?.is_some();
    if !is_checked {
        // Where tokens are signed with a key of the configuration, mails may be all that is sealed.
        let mails = store.sealed_mails(None, SOME_MAILS).await?;
        let seal = mail::sealing_key(secret);
        let opens = |(id, sealed): &(MailId, Vec<u8>)| seal.open(&id.to_string(), sealed).is_ok();
        if !mails.is_empty() && !mails.iter().any(opens) {
            return Err(wrong(&SealError));
        }
    }
    vestibule::check_secret(store, secret, entropy).await.map_err(|error| match error {
        vestibule::SecretError::Wrong(error) => wrong(&error),
        vestibule::SecretError::Store(error) => error.into(),
    })
}

/// The library's configuration.
///
/// # Errors
/// [`CommandError::Usage`] where a setting is beyond what the library takes.
pub(crate) fn auth_config(settings: &Settings, secret: SiteSecret) -> Result<Config, CommandError> {
    let usage =
        |key: &str, error: &dyn std::fmt::Display| CommandError::Usage(format!("{key}: {error}"));
    let base = Config::new(&settings.site_name, &settings.public_url.to_string(), secret)
        .map_err(|error| usage("public_url", &error))?;
    let origin = match settings.public_url_given {
        true => base.origin.clone(),
        false => vestibule::OurOrigin::Loopback,
    };
    let tokens = &settings.tokens;
    let cost = settings.passwords.argon2;
    Ok(Config {
        origin,
        issuer: tokens.issuer.clone(),
        audience: tokens.audience.clone(),
        signing: signing(settings),
        lifetimes: vestibule::Lifetimes {
            access: tokens.access_ttl,
            refresh: tokens.refresh_ttl,
            unremembered: tokens.unremembered_ttl,
            session: tokens.session_max,
            grace: tokens.grace,
            fresh: tokens.fresh_for,
            leeway: tokens.leeway,
        },
        cookies: cookies(settings),
        password_policy: PasswordPolicy {
            min_length: usize::try_from(settings.passwords.min_length).unwrap_or(usize::MAX),
        },
        password_parameters: PasswordParameters::new(cost.memory_kib, cost.passes, cost.lanes)
            .map_err(|error| usage("passwords.argon2", &error))?,
        hashers: usize::try_from(settings.passwords.parallel).unwrap_or(1),
        hash_queue: usize::try_from(settings.passwords.queue).unwrap_or(64),
        limits: vestibule::Limits {
            account: settings.limits.account.as_limit(),
            address: settings.limits.address.as_limit(),
            network: settings.limits.network.as_limit(),
            register: settings.limits.register.as_limit(),
            sessions: Some(settings.limits.sessions),
        },
        registration: match settings.accounts.registration {
            Registration::Open => vestibule::Registration::Open,
            Registration::Closed => vestibule::Registration::Closed,
        },
        require_verified_email: settings.accounts.verified_email == VerifiedEmail::Required,
        trusted_proxies: settings.trusted_proxies.clone(),
        api_prefixes: config::API_PREFIXES.map(str::to_owned).to_vec(),
        sign_in_path: Some("/auth/login".to_owned()),
        confirm_path: Some("/auth/confirm".to_owned()),
        cors_origins: settings.cors.origins.clone(),
        flask_names: tokens.flask_names,
        feed_bound: settings.feed.bound,
        feed_strict: settings.feed.strict,
        ..base
    })
}

fn signing(settings: &Settings) -> vestibule::Signing {
    match (settings.tokens.algorithm, &settings.jwt_secret_key) {
        (Algorithm::Hs256, Some(key)) => {
            vestibule::Signing::Shared(key.expose().as_bytes().to_vec())
        }
        (Algorithm::EdDsa, _) => vestibule::Signing::Ring(jws::Algorithm::EdDSA),
        // Settings with HS256 always have its key.
        (Algorithm::Es256 | Algorithm::Hs256, _) => vestibule::Signing::Ring(jws::Algorithm::ES256),
    }
}

fn cookies(settings: &Settings) -> vestibule::Cookies {
    let cookies = &settings.cookies;
    vestibule::Cookies {
        access: cookies.access.clone(),
        refresh: cookies.refresh.clone(),
        csrf: cookies.csrf.clone(),
        csrf_refresh: settings.tokens.flask_names.then(|| CSRF_REFRESH.to_owned()),
        same_site: match cookies.same_site {
            SameSite::Lax => vestibule::SameSite::Lax,
            SameSite::Strict => vestibule::SameSite::Strict,
        },
        refresh_path: cookies.refresh_path.clone(),
        secure: cookies.secure,
        ..vestibule::Cookies::new(cookies.secure)
    }
}

#[cfg(test)]
mod tests;
