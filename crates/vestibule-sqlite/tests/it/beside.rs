//! An application with this store and another crate that brings SQLite: of those Cargo admits one (`links`), so both
//! have to be content with the same one.

use std::{env, fs, path::Path, process::Command};

/// Crates that people have already, with the oldest and newest lines that are in use.
const BESIDE: [&str; 6] = [
    r#"sqlx = { version = "0.9", features = ["sqlite", "migrate", "runtime-tokio"] }"#,
    r#"sqlx = { version = "0.8", features = ["sqlite", "migrate", "runtime-tokio"] }"#,
    r#"sqlx = { version = "0.8", features = ["postgres", "migrate", "runtime-tokio"] }"#,
    r#"sea-orm = { version = "1", features = ["sqlx-sqlite", "runtime-tokio-rustls"] }"#,
    r#"tower-sessions-sqlx-store = { version = "0.15", features = ["sqlite"] }"#,
    r#"deadpool-sqlite = "0.12""#,
];

/// Resolves, and builds nothing: the manifest's range is what is tested.
#[test]
fn cargo_resolves_this_store_beside_others_that_bring_sqlite() {
    for other in BESIDE {
        let folder = tempfile::tempdir().unwrap();
        let manifest = format!(
            "[package]\nname = \"application\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nvestibule-sqlite = {{ path = {:?} }}\n{other}\n",
            env!("CARGO_MANIFEST_DIR")
        );
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        let lock = resolve(folder.path(), other);
        let native = lock.matches("name = \"libsqlite3-sys\"").count();
        assert_eq!(native, 1, "{other}");
    }
}

fn resolve(folder: &Path, other: &str) -> String {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let run = Command::new(cargo).arg("generate-lockfile").current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{other}:\n{said}");
    fs::read_to_string(folder.join("Cargo.lock")).unwrap()
}
