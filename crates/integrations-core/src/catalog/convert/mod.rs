//! Turns a parsed provider file into a [`Provider`], and checks every rule that its shape cannot express.

mod calls;
mod kinds;
mod oauth;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::values::{
    found_in, is_header_name, mismatch, page, pattern, pointer, statuses, to_json, unique_name,
};
use crate::catalog::field::{Choice, Field, Pattern};
use crate::catalog::file::{
    ActionTable, FieldTable, FormTable, ProviderFile, RateLimitTable, RequestTable, SettingTable,
};
use crate::catalog::key::ProviderKey;
use crate::catalog::names::{ActionKind, CallbackCheck};
use crate::catalog::probe::{RateLimit, ResetHeader};
use crate::catalog::problems::{Problems, ProviderFileError, at, optional};
use crate::catalog::provider::{Action, ActionRequest, CredentialForm, Provider, Setup};
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::Template;
use crate::pasted::Kind;
use crate::settings::{SettingNotes, SettingsSchema};

/// Reads one file. Returns everything that is wrong with it; but if its shape is wrong, only the first such error.
pub(super) fn read(file: &str, text: &str) -> Result<Provider, Vec<ProviderFileError>> {
    let shape: ProviderFile = toml::from_str(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        vec![at(file, text, error.span().unwrap_or(0..0), message)]
    })?;
    let mut problems = Problems::default();
    let provider = provider(shape, stem(file), &mut problems);
    match provider {
        Some(provider) if problems.is_empty() => Ok(provider),
        _ => Err(problems.locate(file, text)),
    }
}

/// The file's name without folders and `.toml`.
fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}

fn provider(file: ProviderFile, stem: &str, problems: &mut Problems) -> Option<Provider> {
    let key = problems.ok("key", file.key.parse::<ProviderKey>());
    if key.as_ref().is_some_and(|key| key.as_str() != stem) {
        problems.add("key", format!("the key must be the file's name: `{stem}`"));
    }
    for (path, text) in [("name", &file.name), ("description", &file.description)] {
        if text.trim().is_empty() {
            problems.add(path, "must not be empty");
        }
    }
    let mut connection = fields(file.connection, "connection", problems);
    for (index, field) in connection.iter_mut().enumerate() {
        if std::mem::take(&mut field.secret) {
            let message = format!("`{}` cannot be secret: secrets belong to the credential", field.key);
            problems.add(format!("connection.{index}.secret"), message);
        }
    }
    let mut setup = setup(file.oauth, file.api_key, file.webhook_url, &mut connection, problems);
    let names = Names::new(&connection, setup.as_ref(), problems);
    if let Some(Setup::OAuth(oauth)) = &setup {
        names.check_url("oauth.authorize_url", &oauth.authorize_url, Reach::Connection, problems);
        names.check_url("oauth.token_url", &oauth.token_url, Reach::Connection, problems);
        if let Some(issuer) = &oauth.issuer {
            names.url("oauth.issuer", issuer.as_str(), Reach::Connection, problems);
        }
        let signed = oauth.callback_checks.contains(&CallbackCheck::ShopifyHmac);
        if signed && !names.is_connection("subdomain") {
            let message = "`shopify_hmac` needs the connection field `subdomain`, the shop's name";
            problems.add("oauth.callback_checks", message);
        }
    }
    let documentation_url = page("documentation_url", &file.documentation_url, problems);
    let api_base_url = names.url("api_base_url", &file.api_base_url, Reach::Stored, problems);
    let revoke_page = file.revoke_page.map(|page| names.url("revoke_page", &page, Reach::Stored, problems));
    let probe = calls::probe(file.probe, &names, problems);
    let account = file.account.map(|account| calls::account(account, &names, problems));
    let called = [api_base_url.as_ref(), revoke_page.as_ref().and_then(Option::as_ref)];
    let called = called.into_iter().flatten().chain(probe.as_ref().map(|probe| &probe.call.url));
    let profile = account.iter().flatten().filter_map(|account| account.profile.as_ref());
    kinds::settle(called.chain(profile.map(|call| &call.url)), &mut connection, setup.as_mut(), problems);
    let settings = settings(file.settings, problems);
    let actions = actions(file.actions, problems);
    let rate_limit = rate_limit(file.rate_limit, problems);
    Some(Provider {
        key: key?,
        name: file.name,
        description: file.description,
        category: file.category,
        documentation_url: documentation_url?,
        api_base_url: api_base_url?,
        revoke_page: optional(revoke_page)?,
        setup: setup?,
        connection,
        account: optional(account)?,
        probe: probe?,
        rate_limit,
        settings: settings?,
        actions,
    })
}

