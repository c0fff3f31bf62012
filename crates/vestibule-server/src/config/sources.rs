//! Where values come from: the file, `.env` and the environment, the flags. Later ones win.

use std::{
    collections::BTreeMap,
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    dotenv,
    file::{self, Leaf, LeafValue},
    keys::{self, ENVIRONMENT_PREFIX, KEYS, Key, PLAIN_NAMES, SERVICE_PORT, Secrecy, Shape},
    problem::Problem,
    service_links,
    settings::Profile,
};
use crate::config::ConfigFlags;

/// The file that is read where no flag names another.
const USUAL_FILE: &str = "vestibule.toml";

/// Where a value in force was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nowhere: the reference's default.
    Default,
    /// Nowhere: it follows another key.
    Follows(&'static str),
    /// The profile's own default.
    Profile(Profile),
    /// A configuration file.
    File { path: PathBuf, line: usize },
    /// A `.env` file.
    DotEnv { name: String, line: usize },
    /// A variable of the process's environment.
    Environment { name: String },
    /// A flag of the command line.
    Flag { name: &'static str },
}

/// A value as somebody gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) value: GivenValue,
    pub(crate) source: Source,
}

/// The text of a value, its notation not yet read. It may be a secret, which `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum GivenValue {
    Text(String),
    List(Vec<String>),
}

impl fmt::Debug for GivenValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text(_) => "Text(…)",
            Self::List(_) => "List(…)",
        })
    }
}

/// All that was given, the winning source of each key, and what could not be read.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) values: BTreeMap<&'static str, Given>,
    /// `SERVICE_PORT`, where no later source gives the whole of `listen`.
    pub(crate) service_port: Option<Given>,
    /// Variables that look like settings and only describe a Service of Kubernetes.
    pub(crate) service_links: Vec<String>,
    pub(crate) problems: Vec<Problem>,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::Follows(key) => write!(out, "follows {key}"),
            Self::Profile(profile) => write!(out, "profile {profile}"),
            Self::File { path, line } => write!(out, "{} line {line}", path.display()),
            Self::DotEnv { name, line } => write!(out, ".env line {line}, {name}"),
            Self::Environment { name } => write!(out, "environment {name}"),
            Self::Flag { name } => write!(out, "flag {name}"),
        }
    }
}

/// Reads every source, weakest first.
pub(crate) fn gather(
    flags: &ConfigFlags,
    environment: impl IntoIterator<Item = (String, String)>,
    working_dir: &Path,
) -> Gathered {
    let mut gathered = Gathered::default();
    gathered.add_file(flags.config.as_deref(), working_dir);
    gathered.add_variables(environment, working_dir);
    gathered.add_flags(flags);
    gathered
}

