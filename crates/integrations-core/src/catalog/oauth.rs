//! How a provider grants access by OAuth 2.0: what differs between providers, as data.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::choice::ConsentChoice;
use super::field::{Field, Pattern, read_fields};
use super::form::CredentialForm;
use super::key::ProviderKey;
use super::names::{AuthorizeParam, BodyFormat, CallbackCheck, ClientAuth, ExpiryUnit, Pkce, Rotation};
use super::template::{JsonPointer, Template, UrlTemplate};
use super::token_call::TokenCall;
use crate::issue::Issue;
use crate::pasted::Kind;

/// Codes that say that the client itself is refused (RFC 6749, section 5.2).
pub(crate) const CLIENT_REFUSED: [&str; 2] = ["invalid_client", "unauthorized_client"];
/// The status of an answer that says the same without a code (RFC 9110, section 15.5.2).
pub(crate) const UNAUTHORIZED: u16 = 401;

/// The authorization code grant (RFC 6749, section 4.1) as one provider does it.
///
/// Placeholders of the URLs are fields of the connection.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// Where the browser is sent.
    pub authorize_url: UrlTemplate,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: UrlTemplate,
    /// Where refresh tokens are exchanged, if that is another place.
    pub refresh_url: Option<UrlTemplate>,
    /// Query parameters of the authorize URL in addition to those of RFC 6749. In these and in further parameters,
    /// placeholders are fields of the connection and of the app: see [`OAuth::filled`].
    pub authorize_params: BTreeMap<String, String>,
    /// Those of RFC 6749 that the authorize URL leaves out.
    pub authorize_omits: Vec<AuthorizeParam>,
    /// What stands for the address that the browser is sent back to, at providers that give it a name. Placeholders are
    /// fields of the app. `None`: the address itself.
    pub redirect_uri: Option<Template>,
    /// The parameter of the redirect back that has the code; `code`.
    pub code_param: String,
    /// Parameters of the code exchange in addition to those of RFC 6749; it always has
    /// `grant_type=authorization_code`.
    pub token_params: BTreeMap<String, ParamValue>,
    /// Parameters of a refresh in addition to those of RFC 6749; `grant_type=refresh_token` is always sent.
    pub refresh_params: BTreeMap<String, ParamValue>,
    /// Headers of both token requests, in addition to `Accept: application/json`.
    pub token_headers: BTreeMap<String, String>,
    /// The scopes to ask for. Empty if an app's rights are set at the provider.
    pub scopes: Vec<String>,
    /// The separator of scopes in `scope`: a space (RFC 6749, section 3.3) or a comma.
    pub scope_separator: String,
    /// Further lists of scopes in parameters of their own, such as HubSpot's `optional_scope`.
    pub extra_scopes: Vec<ExtraScopes>,
    /// For a scope, the scopes that it includes. A provider may leave these out of the list that it says it granted.
    pub implied_scopes: BTreeMap<String, Vec<String>>,
    /// Whether a code challenge is sent.
    pub pkce: Pkce,
    /// How the client authenticates at the token endpoint.
    pub client_auth: ClientAuth,
    /// The format of token requests.
    pub body_format: BodyFormat,
    /// How the answers of the token endpoint are read.
    pub tokens: TokenRules,
    /// How one of several is chosen after consent.
    pub choice: Option<ConsentChoice>,
    /// How a token lives long, at providers that issue no refresh tokens.
    pub long_lived: Option<LongLived>,
    /// Checks of the redirect back, in addition to `state`.
    pub callback_checks: Vec<CallbackCheck>,
    /// The authorization server's name for itself in `iss` (RFC 9207). Placeholders are fields of the connection.
    pub issuer: Option<Template>,
    /// Whether every redirect back must have `iss`.
    pub issuer_required: bool,
    /// Whether signing in there does not work in the browsers that messengers have built in.
    pub needs_real_browser: bool,
    /// The page where an administrator registers the app and gets its client id and secret.
    pub app_page: Option<Url>,
    /// What an app has beside its client id and secret. Nothing of it is secret.
    pub app_fields: Vec<Field>,
    /// What several services share: this definition, and an app. `None`: an app is for this provider alone.
    pub base: Option<Base>,
    /// The services that an app is for, where this stands for their base. Each asks for scopes of its own.
    pub services: Vec<Base>,
    /// The form of a client that each connection has for itself. `None`: all use an OAuth app of this server.
    pub own_client: Option<CredentialForm>,
    /// How the authorization server is found out, if each connection has another. What is found is part of
    /// [`OAuth::own_client`].
    pub discovery: Option<Discovery>,
}