fn setup(
    oauth: Option<crate::catalog::file::OAuthTable>,
    api_key: Option<FormTable>,
    webhook_url: Option<FormTable>,
    connection: &mut Vec<Field>,
    problems: &mut Problems,
) -> Option<Setup> {
    match (oauth, api_key, webhook_url) {
        (Some(table), None, None) => oauth::oauth(table, problems).map(|oauth| Setup::OAuth(Box::new(oauth))),
        (None, Some(table), None) => form(table, "api_key", connection, problems).map(Setup::ApiKey),
        (None, None, Some(table)) => form(table, "webhook_url", connection, problems).map(Setup::WebhookUrl),
        _ => {
            problems.add("", "a provider needs exactly one of [oauth], [api_key] and [webhook_url]");
            None
        }
    }
}

/// Reads the form of a credential. A field that is no secret becomes one of the connection, which is shown.
fn form(
    table: FormTable,
    setup: &str,
    connection: &mut Vec<Field>,
    problems: &mut Problems,
) -> Option<CredentialForm> {
    let page = table.page.map(|text| page(&format!("{setup}.page"), &text, problems));
    let path = format!("{setup}.fields");
    let is_secret = |table: &FieldTable| table.secret.unwrap_or(true);
    let secret: Vec<bool> = table.fields.iter().map(is_secret).collect();
    let all = fields(table.fields, &path, problems);
    match all.as_slice() {
        [] => problems.add(&path, "a credential needs at least one field"),
        [only] if only.key != setup => {
            problems.add(
                format!("{path}.0.key"),
                format!("the only field of a credential must be called `{setup}`"),
            );
        }
        _ => {}
    }
    let is_empty = all.is_empty();
    let (secret, shown): (Vec<_>, Vec<_>) = all.into_iter().zip(secret).partition(|(_, secret)| *secret);
    connection.extend(shown.into_iter().map(|(field, _)| field));
    let fields: Vec<Field> = secret.into_iter().map(|(field, _)| Field { secret: true, ..field }).collect();
    if !is_empty && !fields.iter().any(Field::is_required) {
        problems.add(&path, "at least one secret field of a credential must be required");
    }
    Some(CredentialForm { page: optional(page)?, fields })
}

/// The fields of a form. Errors in a field are added to `problems`; the field is returned as far as it could be read.
fn fields(tables: Vec<FieldTable>, path: &str, problems: &mut Problems) -> Vec<Field> {
    let mut seen = BTreeSet::new();
    let mut fields = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let path = format!("{path}.{index}");
        unique_name(&table.key, &format!("{path}.key"), &mut seen, problems);
        fields.push(field(table, &path, problems));
    }
    fields
}

fn field(table: FieldTable, path: &str, problems: &mut Problems) -> Field {
    if table.pattern.is_some() && !table.options.is_empty() {
        problems.add(format!("{path}.pattern"), "a field can have a pattern or options, not both");
    }
    let pattern = table.pattern.map(|text| pattern(&format!("{path}.pattern"), &text, problems));
    let refused = matches!(pattern, Some(None));
    mismatch(path, table.mismatch.as_deref(), pattern.is_some(), problems);
    let found_in = found_in(path, &table.key, &table.found_in, problems);
    let options = table.options.into_iter().map(|c| Choice { value: c.value, label: c.label }).collect();
    let field = Field {
        key: table.key,
        label: table.label,
        help: table.help,
        pattern: pattern.map(|pattern| pattern.unwrap_or_else(Pattern::nothing)),
        mismatch: table.mismatch,
        found_in,
        kind: Kind::Plain,
        options,
        secret: table.secret.unwrap_or(false),
        optional: table.optional || table.default.is_some(),
        default: table.default,
        prefix: table.prefix,
        suffix: table.suffix,
        example: table.example,
    };
    for (name, value) in [("default", &field.default), ("example", &field.example)] {
        if let (Some(value), false) = (value, refused) {
            let checked = field.check(value);
            problems
                .ok(format!("{path}.{name}"), checked.map_err(|e| format!("not a value of this field: {e}")));
        }
    }
    field
}

fn settings(tables: Vec<SettingTable>, problems: &mut Problems) -> Option<SettingsSchema> {
    let mut seen = BTreeSet::new();
    let (mut properties, mut notes) = (Map::new(), BTreeMap::new());
    for (index, table) in tables.into_iter().enumerate() {
        let path = format!("settings.{index}");
        unique_name(&table.key, &format!("{path}.key"), &mut seen, problems);
        let property = property(&table, &path, problems);
        mismatch(&path, table.mismatch.as_deref(), has_pattern(&property), problems);
        let found_in = found_in(&path, &table.key, &table.found_in, problems);
        notes.insert(table.key.clone(), SettingNotes { mismatch: table.mismatch, found_in });
        properties.insert(table.key, property);
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    problems.ok("settings", SettingsSchema::new(schema)).map(|schema| schema.with_notes(notes))
}

/// Whether a schema has a pattern anywhere.
fn has_pattern(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.contains_key("pattern") || map.values().any(has_pattern),
        Value::Array(items) => items.iter().any(has_pattern),
        _ => false,
    }
}

