//! Tokens for what a person typed into a form: by a client's id and secret, by an exchange of the provider's own, or by
//! a signed assertion (RFC 7523).

use serde_json::Value;

use super::{
    assertion::verify,
    calls,
    expectations::{Assertion, Expectations, Grant},
    message::{Request, Response},
    state::{State, Token, lock},
    template::{self, Values},
};

/// Answers a request for a token; `None` if it is not one of these.
pub(super) async fn answer(state: &State, provider: &Expectations, request: &Request) -> Option<Response> {
    let grants: Vec<&Grant> = provider.grants.iter().filter(|grant| is_for(grant, request)).collect();
    let first = *grants.first()?;
    let switches = lock(&state.switches).clone();
    let wish = if first.takes_access_token { switches.long_lived } else { switches.token };
    if let Some(wished) = state.wished(wish, |code| refusal(first, code)).await {
        return Some(wished);
    }
    let typed = grants.into_iter().flat_map(|grant| {
        typed(state, provider, grant).into_iter().map(move |(account, values)| (grant, account, values))
    });
    let judged = typed
        .map(|(grant, account, values)| (problems(state, grant, &values, request), grant, account, values));
    let (problems, grant, account, values) = judged.min_by_key(|(problems, ..)| problems.len())?;
    if problems.is_empty() {
        let answer = issue(state, provider, grant, (account, values));
        return Some(Response::json(grant.call.status, &answer));
    }
    state.complain(&provider.provider, &format!("{}: {}", request.path, problems.join("; ")));
    Some(refusal(grant, grant.error.as_deref().unwrap_or("invalid_client")))
}

/// What may be typed into the form of a grant, each with the account that it is of; for a grant that takes a refresh
/// token or an access token, each that was issued, and one that nobody has.
fn typed(state: &State, provider: &Expectations, grant: &Grant) -> Vec<(usize, Values)> {
    let tokens = lock(&state.tokens);
    let mut typed = Vec::new();
    for (account, known) in provider.accounts.iter().enumerate() {
        let of_account =
            tokens.iter().filter(|token| token.provider == provider.provider && token.account == account);
        if grant.takes_access_token {
            let living = of_account.filter(|token| !token.has_ended).map(|token| token.access_token.clone());
            for access_token in living.chain(["none was issued".to_owned()]) {
                let mut values = provider.values_of_form(known);
                values.insert("access_token".into(), access_token.into());
                typed.push((account, values));
            }
            continue;
        }
        let of_account = of_account.filter(|_| grant.takes_refresh_token);
        let issued = of_account.filter_map(|token| token.refresh_token.clone());
        for refresh_token in issued.chain(["none was issued".to_owned()]) {
            let mut values = provider.values_of_form(known);
            values.insert("refresh_token".into(), refresh_token.into());
            typed.push((account, values));
        }
    }
    typed
}

/// Whether the request is for this grant. One address may serve several, which differ in `grant_type`.
fn is_for(grant: &Grant, request: &Request) -> bool {
    let call = &grant.call;
    let expected = call.form.as_ref().or(call.json.as_ref().and_then(Value::as_object));
    let asked = expected.and_then(|body| body.get("grant_type")).and_then(Value::as_str);
    call.resembles(request)
        && asked.is_none_or(|asked| field(request, "grant_type").as_deref() == Some(asked))
}

/// A field of the body, which may be JSON or a form.
fn field(request: &Request, name: &str) -> Option<String> {
    let mut fields = request.fields().into_iter();
    fields.find(|(other, _)| other == name).map(|(_, value)| value)
}

fn problems(state: &State, grant: &Grant, values: &Values, request: &Request) -> Vec<String> {
    let mut problems = calls::problems_of(&grant.call, None, values, request);
    problems.extend(calls::repeated(state, &grant.call, request));
    if let Some(assertion) = &grant.assertion {
        let sent = assertion_in(assertion, request).unwrap_or_default();
        let checked = verify(assertion, values, &sent);
        problems.extend(checked.err());
        if problems.is_empty() && !lock(&state.assertions).insert(sent) {
            problems.push("the assertion was sent before".to_owned());
        }
    }
    problems
}

fn assertion_in(assertion: &Assertion, request: &Request) -> Option<String> {
    match assertion.field.as_deref() {
        None => request.header("authorization")?.strip_prefix("Bearer ").map(str::to_owned),
        Some(name) => field(request, name),
    }
}

fn refusal(grant: &Grant, code: &str) -> Response {
    let values = Values::from_iter([("error".to_owned(), code.into())]);
    Response::json(grant.call.refusal.status, &template::json(&grant.call.refusal.body, &values))
}

fn issue(
    state: &State,
    provider: &Expectations,
    grant: &Grant,
    (account, mut values): (usize, Values),
) -> Value {
    let mut tokens = lock(&state.tokens);
    values.insert("serial".into(), (tokens.len() + 1).to_string().into());
    let answer = template::json(&grant.call.answer, &values);
    let token = |place: &str| answer.pointer(place).and_then(Value::as_str).map(str::to_owned);
    tokens.push(Token {
        provider: provider.provider.clone(),
        account,
        access_token: token(&grant.token).unwrap(),
        refresh_token: grant.refresh_token.as_deref().and_then(token),
        ..Token::default()
    });
    answer
}
