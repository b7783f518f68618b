//! Turns a parsed provider file into a [`Provider`], and checks every rule that its shape cannot express.

mod actions;
mod auth;
mod calls;
mod event_secret;
mod event_signature;
mod events;
mod fields;
mod kinds;
mod oauth;
mod proxying;
mod revoke;
mod settings;
mod token;
mod values;
mod ways;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use serde::Deserialize as _;
use toml::de::{DeTable, Deserializer};

use self::actions::{Rest, actions};
use self::auth::Login;
use self::fields::fields;
use self::values::{is_header_name, page, pointer, statuses};
use self::ways::Known;
pub(super) use self::ways::ReadWays;
use crate::branding::logo_file;
use crate::catalog::field::Field;
use crate::catalog::file::{AuthTable, FieldTable, ProviderFile, RateLimitTable};
use crate::catalog::key::ProviderKey;
use crate::catalog::names::{AuthKind, CallbackCheck};
use crate::catalog::oauth::{OAuth, ParamValue};
use crate::catalog::probe::{RateLimit, ResetHeader};
use crate::catalog::problems::{Problems, ProviderFileError, at, optional};
use crate::catalog::provider::{Provider, Setup};
use crate::catalog::revoke::Revoke;
use crate::catalog::scope::{Names, Reach};

/// The form of provider files that is read.
const FORMAT: i64 = 2;
/// The longest of a provider's other names, in characters.
const LONGEST_ALIAS: usize = 40;

/// Reads one file. Returns everything that is wrong with it; but if its shape is wrong, only the first such error.
pub(super) fn read(file: &str, text: &str) -> Result<ReadWays, Vec<ProviderFileError>> {
    let told = |error: toml::de::Error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        vec![at(file, text, error.span().unwrap_or(0..0), message)]
    };
    let document = DeTable::parse(text).map_err(told)?;
    check_format(document.get_ref()).map_err(|(span, message)| vec![at(file, text, span, message)])?;
    let shape = ProviderFile::deserialize(Deserializer::from(document)).map_err(told)?;
    ways::ways(shape, stem(file), provider).map_err(|problems| problems.locate(file, text))
}

/// Checks which form a file has, before it is read in it, so that a file of another form gets one error that says so.
/// The error is where it is, and a message.
fn check_format(document: &DeTable<'_>) -> Result<(), (Range<usize>, String)> {
    let format = document.get("format");
    let number = format.and_then(|format| format.get_ref().as_integer()?.as_str().parse::<i64>().ok());
    let message = match (format, number) {
        (Some(_), Some(FORMAT)) => return Ok(()),
        (Some(_), _) => format!("this server reads files of format {FORMAT}"),
        (None, _) => format!(
            "this file has format 1. Write it in format {FORMAT}: `format = {FORMAT}` at the top; [oauth], [api_key] or \
             [webhook_url] as [[auth]]; the headers and `basic_auth` with the credential once, as [auth.request]; in \
             place of an action's `requests` its `input`, `request`, `result`, `examples` and `proof`. \
             docs/reference/provider-file.md says how, under \"From format 1\""
        ),
    };
    Err((format.map_or(0..0, |format| format.span()), message))
}

/// The file's name without folders and `.toml`.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".toml").unwrap_or(name)
}

/// The provider's key, which must be the file's name.
fn key(file: &ProviderFile, stem: &str, problems: &mut Problems) -> Option<ProviderKey> {
    let key = problems.ok("key", file.key.parse::<ProviderKey>());
    if key.as_ref().is_some_and(|key| key.as_str() != stem) {
        problems.add("key", format!("the key must be the file's name: `{stem}`"));
    }
    key
}

