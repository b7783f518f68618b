//! The `[auth.token]` and `[auth.jwt]` tables of a provider file: how access tokens are got for a form.

use std::collections::BTreeMap;

use super::kept::RESERVED_NAMES;
use super::oauth::{Place, check_headers, check_params, check_separated_scopes, rules};
use super::token_call::{call, check_call, fields, uses};
use super::values::{templates, to_json};
use crate::catalog::assertion::{Assertion, Claim};
use crate::catalog::field::Field;
use crate::catalog::file::{JwtTable, TokenTable};
use crate::catalog::form::CredentialForm;
use crate::catalog::names::{AuthKind, BodyFormat, ClientAuth, Method, Rotation};
use crate::catalog::oauth::{CLIENT_REFUSED, ParamValue, TokenRules, UNAUTHORIZED};
use crate::catalog::problems::{Problems, optional};
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::{Template, UrlTemplate};
use crate::catalog::token::{FetchedToken, TokenCalls, TokenGrant};
use crate::catalog::token_call::{CallBasic, TokenBody, TokenCall};

const TOKEN: Place = Place("auth.0.token");
const JWT: Place = Place("auth.0.jwt");
/// What the form of a client needs (RFC 6749, section 2.3.1).
const OF_THE_CLIENT: [&str; 2] = ["client_id", "client_secret"];
/// What requests for tokens have beside the form and what is stored with it.
const OF_REQUESTS: [&str; 2] = ["assertion", "jti"];
/// What the server itself claims (RFC 7519, section 4.1).
const OWN_CLAIMS: [&str; 3] = ["iat", "exp", "nbf"];
/// What a file may say in the header of an assertion (RFC 7515, section 4.1). The rest says how keys are found or
/// signatures made.
const HEADER: [&str; 4] = ["kid", "typ", "x5t", "x5t#S256"];
/// The longest life of an assertion, in seconds.
const LONGEST_LIFE: u32 = 86_400;
/// The longest time before now at which it may have been issued, in seconds.
const LONGEST_BEFORE: u32 = 300;

/// The tables that say how tokens are got.
pub(super) struct Tables {
    pub(super) token: Option<TokenTable>,
    pub(super) jwt: Option<JwtTable>,
}

/// Reads how tokens are got. `connection` has the fields of the form that are shown.
pub(super) fn fetched(
    kind: AuthKind,
    tables: Tables,
    form: CredentialForm,
    connection: &[Field],
    problems: &mut Problems,
) -> Option<FetchedToken> {
    let has = |name: &str| form.fields.iter().chain(connection).any(|field| field.key == name);
    for name in RESERVED_NAMES.into_iter().chain(OF_REQUESTS).filter(|name| has(name)) {
        problems.add("auth.0.fields", format!("`{name}` is reserved: it is stored with the fields"));
    }
    if kind == AuthKind::ClientCredentials {
        for name in OF_THE_CLIENT.into_iter().filter(|name| !has(name)) {
            problems.add("auth.0.fields", format!("needs the field `{name}`, which gets the tokens"));
        }
    }
    let assertion = tables.jwt.map(|table| assertion(table, &form.fields, problems));
    let is_key = |field: &Field| matches!(&assertion, Some(Some(one)) if one.key == field.key);
    for field in form.fields.iter().filter(|field| field.lines && !is_key(field)) {
        problems
            .add("auth.0.fields", format!("`{}`: only the key of [auth.jwt] has several lines", field.key));
    }
    let (calls, rules) = match tables.token {
        Some(table) => {
            let calls = calls(kind, &table, problems);
            let read = (table.answer, table.kept, table.default_lifetime_seconds);
            (Some(calls), self::rules(TOKEN, read, Rotation::None, problems)?)
        }
        None => (None, rules(TOKEN, (Default::default(), Vec::new(), None), Rotation::None, problems)?),
    };
    let grant = match (optional(assertion)?, optional(calls)?) {
        (None, Some(calls)) => TokenGrant::Asked(Box::new(calls)),
        (Some(assertion), Some(calls)) => TokenGrant::AskedBySignature(Box::new(assertion), Box::new(calls)),
        (Some(assertion), None) => TokenGrant::Signed(Box::new(assertion)),
        (None, None) => return None,
    };
    Some(FetchedToken { form, grant, rules: with_refusals(rules) })
}

