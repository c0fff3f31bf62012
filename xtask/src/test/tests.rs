use std::ffi::OsString;
use std::path::Path;

use super::{Options, plan, tests};
use crate::failure::Failure;

fn options(words: &[&str]) -> Result<Options, Failure> {
    Options::read(&words.iter().map(OsString::from).collect::<Vec<_>>())
}

fn planned(words: &[&str]) -> Vec<String> {
    plan(&options(words).unwrap()).0.iter().map(super::Step::as_typed).collect()
}

#[test]
fn options_are_read_in_any_order_and_others_refused() {
    let read = options(&["--no-install", "--fast"]).unwrap();
    assert!(read.fast && !read.install);
    let none = options(&[]).unwrap();
    assert!(!none.fast && none.install);
    assert!(matches!(options(&["--fats"]), Err(Failure::Usage(_))));
}

#[test]
fn the_server_is_built_last_so_that_cheap_checks_fail_first() {
    let full = planned(&[]);
    assert_eq!(full.first().map(String::as_str), Some("cargo fmt --all --check"));
    assert_eq!(full.last().map(String::as_str), Some("cargo build --release"));
    for part in
        ["clippy --workspace --all-targets -- -D warnings", "RUSTDOCFLAGS=-Dwarnings cargo doc"]
    {
        assert!(full.iter().any(|step| step.contains(part)), "{full:?}");
    }
}

#[test]
fn the_tests_can_be_planned_before_there_is_a_server() {
    let server = Path::new("/nowhere/yet/vestibule");
    for step in tests(server).iter().map(super::Step::as_typed) {
        assert!(step.contains("TESTED_SERVER=/nowhere/yet/vestibule"), "{step}");
    }
}

#[test]
fn a_fast_run_leaves_the_checks_out_and_says_so() {
    let fast = planned(&["--fast"]);
    assert!(
        !fast.iter().any(|step| ["fmt", "clippy", "doc"].iter().any(|check| step.contains(check))),
        "{fast:?}"
    );
    assert_eq!(fast.last().map(String::as_str), Some("cargo build --release"));
    assert!(plan(&options(&["--fast"]).unwrap()).1.iter().any(|note| note.contains("--fast")));
}
