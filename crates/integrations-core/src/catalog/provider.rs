//! A provider: everything that the server knows about it, as data.

use std::iter;
use std::sync::Arc;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use super::action::Action;
use super::events::{EventSource, Events};
use super::field::{Field, check_access_token, check_refresh_token, check_text, read_fields};
use super::form::CredentialForm;
use super::key::ProviderKey;
use super::names::{AuthKind, Category, Rotation, SetupType};
use super::oauth::{KeptField, LongLived, OAuth, TokenRules, own_client};
use super::probe::{Account, AuthRequest, Probe, RateLimit};
use super::proxying::Proxying;
use super::revoke::Revoke;
use super::template::{UrlTemplate, moved};
use super::token::FetchedToken;
use crate::approved_hosts::ApprovedHosts;
use crate::issue::{Issue, join};
use crate::pasted::secret;
use crate::picture::Logo;
use crate::settings::SettingsSchema;
use crate::signing_key::PrivateKey;

/// A provider of the catalog. It is made only from a provider file, so every rule of docs/reference/provider-file.md
/// holds for it.
///
/// It is one way to log in at the provider: see [`super::Ways`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provider {
    /// Its name in URLs.
    pub key: ProviderKey,
    /// Its name for people.
    pub name: String,
    /// Other names by which people look for it.
    pub aliases: Vec<String>,
    /// What a project can do once it is connected, in a sentence or two.
    pub description: String,
    /// What it is for.
    pub category: Category,
    /// The name of the file with its logo, which is beside its own. `None`: the built-in logo for its key counts, if
    /// there is one.
    pub logo_file: Option<String>,
    /// Its logo.
    pub logo: Option<Arc<Logo>>,
    /// The provider's documentation of its API.
    pub documentation_url: Url,
    /// The URL under which the paths of its actions stand. Placeholders as in [`super::Call`]. It is secret if it
    /// begins with the URL of a webhook.
    pub api_base_url: UrlTemplate,
    /// The page at the provider where a person revokes the access. Placeholders: connection and kept fields.
    pub revoke_page: Option<UrlTemplate>,
    /// What the person supplies in addition to the credential: shop, subdomain, region.
    pub connection: Vec<Field>,
    /// Which of the ways of its file this is. Another way is another value of this type.
    pub auth: AuthKind,
    /// Why this way is recommended, in a sentence, if the file says so.
    pub why: Option<String>,
    /// How it is connected.
    pub setup: Setup,
    /// How the credential is sent.
    pub auth_request: AuthRequest,
    /// How access is revoked. `None`: the file does not say.
    pub revoke: Option<Revoke>,
    /// How to find out which account it is connected to.
    pub account: Option<Account>,
    /// How to find out whether the credential works.
    pub probe: Probe,
    /// How the provider announces its rate limit.
    pub rate_limit: RateLimit,
    /// The settings of an integration with it.
    pub settings: Arc<SettingsSchema>,
    /// What an agent may be permitted to do.
    pub actions: Arc<[Action]>,
    /// How requests that callers write themselves are judged.
    pub proxying: Proxying,
    /// Whether it sends events, and how they are verified and read.
    pub event_source: EventSource,
}

/// How an integration is connected.
#[derive(Clone, Debug)]
pub enum Setup {
    /// By the provider's consent page.
    OAuth(Box<OAuth>),
    /// By a key or several fields. A single field is called `api_key`.
    ApiKey(CredentialForm),
    /// By a form, for which the provider issues access tokens.
    Fetched(Box<FetchedToken>),
    /// By a secret URL; the field is called `webhook_url`.
    WebhookUrl(CredentialForm),
}

