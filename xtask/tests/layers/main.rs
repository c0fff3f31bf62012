//! Which module uses which: arrows point down the layers, and no circle crosses folders.
//!
//! Reads the source of every crate, tests left out, and follows each path that begins with `crate`, `self` or
//! `super` to the module that it names. `cargo test -p xtask --test layers -- --nocapture` prints what it finds.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

mod circles;
mod source;

use source::Module;

/// The layers of a crate, the uppermost first. Those on one line may not use each other. What is in no line may be
/// used by all and uses none of them.
struct Layers {
    of: &'static str,
    rows: &'static [&'static [&'static str]],
}

const LAYERS: &[Layers] = &[
    Layers { of: "vestibule", rows: &[&["layer"], &["routes"], &["flows"]] },
    Layers {
        of: "vestibule-server",
        rows: &[
            &["cli"],
            &["listener"],
            &["bootstrap"],
            &["web"],
            &["services"],
            &["templates"],
            &["i18n"],
            &["config"],
            &["blocking", "log", "permits", "secure_file", "terminal"],
            &["error"],
        ],
    },
];

#[test]
fn no_circle_crosses_folders() {
    let mut crossing = Vec::new();
    for (name, modules) in crates() {
        let circles = circles::of(&modules);
        let in_circles: usize = circles.iter().map(BTreeSet::len).sum();
        let crossing_here: Vec<_> =
            circles.iter().filter(|circle| folders(circle, &modules).len() > 1).collect();
        println!(
            "{name}: {} modules, {} circles of {in_circles} modules, {} across folders",
            modules.len(),
            circles.len(),
            crossing_here.len()
        );
        for circle in crossing_here {
            let arrows = circles::arrows_between_folders(circle, &modules);
            crossing.push(format!("{name}: {} modules: {arrows}", circle.len()));
        }
    }
    assert!(crossing.is_empty(), "circles across folders:\n{}", crossing.join("\n"));
}

#[test]
fn arrows_only_run_down() {
    let all = crates();
    let mut wrong = Vec::new();
    for Layers { of, rows } in LAYERS {
        let modules = all.get(*of).unwrap_or_else(|| panic!("there is no crate {of}"));
        let row_of = |module: &str| {
            let inside = |layer: &&str| {
                module
                    .strip_prefix(layer)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            };
            rows.iter().enumerate().find_map(|(row, layers)| {
                layers.iter().find(|layer| inside(layer)).map(|layer| (row, *layer))
            })
        };
        for layer in rows.iter().flat_map(|row| row.iter()) {
            assert!(modules.contains_key(*layer), "{of} has no module {layer}");
        }
        for (name, module) in modules.iter().filter(|(name, _)| !name.is_empty()) {
            let from = row_of(name);
            for used in &module.uses {
                let fits = match (from, row_of(used)) {
                    (_, None) => true,
                    (None, Some(_)) => false,
                    (Some((from, layer)), Some((to, used))) => from < to || layer == used,
                };
                if !fits {
                    wrong.push(format!("{of}: {name} uses {used}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} arrows run up:\n{}", wrong.len(), wrong.join("\n"));
}

/// The modules of every crate of the project, by the crate's name.
fn crates() -> BTreeMap<String, BTreeMap<String, Module>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let inside = |folder: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let folders = inside("crates")
        .into_iter()
        .chain(["bench", "loss", "proofs", "xtask"].map(|name| root.join(name)));
    folders
        .filter(|folder| folder.join("Cargo.toml").exists())
        .map(|folder| {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            (name, source::modules(&folder.join("src")))
        })
        .collect()
}

fn folders<'m>(
    circle: &BTreeSet<String>,
    modules: &'m BTreeMap<String, Module>,
) -> BTreeSet<&'m Path> {
    circle.iter().map(|name| modules[name].folder.as_path()).collect()
}
