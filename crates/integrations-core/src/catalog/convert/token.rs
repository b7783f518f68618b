//! The `[auth.token]` table of a provider file: how access tokens are got for a form.

use std::collections::BTreeMap;

use super::oauth::{Place, answer, check_headers, check_lifetime, check_params, check_separated_scopes};
use crate::catalog::field::Field;
use crate::catalog::file::TokenTable;
use crate::catalog::names::Pkce;
use crate::catalog::oauth::{OAuth, ParamValue};
use crate::catalog::problems::Problems;
use crate::catalog::provider::{CredentialForm, FetchedToken};
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::{Template, UrlTemplate};

const PATH: &str = "auth.0.token";
/// What the form needs (RFC 6749, section 2.3.1).
const OF_THE_CLIENT: [&str; 2] = ["client_id", "client_secret"];
/// Names of what is stored with the form.
const STORED: [&str; 3] = ["access_token", "refresh_token", "expires_at"];
/// Codes that say that the client itself is refused (RFC 6749, section 5.2).
const CLIENT_REFUSED: [&str; 2] = ["invalid_client", "unauthorized_client"];

/// Reads how tokens are got. `connection` has the fields of the form that are shown.
pub(super) fn fetched(
    table: TokenTable,
    form: CredentialForm,
    connection: &[Field],
    problems: &mut Problems,
) -> Option<FetchedToken> {
    let has = |name: &str| form.fields.iter().chain(connection).any(|field| field.key == name);
    for name in OF_THE_CLIENT.into_iter().filter(|name| !has(name)) {
        problems.add("auth.0.fields", format!("needs the field `{name}`, which gets the tokens"));
    }
    for name in STORED.into_iter().filter(|name| has(name)) {
        problems.add("auth.0.fields", format!("`{name}` is reserved: it is stored with the fields"));
    }
    let place = Place(PATH);
    let token_url = problems.ok(place.of("token_url"), UrlTemplate::parse(&table.token_url));
    check_params(&place.of("params"), &table.params, problems);
    check_headers(&place.of("headers"), &table.headers, problems);
    check_separated_scopes(place, &table.scopes, &table.scope_separator, problems);
    check_lifetime(place, table.default_lifetime_seconds, problems);
    let answer = answer(place, table.answer, problems);
    let mut params = Vec::new();
    let mut numbers = BTreeMap::new();
    for (name, value) in table.params {
        match value {
            ParamValue::Text(text) => {
                let path = place.of(&format!("params.{name}"));
                params.extend(problems.ok(path, Template::parse(&text)).map(|template| (name, template)));
            }
            number @ ParamValue::Number(_) => drop(numbers.insert(name, number)),
        }
    }
    let (token_url, mut answer) = (token_url?, answer?);
    answer.dead_errors.extend(CLIENT_REFUSED.map(str::to_owned));
    let endpoint = OAuth {
        authorize_url: token_url.clone(),
        token_url,
        authorize_params: BTreeMap::new(),
        token_params: numbers,
        refresh_params: BTreeMap::new(),
        token_headers: table.headers,
        scopes: table.scopes,
        scope_separator: table.scope_separator,
        extra_scopes: Vec::new(),
        implied_scopes: BTreeMap::new(),
        pkce: Pkce::None,
        client_auth: table.client_auth,
        body_format: table.body_format,
        answer,
        kept: Vec::new(),
        callback_checks: Vec::new(),
        issuer: None,
        issuer_required: false,
        default_lifetime_seconds: table.default_lifetime_seconds,
        refresh_rotates: false,
        needs_real_browser: false,
        app_page: None,
    };
    Some(FetchedToken { form, endpoint, params })
}

/// Checks that it uses only what is known before there is a token.
pub(super) fn check(fetched: &FetchedToken, names: &Names<'_>, problems: &mut Problems) {
    let place = Place(PATH);
    names.check_url(&place.of("token_url"), &fetched.endpoint.token_url, Reach::Connection, problems);
    for (name, template) in &fetched.params {
        let path = place.of(&format!("params.{name}"));
        if template.placeholders().any(|used| used == "access_token") {
            problems.add(&path, "there is no access token yet");
        }
        names.text(&path, template.as_str(), problems);
    }
}