impl Gathered {
    fn add_file(&mut self, named: Option<&Path>, working_dir: &Path) {
        let path = named.unwrap_or(Path::new(USUAL_FILE));
        let text = match std::fs::read_to_string(working_dir.join(path)) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => return,
            Err(error) => {
                let place = named.map(|_| "flag --config".to_owned());
                let wrong = format!("Cannot read the file: {error}.");
                let hint = "Name an existing file that this user can read.";
                return self.problem(path.display(), place, wrong, hint);
            }
        };
        match file::parse(&text) {
            Ok(leaves) => leaves.into_iter().for_each(|leaf| self.add_leaf(path, leaf)),
            Err(syntax) => {
                let place = Some(format!("line {}", syntax.line));
                let wrong = format!("The file is not valid TOML: {}.", syntax.wrong);
                let hint = "Write the line as key = \"value\", below its [section].";
                self.problem(path.display(), place, wrong, hint);
            }
        }
    }

    fn add_leaf(&mut self, path: &Path, leaf: Leaf) {
        let source = Source::File { path: path.to_owned(), line: leaf.line };
        let place = Some(source.to_string());
        if let Some(key) = keys::find(&leaf.name) {
            match file_value(key, leaf.value) {
                Ok(value) => self.set(key, value, source),
                Err((wrong, hint)) => self.problem(key.name, place, wrong, hint),
            }
            return;
        }
        let is_section = keys::is_section(&leaf.name);
        let outer = leaf.name.split_once('.').and_then(|(outer, _)| keys::find(outer));
        match (leaf.value, outer) {
            (LeafValue::EmptySection, _) if is_section => {}
            (_, Some(key)) => self.problem(
                &leaf.name,
                place,
                format!("`{}` is a single value, not a section.", key.name),
                format!("Write {} = … above the first [section].", key.name),
            ),
            _ if is_section => self.problem(
                &leaf.name,
                place,
                format!("`{}` is a section, not a single value.", leaf.name),
                format!("Write [{}] on its own line, and its keys below.", leaf.name),
            ),
            _ => {
                let suggestion = keys::nearest(&leaf.name).map(|key| format!("`{}`", key.name));
                self.unknown(&leaf.name, place, "key", suggestion);
            }
        }
    }

    /// `.env` and the environment together: of one name the environment's value counts, and of one
    /// key's two names the one that begins with `VESTIBULE_`.
    fn add_variables(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
        working_dir: &Path,
    ) {
        let mut variables = self.dotenv_variables(working_dir);
        for (name, value) in environment {
            let source = Source::Environment { name: name.clone() };
            variables.insert(name, (value, source));
        }
        for (plain, name) in PLAIN_NAMES {
            if let (Some((value, source)), Some(key)) = (variables.remove(*plain), keys::find(name))
            {
                self.set_text(key, value, source);
            }
        }
        self.pass_over_service_links(&mut variables);
        let port = variables.remove(SERVICE_PORT);
        self.service_port =
            port.filter(|(port, _)| !port.trim().is_empty()).map(|(port, source)| Given {
                value: GivenValue::Text(port.trim().to_owned()),
                source,
            });
        for key in KEYS {
            if let Some((value, source)) = variables.remove(&key.environment_name()) {
                self.set_text(key, value, source);
            }
        }
        for (name, (_, source)) in variables {
            if let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) {
                let meant = rest.to_ascii_lowercase().replace("__", ".");
                let suggestion = keys::nearest(&meant).map(Key::environment_name);
                self.unknown(&name, Some(source.to_string()), "setting", suggestion);
            }
        }
    }

    /// Takes out what Kubernetes says of a Service, whatever that is called.
    fn pass_over_service_links(&mut self, variables: &mut BTreeMap<String, (String, Source)>) {
        let is_link = |name: &str, value: &str| {
            let get = |other: &str| variables.get(other).map(|(value, _)| value.as_str());
            match name == SERVICE_PORT {
                true => service_links::is_endpoint(value),
                false => {
                    name.starts_with(ENVIRONMENT_PREFIX)
                        && !KEYS.iter().any(|key| key.environment_name() == name)
                        && service_links::is_service_link(name, value, get)
                }
            }
        };
        let links = variables.iter().filter(|(_, (_, source))| {
            // Nobody writes them into a file.
            matches!(source, Source::Environment { .. })
        });
        let links = links.filter(|(name, (value, _))| is_link(name, value));
        self.service_links = links.map(|(name, _)| name.clone()).collect();
        variables.retain(|name, _| !self.service_links.contains(name));
    }

    fn dotenv_variables(&mut self, working_dir: &Path) -> BTreeMap<String, (String, Source)> {
        let text = match std::fs::read_to_string(working_dir.join(".env")) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    let wrong = format!("Cannot read the file: {error}.");
                    let hint = "Make the file readable for this user, or move it away.";
                    self.problem(".env", None, wrong, hint);
                }
                return BTreeMap::new();
            }
        };
        let (assignments, bad_lines) = dotenv::parse(&text);
        for bad in bad_lines {
            let place = Some(format!("line {}", bad.line));
            let wrong = format!("The line {}.", bad.wrong);
            let hint = "Write NAME=value, with quotation marks around a value that contains # or line breaks.";
            self.problem(".env", place, wrong, hint);
        }
        let with_source = |assignment: dotenv::Assignment| {
            let source = Source::DotEnv { name: assignment.name.clone(), line: assignment.line };
            (assignment.name, (assignment.value, source))
        };
        assignments.into_iter().map(with_source).collect()
    }

    fn add_flags(&mut self, flags: &ConfigFlags) {
        for setting in &flags.set {
            let source = Source::Flag { name: "--set" };
            match keys::find(&setting.key) {
                Some(key) if key.secrecy == Secrecy::Secret => self.problem(
                    key.name,
                    Some(source.to_string()),
                    "Every user of this machine can read command-line arguments.".to_owned(),
                    format!(
                        "Set it in the environment or in .env as {}=….",
                        key.environment_name()
                    ),
                ),
                Some(key) => self.set_flag(key, &setting.value, "--set"),
                None => {
                    let suggestion =
                        keys::nearest(&setting.key).map(|key| format!("`{}`", key.name));
                    self.unknown(&setting.key, Some(source.to_string()), "key", suggestion);
                }
            }
        }
        for (name, flag, value) in flags.dedicated() {
            if let (Some(key), Some(value)) = (keys::find(name), value) {
                self.set_flag(key, value, flag);
            }
        }
    }

    fn set_flag(&mut self, key: &'static Key, value: &str, flag: &'static str) {
        if value.trim().is_empty() && key.shape != Shape::List {
            let hint = format!("Write a value after {flag}, or remove the flag.");
            let place = Some(format!("flag {flag}"));
            return self.problem(key.name, place, "The value is empty.".to_owned(), hint);
        }
        if key.name == "listen" {
            self.service_port = None;
        }
        self.set_text(key, value.to_owned(), Source::Flag { name: flag });
    }

    /// Sets a key from plain text. An empty text, as `${NAME:-}` in a compose file leaves behind,
    /// counts as not given; an empty list is one.
    fn set_text(&mut self, key: &'static Key, text: String, source: Source) {
        if key.shape == Shape::List {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let items = items.map(str::to_owned).collect();
            return self.set(key, GivenValue::List(items), source);
        }
        if text.trim().is_empty() {
            return;
        }
        if text.contains(char::REPLACEMENT_CHARACTER) {
            let wrong = "The value is not UTF-8.".to_owned();
            let hint = "Write it in UTF-8. For a secret, letters and digits are enough.";
            return self.problem(key.name, Some(source.to_string()), wrong, hint);
        }
        if key.name == "listen" && !matches!(source, Source::Flag { .. }) {
            self.service_port = None;
        }
        // A secret is taken byte by byte as it stands.
        let text = match key.secrecy {
            Secrecy::Secret => text,
            Secrecy::Open | Secrecy::Url => text.trim().to_owned(),
        };
        self.set(key, GivenValue::Text(text), source);
    }

    fn set(&mut self, key: &'static Key, value: GivenValue, source: Source) {
        self.values.insert(key.name, Given { value, source });
    }

    fn unknown(
        &mut self,
        name: &str,
        place: Option<String>,
        what: &str,
        suggestion: Option<String>,
    ) {
        let hint = match suggestion {
            Some(meant) => format!("Did you mean {meant}? Otherwise remove it."),
            None => "Remove it. `vestibule config show` lists all keys.".to_owned(),
        };
        self.problem(name, place, format!("Unknown {what}."), hint);
    }

    fn problem(
        &mut self,
        key: impl fmt::Display,
        place: Option<String>,
        wrong: String,
        hint: impl Into<String>,
    ) {
        self.problems.push(Problem { key: key.to_string(), place, wrong, hint: hint.into() });
    }
}

