//! The files that this process may have open. A connection takes one, so clients could take those that the database and
//! the providers need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files of a connection to the database. On SQLite these are the database, its log and the log's index.
const OF_DATABASE_CONNECTION: u64 = 3;
/// Files for one integration that is looked after: a connection to its provider, and one that is kept for the next.
const OF_PROBE: u64 = 2;
/// Everything else: the standard streams, the listener, Redis, traces, people who install.
const OTHERS: u64 = 128;

/// Raises the limit of open files as far as `connections` of clients need it and the system lets it, and returns how
/// many connections there may be, so that enough files are left for the database and the providers.
pub(super) fn keep_for(connections: usize, database_connections: u32, probes: usize) -> usize {
    let kept = OF_DATABASE_CONNECTION * u64::from(database_connections) + OF_PROBE * probes as u64 + OTHERS;
    let share = share(raise(connections as u64 + kept), connections, kept);
    if share < connections {
        tracing::warn!(
            connections = share,
            wanted = connections,
            "the limit of open files leaves fewer connections for clients than are set: raise it (ulimit -n, \
             LimitNOFILE), or lower RIQ_CONNECTIONS"
        );
    }
    share
}

/// Raises the limit to `wanted`, or as far as it goes. Returns it, `None` if there is none.
fn raise(wanted: u64) -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current.filter(|current| *current < wanted) else { return limit.current };
    let raised = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit }) {
        Ok(()) => Some(raised),
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            Some(current)
        }
    }
}

/// What a limit leaves for clients. If it is too low for both, a quarter.
fn share(limit: Option<u64>, connections: usize, kept: u64) -> usize {
    let Some(limit) = limit else { return connections };
    let left = limit.saturating_sub(kept).max(limit / 4);
    usize::try_from(left).map_or(connections, |left| left.min(connections))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_kept_for_the_database_and_the_providers() {
        for (limit, expected) in [
            (None, 4096),
            (Some(1 << 20), 4096),
            (Some(4096 + 700), 4096),
            (Some(1024), 324),
            (Some(256), 64),
        ] {
            assert_eq!(share(limit, 4096, 700), expected, "{limit:?}");
        }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let before = getrlimit(Resource::Nofile);
        let raised = raise(before.maximum.unwrap_or(1 << 20));
        assert_eq!(raised, getrlimit(Resource::Nofile).current);
        assert!(raised >= before.current && before.maximum.is_none_or(|maximum| raised == Some(maximum)));
    }
}
