//! How a provider grants access by OAuth 2.0: what differs between providers, as data.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::field::Pattern;
use super::names::{BodyFormat, CallbackCheck, ClientAuth, Pkce};
use super::template::{JsonPointer, Template, UrlTemplate};

/// The authorization code grant (RFC 6749, section 4.1) as one provider does it.
///
/// Placeholders of the URLs are fields of the connection.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// Where the browser is sent.
    pub authorize_url: UrlTemplate,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: UrlTemplate,
    /// Query parameters of the authorize URL beside those of RFC 6749; `response_type=code` is always sent.
    pub authorize_params: BTreeMap<String, String>,
    /// Parameters of the code exchange beside those of RFC 6749; `grant_type=authorization_code` is always sent.
    pub token_params: BTreeMap<String, ParamValue>,
    /// Parameters of a refresh beside those of RFC 6749; `grant_type=refresh_token` is always sent.
    pub refresh_params: BTreeMap<String, ParamValue>,
    /// Headers of both token requests, beside `Accept: application/json`.
    pub token_headers: BTreeMap<String, String>,
    /// What is asked for. Empty where the provider fixes an app's rights elsewhere.
    pub scopes: Vec<String>,
    /// What joins them in `scope`: a space (RFC 6749, section 3.3) or a comma.
    pub scope_separator: String,
    /// Further lists of scopes in parameters of their own, such as HubSpot's `optional_scope`.
    pub extra_scopes: Vec<ExtraScopes>,
    /// What a granted scope grants beside itself: a provider may leave those out of what it says it granted.
    pub implied_scopes: BTreeMap<String, Vec<String>>,
    /// Whether a code challenge is sent.
    pub pkce: Pkce,
    /// How the client proves itself at the token endpoint.
    pub client_auth: ClientAuth,
    /// How token requests are written.
    pub body_format: BodyFormat,
    /// Where things are in the answer of the token endpoint.
    pub answer: TokenAnswer,
    /// Fields of that answer that are kept with the credential.
    pub kept: Vec<KeptField>,
    /// Checks of the redirect back, beside `state`.
    pub callback_checks: Vec<CallbackCheck>,
    /// What the authorization server calls itself in `iss` (RFC 9207). Placeholders are fields of the connection.
    pub issuer: Option<Template>,
    /// Whether every redirect back has that `iss`.
    pub issuer_required: bool,
    /// Seconds that an access token lives where the answer does not say; none: until it is refused.
    pub default_lifetime_seconds: Option<u64>,
    /// Whether a refresh may answer a new refresh token and end the old one, so that it must be stored at once.
    pub refresh_rotates: bool,
    /// Where an administrator registers the app that gives client id and secret.
    pub app_page: Option<Url>,
}

/// The value of a parameter: in a JSON body a string or a number, in a form its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// A string.
    Text(String),
    /// A whole number.
    Number(i64),
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// Scopes that go into a parameter other than `scope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraScopes {
    /// The parameter of the authorize URL.
    pub param: String,
    /// What it asks for, joined as [`OAuth::scope_separator`] says.
    pub scopes: Vec<String>,
}

/// Where a token answer holds what. RFC 6749, section 5.1 names the usual places; they are the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The access token; `/access_token`.
    pub access_token: JsonPointer,
    /// The refresh token; `/refresh_token`. Its absence from an answer is no error.
    pub refresh_token: JsonPointer,
    /// Seconds until the access token expires; `/expires_in`.
    pub expires_in: JsonPointer,
    /// The scopes granted; `/scope`. A string split at spaces and commas alike, or an array of strings.
    pub scopes: JsonPointer,
    /// The error's code in an answer that failed, whatever its HTTP status; `/error`.
    pub error: JsonPointer,
    /// Values of that code that mean the refresh token is dead, beside `invalid_grant` (RFC 6749, section 5.2).
    pub dead_errors: Vec<String>,
}

/// A field of the token answer that later requests need, such as the host that the account lives on.
#[derive(Clone, Debug)]
pub struct KeptField {
    /// Its name in the credential and in placeholders.
    pub name: String,
    /// Where it is in the token answer.
    pub pointer: JsonPointer,
    /// What it must match. There always is one where it stands at the beginning of a URL.
    pub pattern: Option<Pattern>,
    /// A value that would be right.
    pub example: Option<String>,
    /// What stands in where it is missing.
    pub default: Option<String>,
    /// Whether a credential without it is of no use.
    pub required: bool,
}
