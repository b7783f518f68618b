//! The requests that a measurement sends. They are prepared once, for random projects and keys, and are the same in
//! each run.

use std::fmt::Write as _;

use super::fill::{Data, INSTALLED, integration_provider, organization_of, project_id};
use crate::http::Request;

/// How many unknown projects are requested. A client with a wrong configuration requests the same one repeatedly.
const UNKNOWN_PROJECTS: usize = 1_000;

/// The kind of requests of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A project's integrations.
    List,
    /// One catalog entry.
    Entry,
    /// The catalog with two filters.
    Filtered,
    /// A change of an integration's name. The new name always differs from the current one.
    Patch,
    /// A key whose checksum is wrong.
    MalformedKey,
    /// A key of the right form that was never created.
    UnknownKey,
    /// A key without the scope.
    MissingScope,
    /// A project that does not exist.
    UnknownProject,
}

impl Kind {
    /// The expected status of every answer.
    pub(super) fn expected_status(self) -> u16 {
        match self {
            Self::List | Self::Entry | Self::Filtered | Self::Patch => 200,
            Self::MalformedKey | Self::UnknownKey => 401,
            Self::MissingScope => 403,
            Self::UnknownProject => 404,
        }
    }

    /// Requests of this kind: `count` of them, twice as many for [`Kind::Patch`].
    ///
    /// For [`Kind::Patch`] the second half changes the same integrations as the first half, to another name. So a
    /// client that cycles through the list always sends a change.
    pub(super) fn requests(self, data: &Data, count: usize) -> Vec<Request> {
        let mut random = Random(1);
        let first: Vec<Request> = (0..count).map(|at| self.request(data, at, &mut random)).collect();
        if self != Self::Patch {
            return first;
        }
        let renamed =
            |request: &Request| Request { body: request.body.replace("first", "second"), ..request.clone() };
        let second: Vec<Request> = first.iter().map(renamed).collect();
        first.into_iter().chain(second).collect()
    }

    fn request(self, data: &Data, at: usize, random: &mut Random) -> Request {
        let project = random.below(data.projects);
        let base = format!("/api/v1/projects/{}/integrations", project_id(project));
        let keys = &data.keys[organization_of(project)];
        let key = keys[random.below(keys.len())].clone();
        let mut request = |path: String, key: String| Request {
            method: "GET",
            path,
            headers: vec![("X-API-Key", key), ("X-Forwarded-For", address(random.below(ADDRESSES)))],
            body: String::new(),
        };
        let provider = integration_provider(at % INSTALLED.len());
        match self {
            Self::List => request(base, key),
            Self::Entry => request(format!("{base}/catalog/{provider}"), key),
            Self::Filtered => request(format!("{base}/catalog?category=commerce&status=active"), key),
            Self::MalformedKey => request(base, with_last_character_changed(&key)),
            Self::UnknownKey => request(base, data.unknown_keys[at % data.unknown_keys.len()].clone()),
            Self::MissingScope => {
                request(base, data.keys_without_scope[at % data.keys_without_scope.len()].clone())
            }
            Self::UnknownProject => {
                let unknown = project_id(data.projects + project % UNKNOWN_PROJECTS);
                request(format!("/api/v1/projects/{unknown}/integrations"), key)
            }
            Self::Patch => {
                let (project, provider) = scattered_integration(at, data.projects);
                let path =
                    format!("/api/v1/projects/{}/integrations/{provider}/lifecycle", project_id(project));
                Request {
                    method: "PATCH",
                    // The load generator replaces RUN by the number of the run.
                    body: format!(r#"{{"display_name":"The first name {at} of RUN"}}"#),
                    ..request(path, data.keys[organization_of(project)][0].clone())
                }
            }
        }
    }
}

/// A different integration for each number. Those of consecutive numbers lie far apart in the database, because rows
/// changed in their order on the disk would be cheaper to write than pgbench's, which are chosen at random.
fn scattered_integration(at: usize, projects: usize) -> (usize, &'static str) {
    // The step is a prime, so that all integrations are used before one is used again.
    const STEP: usize = 1_000_003;
    let place = at * STEP % (projects * INSTALLED.len());
    (place % projects, integration_provider(place / projects))
}

/// The number of addresses in the range that RFC 2544 reserves for measurements.
const ADDRESSES: usize = 1 << 17;

/// An address of that range.
pub(super) fn address(number: usize) -> String {
    format!("198.{}.{}.{}", 18 + (number >> 16), (number >> 8) & 255, number & 255)
}

fn with_last_character_changed(key: &str) -> String {
    let mut changed = key.to_owned();
    let last = changed.pop();
    changed.push(if last == Some('0') { '1' } else { '0' });
    changed
}

/// The requests as lines for the load generator's script: method, path, headers and body, separated by tabs.
pub(super) fn lines(requests: &[Request]) -> String {
    let mut text = String::new();
    for Request { method, path, headers, body } in requests {
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{method}\t{path}\t{}\t{body}", headers.join(";"));
    }
    text
}

/// SplitMix64, a generator that gives the same numbers for the same seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number from 0 to `bound - 1`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound.max(1) as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn requests_are_spread_over_projects_keys_and_addresses() {
        let data = Data::new(1_000);
        let requests = Kind::List.requests(&data, 5_000);
        let distinct = |part: fn(&Request) -> &str| requests.iter().map(part).collect::<HashSet<_>>().len();
        assert!(distinct(|request| &request.path) > 900);
        assert!(distinct(|request| &request.headers[0].1) > 300);
        assert!(distinct(|request| &request.headers[1].1) > 4_000);
    }

    #[test]
    fn a_key_is_of_the_project_s_organization() {
        let data = Data::new(50);
        for request in Kind::List.requests(&data, 200) {
            let project = (0..50).find(|project| request.path.contains(&project_id(*project))).unwrap();
            assert!(data.keys[organization_of(project)].contains(&request.headers[0].1));
        }
    }

    #[test]
    fn a_patch_is_never_the_one_before() {
        let data = Data::new(10);
        let mut names: HashMap<String, String> = HashMap::new();
        let requests = Kind::Patch.requests(&data, 30);
        for request in requests.iter().chain(&requests) {
            let before = names.insert(request.path.clone(), request.body.clone());
            assert_ne!(before, Some(request.body.clone()), "{}", request.path);
        }
    }

    #[test]
    fn changed_integrations_are_all_different_and_far_apart() {
        let places: HashSet<(usize, &str)> = (0..600).map(|at| scattered_integration(at, 100)).collect();
        assert_eq!(places.len(), 600);
        let (first, second) = (scattered_integration(1, 100_000).0, scattered_integration(2, 100_000).0);
        let apart = first.abs_diff(second);
        assert!(scattered_integration(1, 100_000).1 != scattered_integration(2, 100_000).1 || apart > 100);
    }

    #[test]
    fn a_malformed_key_is_malformed() {
        let data = Data::new(10);
        for request in Kind::MalformedKey.requests(&data, 50) {
            assert!(integrations_core::api_key::ApiKey::parse(&request.headers[0].1).is_err());
        }
    }

    #[test]
    fn a_line_holds_a_request() {
        let request = Request {
            method: "GET",
            path: "/x".to_owned(),
            headers: vec![("A", "1".to_owned()), ("B", "2".to_owned())],
            body: "{}".to_owned(),
        };
        assert_eq!(lines(&[request]), "GET\t/x\tA=1;B=2\t{}\n");
    }
}