/// Fits what TOML holds to what the key takes, or says what is wrong and what mends it.
fn file_value(key: &Key, value: LeafValue) -> Result<GivenValue, (String, String)> {
    let found = match (key.shape, value) {
        (Shape::List, LeafValue::List(items)) => return Ok(GivenValue::List(items)),
        (Shape::Text | Shape::Number | Shape::Switch, LeafValue::Text(text)) => {
            return Ok(GivenValue::Text(text));
        }
        (Shape::Number, LeafValue::Whole(number)) => {
            return Ok(GivenValue::Text(number.to_string()));
        }
        (Shape::Switch, LeafValue::Switch(switch)) => {
            return Ok(GivenValue::Text(switch.to_string()));
        }
        (_, LeafValue::Text(_)) => "a string",
        (_, LeafValue::Whole(_)) => "a number",
        (_, LeafValue::Switch(_)) => "true or false",
        (_, LeafValue::List(_)) => "an array",
        (_, LeafValue::EmptySection) => "a section",
        (_, LeafValue::Other(what)) => what,
    };
    let (wanted, example) = match key.shape {
        Shape::Text => ("a string", "\"…\""),
        Shape::Number => ("a whole number", "64"),
        Shape::Switch => ("true or false", "true"),
        Shape::List => ("an array of strings", "[\"…\", \"…\"]"),
    };
    let leaf = key.name.rsplit_once('.').map_or(key.name, |(_, leaf)| leaf);
    Err((
        format!("The value is {found}, but must be {wanted}."),
        format!("Write {leaf} = {example}."),
    ))
}
