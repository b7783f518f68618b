//! The `[proxy]` of a provider file.

use crate::catalog::action::Action;
use crate::catalog::file::ProxyTable;
use crate::catalog::path_pattern::PathPattern;
use crate::catalog::problems::Problems;
use crate::catalog::provider::Setup;
use crate::catalog::proxying::{Never, Proxying, requests};
use crate::catalog::template::UrlTemplate;

/// Reads how requests of callers are judged. The addresses of OAuth that are below the base URL are never called.
pub(super) fn proxying(
    table: ProxyTable,
    actions: &[Action],
    setup: Option<&Setup>,
    base: Option<&UrlTemplate>,
    problems: &mut Problems,
) -> Proxying {
    for (index, never) in table.never.iter().enumerate() {
        let path = never.path.strip_suffix("/**").unwrap_or(&never.path);
        let is_clean = |segment: &str| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && !segment.contains(['*', '?', '#', ' '])
        };
        let mut segments = path.split('/');
        if segments.next() != Some("") || !segments.all(is_clean) {
            let message = "a path begins with `/`, has `{name}` for what differs, and may end in `/**`";
            problems.add(format!("proxy.never.{index}.path"), message);
        }
    }
    let oauth = match setup {
        Some(Setup::OAuth(oauth)) => Some(oauth),
        _ => None,
    };
    let of_oauth = oauth.into_iter().flat_map(|oauth| [&oauth.authorize_url, &oauth.token_url]);
    let below = |url: &UrlTemplate| {
        let rest = url.as_str().strip_prefix(base?.as_str().trim_end_matches('/'))?;
        let path = rest.split(['?', '#']).next().filter(|path| path.starts_with('/'))?;
        Some(Never { method: None, path: PathPattern::read(path) })
    };
    let named = table.never.iter();
    let named = named.map(|never| Never { method: never.method, path: PathPattern::read(&never.path) });
    Proxying {
        writes_by_get: table.writes_by_get,
        repeats_failures: table.repeats_failures,
        never: of_oauth.filter_map(below).chain(named).collect(),
        requests: requests(actions),
    }
}
