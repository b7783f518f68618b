//! A provider: everything that the server knows about it, as data.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use super::field::{Field, check_access_token, check_fields, check_refresh_token, check_text};
use super::key::ProviderKey;
use super::names::{ActionKind, Category, Method, SetupType};
use super::oauth::{KeptField, OAuth};
use super::probe::{Account, HealthProbe, RateLimit};
use super::template::UrlTemplate;
use crate::issue::{Issue, join};
use crate::settings::SettingsSchema;

/// A provider of the catalog. It is made only from a provider file, so every rule of docs/reference/provider-file.md
/// holds for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Provider {
    /// Its name in URLs.
    pub key: ProviderKey,
    /// Its name for people.
    pub name: String,
    /// What a project can do once it is connected, in a sentence or two.
    pub description: String,
    /// What it is for.
    pub category: Category,
    /// The provider's documentation of its API.
    pub documentation_url: Url,
    /// The URL under which the paths of its actions stand. Placeholders as in [`super::Call`].
    pub api_base_url: UrlTemplate,
    /// The page at the provider where a person revokes the access. Placeholders: connection and kept fields.
    pub revoke_page: Option<UrlTemplate>,
    /// What the person supplies in addition to the credential: shop, subdomain, region.
    pub connection: Vec<Field>,
    /// How it is connected.
    pub setup: Setup,
    /// How to find out which account it is connected to.
    pub account: Option<Account>,
    /// How to find out whether the credential works.
    pub probe: HealthProbe,
    /// How the provider announces its rate limit.
    pub rate_limit: RateLimit,
    /// The settings of an integration with it.
    pub settings: SettingsSchema,
    /// What an agent may be permitted to do.
    pub actions: Vec<Action>,
}

/// How an integration is connected.
#[derive(Clone, Debug)]
pub enum Setup {
    /// By the provider's consent page.
    OAuth(Box<OAuth>),
    /// By a key or several fields. A single field is called `api_key`.
    ApiKey(CredentialForm),
    /// By a secret URL; the field is called `webhook_url`.
    WebhookUrl(CredentialForm),
}

/// A credential that is typed into a form.
#[derive(Clone, Debug)]
pub struct CredentialForm {
    /// The page at the provider where a person creates it.
    pub page: Option<Url>,
    /// Its fields, all of them secret.
    pub fields: Vec<Field>,
}

/// Something that an agent can do at the provider, if it is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name in `action_permissions`.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it does, in a sentence.
    pub description: String,
    /// What it does to the data at the provider.
    pub kind: ActionKind,
    /// Whether it is permitted after the installation, until a person changes that. Never for a destructive action.
    pub allowed_by_default: bool,
    /// The requests that it makes.
    pub requests: Vec<ActionRequest>,
}

/// A request that an action makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRequest {
    /// The method.
    pub method: Method,
    /// The path under [`Provider::api_base_url`], with `{name}` for the parts that differ between calls.
    pub path: String,
    /// The GraphQL field or remote procedure that is called, if one path serves many.
    pub operation: Option<String>,
}

impl Provider {
    /// How it is connected, as the API names it.
    pub fn setup_type(&self) -> SetupType {
        match &self.setup {
            Setup::OAuth(_) => SetupType::OAuth,
            Setup::ApiKey(_) => SetupType::ApiKey,
            Setup::WebhookUrl(_) => SetupType::WebhookUrl,
        }
    }

    /// The OAuth description, if it is connected by OAuth.
    pub fn oauth(&self) -> Option<&OAuth> {
        match &self.setup {
            Setup::OAuth(oauth) => Some(oauth),
            Setup::ApiKey(_) | Setup::WebhookUrl(_) => None,
        }
    }

