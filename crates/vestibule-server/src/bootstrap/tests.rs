use std::path::Path;

use super::*;
use crate::{config, config::ConfigFlags};

fn settings(folder: &Path, given: &[(&str, &str)]) -> Settings {
    let data = folder.join("data").display().to_string();
    let data = [("data_dir", data.as_str())];
    // Secrets are not taken from flags.
    let variables = given.iter().chain(&data).map(|(key, value)| {
        let name = format!("VESTIBULE_{}", key.replace('.', "__").to_uppercase());
        (name, (*value).to_owned())
    });
    config::load(&ConfigFlags::default(), variables, folder).unwrap().settings
}

const PRODUCTION: [(&str, &str); 4] = [
    ("profile", "production"),
    ("public_url", "https://maps.example"),
    ("trusted_proxies", "10.0.0.1"),
    ("secret_key", "Zm3Vq8nT1xLw5rYb7Kc2Hd9Gf4Js6Pa0"),
];

#[tokio::test]
async fn development_makes_the_store_and_production_wants_it_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let production = settings(folder.path(), &PRODUCTION);
    for _ in 0..2 {
        let error = open_store(&production).await.err().unwrap();
        assert_eq!(error.status(), 2);
        assert!(error.to_string().contains("vestibule migrate"), "{error}");
        // Neither no file nor an empty one is filled.
        std::fs::create_dir_all(&production.data_dir).unwrap();
        std::fs::write(production.data_dir.join("vestibule.db"), "").unwrap();
    }
    assert!(open_store(&settings(folder.path(), &[])).await.is_ok());
    assert!(open_store(&production).await.is_ok());
}

#[test]
fn the_secret_is_the_given_one_or_the_one_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/secret");
    let tag = |settings: &Settings| {
        site_secret(settings)
            .map(|secret| format!("{:?}", secret.sealing_key().seal("n", b"x", &Zero)))
    };
    let given = settings(folder.path(), &PRODUCTION);
    let made = settings(folder.path(), &[]);
    let of_given = tag(&given).unwrap();
    assert!(!file.exists());
    let of_made = tag(&made).unwrap();
    assert_ne!(of_made, of_given);
    assert_eq!(tag(&made).unwrap(), of_made);
    std::fs::write(&file, "Zm3Vq8nT1xLw5rYb7Kc2Hd9Gf4Js6Pa0\n").unwrap();
    assert_eq!(tag(&made).unwrap(), of_given);
    std::fs::write(&file, "short").unwrap();
    assert_eq!(tag(&made).unwrap_err().status(), 2);
}

/// The same nonce each time, so that equal keys give equal bytes.
struct Zero;
impl Entropy for Zero {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

#[test]
fn settings_reach_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let secret = || SiteSecret::new([7; 32]).unwrap();
    let development = settings(
        folder.path(),
        &[
            ("tokens.algorithm", "HS256"),
            ("jwt_secret_key", "Zm3Vq8nT1xLw5rYb7Kc2Hd9Gf4Js6Pa0"),
            ("tokens.access_ttl", "5s"),
            ("limits.account", "3/1m"),
            ("limits.address", "off"),
            ("tokens.flask_names", "true"),
            ("accounts.registration", "closed"),
        ],
    );
    let config = auth_config(&development, secret()).unwrap();
    assert_eq!(config.origin, vestibule::OurOrigin::Loopback);
    assert_eq!(config.lifetimes.access.as_secs(), 5);
    assert_eq!(config.limits.account.map(|rate| rate.count), Some(3));
    assert_eq!(config.limits.address, None);
    assert_eq!(config.cookies.access, "access_token_cookie");
    assert_eq!(config.registration, vestibule::Registration::Closed);
    let is_key = |key: &[u8]| key == b"Zm3Vq8nT1xLw5rYb7Kc2Hd9Gf4Js6Pa0";
    assert!(matches!(config.signing, vestibule::Signing::Shared(key) if is_key(&key)));

    let production = auth_config(&settings(folder.path(), &PRODUCTION), secret()).unwrap();
    assert!(
        matches!(&production.origin, vestibule::OurOrigin::Fixed(origin) if origin.as_str() == "https://maps.example")
    );
    assert_eq!(production.audience, "https://maps.example");
    assert!(production.require_verified_email && production.cookies.secure);
    assert_eq!(production.trusted_proxies.len(), 1);
}

#[tokio::test]
async fn a_database_server_that_is_away_is_no_mistake_and_one_that_cannot_be_is() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |url: &str| {
        let settings = settings(folder.path(), &[("database_url", url)]);
        open_store(&settings).await.err().unwrap()
    };
    // Nobody listens on the port for discarding.
    let away = open("postgres://me:hunter2@127.0.0.1:9/site").await;
    assert!(matches!(away, CommandError::Away(_)) && away.status() == 1, "{away}");
    let wrong = open("postgres://me:hunter2@127.0.0.1:9/site?sslmod=verify-full").await;
    assert!(matches!(wrong, CommandError::Usage(_)), "{wrong}");
    for text in [away.to_string(), wrong.to_string()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