fn check_head(file: &ProviderFile, problems: &mut Problems) {
    for (path, text) in [("name", &file.name), ("description", &file.description)] {
        if text.trim().is_empty() {
            problems.add(path, "must not be empty");
        }
    }
    check_aliases(file, problems);
    if let Some(Err(message)) = file.logo.clone().map(logo_file) {
        problems.add("logo", message);
    }
    if let Some(month) = file.reviewed.as_deref().filter(|month| !is_month(month)) {
        problems.add("reviewed", format!("must be a month such as 2026-11, not `{month}`"));
    }
}

/// Checks the other names by which people look for the provider.
fn check_aliases(file: &ProviderFile, problems: &mut Problems) {
    for (index, alias) in file.aliases.iter().enumerate() {
        let is_plain = alias.trim() == alias && !alias.is_empty() && !alias.chars().any(char::is_control);
        let known = file.aliases[..index].iter().chain([&file.name, &file.key]);
        if !is_plain || alias.chars().count() > LONGEST_ALIAS {
            let message = format!("must be a name on one line, of at most {LONGEST_ALIAS} characters");
            problems.add(format!("aliases.{index}"), message);
        } else if known.map(|name| name.to_lowercase()).any(|name| name == alias.to_lowercase()) {
            problems.add(format!("aliases.{index}"), format!("`{alias}` is already a name of it"));
        }
    }
}

/// Whether `text` is a month as in RFC 3339, section 5.6: `date-fullyear "-" date-month`.
fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else { return false };
    let is_number = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    is_number(year, 4) && is_number(month, 2) && ("01"..="12").contains(&month)
}

/// Reads one way to log in, which is the only one that is left in `file`.
fn provider(
    file: ProviderFile,
    auth: AuthTable,
    known: Known<'_>,
    problems: &mut Problems,
) -> Option<Provider> {
    let key = key(&file, known.stem, problems);
    check_head(&file, problems);
    let mut connection = connection(file.connection, problems);
    let AuthTable { kind, why, page: key_page, fields, oauth, token, jwt, request: sent, revoke, .. } = auth;
    let login = Login { page: key_page, fields, oauth, token, jwt };
    let mut setup = auth::setup(kind, login, &mut connection, problems);
    let names = Names::new(&connection, setup.as_ref(), problems);
    check_login(kind, setup.as_ref(), &names, problems);
    let documentation_url = page("documentation_url", &file.documentation_url, problems);
    // The URL of a webhook is its credential, and all of its API is under it.
    let reach = if matches!(setup, Some(Setup::WebhookUrl(_))) { Reach::Secret } else { Reach::Stored };
    let api_base_url = names.url("api_base_url", &file.api_base_url, reach, problems);
    let revoke_page = file.revoke_page.map(|page| names.url("revoke_page", &page, Reach::Stored, problems));
    let auth_request = auth::request(sent, &names, problems);
    let revoke = revoke.map(|table| revoke::revoke(table, &auth_request, &names, reach, problems));
    let probe = calls::probe(file.probe, &auth_request, &names, problems);
    let account = file.account.map(|account| calls::account(account, &auth_request, &names, problems));
    let rate_limit = rate_limit(file.rate_limit, problems);
    let (settings, declared) = settings::settings(file.settings, problems);
    let rest = Rest {
        provider: &file.key,
        names: &names,
        auth_request: &auth_request,
        rate_limit: &rate_limit,
        settings: &declared,
        schema: settings.as_ref(),
        defaults: defaults(&connection, setup.as_ref()),
        tries_examples: known.is_first,
    };
    let actions = actions(file.actions, &rest, problems);
    let base = api_base_url.as_ref();
    let event_source = events::events(file.events, known.has_app, &declared, problems);
    let ending = revoke.as_ref().and_then(Option::as_ref);
    let proxying = proxying::proxying(file.proxy, &actions, (setup.as_ref(), ending), base, problems);
    let called = [api_base_url.as_ref(), revoke_page.as_ref().and_then(Option::as_ref)];
    let called = called.into_iter().flatten().chain(probe.as_ref().map(|probe| &probe.call.url));
    let profile = account.iter().flatten().filter_map(|account| account.profile.as_ref());
    let called = called.chain(profile.map(|call| &call.url)).chain(ending.into_iter().flat_map(Revoke::urls));
    kinds::settle(called, &mut connection, setup.as_mut(), problems);
    Some(Provider {
        key: key?,
        name: file.name,
        aliases: file.aliases,
        description: file.description,
        category: file.category,
        logo_file: file.logo,
        logo: None,
        documentation_url: documentation_url?,
        api_base_url: api_base_url?,
        revoke_page: optional(revoke_page)?,
        auth: kind,
        why,
        setup: setup?,
        auth_request,
        revoke: optional(revoke)?,
        connection,
        account: optional(account)?,
        probe: probe?,
        rate_limit,
        settings: Arc::new(settings?),
        actions: actions.into(),
        proxying,
        event_source: event_source?,
    })
}