impl Setup {
    /// The URLs that are called before there is a credential.
    pub(super) fn urls(&self) -> Vec<&UrlTemplate> {
        match self {
            Self::OAuth(oauth) => oauth.urls().collect(),
            Self::Fetched(fetched) => fetched.urls().collect(),
            Self::ApiKey(_) | Self::WebhookUrl(_) => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub(super) fn urls_mut(&mut self) -> Vec<&mut UrlTemplate> {
        match self {
            Self::OAuth(oauth) => oauth.urls_mut().collect(),
            Self::Fetched(fetched) => fetched.urls_mut().collect(),
            Self::ApiKey(_) | Self::WebhookUrl(_) => Vec::new(),
        }
    }

    /// See [`Provider::tokens`].
    pub(super) fn tokens(&self) -> Option<&TokenRules> {
        match self {
            Self::OAuth(oauth) => Some(&oauth.tokens),
            Self::Fetched(fetched) => Some(&fetched.rules),
            Self::ApiKey(_) | Self::WebhookUrl(_) => None,
        }
    }

    /// See [`Provider::form`].
    pub(super) fn form(&self) -> Option<&CredentialForm> {
        match self {
            Self::ApiKey(form) | Self::WebhookUrl(form) => Some(form),
            Self::Fetched(fetched) => Some(&fetched.form),
            Self::OAuth(oauth) => oauth.own_client.as_ref(),
        }
    }

    /// The same, to be changed.
    fn form_mut(&mut self) -> Option<&mut CredentialForm> {
        match self {
            Self::ApiKey(form) | Self::WebhookUrl(form) => Some(form),
            Self::Fetched(fetched) => Some(&mut fetched.form),
            Self::OAuth(oauth) => oauth.own_client.as_mut(),
        }
    }
}

/// The name of an action among those of all providers, as a tool: `cal_com_list_bookings`. `provider` may have the
/// alias of a further account: `shopify~eu` gives `shopify_eu_issue_refund`.
pub fn tool_name(provider: &str, action: &str) -> String {
    format!("{provider}_{action}").replace(['-', '~'], "_")
}

/// A connection and a credential, as they are stored.
pub type Input = (Map<String, Value>, Map<String, Value>);

impl Provider {
    /// Puts an origin on this machine in the place of the `https` hosts of its file.
    pub(super) fn move_to(&mut self, origin: &Url) {
        let documentation = moved(self.documentation_url.as_str(), origin);
        self.documentation_url = Url::parse(&documentation).unwrap_or_else(|_| origin.clone());
        let profile = self.account.as_mut().and_then(|account| account.profile.as_mut());
        let probe = match &mut self.probe {
            Probe::Request(probe) => Some(&mut probe.call.url),
            Probe::None(_) => None,
        };
        let called = [&mut self.api_base_url].into_iter().chain(probe);
        let called = called.chain(self.revoke_page.as_mut()).chain(profile.map(|call| &mut call.url));
        let revoke = self.revoke.iter_mut().flat_map(Revoke::urls_mut);
        called.chain(self.setup.urls_mut()).chain(revoke).for_each(|url| url.move_to(origin));
    }

    /// How it is connected, as the API names it.
    pub const fn setup_type(&self) -> SetupType {
        self.auth.setup_type()
    }

    /// The OAuth description, if it is connected by OAuth.
    pub fn oauth(&self) -> Option<&OAuth> {
        match &self.setup {
            Setup::OAuth(oauth) => Some(oauth),
            Setup::ApiKey(_) | Setup::WebhookUrl(_) | Setup::Fetched(_) => None,
        }
    }

    /// The OAuth description, if it is connected by an OAuth app of this server.
    pub fn oauth_by_app(&self) -> Option<&OAuth> {
        self.oauth().filter(|oauth| oauth.own_client.is_none())
    }

    /// How access tokens are got for a form, if they are.
    pub fn fetched(&self) -> Option<&FetchedToken> {
        match &self.setup {
            Setup::Fetched(fetched) => Some(fetched),
            Setup::OAuth(_) | Setup::ApiKey(_) | Setup::WebhookUrl(_) => None,
        }
    }

    /// How the answers of its token endpoint are read, if it issues tokens.
    pub fn tokens(&self) -> Option<&TokenRules> {
        self.setup.tokens()
    }

    /// Whether the access token of a credential can be renewed without a person.
    pub fn is_renewable(&self, credential: &Map<String, Value>) -> bool {
        let has = |token: &str| credential.get(token).is_some_and(Value::is_string);
        self.fetched().is_some()
            || has("refresh_token")
            || (self.long_lived().is_some() && has("access_token"))
    }

    /// How its tokens live long, if they are renewed by themselves.
    pub fn long_lived(&self) -> Option<&LongLived> {
        self.oauth()?.long_lived.as_ref()
    }

    /// Whether a refresh token ends by being used, at once or when its successor is. So only one holder can use it.
    pub fn rotates(&self) -> bool {
        self.tokens().is_some_and(|tokens| tokens.rotation != Rotation::None)
    }

    /// How it sends events, if it sends any that can be verified.
    pub fn events(&self) -> Option<&Events> {
        match &self.event_source {
            EventSource::Sent(events) => Some(events),
            EventSource::None(_) | EventSource::Untold => None,
        }
    }

    /// Whether each request is signed, with all of its body.
    pub const fn signs(&self) -> bool {
        self.auth_request.signature.is_some()
    }

    /// The action called `key`.
    pub fn action(&self, key: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.key == key)
    }

    /// The title of a setting, or its key if it has none. The log of changes names one that has become the secret of
    /// events, too.
    pub fn setting_title<'a>(&'a self, key: &'a str) -> &'a str {
        let secret = self.events().map(|events| &events.secret);
        let former = secret.filter(|secret| secret.former_setting.as_deref() == Some(key));
        let title = self.settings.as_value()["properties"][key]["title"].as_str();
        title.or(former.map(|secret| secret.label.as_str())).unwrap_or(key)
    }

    /// The value of a connection field: the given one, or the field's default. A host of the customer's own that the
    /// operator does not approve any more counts as missing, so that no request to it can be made.
    pub fn connection_value<'a>(&'a self, connection: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
        let field = self.connection.iter().find(|field| field.key == key)?;
        let value = connection.get(key).and_then(Value::as_str).or(field.default.as_deref())?;
        field.may_be_used(value).then_some(value)
    }

