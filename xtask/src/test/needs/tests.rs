use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{
    Means, NEEDS, Need, Source, Thing, When, by_hand, find_below, find_in, installers, of, provide,
};
use crate::failure::Failure;
use crate::test::Options;

const ROOT: Means = Means { apt: true, rustup: true, root: true, sudo: false };

const BROWSER: Need = Need {
    what: Thing::Program("no-such-browser"),
    why: "walks through the pages",
    from: Source::Apt(&["browser", "browser-common"]),
    when: When::Always,
};
const LINTER: Need = Need {
    what: Thing::Cargo("no-such-command"),
    why: "checks the lints",
    from: Source::Rustup("linter"),
    when: When::Full,
};

fn typed(missing: &[Need], means: &Means) -> Vec<String> {
    installers(missing, means).iter().map(super::Step::as_typed).collect()
}

#[test]
fn root_installs_all_packages_at_once_after_one_update() {
    let commands = typed(&[BROWSER, LINTER, BROWSER], &ROOT);
    assert_eq!(
        commands,
        [
            "rustup component add linter",
            "env DEBIAN_FRONTEND=noninteractive apt-get update -o DPkg::Lock::Timeout=120",
            "env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
             -o DPkg::Lock::Timeout=120 browser browser-common browser browser-common",
        ]
    );
}

#[test]
fn packages_of_npm_come_after_npm_and_run_nothing_of_their_own() {
    let judges = Need { what: Thing::NodePackages("x"), from: Source::Npm("x"), ..BROWSER };
    let commands = typed(&[judges, BROWSER], &ROOT);
    assert_eq!(
        commands.last().map(String::as_str),
        Some("npm ci --prefix x --ignore-scripts --no-audit --no-fund")
    );
    assert!(commands[1].contains("browser-common"), "{commands:?}");
    assert!(!Need { what: Thing::NodePackages("no/such/folder"), ..judges }.is_here());
}

#[test]
fn programs_of_crates_io_are_compiled_after_the_packages_are_there() {
    let driver = Need { from: Source::Crate("no-such-driver"), ..BROWSER };
    let commands = typed(&[driver, BROWSER], &Means { root: false, sudo: true, ..ROOT });
    assert_eq!(commands.last().map(String::as_str), Some("cargo install --locked no-such-driver"));
    assert!(commands[1].contains("browser-common"), "{commands:?}");
    assert!(Means { apt: false, rustup: false, ..ROOT }.obstacle(&[driver]).is_none());
}

#[test]
fn others_go_through_sudo() {
    let commands = typed(&[BROWSER], &Means { root: false, sudo: true, ..ROOT });
    assert_eq!(commands.len(), 2);
    assert!(
        commands.iter().all(|command| command.starts_with("sudo env DEBIAN_FRONTEND=")),
        "{commands:?}"
    );
}

#[test]
fn obstacles_are_found_before_anything_is_installed() {
    let user = Means { root: false, ..ROOT };
    assert!(ROOT.obstacle(&[BROWSER, LINTER]).is_none());
    assert!(Means { sudo: true, ..user }.obstacle(&[BROWSER]).is_none());
    assert!(user.obstacle(&[LINTER]).is_none());
    assert!(user.obstacle(&[BROWSER]).unwrap().contains("no sudo"));
    assert!(Means { apt: false, ..ROOT }.obstacle(&[BROWSER]).unwrap().contains("apt-get"));
    assert!(Means { rustup: false, ..ROOT }.obstacle(&[LINTER]).unwrap().contains("rustup"));
}

#[test]
fn what_cannot_be_installed_is_explained_with_its_command() {
    let text =
        by_hand(&[BROWSER], &installers(&[BROWSER], &Means { root: false, ..ROOT }), "no root");
    for part in [
        "no-such-browser (walks through the pages)",
        "no root",
        "\n    env DEBIAN",
        "browser-common",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn nothing_is_installed_unless_allowed() {
    let failure = provide([BROWSER].into_iter(), false).unwrap_err();
    assert!(
        matches!(&failure, Failure::Missing(text) if text.contains("--no-install")),
        "{failure}"
    );
    provide([].into_iter(), false).unwrap();
}

#[test]
fn what_the_tests_start_is_needed_by_a_fast_run_too() {
    let fast: Vec<_> = of(&Options { fast: true, install: true }).collect();
    for (program, packages) in [
        ("chromium", &["chromium"] as &[_]),
        ("Xvfb", &["xvfb"]),
        ("redis-server", &["redis-server"]),
    ] {
        let need = fast.iter().find(|need| need.what == Thing::Program(program));
        assert_eq!(need.map(|need| need.from), Some(Source::Apt(packages)), "{program}");
    }
}

#[test]
fn a_fast_run_needs_no_linters() {
    let count = |fast| of(&Options { fast, install: true }).count();
    assert_eq!(count(false), NEEDS.len());
    assert_eq!(
        NEEDS.iter().filter(|need| need.when == When::Full).count(),
        count(false) - count(true)
    );
    assert!(
        of(&Options { fast: true, install: true })
            .all(|need| !matches!(need.from, Source::Rustup(_)))
    );
}

#[cfg(unix)]
#[test]
fn only_executable_files_are_programs() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Scratch::new("programs");
    let [tool, notes] = ["tool", "notes"].map(|name| folder.0.join(name));
    for (file, mode) in [(&tool, 0o755), (&notes, 0o644)] {
        fs::write(file, "").unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::create_dir(folder.0.join("folder")).unwrap();
    let path = OsString::from(format!("/no/such/folder:{}", folder.0.display()));
    assert_eq!(find_in(&path, "tool"), Some(tool));
    assert_eq!(find_in(&path, "notes"), None);
    assert_eq!(find_in(&path, "folder"), None);
}

#[cfg(unix)]
#[test]
fn a_program_outside_of_the_path_is_found_in_the_folder_of_any_version() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Scratch::new("versions");
    assert_eq!(find_below(&folder.0, "bin/server"), None);
    for version in ["9", "10"] {
        fs::create_dir_all(folder.0.join(version).join("bin")).unwrap();
    }
    let server = folder.0.join("10/bin/server");
    fs::write(&server, "").unwrap();
    assert_eq!(find_below(&folder.0, "bin/server"), None, "not a program yet");
    fs::set_permissions(&server, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(find_below(&folder.0, "bin/server"), Some(server));
    assert_eq!(find_below(&folder.0.join("nowhere"), "bin/server"), None);
    let need = Need {
        what: Thing::Versioned { versions: "/no/such/folder", program: "bin/server" },
        ..BROWSER
    };
    assert!(!need.is_here());
    assert_eq!(need.name(), "/no/such/folder/*/bin/server");
}

/// A folder that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(Path::new(&self.0));
    }
}