/// The fields of the connection, which has no secrets.
fn connection(tables: Vec<FieldTable>, problems: &mut Problems) -> Vec<Field> {
    let mut connection = fields(tables, "connection", problems);
    for (index, field) in connection.iter_mut().enumerate() {
        if std::mem::take(&mut field.secret) {
            let message = format!("`{}` cannot be secret: secrets belong to the credential", field.key);
            problems.add(format!("connection.{index}.secret"), message);
        }
        if field.lines {
            problems.add(format!("connection.{index}.lines"), "only a secret field has several lines");
        }
    }
    connection
}

/// Checks that a login uses only what is known before there is a credential.
fn check_login(kind: AuthKind, setup: Option<&Setup>, names: &Names<'_>, problems: &mut Problems) {
    match setup {
        Some(Setup::OAuth(oauth)) => check_oauth(oauth, names, problems),
        Some(Setup::Fetched(fetched)) => token::check(kind, fetched, names, problems),
        Some(Setup::ApiKey(_) | Setup::WebhookUrl(_)) | None => {}
    }
}

/// Checks that an OAuth description uses only what is known before there is a credential.
fn check_oauth(oauth: &OAuth, names: &Names<'_>, problems: &mut Problems) {
    names.check_url("auth.0.oauth.authorize_url", &oauth.authorize_url, Reach::Connection, problems);
    names.check_url("auth.0.oauth.token_url", &oauth.token_url, Reach::Connection, problems);
    if let Some(refresh_url) = &oauth.refresh_url {
        names.check_url("auth.0.oauth.refresh_url", refresh_url, Reach::Connection, problems);
    }
    let known = names.of_token_request(&[]);
    for (name, text) in &oauth.authorize_params {
        known.text(&format!("auth.0.oauth.authorize_params.{name}"), text, problems);
    }
    for (table, params) in [("token_params", &oauth.token_params), ("refresh_params", &oauth.refresh_params)]
    {
        for (name, param) in params {
            if let ParamValue::Text(text) = param {
                known.text(&format!("auth.0.oauth.{table}.{name}"), text, problems);
            }
        }
    }
    if let Some(issuer) = &oauth.issuer {
        names.url("auth.0.oauth.issuer", issuer.as_str(), Reach::Connection, problems);
    }
    let signed = oauth.callback_checks.contains(&CallbackCheck::ShopifyHmac);
    if signed && !names.is_connection("subdomain") {
        let message = "`shopify_hmac` needs the connection field `subdomain`, the shop's name";
        problems.add("auth.0.oauth.callback_checks", message);
    }
}

/// The stored values that count where none is given, by name.
fn defaults(connection: &[Field], setup: Option<&Setup>) -> BTreeMap<String, String> {
    let tokens = setup.and_then(Setup::tokens);
    let kept = tokens.into_iter().flat_map(|tokens| &tokens.kept).map(|kept| (&kept.name, &kept.default));
    let fields = connection.iter().map(|field| (&field.key, &field.default));
    fields.chain(kept).filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect()
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