    /// Whether it is at a host of the customer's own, and the operator approves none.
    pub fn lacks_approval(&self) -> bool {
        self.fields().any(Field::lacks_approval)
    }

    /// Whether the operator approves the hosts that stored values name, as far as they are the customer's own.
    pub fn is_approved(&self, connection: &Map<String, Value>, credential: &Map<String, Value>) -> bool {
        self.fields().all(|field| {
            let value = connection.get(&field.key).or_else(|| credential.get(&field.key));
            value.and_then(Value::as_str).is_none_or(|value| field.may_be_used(value))
        })
    }

    /// Whether an address that was found out may be called: its host is one that the operator approves.
    pub fn approves_found(&self, url: &Url) -> bool {
        let fields = self.form().into_iter().flat_map(|form| &form.fields);
        let mut found = fields.filter(|field| field.found && field.own_hosts.is_some());
        found.next().is_some_and(|field| field.may_be_used(url.as_str()))
    }

    /// The fields of the connection and of the credential's form.
    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.connection.iter().chain(self.form().into_iter().flat_map(|form| &form.fields))
    }

    /// Whether it may be at a host of the customer's own.
    pub(super) fn names_own_hosts(&self) -> bool {
        self.fields().any(|field| field.own_hosts.is_some())
    }

    /// Says which hosts of customers' own the operator approves.
    pub(super) fn approve(&mut self, hosts: &ApprovedHosts) {
        let of_form = self.setup.form_mut().into_iter().flat_map(|form| &mut form.fields);
        let own = self.connection.iter_mut().chain(of_form).filter_map(|field| field.own_hosts.as_mut());
        own.for_each(|own| own.approved = hosts.clone());
    }

    /// The keys under which an OAuth app for it may be set: its own, and that of what it shares with other services.
    /// The first one counts more.
    pub fn app_keys(&self) -> impl Iterator<Item = &str> {
        let base = self.oauth().and_then(|oauth| oauth.base.as_ref()).map(|base| base.key.as_str());
        iter::once(self.key.as_str()).chain(base)
    }

    /// The value of the placeholder `name`, for [`super::UrlTemplate::render`] and [`super::Template::render`]: from
    /// the connection, from the credential, or the default of either.
    pub fn placeholder<'a>(
        &'a self,
        connection: &'a Map<String, Value>,
        credential: &'a Map<String, Value>,
        name: &str,
    ) -> Option<&'a str> {
        let kept = self.tokens().and_then(|tokens| tokens.kept.iter().find(|kept| kept.name == name));
        if let Some(value) = self.connection_value(connection, name) {
            return Some(value);
        }
        if credential.get(name).is_some_and(Value::is_string) {
            // What may not be used any more is not replaced by a default: nobody chose that for this credential.
            return self.credential_value(credential, name);
        }
        kept.and_then(|kept| kept.default.as_deref())
            .or_else(|| self.form().and_then(|form| default_of(&form.fields, name)))
    }

    /// The value of a part of the credential. A URL at a host of the customer's own that the operator does not approve
    /// any more counts as missing.
    fn credential_value<'a>(&'a self, credential: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
        let field = self.form().and_then(|form| form.fields.iter().find(|field| field.key == name));
        let value = credential.get(name).and_then(Value::as_str)?;
        field.is_none_or(|field| field.may_be_used(value)).then_some(value)
    }

    /// The form that a person fills in, if there is one: the credential, or the client that gets it.
    pub fn form(&self) -> Option<&CredentialForm> {
        self.setup.form()
    }

    /// Reads a connection as it was pasted. The error is everything that is wrong, with paths such as
    /// `connection.subdomain`.
    pub fn read_connection(&self, connection: &Map<String, Value>) -> Result<Map<String, Value>, Vec<Issue>> {
        read_fields(&self.connection, connection, "connection")
    }

    /// Reads a credential as it was pasted. The error is everything that is wrong, with paths such as
    /// `credential.api_key`. No message repeats a value.
    pub fn read_credential(&self, credential: &Map<String, Value>) -> Result<Map<String, Value>, Vec<Issue>> {
        match &self.setup {
            Setup::OAuth(oauth) => read_granted(oauth, credential),
            Setup::ApiKey(form) | Setup::WebhookUrl(form) => {
                read_fields(&form.fields, credential, "credential")
            }
            Setup::Fetched(fetched) => {
                let read = read_fields(&fetched.form.fields, credential, "credential")?;
                check_key(fetched, &read).map(|()| read)
            }
        }
    }

    /// Reads what was typed before a handshake: the connection, and what is secret of its own client.
    pub fn read_before_consent(
        &self,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<Input, Vec<Issue>> {
        let fields = self.form().map_or(&[][..], CredentialForm::typed);
        let read = both(self.read_connection(connection), read_fields(fields, credential, "credential"))?;
        let (connection, credential) = &read;
        if credential.contains_key(own_client::SECRET)
            && self.placeholder(connection, credential, own_client::ID).is_none()
        {
            let path = join("connection", own_client::ID);
            return Err(vec![Issue::new(path, "Required where there is a client secret")]);
        }
        Ok(read)
    }

    /// Reads both, and reports everything that is wrong with either. A field of the connection may also be given with
    /// the credential, where a person who imports it may look for it.
    pub fn read_input(
        &self,
        mut connection: Map<String, Value>,
        mut credential: Map<String, Value>,
    ) -> Result<Input, Vec<Issue>> {
        for field in
            self.connection.iter().filter(|field| !connection.contains_key(&field.key)).collect::<Vec<_>>()
        {
            connection.extend(credential.shift_remove(&field.key).map(|value| (field.key.clone(), value)));
        }
        both(self.read_connection(&connection), self.read_credential(&credential))
    }
}

