//! Whom an answer is for, by the request's path: decided once, and asked by everything that depends on it.

use http::Uri;

/// How the paths of the routes that ask for a key begin, as the specification has them and under the other base path
/// that clients use.
const PROJECTS: [&str; 2] = ["/api/v1/projects/", "/v1/projects/"];

/// Whom an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A program that works on a project, with an API key.
    Client,
    /// A program that reads what the API says of itself, such as its specification.
    Reader,
    /// A person, whose browser shows a page of the dashboard.
    Person,
    /// An orchestrator that asks whether the server is alive and ready.
    Orchestrator,
    /// What collects metrics.
    Collector,
    /// Whoever asks for anything else.
    Other,
}

impl Audience {
    /// The audience of a path.
    pub fn of(path: &str) -> Self {
        let is_below =
            |root| path.strip_prefix(root).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with('/'));
        match path {
            "/healthz" | "/readyz" => Self::Orchestrator,
            "/metrics" => Self::Collector,
            _ if PROJECTS.iter().any(|base| path.starts_with(base)) => Self::Client,
            _ if path.starts_with("/api/") || path.starts_with("/v1/") => Self::Reader,
            _ if is_below("/dashboard") || is_below("/oauth") => Self::Person,
            _ => Self::Other,
        }
    }

    /// Whether a bearer token is an API key. What collects metrics has a token of its own.
    pub(super) fn sends_api_keys(self) -> bool {
        self != Self::Collector
    }

    /// Whether a key that is refused is told so before anything else is looked at.
    pub(super) fn needs_good_key(self) -> bool {
        self == Self::Client
    }

    /// Whether it must get an answer however often it asks, and whatever else is away.
    pub(super) fn is_never_limited(self) -> bool {
        matches!(self, Self::Orchestrator | Self::Collector)
    }

    /// Whether it is answered in JSON alone.
    pub(super) fn reads_json_alone(self) -> bool {
        matches!(self, Self::Client | Self::Reader)
    }
}

/// Turns the other base path, `/v1`, into the one that the routes have.
pub(super) fn use_one_base_path(uri: &mut Uri) {
    let [base, other] = PROJECTS;
    let Some(rest) = uri.path_and_query().and_then(|whole| whole.as_str().strip_prefix(other)) else {
        return;
    };
    // A path that was read before, with more in front: always a path.
    if let Ok(whole) = format!("{base}{rest}").parse() {
        *uri = whole;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_apart() {
        for (path, audience) in [
            ("/api/v1/projects/prj_1/integrations", Audience::Client),
            ("/v1/projects/prj_1/integrations", Audience::Client),
            ("/api/v1/openapi.json", Audience::Reader),
            ("/v1/projects", Audience::Reader),
            ("/healthz", Audience::Orchestrator),
            ("/readyz", Audience::Orchestrator),
            ("/metrics", Audience::Collector),
            ("/metrics/", Audience::Other),
            ("/docs", Audience::Other),
        ] {
            assert_eq!(Audience::of(path), audience, "{path}");
        }
    }

    #[test]
    fn pages_are_what_is_below_their_addresses() {
        for path in ["/dashboard", "/dashboard/", "/dashboard/x", "/oauth/callback", "/oauth"] {
            assert_eq!(Audience::of(path), Audience::Person, "{path}");
        }
        for path in ["/", "/dashboards", "/api/v1/dashboard", "/oauthx", "/docs"] {
            assert_ne!(Audience::of(path), Audience::Person, "{path}");
        }
    }
}