/// Something that has an OAuth app: what several services share, such as Google, or one of these services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its key, which names its app as a provider's key does.
    pub key: ProviderKey,
    /// Its name for people.
    pub name: String,
}

/// How an authorization server is found out: from the resource that it guards (RFC 9728).
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The resource. Placeholders are fields of the connection.
    pub resource: UrlTemplate,
}

/// The fields that describe a connection's own client, by their keys. A field that is no secret belongs to the
/// connection.
pub mod own_client {
    /// The client's id. There always is one.
    pub const ID: &str = "client_id";
    /// Its secret. A public client has none (RFC 6749, section 2.1).
    pub const SECRET: &str = "client_secret";
    /// How it authenticates: a [`super::ClientAuth`].
    pub const AUTH: &str = "client_auth";
    /// The scopes to ask for, with commas between them.
    pub const SCOPES: &str = "scopes";
    /// The id and the secret that a discovered server gave to a client that registered itself, or the address of our
    /// document.
    pub const REGISTERED_ID: &str = "registered_client_id";
    /// See [`REGISTERED_ID`].
    pub const REGISTERED_SECRET: &str = "registered_client_secret";
    /// Where the browser is sent, of a discovered server.
    pub const AUTHORIZATION_ENDPOINT: &str = "authorization_endpoint";
    /// Where codes and refresh tokens are exchanged there.
    pub const TOKEN_ENDPOINT: &str = "token_endpoint";
    /// Its name for itself.
    pub const ISSUER: &str = "issuer";
    /// `true`, if every redirect back from it has `iss` (RFC 9207).
    pub const REQUIRES_ISSUER: &str = "requires_issuer";
    /// What the person is asked, beside what the server asks anyhow: `consent`, which a refresh token needs (OpenID
    /// Connect Core, section 11).
    pub const PROMPT: &str = "prompt";
    /// The resource that tokens are asked for (RFC 8707).
    pub const RESOURCE: &str = "resource";
}

impl OAuth {
    /// The same, with the placeholders of its parameters replaced. A parameter whose placeholder has no value is left
    /// out, because the placeholder is an optional field.
    pub fn filled<'v>(&self, value: impl Fn(&str) -> Option<&'v str> + Copy) -> Self {
        let fill = |text: &str| Template::parse(text).ok()?.render_known(value);
        let params = |params: &BTreeMap<String, ParamValue>| {
            let filled = params.iter().filter_map(|(name, param)| {
                let param = match param {
                    ParamValue::Text(text) => ParamValue::Text(fill(text)?),
                    ParamValue::Number(number) => ParamValue::Number(*number),
                };
                Some((name.clone(), param))
            });
            filled.collect()
        };
        let of_authorize = self.authorize_params.iter();
        Self {
            authorize_params: of_authorize
                .filter_map(|(name, text)| Some((name.clone(), fill(text)?)))
                .collect(),
            token_params: params(&self.token_params),
            refresh_params: params(&self.refresh_params),
            ..self.clone()
        }
    }

    /// Reads what a person typed of an app beside its client id and secret. The error is everything that is wrong, each
    /// path under `root`.
    pub fn read_app_fields(
        &self,
        typed: &Map<String, Value>,
        root: &str,
    ) -> Result<Map<String, Value>, Vec<Issue>> {
        read_fields(&self.app_fields, typed, root)
    }

    /// Whether an app has all fields that it needs. The file may have got more since it was set.
    pub fn suits(&self, fields: &Map<String, Value>) -> bool {
        self.app_fields.iter().all(|field| !field.is_required() || fields.contains_key(&field.key))
    }

    /// The value of a field of an app, or its default.
    pub fn app_value<'a>(&'a self, fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
        let field = self.app_fields.iter().find(|field| field.key == name)?;
        fields.get(name).and_then(Value::as_str).or(field.default.as_deref())
    }

    /// The URLs of its handshake.
    pub(super) fn urls(&self) -> impl Iterator<Item = &UrlTemplate> {
        let choice = self.choice.iter().map(|choice| &choice.url);
        let long_lived =
            self.long_lived.iter().flat_map(|tokens| [&tokens.exchange.url, &tokens.renewal.url]);
        let of_tokens = [&self.authorize_url, &self.token_url].into_iter().chain(&self.refresh_url);
        of_tokens.chain(choice).chain(long_lived)
    }

    /// The same, to be changed.
    pub(super) fn urls_mut(&mut self) -> impl Iterator<Item = &mut UrlTemplate> {
        let choice = self.choice.iter_mut().map(|choice| &mut choice.url);
        let long_lived = self.long_lived.iter_mut();
        let long_lived = long_lived.flat_map(|tokens| [&mut tokens.exchange.url, &mut tokens.renewal.url]);
        let of_tokens =
            [&mut self.authorize_url, &mut self.token_url].into_iter().chain(&mut self.refresh_url);
        of_tokens.chain(choice).chain(long_lived)
    }
}

