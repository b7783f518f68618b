//! What each provider expects of requests, as its documentation says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    aws_signature::AwsSignature,
    call::{Call, Refusal, Revocation, Way},
    message::Request,
    template::{self, Values},
};
use crate::signing_keys;

/// One provider. RFC 6749 and RFC 7636 apply where these files say nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectations {
    /// Its key in the catalog.
    pub(super) provider: String,
    /// What a person may supply in addition to the credential. Empty: nothing.
    #[serde(default)]
    connections: Vec<Map<String, Value>>,
    /// What the app that the provider knows has beside its client id and secret.
    #[serde(default)]
    pub(super) app: Map<String, Value>,
    /// The provider's accounts.
    pub(super) accounts: Vec<Account>,
    pub(super) authorize: Option<Authorize>,
    pub(super) token: Option<TokenEndpoint>,
    #[serde(default)]
    pub(super) calls: Vec<Call>,
    /// Where the calls of a host are by OAuth, if that is another place than by the key.
    by_oauth: Option<OtherPlace>,
    /// A key that a person may use in place of OAuth.
    pub(super) key: Option<Key>,
    /// How forms get tokens.
    #[serde(default)]
    pub(super) grants: Vec<Grant>,
    /// How each call is signed, if it is one of AWS.
    pub(super) aws_sigv4: Option<AwsSignature>,
    /// The assertion that is itself the token of each call, if a person's key signs it.
    pub(super) signed: Option<Signed>,
    /// How access is ended.
    #[serde(default)]
    pub(super) revocations: Vec<Revocation>,
}

/// A key of the first account, beside OAuth. It is sent in place of the header that a call has for the access token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    /// What a person types into the form.
    pub(super) credential: Map<String, Value>,
    /// The headers that it is sent with.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// User name and password of HTTP basic authentication, separated by a colon.
    pub(super) basic: Option<String>,
}

/// Another place of the same calls.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherPlace {
    /// The host where they are by the key.
    of: String,
    /// The host, and what stands before the paths.
    host: String,
    path: String,
}

/// Assertions that are themselves tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    /// What a person types into the form.
    pub(super) credential: Map<String, Value>,
    pub(super) assertion: Assertion,
}

/// An account: values for placeholders. `credential` contains those that a person types into a form.
#[derive(Deserialize)]
pub(super) struct Account(Map<String, Value>);

/// One template or several.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Hosts {
    One(String),
    Several(Vec<String>),
}

/// The authorization endpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authorize {
    host: Hosts,
    path: String,
    pub(super) pkce: Pkce,
    /// The separator of scopes in `scope`. `None`: there is no parameter `scope`.
    pub(super) scope_separator: Option<String>,
    /// The scopes that the provider knows.
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    /// The parameter for further scopes, which are granted if possible.
    pub(super) optional_scopes: Option<String>,
    pub(super) parameters: BTreeMap<String, Rule>,
    /// The parameters of the redirect back if access is denied.
    #[serde(default = "access_denied")]
    pub(super) denied: BTreeMap<String, String>,
    /// Further parameters of the redirect back.
    #[serde(default)]
    pub(super) further: BTreeMap<String, String>,
    pub(super) callback_signature: Option<Signature>,
    /// The name under which the address to return to is registered, and which is sent in place of it.
    pub(super) redirect_name: Option<String>,
    /// The parameter that names the app.
    #[serde(default = "client_parameter")]
    pub(super) client_parameter: String,
    /// What is in it. `None`: the client id.
    pub(super) client_value: Option<String>,
    /// The parameter of the redirect back that has the code.
    #[serde(default = "code_parameter")]
    pub(super) code_parameter: String,
}

fn client_parameter() -> String {
    "client_id".to_owned()
}

fn code_parameter() -> String {
    "code".to_owned()
}

fn access_denied() -> BTreeMap<String, String> {
    BTreeMap::from([("error".to_owned(), "access_denied".to_owned())])
}

/// Proof Key for Code Exchange.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pkce {
    /// Documented, but not required.
    Optional,
    /// Without it, there is no consent page.
    Required,
    /// Not documented, or not for an app like this. Its parameters are refused as unknown.
    Undocumented,
}

/// How a redirect back is signed.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Signature {
    Shopify,
}

