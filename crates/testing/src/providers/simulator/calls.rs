//! The calls of the providers' APIs.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    assertion::verify,
    aws_signature, body,
    call::{Call, Way},
    expectations::{Account, Expectations, Key},
    message::{Request, Response},
    state::{State, Token, lock},
    template::{self, Values},
};

/// Answers a call of this provider's API; `None` if the request is not one.
pub(super) fn answer(state: &State, provider: &Expectations, request: &Request) -> Option<Response> {
    let answer = judged(state, provider, request)?;
    let now = provider.aws_sigv4.as_ref().and_then(|_| {
        let now = lock(&state.switches).now;
        now.or_else(|| aws_signature::time_of(request))
    });
    Some(match now {
        Some(now) => answer.dated(now),
        None => answer,
    })
}

fn judged(state: &State, provider: &Expectations, request: &Request) -> Option<Response> {
    let calls: Vec<&Call> = provider.calls.iter().filter(|call| call.resembles(request)).collect();
    let first = *calls.first()?;
    let refused = || Response::json(first.refusal.status, &first.refusal.body);
    let mut switches = lock(&state.switches);
    if let Some((status, page)) = switches.web_page {
        return Some(Response::page(status, page.to_owned()));
    }
    if switches.break_calls {
        return Some(Response::json(503, &Value::Null));
    }
    if switches.refuse_calls || switches.refuse_next_calls > 0 {
        switches.refuse_next_calls = switches.refuse_next_calls.saturating_sub(1);
        return Some(refused());
    }
    if has_ended(state, provider, request) {
        return Some(refused());
    }
    let is_lost = switches.loses.is_some_and(|word| String::from_utf8_lossy(&request.body).contains(word));
    let now = switches.now;
    drop(switches);
    if calls.iter().any(|call| call.public) && request.header("authorization").is_none() {
        return Some(public(state, provider, &calls, request));
    }
    let credentials = credentials(state, provider, request);
    let all = calls
        .iter()
        .filter(|call| !call.public)
        .flat_map(|call| credentials.iter().map(move |known| (*call, known)));
    let all = all.filter(|(call, known)| call.by.is_none_or(|way| way == known.way()));
    let judged = all.map(|(call, known)| {
        let mut problems = problems_of(call, known.key, &known.values, request);
        problems.extend(repeated(state, call, request));
        let signature = provider.aws_sigv4.iter();
        problems.extend(signature.flat_map(|signature| {
            let signature = signature.of_call(call.aws_service.as_deref());
            aws_signature::problems(&signature, &known.values, request, now)
        }));
        (problems, call, &known.values)
    });
    let Some((problems, call, values)) = judged.min_by_key(|(problems, ..)| problems.len()) else {
        return Some(bad(state, provider, request, first, &[NOBODY.to_owned()]));
    };
    let answer = template::json(&call.answer, values);
    let answer = if call.graphql { asked_for(&answer, request) } else { Ok(answer) };
    match answer {
        Ok(answer) if problems.is_empty() => Some(Response { is_lost, ..good(call, &answer) }),
        Ok(_) => Some(bad(state, provider, request, call, &problems)),
        Err(problem) => {
            state.complain(&provider.provider, &format!("{}: {problem}", request.path));
            Some(Response::json(400, &serde_json::json!({"errors": [{"message": problem}]})))
        }
    }
}

/// What is wrong where there is no credential that a request could have.
pub(super) const NOBODY: &str = "nobody was granted access";

/// The answer to a request that is as documented.
pub(super) fn good(call: &Call, answer: &Value) -> Response {
    let headers = call.answer_headers.iter().map(|(name, value)| (name.clone(), value.clone()));
    Response { headers: headers.collect(), ..Response::json(call.status, answer) }
}

/// The answer to a request of somebody who has no credential.
fn public(state: &State, provider: &Expectations, calls: &[&Call], request: &Request) -> Response {
    let values = provider.values_of_form(&provider.accounts[0]);
    let judged = calls.iter().filter(|call| call.public);
    let judged = judged.map(|call| (problems_of(call, None, &values, request), call));
    let (problems, call) = judged.min_by_key(|(problems, _)| problems.len()).unwrap();
    if problems.is_empty() {
        return good(call, &template::json(&call.answer, &values));
    }
    bad(state, provider, request, call, &problems)
}

/// The answer to one that is not.
pub(super) fn bad(
    state: &State,
    provider: &Expectations,
    request: &Request,
    call: &Call,
    problems: &[String],
) -> Response {
    state.complain(&provider.provider, &format!("{}: {}", request.path, problems.join("; ")));
    Response::json(call.refusal.status, &call.refusal.body)
}

/// A valid credential.
struct Credential<'a> {
    /// Its values, and those of its account.
    values: Values,
    /// The key beside OAuth that it is.
    key: Option<&'a Key>,
}

impl Credential<'_> {
    const fn way(&self) -> Way {
        if self.key.is_some() { Way::Key } else { Way::Oauth }
    }
}

/// Whether a request has an access token or a key that has ended, which is no mistake of whoever sends it.
fn has_ended(state: &State, provider: &Expectations, request: &Request) -> bool {
    let has = |token: &Token| request.headers.iter().any(|(_, value)| value.ends_with(&token.access_token));
    let tokens = lock(&state.tokens);
    let of_provider = || tokens.iter().filter(|token| token.provider == provider.provider);
    of_provider().any(|token| token.has_ended && has(token))
        || lock(&state.ended_keys).contains(&provider.provider)
            && !of_provider().any(|token| !token.has_ended && has(token))
}

