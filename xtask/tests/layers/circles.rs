//! Modules that use each other, however long the way.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Module;

/// Each largest set of two or more modules of which every one reaches every other.
pub(crate) fn of(modules: &BTreeMap<String, Module>) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        modules.keys().map(|name| (name.as_str(), reach(name, modules))).collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for name in modules.keys() {
        let around = |other: &&&str| reached[**other].contains(name.as_str());
        let circle: BTreeSet<String> =
            reached[name.as_str()].iter().filter(around).map(|name| (*name).to_owned()).collect();
        if circle.len() > 1 && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}

/// The modules that one leads to, over any number of others.
fn reach<'m>(from: &'m str, modules: &'m BTreeMap<String, Module>) -> BTreeSet<&'m str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        for used in &modules[name].uses {
            if found.insert(used.as_str()) {
                open.push(used);
            }
        }
    }
    found
}

/// The arrows of a circle that run from one folder to another.
pub(crate) fn arrows_between_folders(
    circle: &BTreeSet<String>,
    modules: &BTreeMap<String, Module>,
) -> String {
    let mut arrows = Vec::new();
    for from in circle {
        for to in modules[from].uses.intersection(circle) {
            if modules[from].folder != modules[to].folder {
                arrows.push(format!("{from} -> {to}"));
            }
        }
    }
    arrows.join(", ")
}