/// What a parameter must be.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Rule {
    Word(RuleWord),
    #[serde(rename_all = "snake_case")]
    Form {
        #[serde(default)]
        required: bool,
        /// A regular expression for the whole value.
        form: Option<String>,
        /// Its type in a JSON body.
        r#type: Option<JsonType>,
    },
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum RuleWord {
    Required,
    Optional,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum JsonType {
    Number,
}

impl Rule {
    /// Checks a parameter, which may be missing. The error says what is wrong.
    pub(super) fn check(&self, name: &str, value: Option<&Value>, json: bool) -> Result<(), String> {
        let (required, form, kind) = match self {
            Self::Word(word) => (*word == RuleWord::Required, None, None),
            Self::Form { required, form, r#type } => (*required, form.as_deref(), *r#type),
        };
        let Some(value) = value else {
            return if required { Err(format!("the parameter {name} is missing")) } else { Ok(()) };
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if json && (kind == Some(JsonType::Number)) != value.is_number() {
            return Err(format!("the parameter {name} has another type"));
        }
        match form {
            Some(form) if !template::matches(form, &text) => {
                Err(format!("the parameter {name} is {text:?}, not {form}"))
            }
            _ => Ok(()),
        }
    }
}

/// The token endpoint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenEndpoint {
    host: Hosts,
    path: String,
    pub(super) formats: Vec<Format>,
    pub(super) client_auth: Vec<ClientAuth>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) parameters: BTreeMap<String, Rule>,
    /// Whether the answer is a form unless `Accept` asks for JSON.
    #[serde(default)]
    pub(super) answers_json_when_asked: bool,
    /// The separator of scopes in the answer, if it differs from the one in the request.
    pub(super) granted_separator: Option<String>,
    /// Whether the granted scopes leave out `read_x` if they have `write_x`.
    #[serde(default)]
    pub(super) write_implies_read: bool,
    pub(super) answer: Value,
    pub(super) error: Refusal,
    /// The codes of errors.
    pub(super) errors: Errors,
    /// The code of an error with the code verifier.
    pub(super) pkce_error: String,
    /// What is done with a refresh token. `None`: the answer has none.
    pub(super) refresh: Option<Refresh>,
}

impl TokenEndpoint {
    /// The path where refresh tokens are exchanged.
    fn refresh_path(&self) -> &str {
        self.refresh.as_ref().and_then(|refresh| refresh.path.as_deref()).unwrap_or(&self.path)
    }

    /// The path of a request: that of a refresh, or of a code.
    pub(super) fn path_of(&self, is_refresh: bool) -> &str {
        if is_refresh { self.refresh_path() } else { &self.path }
    }
}

/// A refresh (RFC 6749, section 6), and what is particular about it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    /// Its path, if that is not the one where codes are exchanged.
    pub(super) path: Option<String>,
    /// Whether a refresh token is used once: the answer has the next. Otherwise the answer has none.
    pub(super) rotates: bool,
    /// The parameters of the authorization request without which there is no refresh token, with a regular expression
    /// for the value or one of the scopes.
    #[serde(default)]
    pub(super) asked_by: BTreeMap<String, String>,
    /// What is demanded beside the refresh token, or may be sent.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Rule>,
}

/// A request with which a person's form gets a token. The placeholders `client_id` and `client_secret` are those of the
/// only app that a provider knows, and `rsa_key`, `rsa_key_pkcs1` and `p256_key` private keys in PEM.
#[derive(Deserialize)]
pub(super) struct Grant {
    /// The kind of the way to log in that it belongs to.
    pub(super) way: String,
    /// What a person types into the form of that way. None: the account's own credential.
    #[serde(default)]
    pub(super) credential: Map<String, Value>,
    /// The request. The body of its refusal may have `{error}`.
    #[serde(flatten)]
    pub(super) call: Call,
    /// Where the answer has the token, as a JSON pointer.
    #[serde(default = "access_token")]
    pub(super) token: String,
    /// Where it has a refresh token.
    pub(super) refresh_token: Option<String>,
    /// Whether it takes such a refresh token, `{refresh_token}`, in place of what was typed.
    #[serde(default)]
    pub(super) takes_refresh_token: bool,
    /// Whether it takes an access token that was issued and lives, `{access_token}`, in place of what was typed.
    #[serde(default)]
    pub(super) takes_access_token: bool,
    /// The assertion that it must have.
    pub(super) assertion: Option<Assertion>,
    /// The code of its refusal; `invalid_client`.
    pub(super) error: Option<String>,
}