/// Every valid credential: each token that was granted and the key beside OAuth, or each account's credential for a
/// form.
fn credentials<'a>(state: &State, provider: &'a Expectations, request: &Request) -> Vec<Credential<'a>> {
    let usual = |values| Credential { values, key: None };
    if !provider.issues_tokens() {
        return provider.accounts.iter().map(|account| usual(account.values())).collect();
    }
    let tokens = lock(&state.tokens);
    let granted = tokens.iter().filter(|token| !token.has_ended && token.provider == provider.provider);
    let granted =
        granted.map(|token| usual(values_with_token(&provider.accounts[token.account], &token.access_token)));
    let key = provider.key.as_ref();
    let key = key.map(|key| Credential { values: provider.values_of_typed(), key: Some(key) });
    granted.chain(key).chain(signed(provider, request)).collect()
}

/// The bearer token of a request, if it is an assertion that a person's key has signed.
fn signed<'a>(provider: &Expectations, request: &Request) -> Option<Credential<'a>> {
    let expected = provider.signed.as_ref()?;
    let bearer = request.header("authorization")?.strip_prefix("Bearer ")?;
    let account = &provider.accounts[0];
    let known = provider.values_of_form(account);
    verify(&expected.assertion, &known, bearer).ok()?;
    Some(Credential { values: values_with_token(account, bearer), key: None })
}

/// The values of an account, with the access token that was granted to it.
fn values_with_token(account: &Account, access_token: &str) -> Values {
    let mut values = account.values();
    values.insert("access_token".into(), access_token.into());
    values
}

/// What is wrong with a request. Messages never contain values. `key` is sent in place of the header that the call has
/// for the access token.
pub(super) fn problems_of(call: &Call, key: Option<&Key>, values: &Values, request: &Request) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |what: &str, expected: &str, actual: Option<&str>| {
        if !actual.is_some_and(|actual| template::agrees(expected, values, actual)) {
            problems.push(format!("{what} is wrong or missing"));
        }
    };
    check("the host", &call.host, Some(&request.host));
    check("the path", &call.path, Some(&request.path));
    let takes_token = |expected: &String| expected.contains("{access_token}");
    let key = key.filter(|_| call.headers.values().any(takes_token));
    let usual = call.headers.iter().filter(|(_, expected)| key.is_none() || !takes_token(expected));
    for (name, expected) in usual.chain(key.iter().flat_map(|key| &key.headers)) {
        check(&format!("the header {name}"), expected, request.header(name));
    }
    if let Some(pair) = key.map_or(call.basic.as_ref(), |key| key.basic.as_ref()) {
        let sent = request.header("authorization").and_then(|header| header.strip_prefix("Basic "));
        let sent = sent.and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
        check("the basic authentication", pair, sent.as_deref());
    }
    if let Some(form) = &call.body {
        check("the body", &format!("~{form}"), Some(&String::from_utf8_lossy(&request.body)));
    }
    if call.json.is_some() && !call.headers.contains_key("content-type") {
        check("the content type", "~application/json(; ?charset=utf-8)?", request.header("content-type"));
    }
    if call.form.is_some() {
        check(
            "the content type",
            "~application/x-www-form-urlencoded(; ?charset=utf-8)?",
            request.header("content-type"),
        );
    }
    let parameters = request.parameters();
    for (name, value) in &parameters {
        check(
            &format!("the parameter {name}"),
            call.query.get(name).map_or("~$^", String::as_str),
            Some(value),
        );
    }
    let sent: BTreeSet<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    let missing =
        call.query.iter().filter(|(name, form)| !form.starts_with('~') && !sent.contains(name.as_str()));
    problems.extend(missing.map(|(name, _)| format!("the parameter {name} is missing")));
    if let Some(expected) = &call.json {
        problems.extend(body::problems_of_json(expected, values, &request.body));
    }
    if let Some(expected) = &call.form {
        problems.extend(body::problems_of_form(expected, values, &request.body));
    }
    problems
}

/// What is wrong with headers whose value each request has alone.
pub(super) fn repeated(state: &State, call: &Call, request: &Request) -> Option<String> {
    let requests = lock(&state.requests);
    let mut unique = call.headers.iter().filter(|(_, expected)| *expected == template::UUID);
    // This request is among them.
    let is_repeated = |name: &str| {
        let value = request.header(name);
        requests.iter().filter(|other| value.is_some() && other.header(name) == value).count() > 1
    };
    let (name, _) = unique.find(|(name, _)| is_repeated(name))?;
    Some(format!("the header {name} was sent before"))
}

/// The part of a GraphQL answer that the query asks for.
fn asked_for(answer: &Value, request: &Request) -> Result<Value, String> {
    let body: Value = serde_json::from_slice(&request.body).map_err(|error| error.to_string())?;
    let query = body["query"].as_str().ok_or("the body has no query")?;
    let names: BTreeSet<&str> =
        query.split(|c: char| !c.is_ascii_alphanumeric()).filter(|n| !n.is_empty()).collect();
    let mut known = BTreeSet::from(["query".to_owned()]);
    collect_names(&answer["data"], &mut known);
    if let Some(unknown) = names.iter().find(|name| !known.contains(**name)) {
        return Err(format!("Cannot query field \"{unknown}\""));
    }
    let mut answer = answer.clone();
    retain(&mut answer["data"], &names);
    Ok(answer)
}

fn collect_names(value: &Value, names: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        names.insert(name.clone());
        collect_names(value, names);
    }
}

fn retain(value: &mut Value, names: &BTreeSet<&str>) {
    if let Value::Object(fields) = value {
        fields.retain(|name, _| names.contains(name.as_str()));
        fields.values_mut().for_each(|value| retain(value, names));
    }
}
