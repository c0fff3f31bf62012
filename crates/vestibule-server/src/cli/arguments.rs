//! What can be typed behind `vestibule`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::ConfigFlags;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "vestibule",
    version,
    about = "Sign-in for the pages and the apps of one site",
    long_about = "Sign-in for the pages and the apps of one site.\n\n\
        Without a command the site is served: http://127.0.0.1:5000, data below ./data.",
    after_long_help = "Exit status: 0 done, 1 failed, 2 wrong usage or bad configuration.\n\n\
        Settings come from vestibule.toml, .env, the environment and the flags, each winning over\n\
        the one before: tokens.access_ttl in the file is VESTIBULE_TOKENS__ACCESS_TTL in the\n\
        environment. `vestibule config show` lists them all.",
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
    /// Serve the site (the default)
    #[command(long_about = "Serve the site.\n\n\
            In development the database is brought up to date first. SIGTERM and Ctrl-C let running\n\
            requests end, within 10 seconds.")]
    Serve,
    /// Bring the database up to date
    Migrate,
    /// Make, look at and change accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Look at and end sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// Look at and move the signing keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// After the database was put back from a backup: let nothing from before be good
    #[command(
        long_about = "After the database was put back from a backup: let nothing from before be good.\n\n\
            Ends all sessions, voids mailed links, gives up mails that wait, replaces the signing keys, and has\n\
            every running server read everything again. Running it twice does no harm."
    )]
    Restored(Restored),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the description of the API (OpenAPI, JSON)
    Openapi,
}

/// `vestibule user …`
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account; the password is asked for
    Create(UserCreate),
    /// List accounts
    List(Listing),
    /// Show one account
    Show(UserShow),
    /// Keep an account from signing in and end its sessions
    Suspend(UserName),
    /// Let a suspended account sign in again
    Activate(UserName),
    /// Delete an account and end its sessions; its name is not given out again
    Delete(UserName),
    /// Set a new password, which is asked for, and end the account's sessions
    SetPassword(UserSetPassword),
    /// Give a role, or make a super user
    #[command(
        override_usage = "vestibule user grant <USER> <ROLE>\n       vestibule user grant <USER> --super-user"
    )]
    Grant(UserRole),
    /// Take a role away, or the rights of a super user
    #[command(
        override_usage = "vestibule user revoke <USER> <ROLE>\n       vestibule user revoke <USER> --super-user"
    )]
    Revoke(UserRole),
    /// Bring accounts over from another system, with their password hashes
    #[command(
        long_about = "Bring accounts over from another system, with their password hashes.\n\n\
            FILE is CSV with a header line, or JSON lines, with the fields\n  \
            username, email, password_hash, status, is_super_user, roles, created_at\n\
            Roles are separated by spaces in CSV and are an array in JSON.\n\
            Hashes of werkzeug, Django, passlib and bcrypt are taken as they are, and replaced at the next\n\
            sign-in. An import that was broken off goes on when it is started again."
    )]
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
    /// Print JSON for programs instead of text for people
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
    /// Give this role; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    pub(crate) roles: Vec<String>,
    /// Make a super user
    #[arg(long)]
    pub(crate) super_user: bool,
    /// Read the password from standard input instead of asking
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `vestibule user set-password`
#[derive(Debug, Args)]
pub(crate) struct UserSetPassword {
    /// Id, user name or e-mail address
    pub(crate) user: String,
    /// Read the password from standard input instead of asking
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `vestibule user grant` and `revoke`: a role or the super user, one of them.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("right").required(true).args(["role", "super_user"])))]
pub(crate) struct UserRole {
    /// Id, user name or e-mail address
    pub(crate) user: String,
    /// A word of a-z, 0-9, _ and -
    #[arg(value_parser = role)]
    pub(crate) role: Option<String>,
    /// The super user instead of a role
    #[arg(long)]
    pub(crate) super_user: bool,
}

/// `vestibule user import`
#[derive(Debug, Args)]
pub(crate) struct UserImport {
    /// CSV or JSON lines
    pub(crate) file: PathBuf,
    /// Say what would happen and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write what became of each row, as CSV with line, name, outcome and reason
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

/// `vestibule session …`
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List sessions
    List(SessionList),
    /// Show one session and what became of its refresh tokens
    Show(SessionShow),
    /// End sessions now, tokens already out included
    #[command(
        override_usage = "vestibule session end <ID>\n       vestibule session end --user <USER>\n       vestibule session end --all"
    )]
    End(SessionEnd),
}

/// `vestibule session list`
#[derive(Debug, Args)]
pub(crate) struct SessionList {
    /// Only of this account: id, user name or e-mail address
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
    /// Every session of this account: id, user name or e-mail address
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// Every session of everybody
    #[arg(long)]
    pub(crate) all: bool,
}

/// `vestibule key …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List the keys of the ring and what each is used for
    List(Listing),
    /// Sign with the next key from now on; tokens already out stay good
    Rotate {
        /// Sign with keys of this algorithm from now on: the first of them is published for 10 seconds, then
        /// it signs
        #[arg(long, value_enum, ignore_case = true)]
        algorithm: Option<KeyAlgorithm>,
    },
    /// Take a key out of use at once; tokens signed with it are good no longer
    Retire {
        /// The key's id
        // Ids are base64url: some begin with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// After `secret_key` was replaced: seal what lies in the database under the new one
    #[command(
        long_about = "After `secret_key` was replaced: seal what lies in the database under the new one.\n\n\
            `secret_key_previous` names the one before; what it sealed and signed is read until then. First give\n\
            every node both secrets, then run this."
    )]
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
    /// Take over the files that are found, whosever they were, and list those that this database does not know
    #[arg(long)]
    pub(crate) adopt_files: bool,
}

/// `vestibule config …`
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether the configuration is good, or all that is wrong with it
    Check,
    /// Show every key, its value and where it came from; secrets are masked
    Show(Listing),
}

/// A role: a word of `[a-z0-9_-]`.
fn role(text: &str) -> Result<String, &'static str> {
    let is_word = !text.is_empty()
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte)
        });
    if is_word { Ok(text.to_owned()) } else { Err("a role is a word of a-z, 0-9, _ and -") }
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