/// Adds what says for every provider that what was typed is refused.
fn with_refusals(mut rules: TokenRules) -> TokenRules {
    rules.answer.dead_errors.extend(CLIENT_REFUSED.map(str::to_owned));
    if !rules.answer.dead_statuses.contains(&UNAUTHORIZED) {
        rules.answer.dead_statuses.push(UNAUTHORIZED);
    }
    rules
}

fn calls(kind: AuthKind, table: &TokenTable, problems: &mut Problems) -> Option<TokenCalls> {
    let of_a_client = [
        ("token_url", table.token_url.is_some()),
        ("grant_type", table.grant_type.is_some()),
        ("params", table.params.is_some()),
        ("headers", table.headers.is_some()),
        ("scopes", table.scopes.is_some()),
        ("scope_separator", table.scope_separator.is_some()),
        ("client_auth", table.client_auth.is_some()),
        ("body_format", table.body_format.is_some()),
    ];
    let of_calls = [("request", table.request.is_some()), ("refresh", table.refresh.is_some())];
    let is_client = kind == AuthKind::ClientCredentials;
    let (strange, whose) = if is_client {
        (of_calls.as_slice(), "belongs to the other kinds: `client_credentials` has `token_url`")
    } else {
        (
            of_a_client.as_slice(),
            "belongs to `kind = \"client_credentials\"`: write it in [auth.token.request]",
        )
    };
    for (key, _) in strange.iter().filter(|(_, is_there)| *is_there) {
        problems.add(TOKEN.of(key), whose);
    }
    if is_client {
        let first = of_client(table, problems)?;
        return Some(TokenCalls { first, refresh: None });
    }
    let Some(request) = &table.request else {
        problems.add("auth.0.token", "needs [auth.token.request], the request for a token");
        return None;
    };
    let first = call(request, &TOKEN.of("request"), problems);
    let refresh = table.refresh.as_ref().map(|refresh| call(refresh, &TOKEN.of("refresh"), problems));
    Some(TokenCalls { first: first?, refresh: optional(refresh)? })
}

/// The request of RFC 6749, section 4.4.2.
fn of_client(table: &TokenTable, problems: &mut Problems) -> Option<TokenCall> {
    let (Some(token_url), Some(client_auth)) = (&table.token_url, table.client_auth) else {
        problems.add("auth.0.token", "`client_credentials` needs `token_url` and `client_auth`");
        return None;
    };
    let no_params = BTreeMap::new();
    let (scopes, params) = (table.scopes.as_deref().unwrap_or_default(), table.params.as_ref());
    let separator = table.scope_separator.as_deref().unwrap_or(" ");
    let params = params.unwrap_or(&no_params);
    check_params(&TOKEN.of("params"), params, problems);
    check_separated_scopes(TOKEN, scopes, separator, problems);
    let headers = table.headers.clone().unwrap_or_default();
    check_headers(&TOKEN.of("headers"), &headers, problems);
    let mut pairs = BTreeMap::new();
    let grant_type = table.grant_type.as_deref().unwrap_or("client_credentials");
    pairs.insert("grant_type".to_owned(), ParamValue::Text(grant_type.to_owned()));
    if !scopes.is_empty() {
        pairs.insert("scope".to_owned(), ParamValue::Text(scopes.join(separator)));
    }
    let basic = match client_auth {
        ClientAuth::Basic => Some(CallBasic::Client),
        ClientAuth::Body => {
            let of_client =
                OF_THE_CLIENT.map(|name| (name.to_owned(), ParamValue::Text(format!("{{{name}}}"))));
            pairs.extend(of_client);
            None
        }
        ClientAuth::None => {
            problems.add(TOKEN.of("client_auth"), "a token that is got for a secret is got with it");
            None
        }
    };
    pairs.extend(params.clone());
    let fields = fields(&pairs, &TOKEN.of("params"), problems);
    let url = problems.ok(TOKEN.of("token_url"), UrlTemplate::parse(token_url));
    Some(TokenCall {
        method: Method::Post,
        url: url?,
        headers: templates(headers, &TOKEN.of("headers"), problems),
        basic,
        body: match table.body_format.unwrap_or(BodyFormat::Form) {
            BodyFormat::Form => TokenBody::Form(fields),
            BodyFormat::Json => TokenBody::Json(fields),
        },
    })
}

