//! The `[auth.oauth]` table of a provider file.

use std::collections::{BTreeMap, BTreeSet};

use super::choice::choice;
use super::kept::{OF_A_RESPONSE, kept_fields, of_tokens};
use super::long_lived::long_lived;
use super::values::{check_header, page, pointer, pointers, statuses, unique_name};
use super::{app, base};
use crate::catalog::file::{AnswerTable, ExtraScopesTable, KeptTable, OAuthTable};
use crate::catalog::names::Rotation;
use crate::catalog::oauth::{ExtraScopes, KeptField, KeptPlace, OAuth, TokenAnswer, TokenRules};
use crate::catalog::problems::{Problems, optional};
use crate::catalog::template::{Template, UrlTemplate};

/// Parameters that the server itself sets (RFC 6749, sections 4.1.1, 4.1.3 and 6; RFC 7636, section 4).
const RESERVED_PARAMS: &[&str] = &[
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "response_type",
    "scope",
    "state",
];

/// A table with a token endpoint, as its path.
#[derive(Clone, Copy)]
pub(super) struct Place(pub(super) &'static str);

impl Place {
    /// The path of a key in it.
    pub(super) fn of(self, key: &str) -> String {
        format!("{}.{key}", self.0)
    }
}

const PLACE: Place = Place("auth.0.oauth");

pub(super) fn oauth(table: OAuthTable, problems: &mut Problems) -> Option<OAuth> {
    let authorize_url = problems.ok("auth.0.oauth.authorize_url", UrlTemplate::parse(&table.authorize_url));
    let token_url = problems.ok("auth.0.oauth.token_url", UrlTemplate::parse(&table.token_url));
    let refresh_url = table.refresh_url.as_deref();
    let refresh_url =
        refresh_url.map(|text| problems.ok("auth.0.oauth.refresh_url", UrlTemplate::parse(text)));
    check_requests(&table, problems);
    let extra_scopes = extra_scopes(table.extra_scopes, &table.scope_separator, problems);
    let issuer = table.issuer.map(|text| problems.ok("auth.0.oauth.issuer", issuer(&text)));
    if table.issuer_required && issuer.is_none() {
        problems.add("auth.0.oauth.issuer_required", "needs `issuer`, the value to require");
    }
    let app_page = table.app_page.map(|text| page("auth.0.oauth.app_page", &text, problems));
    let app_fields = app::fields(table.app_fields, problems);
    let redirect_uri = table.redirect_uri.as_deref();
    let redirect_uri =
        redirect_uri.map(|text| problems.ok("auth.0.oauth.redirect_uri", Template::parse(text)));
    let rotation = Rotation::from(table.refresh_rotates);
    let rotates = rotation != Rotation::None;
    let long_lived = table.long_lived.map(|table| long_lived(&table, rotates, problems));
    let read = (table.answer, table.kept, table.default_lifetime_seconds);
    let tokens = rules(PLACE, read, rotation, problems);
    let others = tokens.as_ref().map_or(&[][..], |tokens| &tokens.kept);
    let choice = optional(table.choice.map(|table| choice(table, others, problems)))?;
    let (choice, chosen) = choice.unzip();
    let mut tokens = tokens?;
    check_kept_code(&table.code_param, &tokens.kept, problems);
    tokens.kept.extend(chosen.into_iter().flatten());
    Some(OAuth {
        authorize_url: authorize_url?,
        token_url: token_url?,
        refresh_url: optional(refresh_url)?,
        authorize_params: table.authorize_params,
        authorize_omits: table.authorize_omits,
        redirect_uri: optional(redirect_uri)?,
        code_param: table.code_param,
        token_params: table.token_params,
        refresh_params: table.refresh_params,
        token_headers: table.token_headers,
        scopes: table.scopes,
        scope_separator: table.scope_separator,
        extra_scopes,
        implied_scopes: table.implied_scopes,
        pkce: table.pkce,
        client_auth: table.client_auth,
        body_format: table.body_format,
        tokens,
        choice,
        long_lived: optional(long_lived)?,
        callback_checks: table.callback_checks,
        issuer: optional(issuer)?,
        issuer_required: table.issuer_required,
        needs_real_browser: table.needs_real_browser,
        app_page: optional(app_page)?,
        app_fields,
        base: table.base.as_deref().and_then(base::named),
        services: Vec::new(),
        own_client: None,
        discovery: None,
    })
}

/// Checks what is only passed on: the names of parameters and headers, and the scopes.
fn check_requests(table: &OAuthTable, problems: &mut Problems) {
    check_params("auth.0.oauth.authorize_params", &table.authorize_params, problems);
    check_params("auth.0.oauth.token_params", &table.token_params, problems);
    check_params("auth.0.oauth.refresh_params", &table.refresh_params, problems);
    check_headers("auth.0.oauth.token_headers", &table.token_headers, problems);
    check_code_param(&table.code_param, problems);
    check_separated_scopes(PLACE, &table.scopes, &table.scope_separator, problems);
    for (scope, implied) in &table.implied_scopes {
        let path = format!("auth.0.oauth.implied_scopes.{scope}");
        check_scopes(&path, implied, &table.scope_separator, problems);
    }
}

/// Checks an issuer by the rules of URLs (RFC 9207, section 2: `https`, no query, no fragment), but keeps it as text:
/// an issuer is compared character by character, and a URL template would normalize it.
fn issuer(text: &str) -> Result<Template, String> {
    UrlTemplate::parse(text).map_err(|error| error.to_string())?;
    if text.contains('?') {
        return Err("an issuer cannot have a query".into());
    }
    Template::parse(text).map_err(|error| error.to_string())
}

/// Checks the further headers of token requests.
pub(super) fn check_headers(path: &str, headers: &BTreeMap<String, String>, problems: &mut Problems) {
    for (name, value) in headers {
        let path = format!("{path}.{name}");
        check_header(name, &path, problems);
        if value.is_empty() || value.contains(|c: char| c.is_control()) {
            problems.add(path, "a header's value must not be empty or contain control characters");
        }
    }
}

/// Checks the scopes that are asked for, and what joins them.
pub(super) fn check_separated_scopes(
    place: Place,
    scopes: &[String],
    separator: &str,
    problems: &mut Problems,
) {
    if !matches!(separator, " " | ",") {
        problems.add(place.of("scope_separator"), "must be a space or a comma");
    }
    check_scopes(&place.of("scopes"), scopes, separator, problems);
}

/// Reads how token answers are read: where their parts are, what is kept, and how long a token lives.
pub(super) fn rules(
    place: Place,
    (answer, kept, lifetime): (AnswerTable, Vec<KeptTable>, Option<u64>),
    rotation: Rotation,
    problems: &mut Problems,
) -> Option<TokenRules> {
    if lifetime == Some(0) {
        problems.add(place.of("default_lifetime_seconds"), "must be more than 0");
    }
    let answer = self::answer(place, answer, problems);
    let kept = kept_fields(place.0, kept, &[], of_tokens, problems);
    let kept = kept.into_iter().collect::<Option<_>>()?;
    Some(TokenRules { answer: answer?, kept, default_lifetime_seconds: lifetime, rotation })
}

/// Checks the name of the parameter that has the code. Others of the redirect back have a meaning already (RFC 6749,
/// section 4.1.2; RFC 9207).
fn check_code_param(name: &str, problems: &mut Problems) {
    if name.is_empty() || (name != "code" && OF_A_RESPONSE.contains(&name)) {
        problems.add("auth.0.oauth.code_param", "must be the name of a parameter that has no other meaning");
    }
}

/// Checks that the code is not kept: it is a secret that is used once.
fn check_kept_code(code_param: &str, kept: &[KeptField], problems: &mut Problems) {
    for (index, field) in kept.iter().enumerate() {
        if matches!(&field.place, KeptPlace::Redirect(name) if name == code_param) {
            let message = format!("`{code_param}` has the code, which the server itself reads");
            problems.add(format!("auth.0.oauth.kept.{index}.parameter"), message);
        }
    }
}

/// Checks the names of further parameters.
pub(super) fn check_params<V>(path: &str, params: &BTreeMap<String, V>, problems: &mut Problems) {
    for name in params.keys() {
        if name.is_empty() {
            problems.add(path, "a parameter needs a name");
        } else if RESERVED_PARAMS.contains(&name.as_str()) {
            problems.add(format!("{path}.{name}"), format!("`{name}` is set by the server itself"));
        }
    }
}

fn check_scopes(path: &str, scopes: &[String], separator: &str, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, scope) in scopes.iter().enumerate() {
        let path = format!("{path}.{index}");
        // RFC 6749, section 3.3: visible ASCII without `"` and `\`.
        let token = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if scope.is_empty() || !scope.bytes().all(token) || scope.contains(separator) {
            problems.add(path, "not a scope (RFC 6749, section 3.3)");
        } else if !seen.insert(scope) {
            problems.add(path, format!("the scope `{scope}` is listed twice"));
        }
    }
}

