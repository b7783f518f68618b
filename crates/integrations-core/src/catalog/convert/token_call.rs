//! Requests for tokens that a file describes whole.

use std::collections::BTreeMap;

use super::values::{basic_auth, check_header, templates};
use crate::catalog::file::TokenCallTable;
use crate::catalog::names::Method;
use crate::catalog::oauth::ParamValue;
use crate::catalog::problems::{Problems, optional};
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::{Template, UrlTemplate};
use crate::catalog::token_call::{CallBasic, TokenBody, TokenCall, TokenValue};

/// A request as the file has it.
pub(super) fn call(table: &TokenCallTable, path: &str, problems: &mut Problems) -> Option<TokenCall> {
    let url = problems.ok(format!("{path}.url"), UrlTemplate::parse(&table.url));
    for name in table.headers.keys() {
        check_header(name, &format!("{path}.headers.{name}"), problems);
    }
    let has_authorization = table.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization"));
    if table.basic_auth.is_some() && has_authorization {
        problems.add(format!("{path}.basic_auth"), "cannot stand beside an Authorization header");
    }
    // Names are checked when all of them are known.
    let every_name = Names::unchecked();
    let basic = table
        .basic_auth
        .as_ref()
        .map(|basic| basic_auth(basic, &format!("{path}.basic_auth"), &every_name, problems));
    let body = match (&table.form, &table.json) {
        (Some(_), Some(_)) => {
            problems.add(format!("{path}.json"), "cannot stand beside `form`");
            TokenBody::None
        }
        (Some(form), None) => TokenBody::Form(fields(form, &format!("{path}.form"), problems)),
        (None, Some(json)) => TokenBody::Json(fields(json, &format!("{path}.json"), problems)),
        (None, None) => TokenBody::None,
    };
    if !matches!(body, TokenBody::None) && matches!(table.method, Method::Get | Method::Head) {
        problems.add(format!("{path}.method"), "a request with GET or HEAD has no body");
    }
    Some(TokenCall {
        method: table.method,
        url: url?,
        headers: templates(table.headers.clone(), &format!("{path}.headers"), problems),
        basic: optional(basic)?.map(CallBasic::Plain),
        body,
    })
}

/// The values of a body.
pub(super) fn fields(
    values: &BTreeMap<String, ParamValue>,
    path: &str,
    problems: &mut Problems,
) -> Vec<(String, TokenValue)> {
    let read = |(name, value): (&String, &ParamValue)| {
        let value = match value {
            ParamValue::Number(number) => TokenValue::Number(*number),
            ParamValue::Text(text) => {
                TokenValue::Text(problems.ok(format!("{path}.{name}"), Template::parse(text))?)
            }
        };
        Some((name.clone(), value))
    };
    values.iter().filter_map(read).collect()
}

/// Whether a value stands anywhere in a request.
pub(super) fn uses(call: &TokenCall, name: &str) -> bool {
    let in_url = call.url.placeholders().any(|(used, _)| used == name);
    in_url || texts(call).iter().any(|(_, template)| template.placeholders().any(|used| used == name))
}

/// The templates of a request but for its URL, each with its place.
fn texts(call: &TokenCall) -> Vec<(String, &Template)> {
    let headers = call.headers.iter().map(|(name, text)| (format!("headers.{name}"), text));
    let basic = match &call.basic {
        Some(CallBasic::Plain(basic)) => vec![
            ("basic_auth.username".to_owned(), &basic.username),
            ("basic_auth.password".to_owned(), &basic.password),
        ],
        Some(CallBasic::Client) | None => Vec::new(),
    };
    let (body, fields): (_, &[(String, TokenValue)]) = match &call.body {
        TokenBody::None => ("", &[]),
        TokenBody::Form(fields) => ("form", fields),
        TokenBody::Json(fields) => ("json", fields),
    };
    let fields = fields.iter().filter_map(|(name, value)| match value {
        TokenValue::Text(text) => Some((format!("{body}.{name}"), text)),
        TokenValue::Number(_) => None,
    });
    headers.chain(basic).chain(fields).collect()
}

/// Checks a request. `place` says where a part of it stands in the file; `reach`, what its URL may name.
pub(super) fn check_call(
    call: &TokenCall,
    place: impl Fn(&str) -> String,
    (names, reach): (&Names<'_>, Reach),
    problems: &mut Problems,
) {
    names.check_url(&place("url"), &call.url, reach, problems);
    for (at, template) in texts(call) {
        names.text(&place(&at), template.as_str(), problems);
    }
}
