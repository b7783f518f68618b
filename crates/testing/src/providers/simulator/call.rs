//! What is expected of one request, and what is answered.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{message::Request, template};

/// A way to log in, where a provider has both.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    Oauth,
    Key,
}

/// The answer to a refused request.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// A call of the provider's API.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) host: String,
    pub(super) path: String,
    /// The only way to log in that it is for. `None`: it is for each.
    pub(super) by: Option<Way>,
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// User name and password of HTTP basic authentication, separated by a colon.
    pub(super) basic: Option<String>,
    /// A regular expression for the whole body.
    pub(super) body: Option<String>,
    /// The body as JSON: see `body`.
    pub(super) json: Option<Value>,
    /// The body as a form, by the same rules.
    pub(super) form: Option<Map<String, Value>>,
    /// Whether the body is a GraphQL query. The answer then has only the fields that it asks for.
    #[serde(default)]
    pub(super) graphql: bool,
    #[serde(default = "ok")]
    pub(super) status: u16,
    /// Further headers of the answer.
    #[serde(default)]
    pub(super) answer_headers: BTreeMap<String, String>,
    pub(super) answer: Value,
    /// Whether anybody may make it, without a credential.
    #[serde(default)]
    pub(super) public: bool,
    /// The service that it is signed for, if that is another than of all calls.
    pub(super) aws_service: Option<String>,
    /// The answer to a credential that is not valid, or no longer valid.
    pub(super) refusal: Refusal,
}

impl Call {
    /// Whether a request is this call, for any account.
    pub(super) fn resembles(&self, request: &Request) -> bool {
        self.method == request.method
            && template::resembles(&self.host, &request.host)
            && template::resembles(&self.path, &request.path)
    }
}

const fn ok() -> u16 {
    200
}

/// A request that ends access. The placeholder `token` is the token that ends, `access_token` that of the credential
/// which the request is sent with, and `client_id` and `client_secret` are those of the only app that a provider knows.
#[derive(Deserialize)]
pub(super) struct Revocation {
    /// The kind of the way to log in that it belongs to.
    pub(super) way: String,
    /// The tokens that it takes. Empty: what ends is the credential that it is sent with.
    #[serde(default)]
    pub(super) takes: Vec<TokenKind>,
    pub(super) ends: Ends,
    #[serde(flatten)]
    pub(super) call: Call,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum TokenKind {
    AccessToken,
    RefreshToken,
}

/// What ends.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ends {
    /// What was sent, and nothing else.
    Token,
    /// The access token and the refresh token that were issued together.
    Pair,
    /// Every token of the account.
    Grant,
}
