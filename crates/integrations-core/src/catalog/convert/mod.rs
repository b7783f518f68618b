//! Turns a parsed provider file into a [`Provider`], and checks every rule that its shape cannot express.

mod actions;
mod app;
mod auth;
mod aws_signature;
mod base;
mod calls;
mod choice;
mod event_secret;
mod event_signature;
mod events;
mod fields;
mod head;
mod kept;
mod kinds;
mod long_lived;
mod mcp;
mod oauth;
mod own_client;
mod proxying;
mod revoke;
mod settings;
mod token;
mod token_call;
mod values;
mod ways;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use serde::Deserialize as _;
use toml::de::{DeTable, Deserializer};

use self::actions::{Rest, actions};
use self::auth::Login;
use self::fields::fields;
use self::head::head;
pub(super) use self::head::stem;
use self::settings::Declared;
use self::values::{is_header_name, page, pointer, statuses};
pub(super) use self::ways::ReadWays;
use self::ways::{Known, OfFile};
use crate::catalog::events::EventSource;
use crate::catalog::field::Field;
use crate::catalog::file::{AuthTable, EventsTable, FieldTable, ProviderFile, RateLimitTable};
use crate::catalog::names::{AddressOf, AuthKind, CallbackCheck};
use crate::catalog::oauth::{OAuth, ParamValue};
use crate::catalog::probe::{Account, Probe, RateLimit, ResetHeader};
use crate::catalog::problems::{Problems, ProviderFileError, at, optional};
use crate::catalog::provider::{Provider, Setup};
use crate::catalog::revoke::Revoke;
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::UrlTemplate;

/// The form of provider files that is read.
const FORMAT: i64 = 2;

/// Reads one file. Returns everything that is wrong with it; but if its shape is wrong, only the first such error.
/// Unless `tries_examples`, its actions have no examples.
pub(super) fn read(file: &str, text: &str, tries_examples: bool) -> Result<ReadWays, Vec<ProviderFileError>> {
    let told = |error: toml::de::Error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        vec![at(file, text, error.span().unwrap_or(0..0), message)]
    };
    let mut document = DeTable::parse(text).map_err(told)?;
    let told_at = |(span, message)| vec![at(file, text, span, message)];
    check_format(document.get_ref()).map_err(told_at)?;
    base::complete(document.get_mut()).map_err(told_at)?;
    let shape = ProviderFile::deserialize(Deserializer::from(document)).map_err(told)?;
    let of_file = OfFile { stem: stem(file), tries_examples };
    ways::ways(shape, of_file, provider).map_err(|problems| problems.locate(file, text))
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

/// Reads one way to log in, which is the only one that is left in `file`.
fn provider(
    file: ProviderFile,
    mut auth: AuthTable,
    known: Known<'_>,
    problems: &mut Problems,
) -> Option<Provider> {
    let key = head(&file, known.stem, problems);
    let mut connection = connection(file.connection, problems);
    let login = Login::taken(&mut auth);
    let AuthTable { kind, why, request: sent, revoke, .. } = auth;
    let mut setup = auth::setup(kind, login, &mut connection, problems);
    let names = Names::new(&connection, setup.as_ref(), problems);
    check_login(kind, setup.as_ref(), &names, problems);
    let documentation_url = page("documentation_url", &file.documentation_url, problems);
    // The URL of a webhook is its credential, and all of its API is under it.
    let reach = if matches!(setup, Some(Setup::WebhookUrl(_))) { Reach::Secret } else { Reach::Stored };
    let api_base_url = names.url("api_base_url", &file.api_base_url, reach, problems);
    let revoke_page = file.revoke_page.map(|page| names.url("revoke_page", &page, Reach::Stored, problems));
    let auth_request = auth::request(sent, (kind, setup.as_ref()), &names, problems);
    let revoke = revoke.map(|table| revoke::revoke(table, &auth_request, &names, reach, problems));
    let probe = calls::probe(file.probe, kind, &auth_request, &names, problems);
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
        tries_examples: known.tries_examples,
    };
    let actions = actions(file.actions, &rest, problems);
    let base = api_base_url.as_ref();
    let event_source = event_source(file.events, (known.has_app, setup.as_ref(), &declared), problems);
    let ending = revoke.as_ref().and_then(Option::as_ref);
    let proxying = proxying::proxying(file.proxy, &actions, (setup.as_ref(), ending), base, problems);
    let pages = [api_base_url.as_ref(), revoke_page.as_ref().and_then(Option::as_ref)];
    let called = called(pages, probe.as_ref(), account.iter().flatten().next(), ending);
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

/// Reads how it sends events. The secret of an app that several services share verifies none of one of them.
fn event_source(
    table: Option<EventsTable>,
    (has_app, setup, declared): (bool, Option<&Setup>, &[Declared]),
    problems: &mut Problems,
) -> Option<EventSource> {
    let source = events::events(table, has_app, declared, problems);
    let is_shared = matches!(setup, Some(Setup::OAuth(oauth)) if oauth.base.is_some());
    if is_shared && matches!(&source, Some(EventSource::Sent(events)) if events.address == AddressOf::App) {
        problems.add("events.address", "an app that several services share has no address for events");
    }
    source
}

/// The URLs that are called with what is stored of an installation.
fn called<'u>(
    pages: [Option<&'u UrlTemplate>; 2],
    probe: Option<&'u Probe>,
    account: Option<&'u Account>,
    ending: Option<&'u Revoke>,
) -> impl Iterator<Item = &'u UrlTemplate> {
    let profile = account.and_then(|account| account.profile.as_ref());
    let calls = probe.and_then(Probe::request).map(|probe| &probe.call).into_iter().chain(profile);
    let ends = ending.into_iter().flat_map(Revoke::urls);
    pages.into_iter().flatten().chain(calls.map(|call| &call.url)).chain(ends)
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
        Some(Setup::OAuth(oauth)) => match &oauth.discovery {
            Some(discovery) => mcp::check(discovery, names, problems),
            None => check_oauth(oauth, names, problems),
        },
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
    let known = app::check(oauth, &names.of_token_request(&[]), problems);
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
    choice::check(oauth, names, problems);
    long_lived::check(oauth, names, problems);
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
