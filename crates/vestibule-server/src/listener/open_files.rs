//! How many files this process may have open, each connection being one.

/// Connections at once, where the system allows as many.
const CONNECTIONS: u64 = 4096;
/// What everything else may need: files of people, the database, the log.
const OTHERS: u64 = 512;

/// Raises the limit of open files as far as the system lets this process, and says how many connections there
/// is room for.
pub(super) fn make_room() -> usize {
    let allowed = raise();
    let connections = connections(allowed);
    match allowed {
        Some(files) if connections < CONNECTIONS => tracing::warn!(
            connections,
            files,
            "this process may open only {files} files, so it accepts {connections} connections at once \
             instead of {CONNECTIONS}; raise its hard limit to {} (`LimitNOFILE` of systemd, `ulimit \
             -Hn`)",
            CONNECTIONS + OTHERS
        ),
        _ => tracing::info!(connections, files = allowed, "connection limit"),
    }
    usize::try_from(connections).unwrap_or(usize::MAX)
}

/// How many of so many files may be connections: all but what else needs some, and never more than half of few.
fn connections(files: Option<u64>) -> u64 {
    let Some(files) = files else { return CONNECTIONS };
    files.saturating_sub(OTHERS).max(files / 2).clamp(1, CONNECTIONS)
}

/// The limit after raising it; `None` where there is none.
#[cfg(unix)]
fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let before = getrlimit(Resource::Nofile);
    let highest = Rlimit { current: before.maximum, maximum: before.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, highest) {
        tracing::warn!(%error, "cannot raise the limit of open files");
        return before.current;
    }
    before.maximum
}

#[cfg(not(unix))]
fn raise() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_everything_else() {
        for (files, expected) in [
            (None, 4096),
            (Some(1_048_576), 4096),
            (Some(4608), 4096),
            (Some(4096), 3584),
            (Some(1024), 512),
            (Some(256), 128),
            (Some(1), 1),
        ] {
            assert_eq!(connections(files), expected, "{files:?}");
        }
    }
}