fn access_token() -> String {
    "/access_token".to_owned()
}

/// A signed assertion (RFC 7523).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assertion {
    /// The field of the body that has it. None: it is the bearer token.
    pub(super) field: Option<String>,
    pub(super) algorithm: Algorithm,
    /// What its header has beside `alg` and `typ`.
    #[serde(default)]
    pub(super) header: Map<String, Value>,
    /// What it claims beside `iat` and `exp`.
    #[serde(default)]
    pub(super) claims: Map<String, Value>,
    /// The longest time between these.
    pub(super) longest_seconds: i64,
}

/// How an assertion is signed. The words are those of the header.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum Algorithm {
    RS256,
    PS256,
    ES256,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    Form,
    Json,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClientAuth {
    Basic,
    Body,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Errors {
    pub(super) client: String,
    pub(super) code: String,
    pub(super) redirect_uri: String,
    pub(super) grant_type: String,
    pub(super) request: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/providers/simulator/expectations")
}

/// The keys of all providers of which there are expectations, sorted.
pub(super) fn keys() -> Vec<String> {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut keys: Vec<String> =
        names.filter_map(|name| Some(name.to_str()?.strip_suffix(".toml")?.to_owned())).collect();
    keys.sort();
    keys
}

/// The client id of the app that a provider knows.
pub(super) fn client_id(provider: &str) -> String {
    format!("{provider}-client")
}

/// The client secret of that app.
pub(super) fn client_secret(provider: &str) -> String {
    format!("SECRET-client-secret-of-{provider}")
}

/// The private keys that sign.
fn signers() -> Values {
    let keys = [
        ("rsa_key", signing_keys::RSA_PKCS8),
        ("rsa_key_pkcs1", signing_keys::RSA_PKCS1),
        ("p256_key", signing_keys::P256),
    ];
    keys.into_iter().map(|(name, key)| (name.to_owned(), key.trim().into())).collect()
}

impl Account {
    /// The values for placeholders.
    pub(super) fn values(&self) -> Values {
        let mut values = self.0.clone();
        values.extend(self.credential());
        values
    }

    /// The credential that a person types into a form.
    pub(super) fn credential(&self) -> Map<String, Value> {
        let credential = self.0.get("credential").and_then(Value::as_object).into_iter().flatten();
        let mut values = signers();
        values.extend(self.0.clone());
        credential.map(|(name, value)| (name.clone(), template::json(value, &values))).collect()
    }
}

impl Hosts {
    fn all(&self) -> Vec<&str> {
        match self {
            Self::One(host) => vec![host],
            Self::Several(hosts) => hosts.iter().map(String::as_str).collect(),
        }
    }
}

impl Expectations {
    /// The expectations of a provider.
    pub(super) fn of(provider: &str) -> Self {
        let file = folder().join(format!("{provider}.toml"));
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let read: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let grants = |token: &TokenEndpoint| token.answer.get("refresh_token").is_some();
        let is_whole = read.token.as_ref().is_none_or(|token| grants(token) == token.refresh.is_some());
        assert!(is_whole, "{}: [token.refresh] is for an answer with a refresh token", file.display());
        read.with_other_place()
    }

    /// With each call at its other place, too.
    fn with_other_place(mut self) -> Self {
        let Some(other) = self.by_oauth.take() else { return self };
        let at = |path: &str| match path.strip_prefix('~') {
            Some(pattern) => format!("~{}{pattern}", other.path),
            None => format!("{}{path}", other.path),
        };
        let moved = |call: &Call| Call {
            host: other.host.clone(),
            path: at(&call.path),
            by: Some(Way::Oauth),
            ..call.clone()
        };
        let (mut all, mut by_oauth) = (Vec::new(), Vec::new());
        for call in self.calls {
            if call.host == other.of {
                by_oauth.push(moved(&call));
                all.push(Call { by: Some(Way::Key), ..call });
            } else {
                all.push(call);
            }
        }
        all.extend(by_oauth);
        Self { calls: all, ..self }
    }

    /// The values of a form: those of an account, the client that every provider knows, and the keys that sign.
    pub(super) fn values_of_form(&self, account: &Account) -> Values {
        let mut values = signers();
        values.insert("client_id".into(), client_id(&self.provider).into());
        values.insert("client_secret".into(), client_secret(&self.provider).into());
        values.extend(account.values());
        values
    }

    /// The values of what a person types for the first account: its own credential, or the key beside OAuth.
    pub(super) fn values_of_typed(&self) -> Values {
        let mut values = self.accounts[0].values();
        values.extend(self.key.iter().flat_map(|key| key.credential.clone()));
        values
    }

    /// Whether calls take tokens that the provider issued, or that a person's key signed. Otherwise they take each
    /// account's own credential.
    pub(super) fn issues_tokens(&self) -> bool {
        let is_for_own = |grant: &Grant| grant.credential.is_empty();
        self.token.is_some() || self.signed.is_some() || self.grants.iter().any(is_for_own)
    }

    /// The ways to log in by a form that gets or signs tokens: the kind, and what a person types into it.
    pub(super) fn ways(&self) -> Vec<(String, Map<String, Value>)> {
        let values = self.values_of_form(&self.accounts[0]);
        let typed = |credential: &Map<String, Value>| {
            let filled =
                credential.iter().map(|(name, value)| (name.clone(), template::json(value, &values)));
            filled.collect::<Map<_, _>>()
        };
        let granted = self.grants.iter().filter(|grant| !grant.credential.is_empty());
        let granted = granted.map(|grant| (grant.way.clone(), typed(&grant.credential)));
        granted
            .chain(self.signed.iter().map(|signed| ("jwt".to_owned(), typed(&signed.credential))))
            .collect()
    }

    /// Every host of the provider.
    pub(super) fn hosts(&self) -> Vec<String> {
        let authorize = self.authorize.iter().flat_map(|endpoint| endpoint.host.all());
        let token = self.token.iter().flat_map(|endpoint| endpoint.host.all());
        let grants = self.grants.iter().map(|grant| &grant.call);
        let revocations = self.revocations.iter().map(|revocation| &revocation.call);
        let calls = self.calls.iter().chain(grants).chain(revocations).map(|call| call.host.as_str());
        let templates: Vec<&str> = authorize.chain(token).chain(calls).collect();
        let of = |account: &Account| {
            let values = account.values();
            templates.iter().map(move |host| template::text(host, &values)).collect::<Vec<_>>()
        };
        self.accounts.iter().flat_map(of).collect()
    }

    /// What a person may supply. If the file lists nothing, this is one empty connection.
    pub(super) fn connections(&self) -> Vec<Map<String, Value>> {
        if self.connections.is_empty() { vec![Map::new()] } else { self.connections.clone() }
    }

    /// The authorization endpoint, if the request is for it, and the account that its host belongs to.
    pub(super) fn authorize_at(&self, request: &Request) -> Option<(&Authorize, Option<usize>)> {
        let endpoint = self.authorize.as_ref()?;
        let account = self.at(&endpoint.host, &endpoint.path, request)?;
        Some((endpoint, account))
    }

    /// The token endpoint, if the request is for it, and the account that its host belongs to.
    pub(super) fn token_at(&self, request: &Request) -> Option<(&TokenEndpoint, Option<usize>)> {
        let endpoint = self.token.as_ref()?;
        let at = |path: &str| self.at(&endpoint.host, path, request);
        let account = at(&endpoint.path).or_else(|| at(endpoint.refresh_path()))?;
        Some((endpoint, account))
    }

    /// `Some` if the request is for one of these hosts and this path; in it the account, if the host belongs to one.
    fn at(&self, hosts: &Hosts, path: &str, request: &Request) -> Option<Option<usize>> {
        if request.path != path {
            return None;
        }
        hosts.all().into_iter().find_map(|host| {
            let fits = |account: &Account| template::text(host, &account.values()) == request.host;
            let account = self.accounts.iter().position(fits)?;
            Some(host.contains('{').then_some(account))
        })
    }
}