fn assertion(table: JwtTable, fields: &[Field], problems: &mut Problems) -> Option<Assertion> {
    if !fields.iter().any(|field| field.key == table.key && field.lines && field.is_required()) {
        let message =
            format!("there must be a required field `{}` with `lines = true`: the private key", table.key);
        problems.add(JWT.of("key"), message);
    }
    for name in table.header.keys().filter(|name| !HEADER.contains(&name.as_str())) {
        problems
            .add(JWT.of(&format!("header.{name}")), "a header may have `kid`, `typ`, `x5t` and `x5t#S256`");
    }
    if !(1..=LONGEST_LIFE).contains(&table.lifetime_seconds) {
        problems.add(JWT.of("lifetime_seconds"), "must be between a second and a day (86400)");
    }
    if table.issued_before_seconds > LONGEST_BEFORE {
        problems.add(JWT.of("issued_before_seconds"), "must be at most five minutes (300)");
    }
    let mut claims = Vec::new();
    for (name, value) in &table.claims {
        let path = JWT.of(&format!("claims.{name}"));
        if OWN_CLAIMS.contains(&name.as_str()) {
            problems.add(&path, format!("`{name}` is claimed by the server itself"));
        }
        claims.extend(problems.ok(path, claim(value)).map(|claim| (name.clone(), claim)));
    }
    Some(Assertion {
        algorithm: table.algorithm,
        key: table.key,
        header: templates(table.header, &JWT.of("header"), problems),
        claims,
        lifetime_seconds: table.lifetime_seconds,
        issued_before_seconds: table.issued_before_seconds,
    })
}

fn claim(value: &toml::Value) -> Result<Claim, String> {
    let template = |text: &str| Template::parse(text).map_err(|error| error.to_string());
    match value {
        toml::Value::String(text) => template(text).map(Claim::Text),
        toml::Value::Array(items) => {
            let texts =
                items.iter().map(|item| template(item.as_str().ok_or("a list of a claim has texts alone")?));
            texts.collect::<Result<_, _>>().map(Claim::Texts)
        }
        toml::Value::Integer(_) | toml::Value::Boolean(_) => to_json(value).map(Claim::Fixed),
        _ => Err("a claim is a text, a list of texts, a whole number, `true` or `false`".into()),
    }
}

/// Checks that requests and assertions use only what is known before there is a token.
pub(super) fn check(kind: AuthKind, fetched: &FetchedToken, names: &Names<'_>, problems: &mut Problems) {
    if let Some(assertion) = fetched.assertion() {
        let names = names.of_token_request(&["jti"]);
        for (name, template) in &assertion.header {
            names.text(&JWT.of(&format!("header.{name}")), template.as_str(), problems);
        }
        for (name, claim) in &assertion.claims {
            for template in claim.templates() {
                names.text(&JWT.of(&format!("claims.{name}")), template.as_str(), problems);
            }
        }
    }
    let further: &[&str] = if fetched.assertion().is_some() { &["assertion"] } else { &[] };
    let refreshing: Vec<&str> = further.iter().copied().chain(["refresh_token"]).collect();
    let Some(calls) = fetched.calls() else { return };
    let is_client = kind == AuthKind::ClientCredentials;
    let first = |at: &str| match at.split_once('.') {
        None if is_client => TOKEN.of("token_url"),
        Some((body, name)) if is_client && body != "headers" => TOKEN.of(&format!("params.{name}")),
        Some(_) if is_client => TOKEN.of(at),
        _ => TOKEN.of(&format!("request.{at}")),
    };
    let known = names.of_token_request(further).of_headers();
    check_call(&calls.first, first, (&known, Reach::Connection), problems);
    if let Some(refresh) = &calls.refresh {
        let place = |at: &str| TOKEN.of(&format!("refresh.{at}"));
        let known = names.of_token_request(&refreshing).of_headers();
        check_call(refresh, place, (&known, Reach::Connection), problems);
        if !uses(refresh, "refresh_token") {
            problems.add(TOKEN.of("refresh"), "`{refresh_token}` stands nowhere in it");
        }
    }
    if !further.is_empty() && !uses(&calls.first, "assertion") {
        problems.add(TOKEN.of("request"), "`{assertion}` stands nowhere in it");
    }
}
