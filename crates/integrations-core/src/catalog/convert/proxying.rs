//! The `[proxy]` of a provider file.

use crate::catalog::action::Action;
use crate::catalog::file::ProxyTable;
use crate::catalog::path_pattern::PathPattern;
use crate::catalog::problems::Problems;
use crate::catalog::provider::Setup;
use crate::catalog::proxying::{Never, Proxying, requests};
use crate::catalog::revoke::Revoke;
use crate::catalog::template::{Template, UrlTemplate};

/// Reads how requests of callers are judged. The addresses of logging in, and of requests that revoke, that are below
/// the base URL are never called.
pub(super) fn proxying(
    table: ProxyTable,
    actions: &[Action],
    (setup, revoke): (Option<&Setup>, Option<&Revoke>),
    base: Option<&UrlTemplate>,
    problems: &mut Problems,
) -> Proxying {
    for (index, never) in table.never.iter().enumerate() {
        check_path(&never.path, &format!("proxy.never.{index}.path"), problems);
    }
    for (index, path) in table.wider_paths.iter().enumerate() {
        check_path(path, &format!("proxy.wider_paths.{index}"), problems);
    }
    for (index, field) in table.never_fields.iter().enumerate() {
        if !is_field(field) {
            problems.add(format!("proxy.never_fields.{index}"), "expected the name of a GraphQL field");
        }
    }
    for (index, name) in table.wider_parameters.iter().enumerate() {
        if !is_field(name) {
            let message = "expected the name of a parameter, without brackets";
            problems.add(format!("proxy.wider_parameters.{index}"), message);
        }
    }
    let of_login = setup.into_iter().flat_map(Setup::urls);
    let of_login = of_login.chain(revoke.into_iter().flat_map(Revoke::urls));
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
        never: of_login.filter_map(below).chain(named).collect(),
        never_fields: table.never_fields.into_iter().collect(),
        wider_paths: table.wider_paths.iter().map(|path| PathPattern::read(path)).collect(),
        wider_parameters: table.wider_parameters,
        requests: requests(actions),
    }
}

/// Checks the path of a request of callers.
fn check_path(path: &str, at: &str, problems: &mut Problems) {
    let named = path.strip_suffix("/**").unwrap_or(path);
    let is_clean = |segment: &str| {
        !segment.is_empty() && segment != "." && segment != ".." && !segment.contains(['*', '?', '#', ' '])
    };
    if !path.starts_with('/') || !named.split('/').skip(1).all(is_clean) {
        problems.add(at, "a path begins with `/`, has `{name}` for what differs, and may end in `/**`");
    } else {
        problems.ok(at, Template::parse(named));
    }
}

/// Whether a text is a name of GraphQL (October 2021, section 2.1.9).
fn is_field(text: &str) -> bool {
    let mut bytes = text.bytes();
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    bytes.next().is_some_and(is_start) && bytes.all(|byte| is_start(byte) || byte.is_ascii_digit())
}
