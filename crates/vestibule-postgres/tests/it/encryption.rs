//! TLS to the database.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::PathBuf,
};

use vestibule_core::store::Feed as _;
use vestibule_postgres::{OpenError, PostgresStore};
use vestibule_testkit::postgres::{Durability, Postgres};

use crate::target::FEW;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_demanded_is_verified() {
    let server = Postgres::start(Durability::None);
    let url = server.url("postgres");
    PostgresStore::migrate(&url).await.unwrap();
    let certificate = encrypt(&server);
    let demanded = format!("{url}?sslmode=verify-full");
    let known = format!("{demanded}&sslrootcert={}", certificate.display());
    let store = PostgresStore::connect(&known, FEW).await.unwrap();
    assert_eq!(store.last_sequence().await.unwrap(), 0);
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE ssl AND application_name = 'vestibule'";
    assert_eq!(server.sql("postgres", encrypted), "1");
    for refused in [
        // Nobody has vouched for it.
        demanded.clone(),
        // Somebody has, but for another host.
        known.replace("127.0.0.1", "localhost"),
        // It is not known who could.
        format!("{demanded}&sslrootcert=/no/such/file"),
    ] {
        let error = PostgresStore::connect(&refused, FEW).await.unwrap_err();
        assert!(matches!(error, OpenError::Postgres { .. }), "{error}");
    }
}

/// Gives the server a certificate for its address, and says where that is.
fn encrypt(server: &Postgres) -> PathBuf {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = PathBuf::from(server.sql("postgres", "SHOW data_directory"));
    let owner = fs::metadata(&folder).unwrap();
    let files = [("server.crt", made.cert.pem()), ("server.key", made.signing_key.serialize_pem())];
    for (name, text) in files {
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    server.sql("postgres", "ALTER SYSTEM SET ssl = on");
    server.shut_down();
    server.restart();
    folder.join("server.crt")
}
