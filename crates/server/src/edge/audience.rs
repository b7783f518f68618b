//! Whom an answer is for. The request's path decides it.

use http::Uri;

/// The beginnings of the API's paths: the one of the specification, and the other base path that clients use.
const BASES: [&str; 2] = ["/api/v1/", "/v1/"];

/// What follows them in the paths that need a key.
const OWNED: [&str; 2] = ["projects/", "orgs/"];

/// The beginning of the paths of pages.
const PAGES: &str = "/dashboard";

/// The path of the page on which a person approves a device login.
const DEVICE: &str = "/device";

/// The beginning of the paths for agents, which speak the Model Context Protocol.
const AGENTS: &str = "/mcp";

/// The beginning of the addresses that providers send events to.
const EVENTS: &str = "/hooks";

/// The path at which the provider that people sign in with says that one of them has signed out.
const BACK_CHANNEL: &str = "/oauth/back-channel-logout";

/// Whom an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A program that works on a project or an organization, with an API key.
    Client,
    /// A program that speaks the Model Context Protocol for an agent, with an API key.
    Agent,
    /// A program that sends a request to a provider, with an API key.
    Proxied,
    /// A provider that sends an event. It has no API key, and its address is secret.
    Provider,
    /// A program that reads what the API says about itself, such as its specification.
    Reader,
    /// A person, whose browser shows a page of the dashboard.
    Person,
    /// An orchestrator that asks whether the server is alive or ready.
    Orchestrator,
    /// A program that collects metrics.
    Collector,
    /// Anybody else.
    Other,
}

impl Audience {
    /// The audience of a path.
    pub fn of(path: &str) -> Self {
        match path {
            "/healthz" | "/readyz" => Self::Orchestrator,
            "/metrics" => Self::Collector,
            BACK_CHANNEL => Self::Other,
            _ if BASES.iter().any(|base| is_proxied(path, base)) => Self::Proxied,
            _ if BASES.iter().any(|base| is_owned(path, base)) => Self::Client,
            _ if is_below(path, AGENTS) => Self::Agent,
            _ if is_below(path, EVENTS) => Self::Provider,
            _ if path.starts_with("/api/") || path.starts_with("/v1/") => Self::Reader,
            _ if is_below(path, PAGES) || is_below(path, "/oauth") || path == DEVICE => Self::Person,
            _ => Self::Other,
        }
    }

    /// Whether a path is that of a page which a person opens. A redirect back from a provider is none.
    pub(super) fn is_page(path: &str) -> bool {
        path == "/" || path == DEVICE || is_below(path, PAGES)
    }

    /// Whether a bearer token is an API key. Collectors of metrics have their own token, and providers their own proof.
    pub(super) fn sends_api_keys(self) -> bool {
        !matches!(self, Self::Collector | Self::Provider)
    }

    /// Whether its requests are counted by their route, and not for the address that they come from: many customers'
    /// events come from few addresses.
    pub(super) fn is_limited_by_its_route(self) -> bool {
        self == Self::Provider
    }

    /// Whether a path is secret, so that nothing but its pattern may be told of it.
    pub(super) fn has_secret_path(self) -> bool {
        self == Self::Provider
    }

    /// Whether an error is its status alone.
    pub(super) fn reads_no_errors(self) -> bool {
        self == Self::Provider
    }

    /// Whether a request with a refused key is refused before it reaches a route.
    pub(super) fn needs_good_key(self) -> bool {
        matches!(self, Self::Client | Self::Agent | Self::Proxied)
    }

    /// Whether it gets an answer at any rate of requests, even without the database and Redis.
    pub(super) fn is_never_limited(self) -> bool {
        matches!(self, Self::Orchestrator | Self::Collector)
    }

    /// Whether it is answered only at host names that the operator knows. Orchestrators ask by address, and a client's
    /// key is what opens the API. Agents are refused in their protocol, by `mcp`.
    pub(super) fn asks_for_known_hosts(self) -> bool {
        matches!(self, Self::Person | Self::Collector | Self::Other)
    }

    /// Whether it is a caller of the API, or an agent that uses the same.
    pub(super) fn is_of_api(self) -> bool {
        matches!(self, Self::Client | Self::Proxied | Self::Reader | Self::Agent)
    }

    /// Whether all its answers are JSON.
    pub(super) fn reads_json_alone(self) -> bool {
        matches!(self, Self::Client | Self::Reader)
    }
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_owned(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| OWNED.iter().any(|owned| rest.starts_with(owned)))
}

/// Whether a path is one at a provider: `…/projects/{projectId}/integrations/{provider}/proxy/…`.
fn is_proxied(path: &str, base: &str) -> bool {
    let rest = path.strip_prefix(base).and_then(|rest| rest.strip_prefix(OWNED[0]));
    let mut segments = rest.into_iter().flat_map(|rest| rest.split('/'));
    let mut is = |at, word| segments.nth(at) == Some(word);
    is(1, "integrations") && is(1, "proxy")
}

/// Replaces the other base path, `/v1`, by the one of the routes.
pub(super) fn use_one_base_path(uri: &mut Uri) {
    let [base, other] = BASES;
    let Some(rest) = uri.path_and_query().and_then(|whole| whole.as_str().strip_prefix(other)) else {
        return;
    };
    // Device login is beside the versions of the API.
    let base = if rest.starts_with("auth/device/") { "/api/" } else { base };
    // A valid path with a longer beginning is a valid path.
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
            ("/api/v1/orgs/org_1/projects", Audience::Client),
            ("/v1/orgs/org_1/keys", Audience::Client),
            ("/api/v1/projects/prj_1/integrations/slack/proxy/chat.postMessage", Audience::Proxied),
            ("/v1/projects/prj_1/integrations/slack/proxy/a/b", Audience::Proxied),
            ("/api/v1/projects/prj_1/integrations/proxy", Audience::Client),
            ("/api/v1/projects/prj_1/integrations/slack/actions/proxy", Audience::Client),
            ("/v1/orgs", Audience::Reader),
            ("/api/v1/openapi.json", Audience::Reader),
            ("/v1/openapi.json", Audience::Reader),
            ("/v1/projects", Audience::Reader),
            ("/mcp/projects/prj_1", Audience::Agent),
            ("/mcpx", Audience::Other),
            ("/hooks/evs_1/secret", Audience::Provider),
            ("/hooks", Audience::Provider),
            ("/hooksx", Audience::Other),
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
        for path in ["/dashboard", "/dashboard/", "/dashboard/x", "/device", "/oauth/callback", "/oauth"] {
            assert_eq!(Audience::of(path), Audience::Person, "{path}");
        }
        for path in ["/", "/dashboards", "/api/v1/dashboard", "/oauthx", "/devices", "/docs"] {
            assert_ne!(Audience::of(path), Audience::Person, "{path}");
        }
    }
}
