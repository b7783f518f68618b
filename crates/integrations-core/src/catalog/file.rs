//! The shape of a provider file. docs/reference/provider-file.md says what its values mean and which are allowed.

mod action;
mod events;

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use super::names::{
    AccountSource, AnswerShape, AuthKind, AuthorizeParam, BodyFormat, CallbackCheck, Category, ClientAuth,
    ExpiryUnit, Method, Pkce, ResetUnit, Rotation, SigningAlgorithm, TokenKind,
};
use super::oauth::ParamValue;
pub(super) use action::{
    Absent, ActionTable, ExampleAnswerTable, ExampleOutcome, ExampleReadingTable, ExampleRequestTable,
    ExampleResolveTable, ExampleTable, GraphQlTable, GuardTable, InputTable, InputType, MessageTable,
    OtherTable, RequestTable, ResultTable,
};
pub(super) use events::{AccessEndTable, EventFieldsTable, EventsTable, SecretTable, SignatureTable};

type Text = BTreeMap<String, String>;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderFile {
    /// Read before the rest.
    #[expect(dead_code, reason = "the form is checked before the file is read in it")]
    #[cfg_attr(feature = "openapi", schema(minimum = 2, maximum = 2))]
    pub(super) format: i64,
    pub(super) key: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    pub(super) description: String,
    pub(super) category: Category,
    pub(super) logo: Option<String>,
    pub(super) reviewed: Option<String>,
    pub(super) documentation_url: String,
    pub(super) api_base_url: String,
    pub(super) revoke_page: Option<String>,
    #[serde(default)]
    pub(super) connection: Vec<FieldTable>,
    #[serde(default)]
    pub(super) auth: Vec<AuthTable>,
    pub(super) account: Option<AccountTable>,
    pub(super) probe: ProbeTable,
    #[serde(default)]
    pub(super) rate_limit: RateLimitTable,
    #[serde(default)]
    pub(super) settings: Vec<SettingTable>,
    #[serde(default)]
    pub(super) actions: Vec<ActionTable>,
    #[serde(default)]
    pub(super) proxy: ProxyTable,
    pub(super) events: Option<EventsTable>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProxyTable {
    pub(super) writes_by_get: bool,
    pub(super) repeats_failures: bool,
    pub(super) never: Vec<NeverTable>,
    pub(super) never_fields: Vec<String>,
    pub(super) wider_paths: Vec<String>,
    pub(super) wider_parameters: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(serde::Serialize, utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct NeverTable {
    pub(super) method: Option<Method>,
    pub(super) path: String,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct FieldTable {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) help: String,
    pub(super) pattern: Option<String>,
    pub(super) mismatch: Option<String>,
    pub(super) host: Option<HostWord>,
    #[serde(default)]
    pub(super) port: bool,
    #[serde(default)]
    pub(super) found_in: Vec<String>,
    #[serde(default)]
    pub(super) options: Vec<ChoiceTable>,
    pub(super) secret: Option<bool>,
    #[serde(default)]
    pub(super) lines: bool,
    #[serde(default)]
    pub(super) optional: bool,
    pub(super) default: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) suffix: Option<String>,
    pub(super) example: Option<String>,
}

/// Who says which hosts a field may name.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum HostWord {
    OperatorApproved,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ChoiceTable {
    pub(super) value: String,
    pub(super) label: String,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AuthTable {
    pub(super) kind: AuthKind,
    pub(super) why: Option<String>,
    pub(super) api_base_url: Option<String>,
    pub(super) page: Option<String>,
    pub(super) fields: Option<Vec<FieldTable>>,
    pub(super) oauth: Option<OAuthTable>,
    pub(super) token: Option<TokenTable>,
    pub(super) jwt: Option<JwtTable>,
    pub(super) mcp: Option<McpTable>,
    #[serde(default)]
    pub(super) request: AuthRequestTable,
    pub(super) revoke: Option<RevokeTable>,
    pub(super) account: Option<AccountTable>,
    pub(super) probe: Option<ProbeTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeTable {
    pub(super) unsupported: Option<String>,
    pub(super) token: Option<RevokeCallTable>,
    pub(super) grant: Option<RevokeCallTable>,
    pub(super) access_token_lives_seconds: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeCallTable {
    pub(super) method: Method,
    pub(super) url: String,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) headers: Text,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, String>>))]
    pub(super) form: Option<Text>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, String>>))]
    pub(super) json: Option<Text>,
    pub(super) client_auth: Option<ClientAuth>,
    #[serde(default)]
    pub(super) sends_credential: bool,
    #[serde(default)]
    pub(super) tokens: Vec<TokenKind>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AuthRequestTable {
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) headers: Text,
    pub(super) basic_auth: Option<BasicAuthTable>,
    pub(super) aws_sigv4: Option<AwsSigV4Table>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) json: Text,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct OAuthTable {
    pub(super) base: Option<String>,
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub(super) authorize_url: String,
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub(super) token_url: String,
    pub(super) refresh_url: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) authorize_params: Text,
    #[serde(default)]
    pub(super) authorize_omits: Vec<AuthorizeParam>,
    pub(super) redirect_uri: Option<String>,
    #[serde(default = "code")]
    pub(super) code_param: String,
    #[serde(default)]
    pub(super) token_params: BTreeMap<String, ParamValue>,
    #[serde(default)]
    pub(super) refresh_params: BTreeMap<String, ParamValue>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) token_headers: Text,
    pub(super) scopes: Vec<String>,
    #[serde(default = "space")]
    pub(super) scope_separator: String,
    #[serde(default)]
    pub(super) extra_scopes: Vec<ExtraScopesTable>,
    #[serde(default)]
    pub(super) implied_scopes: BTreeMap<String, Vec<String>>,
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub(super) pkce: Pkce,
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub(super) client_auth: ClientAuth,
    #[serde(default = "form")]
    pub(super) body_format: BodyFormat,
    #[serde(default)]
    pub(super) callback_checks: Vec<CallbackCheck>,
    pub(super) issuer: Option<String>,
    #[serde(default)]
    pub(super) issuer_required: bool,
    pub(super) default_lifetime_seconds: Option<u64>,
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub(super) refresh_rotates: RotationValue,
    #[serde(default)]
    pub(super) needs_real_browser: bool,
    pub(super) app_page: Option<String>,
    #[serde(default)]
    pub(super) app_fields: Vec<FieldTable>,
    #[serde(default)]
    pub(super) answer: AnswerTable,
    #[serde(default)]
    pub(super) kept: Vec<KeptTable>,
    pub(super) choice: Option<ConsentChoiceTable>,
    pub(super) long_lived: Option<LongLivedTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct LongLivedTable {
    pub(super) exchange: TokenCallTable,
    pub(super) renewal: TokenCallTable,
}

