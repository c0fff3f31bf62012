//! Reading which modules a crate has and which of them each one uses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// A module with a file of its own.
pub(crate) struct Module {
    /// The folder that it belongs to: that of the file, or the one that it is the head of.
    pub(crate) folder: PathBuf,
    /// The modules that it uses, itself left out. Those within a file count as the file.
    pub(crate) uses: BTreeSet<String>,
}

/// All modules under `src`, by their path; the root's is empty.
pub(crate) fn modules(src: &Path) -> BTreeMap<String, Module> {
    let mut files = BTreeMap::new();
    collect(src, "", &mut files);
    let names: BTreeSet<String> = files.keys().cloned().collect();
    let parsed: BTreeMap<String, (PathBuf, syn::File)> = files
        .into_iter()
        .map(|(name, file)| {
            let text = fs::read_to_string(&file).unwrap();
            let parsed = syn::parse_file(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            (name, (file, parsed))
        })
        .collect();
    let root_names = parsed.get("").map(|(_, file)| aliases(file, &names)).unwrap_or_default();
    parsed
        .iter()
        .map(|(name, (file, parsed))| {
            let mut finder = Finder {
                module: name,
                names: &names,
                root_names: &root_names,
                uses: BTreeSet::new(),
            };
            finder.visit_file(parsed);
            let mut uses = finder.uses;
            uses.remove(name);
            // The root has all others below it, and what it re-exports is followed to where it comes from.
            uses.remove("");
            let below = format!("{name}::");
            let is_head = !name.is_empty() && names.iter().any(|other| other.starts_with(&below));
            let is_file_beside = is_head && file.file_name().is_some_and(|own| own != "mod.rs");
            let folder = if is_file_beside {
                file.with_extension("")
            } else {
                file.parent().unwrap().to_owned()
            };
            (name.clone(), Module { folder, uses })
        })
        .collect()
}

/// The files of modules, but for those of tests.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let name = if prefix.is_empty() { stem.clone() } else { format!("{prefix}::{stem}") };
        if ["tests", "fixture"].contains(&stem.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, &name, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let is_head = matches!(stem.as_str(), "mod" | "lib" | "main");
            files.insert(if is_head { prefix.to_owned() } else { name }, path);
        }
    }
}

/// What `crate::NAME` means where the root has it from one of its modules.
fn aliases(root: &syn::File, names: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in &root.items {
        if let syn::Item::Use(item) = item {
            for path in flatten(&item.tree) {
                let path = if path.first().is_some_and(|first| first == "crate" || first == "self")
                {
                    &path[1..]
                } else {
                    &path[..]
                };
                let module = longest(path, names);
                if let (false, Some(name)) = (module.is_empty(), path.last()) {
                    found.insert(name.clone(), module);
                }
            }
        }
    }
    found
}

struct Finder<'a> {
    module: &'a str,
    names: &'a BTreeSet<String>,
    root_names: &'a BTreeMap<String, String>,
    uses: BTreeSet<String>,
}

impl Finder<'_> {
    fn follow(&mut self, path: &[String]) {
        let mut here: Vec<String> =
            self.module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let mut rest = path;
        match rest.first().map(String::as_str) {
            Some("crate") => here.clear(),
            Some("self") => {}
            Some("super") => {
                here.pop();
            }
            // Of a child, or of another crate.
            Some(first) => {
                here.push(first.to_owned());
                if !self.names.contains(&here.join("::")) {
                    return;
                }
                here.pop();
                rest = path;
                let full: Vec<String> = here.iter().chain(rest).cloned().collect();
                self.uses.insert(longest(&full, self.names));
                return;
            }
            None => return,
        }
        rest = &rest[1..];
        while rest.first().is_some_and(|part| part == "super") {
            here.pop();
            rest = &rest[1..];
        }
        if here.is_empty()
            && let Some(module) = rest.first().and_then(|name| self.root_names.get(name))
            && !self.names.contains(&rest[0])
        {
            self.uses.insert(module.clone());
            return;
        }
        let full: Vec<String> = here.iter().chain(rest).cloned().collect();
        self.uses.insert(longest(&full, self.names));
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for path in flatten(&item.tree) {
            self.follow(&path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if parts.len() > 1 {
            self.follow(&parts);
        }
        visit::visit_path(self, path);
    }

    /// Who may see it is no use of it.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
    })
}

/// The paths of a `use`, one for each name.
fn flatten(tree: &syn::UseTree) -> Vec<Vec<String>> {
    match tree {
        syn::UseTree::Path(path) => flatten(&path.tree)
            .into_iter()
            .map(|mut rest| {
                rest.insert(0, path.ident.to_string());
                rest
            })
            .collect(),
        syn::UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        syn::UseTree::Rename(rename) => vec![vec![rename.ident.to_string()]],
        syn::UseTree::Glob(_) => vec![vec![]],
        syn::UseTree::Group(group) => group.items.iter().flat_map(flatten).collect(),
    }
}

/// The module that a path leads to, or into.
fn longest(path: &[String], names: &BTreeSet<String>) -> String {
    (0..=path.len())
        .rev()
        .map(|length| path[..length].join("::"))
        .find(|name| names.contains(name))
        .unwrap_or_default()
}
