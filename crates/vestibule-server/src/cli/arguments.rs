//! What can be typed behind `vestibule`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::ConfigFlags;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "vestibule",
    version,
    about = "Accounts and sign-in for one web site and its apps",
    long_about = "Accounts and sign-in for one web site and its apps.\n\n\
        Without a command, the server starts at http://127.0.0.1:5000 and keeps its data in ./data.",
    after_long_help = "Exit status: 0 success, 1 failure, 2 wrong usage or invalid configuration.\n\n\
        Settings come from vestibule.toml, .env, the environment and flags; later sources override\n\
        earlier ones. tokens.access_ttl in the file is VESTIBULE_TOKENS__ACCESS_TTL in the\n\
        environment. `vestibule config show` lists all settings.",
    max_term_width = 100
)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) config: ConfigFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

impl CommandLine {
    /// What is to be done: `serve` where nothing else is said.
    pub(crate) fn into_parts(self) -> (ConfigFlags, Command) {
        (self.config, self.command.unwrap_or(Command::Serve))
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server (the default)
    #[command(long_about = "Run the server.\n\n\
            In development, pending migrations are applied first. On SIGTERM or Ctrl-C, the server lets\n\
            running requests finish for up to 10 seconds and stops.")]
    Serve,
    /// Bring the database up to date
    Migrate,
    /// Create, show and change accounts
    #[command(subcommand)]
    User(UserCommand),
    /// List, show and end sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// List, rotate and retire the signing keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Invalidate sessions, links and keys after a restore from a backup
    #[command(
        long_about = "Invalidate sessions, links and keys after a restore from a backup.\n\n\
            Ends all sessions, voids mailed links, drops queued mails, replaces the signing keys and makes\n\
            every running server reload its state. It is safe to run twice."
    )]
    Restored(Restored),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the API description (OpenAPI, JSON)
    Openapi,
}

/// `vestibule user …`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Create an account; prompts for the password
    Create(UserCreate),
    /// List accounts
    List(Listing),
    /// Show one account
    Show(UserShow),
    /// Suspend an account and end its sessions
    Suspend(UserName),
    /// Reactivate a suspended or deleted account
    Activate(UserName),
    /// Delete an account and end its sessions; its name is never reused
    Delete(UserName),
    /// Set a new password and end the account's sessions; prompts for the password
    SetPassword(UserSetPassword),
    /// Add a role, or make the account a super user
    #[command(
        override_usage = "vestibule user grant <USER> <ROLE>\n       vestibule user grant <USER> --super-user"
    )]
    Grant(UserRole),
    /// Remove a role or the super user flag
    #[command(
        override_usage = "vestibule user revoke <USER> <ROLE>\n       vestibule user revoke <USER> --super-user"
    )]
    Revoke(UserRole),
    /// Import accounts from another system, with their password hashes
    #[command(long_about = "Import accounts from another system, with their password hashes.\n\n\
            FILE is CSV with a header line, or JSON lines, with the fields\n  \
            username, email, password_hash, status, is_super_user, roles, created_at\n\
            Roles are separated by spaces in CSV and are an array in JSON.\n\
            Hashes of werkzeug, Django, passlib and bcrypt are accepted and replaced at the next\n\
            sign-in. To continue an interrupted import, run it again.")]
    Import(UserImport),
}

/// Which account.
#[derive(Debug, Args)]
pub(crate) struct UserName {
    /// Id, user name or e-mail address
    pub(crate) user: String,
}

/// `--json` of a listing.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Listing {
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// `vestibule user show`
#[derive(Debug, Args)]
pub(crate) struct UserShow {
    /// Id, user name or e-mail address
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `vestibule user create`
#[derive(Debug, Args)]
pub(crate) struct UserCreate {
    /// Name to sign in with, unique on the site
    #[arg(long)]
    pub(crate) username: String,
    /// E-mail address, unique on the site
    #[arg(long)]
    pub(crate) email: String,
    /// Role of the account; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    pub(crate) roles: Vec<String>,
    /// Make the account a super user
    #[arg(long)]
    pub(crate) super_user: bool,
    /// Read the password from standard input instead of prompting
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `vestibule user set-password`
#[derive(Debug, Args)]
pub(crate) struct UserSetPassword {
    /// Id, user name or e-mail address
    pub(crate) user: String,
    /// Read the password from standard input instead of prompting
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `vestibule user grant` and `revoke`: a role or the super user, one of them.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("right").required(true).args(["role", "super_user"])))]
pub(crate) struct UserRole {
    /// Id, user name or e-mail address
    pub(crate) user: String,
    /// Role name of a-z, 0-9, _ and -
    #[arg(value_parser = role)]
    pub(crate) role: Option<String>,
    /// The super user flag instead of a role
    #[arg(long)]
    pub(crate) super_user: bool,
}

/// `vestibule user import`
#[derive(Debug, Args)]
pub(crate) struct UserImport {
    /// CSV or JSON lines
    pub(crate) file: PathBuf,
    /// Show what would happen without changing anything
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the outcome of each row to this CSV file: line, name, outcome, reason
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

/// `vestibule session …`
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List sessions
    List(SessionList),
    /// Show one session and the history of its refresh tokens
    Show(SessionShow),
    /// End sessions; their tokens stop working at once
    #[command(
        override_usage = "vestibule session end <ID>\n       vestibule session end --user <USER>\n       vestibule session end --all"
    )]
    End(SessionEnd),
}