/// How an authorization server is found out.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct McpTable {
    pub(super) resource: String,
}

/// Whether a refresh may end the refresh token that was used: yes or no, or a word for something between.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub(super) enum RotationValue {
    Flag(bool),
    Word(RotationWord),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum RotationWord {
    RetrySafe,
}

impl From<RotationValue> for Rotation {
    fn from(value: RotationValue) -> Self {
        match value {
            RotationValue::Flag(false) => Self::None,
            RotationValue::Flag(true) => Self::Strict,
            RotationValue::Word(RotationWord::RetrySafe) => Self::RetrySafe,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TokenTable {
    pub(super) token_url: Option<String>,
    pub(super) grant_type: Option<String>,
    pub(super) params: Option<BTreeMap<String, ParamValue>>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, String>>))]
    pub(super) headers: Option<Text>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) scope_separator: Option<String>,
    pub(super) client_auth: Option<ClientAuth>,
    pub(super) body_format: Option<BodyFormat>,
    pub(super) request: Option<TokenCallTable>,
    pub(super) refresh: Option<TokenCallTable>,
    pub(super) default_lifetime_seconds: Option<u64>,
    #[serde(default)]
    pub(super) answer: AnswerTable,
    #[serde(default)]
    pub(super) kept: Vec<KeptTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TokenCallTable {
    pub(super) method: Method,
    pub(super) url: String,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) headers: Text,
    pub(super) basic_auth: Option<BasicAuthTable>,
    pub(super) form: Option<BTreeMap<String, ParamValue>>,
    pub(super) json: Option<BTreeMap<String, ParamValue>>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct JwtTable {
    pub(super) algorithm: SigningAlgorithm,
    pub(super) key: String,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) header: Text,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(super) claims: BTreeMap<String, toml::Value>,
    pub(super) lifetime_seconds: u32,
    #[serde(default)]
    pub(super) issued_before_seconds: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AwsSigV4Table {
    pub(super) service: String,
    pub(super) region: String,
}

