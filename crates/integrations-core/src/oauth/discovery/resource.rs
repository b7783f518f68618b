//! What a protected resource says of the authorization servers that guard it (RFC 9728).

use serde_json::Value;
use url::Url;

use super::problem::DiscoveryProblem;
use crate::catalog::check_url;
use crate::oauth_app::check_scope;

/// Where the metadata of a resource are (RFC 9728, section 3.1).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// The most authorization servers that are looked at.
const MOST_SERVERS: usize = 8;
/// The most scopes that are asked for, and the longest of them: all together are shorter than a field may be.
const MOST_SCOPES: usize = 32;
const LONGEST_SCOPE: usize = 120;

/// What a resource is, and who issues tokens for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedResource {
    /// Its identifier, which tokens are asked for (RFC 8707).
    pub resource: String,
    /// The issuers of the authorization servers, in its order.
    pub authorization_servers: Vec<Issuer>,
    /// The scopes that it names.
    pub scopes: Vec<String>,
}

/// The name of an authorization server for itself (RFC 8414, section 2). It is compared as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// Reads an issuer: `https`, with neither query nor fragment.
    pub fn read(text: &str) -> Option<Self> {
        let url = check_url(text).ok().filter(|url| url.query().is_none())?;
        Some(Self { text: text.to_owned(), url })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address that it is.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Its host.
    pub fn host(&self) -> String {
        host(&self.url)
    }
}

/// The host of an address, with its port if that is not the usual one.
pub fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// The places where the metadata of a resource may be, if its refusal does not say: below its path, then for the whole
/// host.
pub fn resource_metadata_places(resource: &Url) -> Vec<Url> {
    let at = |path: &str| {
        let mut url = resource.clone();
        url.set_path(path);
        url.set_query(None);
        url.set_fragment(None);
        url
    };
    let path = resource.path().trim_end_matches('/');
    let mut places = vec![at(&format!("{WELL_KNOWN}{path}"))];
    if !path.is_empty() {
        places.push(at(WELL_KNOWN));
    }
    places
}

impl ProtectedResource {
    /// Reads the metadata of the resource at `url`.
    ///
    /// They must be those of this resource, or of what it is a part of: the same origin, and a path above its own.
    /// Otherwise whoever answers could have tokens issued for somebody else (RFC 9728, section 7.3).
    pub fn read(metadata: &Value, url: &Url) -> Result<Self, DiscoveryProblem> {
        let host = || host(url);
        let unusable = |what: &str| DiscoveryProblem::Unusable { host: host(), what: what.to_owned() };
        let resource = metadata["resource"].as_str().ok_or_else(|| unusable("resource"))?;
        let named = Url::parse(resource).map_err(|_| unusable("resource"))?;
        if named.origin() != url.origin() || !is_above(named.path(), url.path()) {
            return Err(DiscoveryProblem::OtherResource { host: host() });
        }
        let servers = metadata["authorization_servers"].as_array().into_iter().flatten();
        let servers = servers.filter_map(|server| Issuer::read(server.as_str()?)).take(MOST_SERVERS);
        let authorization_servers: Vec<Issuer> = servers.collect();
        if authorization_servers.is_empty() {
            return Err(unusable("authorization_servers"));
        }
        let scopes = scopes(&metadata["scopes_supported"]);
        Ok(Self { resource: resource.to_owned(), authorization_servers, scopes })
    }
}

/// Whether one path is another one's, or stands above it.
fn is_above(path: &str, other: &str) -> bool {
    let below = other.strip_prefix(path.trim_end_matches('/'));
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The scopes of a list, as far as they are scopes (RFC 6749, section 3.3).
pub(super) fn scopes(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    all.filter(|scope| is_scope(scope)).take(MOST_SCOPES).map(str::to_owned).collect()
}

/// The scopes of a text, with spaces between them.
pub fn scopes_of(text: &str) -> Vec<String> {
    text.split(' ').filter(|scope| is_scope(scope)).take(MOST_SCOPES).map(str::to_owned).collect()
}

/// Whether it is one that can be kept: a list of them has commas between.
fn is_scope(text: &str) -> bool {
    text.len() <= LONGEST_SCOPE && check_scope(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_places_are_those_of_the_rfc() {
        let places = |text: &str| {
            resource_metadata_places(&url(text)).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let at = "https://mcp.example.com/.well-known/oauth-protected-resource";
        assert_eq!(places("https://mcp.example.com/public/mcp"), [format!("{at}/public/mcp"), at.to_owned()]);
        assert_eq!(places("https://mcp.example.com/mcp/?a=1#b"), [format!("{at}/mcp"), at.to_owned()]);
        assert_eq!(places("https://mcp.example.com"), [at]);
    }

    #[test]
    fn only_metadata_of_the_resource_itself_count() {
        let read = |resource: &str| {
            let metadata =
                json!({"resource": resource, "authorization_servers": ["https://login.example.com/a"]});
            ProtectedResource::read(&metadata, &url("https://mcp.example.com/tenant/mcp"))
        };
        let of = |name: &str| read(name).unwrap().resource;
        for right in [
            "https://mcp.example.com/tenant/mcp",
            "https://mcp.example.com/tenant",
            "https://mcp.example.com/",
            "https://mcp.example.com",
            "HTTPS://MCP.EXAMPLE.COM/tenant/mcp",
        ] {
            assert_eq!(of(right), right, "its own words are sent");
        }
        let host = "mcp.example.com".to_owned();
        for wrong in [
            "https://mcp.example.com/ten",
            "https://mcp.example.com/other",
            "https://mcp.example.com/tenant/mcp/more",
            "https://mcp.example.com:8443/tenant/mcp",
            "http://mcp.example.com/tenant/mcp",
            "https://mcp.example.com.evil.example/tenant/mcp",
            "https://evil.example/tenant/mcp",
        ] {
            assert_eq!(read(wrong), Err(DiscoveryProblem::OtherResource { host: host.clone() }), "{wrong}");
        }
        let what = "resource".to_owned();
        assert_eq!(read("mcp"), Err(DiscoveryProblem::Unusable { host, what }));
    }

    #[test]
    fn what_is_no_issuer_and_no_scope_is_left_out() {
        let metadata = json!({
            "resource": "https://mcp.example.com/mcp",
            "authorization_servers": [
                "http://login.example.com", 7, "https://a:b@login.example.com", "https://login.example.com/?x=1",
                "https://login.example.com/#x", "https://login.example.com/tenant",
            ],
            "scopes_supported": ["read", "", "a b", "a\"b", "a,b", "é", 1, "write"],
        });
        let read = ProtectedResource::read(&metadata, &url("https://mcp.example.com/mcp")).unwrap();
        assert_eq!(read.authorization_servers, [Issuer::read("https://login.example.com/tenant").unwrap()]);
        assert_eq!(read.scopes, ["read", "write"]);
        assert_eq!(scopes_of("read  write \u{e9}"), ["read", "write"]);
        let none = json!({"resource": "https://mcp.example.com/mcp", "authorization_servers": []});
        let what = "authorization_servers".to_owned();
        let host = "mcp.example.com".to_owned();
        assert_eq!(
            ProtectedResource::read(&none, &url("https://mcp.example.com/mcp")),
            Err(DiscoveryProblem::Unusable { host, what })
        );
    }
}