/// What was read, or everything that is wrong with either.
fn both<A, B>(one: Result<A, Vec<Issue>>, other: Result<B, Vec<Issue>>) -> Result<(A, B), Vec<Issue>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err([one.err(), other.err()].into_iter().flatten().flatten().collect()),
    }
}

fn default_of<'a>(fields: &'a [Field], key: &str) -> Option<&'a str> {
    fields.iter().find(|field| field.key == key).and_then(|field| field.default.as_deref())
}

/// Checks that the key that signs is one, as far as its form tells.
fn check_key(fetched: &FetchedToken, read: &Map<String, Value>) -> Result<(), Vec<Issue>> {
    let Some(field) = fetched.assertion().map(|assertion| &assertion.key) else { return Ok(()) };
    let text = read.get(field).and_then(Value::as_str).unwrap_or_default();
    let checked = PrivateKey::read(text).map(drop);
    checked.map_err(|problem| vec![Issue::new(join("credential", field), problem.to_string())])
}

/// Reads tokens, and the connection's own client where it has one.
fn read_granted(oauth: &OAuth, credential: &Map<String, Value>) -> Result<Map<String, Value>, Vec<Issue>> {
    let fields = oauth.own_client.as_ref().map_or(&[][..], |form| &form.fields);
    let is_typed = |name: &String| fields.iter().any(|field| field.key == *name);
    let (typed, tokens): (Map<_, _>, Map<_, _>) =
        credential.clone().into_iter().partition(|(name, _)| is_typed(name));
    let read = both(read_tokens(&oauth.tokens, &tokens), read_fields(fields, &typed, "credential"));
    let read: Map<_, _> = read.map(|(tokens, typed)| tokens.into_iter().chain(typed).collect())?;
    let renews = read.get("refresh_token").is_some_and(Value::is_string);
    if oauth.discovery.is_some() && renews && !read.contains_key(own_client::TOKEN_ENDPOINT) {
        let path = join("credential", own_client::TOKEN_ENDPOINT);
        return Err(vec![Issue::new(path, "Required with a refresh token")]);
    }
    Ok(read)
}