fn extra_scopes(tables: Vec<ExtraScopesTable>, separator: &str, problems: &mut Problems) -> Vec<ExtraScopes> {
    let mut seen = BTreeSet::new();
    let mut lists = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let path = format!("auth.0.oauth.extra_scopes.{index}");
        unique_name(&table.param, &format!("{path}.param"), &mut seen, problems);
        if RESERVED_PARAMS.contains(&table.param.as_str()) {
            problems.add(format!("{path}.param"), format!("`{}` is set by the server itself", table.param));
        }
        if table.scopes.is_empty() {
            problems.add(format!("{path}.scopes"), "needs at least one scope");
        }
        check_scopes(&format!("{path}.scopes"), &table.scopes, separator, problems);
        lists.push(ExtraScopes { param: table.param, scopes: table.scopes });
    }
    lists
}

/// Reads where the parts of a token answer are.
fn answer(place: Place, table: AnswerTable, problems: &mut Problems) -> Option<TokenAnswer> {
    let at = |key: &str| place.of(&format!("answer.{key}"));
    let access_token = pointers(&at("access_token"), &table.access_token, problems);
    let refresh_token = pointer(&at("refresh_token"), &table.refresh_token, problems);
    let expires_in = pointer(&at("expires_in"), &table.expires_in, problems);
    let scopes = pointer(&at("scopes"), &table.scopes, problems);
    let expires_at = table.expires_at.map(|text| pointer(&at("expires_at"), &text, problems));
    let error = pointers(&at("error"), &table.error, problems);
    statuses(&at("dead_statuses"), &table.dead_statuses, problems);
    Some(TokenAnswer {
        access_token: access_token?,
        refresh_token: refresh_token?,
        expires_in: expires_in?,
        expires_unit: table.expires_unit,
        expires_at: optional(expires_at)?,
        scopes: scopes?,
        error: error?,
        dead_errors: table.dead_errors.iter().map(ToString::to_string).collect(),
        dead_statuses: table.dead_statuses,
    })
}