/// `vestibule session list`
#[derive(Debug, Args)]
pub(crate) struct SessionList {
    /// Only sessions of this account: id, user name or e-mail address
    #[arg(long)]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `vestibule session show`
#[derive(Debug, Args)]
pub(crate) struct SessionShow {
    /// The session's id
    // Ids are base64url: some begin with a hyphen.
    #[arg(allow_hyphen_values = true)]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `vestibule session end`: exactly one of three.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SessionEnd {
    /// The session's id
    // Ids are base64url: some begin with a hyphen.
    #[arg(allow_hyphen_values = true)]
    pub(crate) id: Option<String>,
    /// All sessions of this account: id, user name or e-mail address
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// All sessions of all accounts
    #[arg(long)]
    pub(crate) all: bool,
}

/// `vestibule key …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List the keys and their state
    List(Listing),
    /// Start signing with the next key; existing tokens stay valid
    Rotate {
        /// Switch to keys of this algorithm; the first one is published for 10 seconds before it signs
        #[arg(long, value_enum, ignore_case = true)]
        algorithm: Option<KeyAlgorithm>,
    },
    /// Retire a key at once; tokens that it signed become invalid
    Retire {
        /// The key's id
        // Ids are base64url: some begin with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// Reseal the stored secrets after `secret_key` was replaced
    #[command(long_about = "Reseal the stored secrets after `secret_key` was replaced.\n\n\
            First set `secret_key` to the new secret and `secret_key_previous` to the old one on every node,\n\
            then run this. Until then, the old secret still reads what it sealed and signed.")]
    Reseal,
}

/// The algorithms of a key ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeyAlgorithm {
    /// ECDSA with P-256 and SHA-256
    #[value(name = "ES256")]
    Es256,
    /// Ed25519
    #[value(name = "EdDSA")]
    EdDsa,
}

/// `vestibule restored`
#[derive(Debug, Args)]
pub(crate) struct Restored {
    /// Take over all stored files, whichever database they belonged to, and list the unknown ones
    #[arg(long)]
    pub(crate) adopt_files: bool,
}

/// `vestibule config …`
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration and list every problem
    Check,
    /// Show every key with its value and source; secrets are masked
    Show(Listing),
}

/// A role: a word of `[a-z0-9_-]`.
fn role(text: &str) -> Result<String, &'static str> {
    let is_word = !text.is_empty()
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte)
        });
    if is_word { Ok(text.to_owned()) } else { Err("a role consists of a-z, 0-9, _ and -") }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Command, CommandLine};

    fn parse(arguments: &str) -> Result<CommandLine, clap::Error> {
        CommandLine::try_parse_from(
            std::iter::once("vestibule").chain(arguments.split_whitespace()),
        )
    }

    #[test]
    fn the_definitions_fit_together() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_reference_is_taken() {
        for good in [
            "",
            "serve",
            "migrate",
            "user create --username ada --email ada@example.org --role editor --role a_b-1 --super-user --password-stdin",
            "user list --json",
            "user show ada --json",
            "user suspend ada@example.org",
            "user activate 7",
            "user delete ada",
            "user set-password ada --password-stdin",
            "user grant ada editor",
            "user grant ada --super-user",
            "user revoke ada editor",
            "user revoke ada --super-user",
            "user import users.csv --dry-run",
            "session list",
            "session list --user ada --json",
            "session end 0f3a",
            "session end --user ada",
            "session end --all",
            "key list --json",
            "key rotate",
            "key rotate --algorithm EdDSA",
            "key rotate --algorithm es256",
            "key retire k1",
            "key reseal",
            "restored",
            "restored --adopt-files",
            "config check",
            "config show --json",
            "openapi",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn half_said_and_doubly_said_things_are_usage_errors() {
        for bad in [
            "user",
            "user grant ada",
            "user grant ada editor --super-user",
            "user grant ada Editor",
            "user create --username ada",
            "user create --username ada --email a@b --password x",
            "user set-password ada secret",
            "session end",
            "session end 0f3a --all",
            "session end --user ada --all",
            "key retire",
            "key rotate --algorithm HS256",
            "serve --set listen",
            "serve --nonsense",
        ] {
            let error = parse(bad).expect_err(bad);
            assert_eq!(error.exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn nothing_said_means_serve() {
        let (_, command) = parse("").unwrap().into_parts();
        assert!(matches!(command, Command::Serve));
    }

    #[test]
    fn configuration_flags_go_with_every_command_on_either_side() {
        for line in [
            "--data-dir d --set a=b=c user list",
            "user list --data-dir d --set a=b=c",
            "user --data-dir d list --set a=b=c",
            "--data-dir d --set a=b=c",
        ] {
            let (flags, _) = parse(line).unwrap().into_parts();
            assert_eq!(flags.data_dir.as_deref(), Some("d"), "{line}");
            assert_eq!(
                (flags.set[0].key.as_str(), flags.set[0].value.as_str()),
                ("a", "b=c"),
                "{line}"
            );
        }
    }
}