/// One setting's schema. It is checked by itself, so that an error gets its own line number.
fn property(table: &SettingTable, path: &str, problems: &mut Problems) -> Value {
    let mut property = Map::new();
    property.insert("title".into(), table.title.as_str().into());
    property.insert("description".into(), table.description.as_str().into());
    for (key, value) in &table.schema {
        match key.as_str() {
            "title" | "description" | "writeOnly" => {
                let instead = if key == "writeOnly" { "secret" } else { key };
                problems
                    .add(format!("{path}.schema.{key}"), format!("write it as `{instead}`, beside `schema`"));
            }
            _ => {
                let value = problems.ok(format!("{path}.schema.{key}"), to_json(value));
                property.insert(key.clone(), value.unwrap_or_default());
            }
        }
    }
    if table.secret {
        property.insert("writeOnly".into(), true.into());
    }
    if !property.contains_key("type") {
        problems.add(format!("{path}.schema"), "a setting needs a `type`");
    }
    let property = Value::Object(property);
    let alone =
        json!({"type": "object", "additionalProperties": false, "properties": {&table.key: &property}});
    if let Some(schema) = problems.ok(format!("{path}.schema"), SettingsSchema::new(alone)) {
        check_default(table, path, &property, &schema, problems);
    }
    property
}

fn check_default(
    table: &SettingTable,
    path: &str,
    property: &Value,
    schema: &SettingsSchema,
    problems: &mut Problems,
) {
    let Some(default) = property.get("default") else { return };
    let settings = Map::from_iter([(table.key.clone(), default.clone())]);
    for issue in schema.check(&settings) {
        problems
            .add(format!("{path}.schema.default"), format!("not a value of this setting: {}", issue.message));
    }
}

fn actions(tables: Vec<ActionTable>, problems: &mut Problems) -> Vec<Action> {
    let mut seen = BTreeSet::new();
    let mut actions = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let path = format!("actions.{index}");
        unique_name(&table.key, &format!("{path}.key"), &mut seen, problems);
        if table.default && table.kind != ActionKind::ReadOnly {
            problems.add(format!("{path}.default"), "only a read-only action may be permitted by default");
        }
        if table.requests.is_empty() {
            problems.add(format!("{path}.requests"), "an action needs at least one request");
        }
        let requests = table.requests.into_iter().enumerate();
        let requests = requests
            .map(|(i, table)| request(table, &format!("{path}.requests.{i}.path"), problems))
            .collect();
        actions.push(Action {
            key: table.key,
            label: table.label,
            description: table.description,
            kind: table.kind,
            allowed_by_default: table.default,
            requests,
        });
    }
    actions
}

fn request(table: RequestTable, path: &str, problems: &mut Problems) -> ActionRequest {
    problems.ok(path, Template::parse(&table.path));
    let hostile = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if !table.path.starts_with('/') || table.path.starts_with("//") || table.path.contains(hostile) {
        problems.add(path, "a path must begin with one `/` and must not contain spaces");
    }
    ActionRequest { method: table.method, path: table.path, operation: table.operation }
}

fn rate_limit(table: RateLimitTable, problems: &mut Problems) -> RateLimit {
    statuses("rate_limit.statuses", &table.statuses, problems);
    let names = [
        ("rate_limit.retry_after", table.retry_after.as_deref()),
        ("rate_limit.remaining", table.remaining.as_deref()),
        ("rate_limit.reset.header", table.reset.as_ref().map(|reset| reset.header.as_str())),
    ];
    for (path, name) in names {
        if name.is_some_and(|name| !is_header_name(name) || name.bytes().any(|b| b.is_ascii_uppercase())) {
            problems.add(path, "must be a header name in lower case");
        }
    }
    match (&table.error, table.errors.is_empty()) {
        (Some(_), true) => {
            problems.add("rate_limit.error", "needs `errors`, the codes that are looked for there")
        }
        (None, false) => problems.add("rate_limit.errors", "needs `error`, which says where the code is"),
        _ => {}
    }
    RateLimit {
        statuses: table.statuses,
        error: table.error.and_then(|text| pointer("rate_limit.error", &text, problems)),
        errors: table.errors,
        retry_after: table.retry_after,
        remaining: table.remaining,
        reset: table.reset.map(|reset| ResetHeader { header: reset.header, unit: reset.unit }),
    }
}