    /// The action called `key`.
    pub fn action(&self, key: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.key == key)
    }

    /// The value of a connection field: the given one, or the field's default.
    pub fn connection_value<'a>(&'a self, connection: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
        let field = self.connection.iter().find(|field| field.key == key)?;
        connection.get(key).and_then(Value::as_str).or(field.default.as_deref())
    }

    /// The value of the placeholder `name`, for [`super::UrlTemplate::render`] and [`super::Template::render`]: from
    /// the connection, from the credential, or the default of either.
    pub fn placeholder<'a>(
        &'a self,
        connection: &'a Map<String, Value>,
        credential: &'a Map<String, Value>,
        name: &str,
    ) -> Option<&'a str> {
        let kept = self.oauth().and_then(|oauth| oauth.kept.iter().find(|kept| kept.name == name));
        self.connection_value(connection, name)
            .or_else(|| credential.get(name).and_then(Value::as_str))
            .or_else(|| kept.and_then(|kept| kept.default.as_deref()))
            .or_else(|| self.form().and_then(|form| default_of(&form.fields, name)))
    }

    /// The form of its credential, if a person types the credential into one.
    pub fn form(&self) -> Option<&CredentialForm> {
        match &self.setup {
            Setup::ApiKey(form) | Setup::WebhookUrl(form) => Some(form),
            Setup::OAuth(_) => None,
        }
    }

    /// Returns everything that is wrong with a connection, with paths such as `connection.subdomain`.
    pub fn check_connection(&self, connection: &Map<String, Value>) -> Vec<Issue> {
        check_fields(&self.connection, connection, "connection")
    }

    /// Returns everything that is wrong with a credential, with paths such as `credential.api_key`. No message repeats
    /// a value.
    pub fn check_credential(&self, credential: &Map<String, Value>) -> Vec<Issue> {
        match &self.setup {
            Setup::OAuth(oauth) => check_tokens(oauth, credential),
            Setup::ApiKey(form) | Setup::WebhookUrl(form) => {
                check_fields(&form.fields, credential, "credential")
            }
        }
    }
}

fn default_of<'a>(fields: &'a [Field], key: &str) -> Option<&'a str> {
    fields.iter().find(|field| field.key == key).and_then(|field| field.default.as_deref())
}

fn check_tokens(oauth: &OAuth, credential: &Map<String, Value>) -> Vec<Issue> {
    let path = |name: &str| join("credential", name);
    let mut issues = Vec::new();
    let access_token = match credential.get("access_token") {
        None => Err("Required".to_owned()),
        Some(token) => check_access_token(token).map(drop),
    };
    issues.extend(access_token.err().map(|message| Issue::new(path("access_token"), message)));
    for (name, value) in credential {
        let checked = match (name.as_str(), oauth.kept.iter().find(|kept| kept.name == *name)) {
            ("access_token", _) => Ok(()),
            ("refresh_token", _) if value.is_null() => Ok(()),
            ("refresh_token", _) => check_refresh_token(value).map(drop).map_err(or_null),
            ("expires_at", _) => check_time(value),
            (_, Some(kept)) => check_kept(kept, value),
            (_, None) => Err("Unknown field".to_owned()),
        };
        issues.extend(checked.err().map(|message| Issue::new(path(name), message)));
    }
    let missing = oauth.kept.iter().filter(|kept| kept.required && !credential.contains_key(&kept.name));
    issues.extend(missing.map(|kept| Issue::new(path(&kept.name), "Required")));
    issues
}

fn or_null(message: String) -> String {
    if message == "Expected string" { "Expected string or null".into() } else { message }
}

fn check_time(value: &Value) -> Result<(), String> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) if OffsetDateTime::parse(text, &Rfc3339).is_ok() => Ok(()),
        Value::String(_) => Err("Must be an RFC 3339 date and time, for example 2026-05-17T17:55:00Z".into()),
        _ => Err("Expected string or null".into()),
    }
}

/// Checks the value of a kept field. The error does not repeat it.
pub(crate) fn check_kept(kept: &KeptField, value: &Value) -> Result<(), String> {
    match (value, &kept.pattern) {
        (Value::Null, _) if !kept.required => Ok(()),
        (_, Some(pattern)) => match check_text(value)? {
            text if pattern.matches(text) => Ok(()),
            _ => Err(format!("Must match {}", pattern.as_str())),
        },
        // Names of channels and teams may contain spaces. They are not put into headers or URLs.
        (Value::String(_), None) => Ok(()),
        (_, None) => Err("Expected string".into()),
    }
}