fn space() -> String {
    " ".to_owned()
}

fn code() -> String {
    "code".to_owned()
}

fn form() -> BodyFormat {
    BodyFormat::Form
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ExtraScopesTable {
    pub(super) param: String,
    pub(super) scopes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct AnswerTable {
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(super) access_token: Vec<String>,
    pub(super) refresh_token: String,
    pub(super) expires_in: String,
    pub(super) expires_unit: ExpiryUnit,
    pub(super) expires_at: Option<String>,
    pub(super) scopes: String,
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(super) error: Vec<String>,
    pub(super) dead_errors: Vec<ParamValue>,
    pub(super) dead_statuses: Vec<u16>,
}

impl Default for AnswerTable {
    /// The places named in RFC 6749, sections 5.1 and 5.2.
    fn default() -> Self {
        Self {
            access_token: vec!["/access_token".into()],
            refresh_token: "/refresh_token".into(),
            expires_in: "/expires_in".into(),
            expires_unit: ExpiryUnit::Seconds,
            expires_at: None,
            scopes: "/scope".into(),
            error: vec!["/error".into()],
            dead_errors: Vec::new(),
            dead_statuses: Vec::new(),
        }
    }
}

/// How [`one_or_more`] is described.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what is read by hand")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// A list of strings, or one string for a list of one.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct OneOrMore;
    impl<'de> Visitor<'de> for OneOrMore {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of strings")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(items))
        }
    }
    deserializer.deserialize_any(OneOrMore)
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentChoiceTable {
    pub(super) what: String,
    pub(super) url: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, String>>))]
    pub(super) headers: Option<Text>,
    #[serde(default)]
    pub(super) list: String,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(super) when: BTreeMap<String, toml::Value>,
    pub(super) label: Vec<String>,
    pub(super) detail: Option<String>,
    pub(super) preferred: Option<String>,
    #[serde(default)]
    pub(super) kept: Vec<KeptTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct KeptTable {
    pub(super) name: String,
    pub(super) pointer: Option<String>,
    pub(super) parameter: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) mismatch: Option<String>,
    pub(super) example: Option<String>,
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AccountTable {
    pub(super) source: AccountSource,
    pub(super) id: Vec<String>,
    pub(super) name: Vec<String>,
    pub(super) profile: Option<CallTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CallTable {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) aws_service: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) headers: Text,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(super) body: Option<toml::Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct BasicAuthTable {
    pub(super) username: String,
    #[serde(default)]
    pub(super) password: String,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ProbeTable {
    pub(super) none: Option<String>,
    pub(super) method: Option<Method>,
    pub(super) url: Option<String>,
    pub(super) aws_service: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, String>))]
    pub(super) headers: Text,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(super) body: Option<toml::Value>,
    pub(super) good_statuses: Option<Vec<u16>>,
    pub(super) refused_statuses: Option<Vec<u16>>,
    pub(super) answer: Option<AnswerCheckTable>,
    pub(super) interval_seconds: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerCheckTable {
    pub(super) shape: Option<AnswerShape>,
    pub(super) pointer: Option<String>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub(super) equals: Option<toml::Value>,
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) refused_errors: Vec<String>,
    #[serde(default)]
    pub(super) refused_otherwise: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RateLimitTable {
    #[serde(default)]
    pub(super) statuses: Vec<u16>,
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) errors: Vec<String>,
    pub(super) retry_after: Option<String>,
    pub(super) remaining: Option<String>,
    pub(super) reset: Option<ResetTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ResetTable {
    pub(super) header: String,
    pub(super) unit: ResetUnit,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct SettingTable {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) description: String,
    #[serde(default)]
    pub(super) secret: bool,
    pub(super) mismatch: Option<String>,
    #[serde(default)]
    pub(super) found_in: Vec<String>,
    #[serde(default)]
    pub(super) retired: bool,
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub(super) schema: toml::Table,
}