fn read_tokens(
    tokens: &TokenRules,
    credential: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<Issue>> {
    let path = |name: &str| join("credential", name);
    let (mut read, mut issues) = (credential.clone(), Vec::new());
    for (name, value) in &mut read {
        let checked = match (name.as_str(), tokens.kept.iter().find(|kept| kept.name == *name)) {
            ("access_token", _) => read_token(value, check_access_token),
            ("refresh_token", _) if value.is_null() => Ok(()),
            ("refresh_token", _) => read_token(value, check_refresh_token).map_err(or_null),
            ("expires_at", _) => check_time(value),
            (_, Some(kept)) => read_kept(kept, value),
            (_, None) => Err("Unknown field".to_owned()),
        };
        issues.extend(checked.err().map(|message| Issue::new(path(name), message)));
    }
    let required = tokens.kept.iter().filter(|kept| kept.required).map(|kept| kept.name.as_str());
    let missing = ["access_token"].into_iter().chain(required).filter(|name| !credential.contains_key(*name));
    issues.extend(missing.map(|name| Issue::new(path(name), "Required")));
    if issues.is_empty() { Ok(read) } else { Err(issues) }
}

fn read_token(value: &mut Value, check: impl Fn(&Value) -> Result<&str, String>) -> Result<(), String> {
    if let Value::String(text) = value {
        *text = secret(text);
    }
    check(value).map(drop)
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

/// Reads the value of a kept field: normalises it, then judges it.
fn read_kept(kept: &KeptField, value: &mut Value) -> Result<(), String> {
    if let (Value::String(text), Some(pattern)) = (&mut *value, &kept.pattern) {
        *text = kept.kind.read(text, &[], |text| pattern.matches(text));
    }
    check_kept(kept, value)
}

/// Checks the value of a kept field. The error does not repeat it.
pub(crate) fn check_kept(kept: &KeptField, value: &Value) -> Result<(), String> {
    match (value, &kept.pattern) {
        (Value::Null, _) if !kept.required => Ok(()),
        (_, Some(pattern)) if !pattern.matches(check_text(value)?) => {
            Err(kept.mismatch.clone().unwrap_or_default())
        }
        (_, Some(_)) => Ok(()),
        // Names of channels and teams may contain spaces. They are not put into headers or URLs.
        (Value::String(_), None) => Ok(()),
        _ => Err("Expected string".into()),
    }
}