/// How the token of a code is exchanged for one that lives longer, and how that one is renewed by itself while it lives
/// (Meta's long-lived tokens). Placeholders of both: the access token, `client_id`, `client_secret`, the connection.
#[derive(Clone, Debug)]
pub struct LongLived {
    /// The request with the token that a code gave.
    pub exchange: TokenCall,
    /// The request with the token that is renewed.
    pub renewal: TokenCall,
}

/// How the answers of a token endpoint are read, and what they mean.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// Where to find the tokens and errors in an answer.
    pub answer: TokenAnswer,
    /// What else is stored with the credential.
    pub kept: Vec<KeptField>,
    /// Lifetime of an access token in seconds, if the answer does not say. `None`: until the provider refuses it.
    pub default_lifetime_seconds: Option<u64>,
    /// What a refresh does to the refresh token that was used.
    pub rotation: Rotation,
}

/// The value of a parameter. In a JSON body it is a string or a number; in a form it is text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

/// Where the fields of a token answer are. The default is the usual places, as in RFC 6749, section 5.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAnswer {
    /// Where the access token may be; `/access_token`.
    pub access_token: Vec<JsonPointer>,
    /// The refresh token; `/refresh_token`. An answer may leave it out.
    pub refresh_token: JsonPointer,
    /// How long until the access token expires, or when it does; `/expires_in`.
    pub expires_in: JsonPointer,
    /// What a number there counts, if it says how long.
    pub expires_unit: ExpiryUnit,
    /// When the access token expires, where the answer says nothing there.
    pub expires_at: Option<JsonPointer>,
    /// The scopes granted; `/scope`. Either an array of strings, or a string that is split at spaces and commas.
    pub scopes: JsonPointer,
    /// Where an answer that failed may have the error's code, whatever its HTTP status; `/error`.
    pub error: Vec<JsonPointer>,
    /// Codes that mean the refresh token is dead, in addition to `invalid_grant` (RFC 6749, section 5.2).
    pub dead_errors: Vec<String>,
    /// Statuses that mean the same, whatever the answer says.
    pub dead_statuses: Vec<u16>,
}

/// Where a kept field comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptPlace {
    /// From a place in the token answer.
    Answer(JsonPointer),
    /// From a parameter of the redirect back from the consent page.
    Redirect(String),
    /// From a place in the item that was chosen after consent: see [`ConsentChoice`].
    Choice(JsonPointer),
}

/// What later requests need beside the tokens, such as the host that the account lives on.
#[derive(Clone, Debug)]
pub struct KeptField {
    /// Its name in the credential and in placeholders.
    pub name: String,
    /// Where it comes from.
    pub place: KeptPlace,
    /// The pattern that it must match. A field at the beginning of a URL always has one. People never see it.
    pub pattern: Option<Pattern>,
    /// What is expected, in words. A field with a pattern always has it.
    pub mismatch: Option<String>,
    /// What may have been pasted around it.
    pub kind: Kind,
    /// A valid value.
    pub example: Option<String>,
    /// The value to use if it is missing.
    pub default: Option<String>,
    /// Whether a credential cannot be used without it.
    pub required: bool,
}
