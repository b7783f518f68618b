//! The `[auth.mcp]` table of a provider file. It is the same as an `[auth.oauth]` whose addresses, issuer and client
//! are found out anew for each connection, and kept with its credential.

use super::fields::fields;
use super::oauth;
use crate::catalog::field::Field;
use crate::catalog::file::{FieldTable, McpTable, OAuthTable};
use crate::catalog::form::CredentialForm;
use crate::catalog::oauth::{Discovery, OAuth};
use crate::catalog::problems::Problems;
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::UrlTemplate;

/// What the table stands for. The placeholders are what was found; `resource` is that of RFC 8707.
const STANDS_FOR: &str = r#"
authorize_url = "{authorization_endpoint}"
token_url = "{token_endpoint}"
authorize_params = { resource = "{resource}", prompt = "{prompt}" }
token_params = { resource = "{resource}" }
refresh_params = { resource = "{resource}" }
scopes = []
pkce = "s256"
client_auth = "none"
refresh_rotates = true
issuer = "{issuer}"
"#;

/// What is found out. An address may be wherever the operator approves a host.
const FOUND: &str = r#"
[[fields]]
key = "authorization_endpoint"
label = "Authorization endpoint"
help = "It is found out."
optional = true
host = "operator_approved"
port = true
mismatch = "Expected an address that begins with https://"
example = "https://login.example.com/authorize"
[[fields]]
key = "token_endpoint"
label = "Token endpoint"
help = "It is found out."
optional = true
host = "operator_approved"
port = true
mismatch = "Expected an address that begins with https://"
example = "https://login.example.com/token"
[[fields]]
key = "issuer"
label = "Issuer"
help = "It is found out."
optional = true
[[fields]]
key = "requires_issuer"
label = "Whether every redirect back has an issuer"
help = "It is found out."
optional = true
options = [{ value = "true", label = "Yes" }]
[[fields]]
key = "resource"
label = "Resource"
help = "It is found out."
optional = true
[[fields]]
key = "prompt"
label = "What the person is asked"
help = "It is found out."
optional = true
[[fields]]
key = "registered_client_id"
label = "Client ID"
help = "It is found out."
optional = true
[[fields]]
key = "registered_client_secret"
label = "Client secret"
help = "It is found out."
optional = true
[[fields]]
key = "client_auth"
label = "How the client authenticates"
help = "It is found out."
optional = true
options = [
  { value = "basic", label = "By HTTP Basic" },
  { value = "body", label = "In the body" },
  { value = "none", label = "Not at all" },
]
[[fields]]
key = "scopes"
label = "Scopes"
help = "It is found out."
optional = true
"#;

/// A list of fields.
#[derive(serde::Deserialize)]
struct Found {
    fields: Vec<FieldTable>,
}

/// Reads the table. `typed` is the form of a client that is known there, if the file has one.
pub(super) fn mcp(table: &McpTable, typed: Option<CredentialForm>, problems: &mut Problems) -> Option<OAuth> {
    let resource = problems.ok("auth.0.mcp.resource", UrlTemplate::parse(&table.resource));
    let oauth = oauth::oauth(toml::from_str::<OAuthTable>(STANDS_FOR).ok()?, problems)?;
    let mut form = typed.unwrap_or(CredentialForm { page: None, fields: Vec::new() });
    form.fields.extend(found(problems)?);
    Some(OAuth { own_client: Some(form), discovery: Some(Discovery { resource: resource? }), ..oauth })
}

fn found(problems: &mut Problems) -> Option<Vec<Field>> {
    let found = toml::from_str::<Found>(FOUND).ok()?;
    let read = fields(found.fields, "auth.0.mcp", problems);
    Some(read.into_iter().map(|field| Field { secret: true, found: true, ..field }).collect())
}

/// Checks that the resource is known before there is a credential.
pub(super) fn check(discovery: &Discovery, names: &Names<'_>, problems: &mut Problems) {
    names.check_url("auth.0.mcp.resource", &discovery.resource, Reach::Connection, problems);
}
