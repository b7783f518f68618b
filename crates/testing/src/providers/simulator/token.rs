//! The token endpoints.

use std::collections::BTreeSet;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded::Serializer;

use super::{
    expectations::{ClientAuth, Expectations, Format, Refresh, TokenEndpoint, client_id, client_secret},
    message::{Request, Response, pairs},
    state::{Code, State, Switches, Token, lock},
    template::{self, Values},
};

/// The parameters of RFC 6749, section 4.1.3 and RFC 7636, section 4.5. They are accepted even if the provider's page
/// does not list them.
const BASE: [&str; 6] = ["grant_type", "code", "redirect_uri", "client_id", "client_secret", "code_verifier"];

/// Those of a refresh (RFC 6749, section 6).
const OF_REFRESH: [&str; 5] = ["grant_type", "refresh_token", "scope", "client_id", "client_secret"];

/// Why a request is refused: the error code and the reason.
struct Refused(String, String);

impl Refused {
    fn new(code: &str, problem: impl Into<String>) -> Self {
        Self(code.to_owned(), problem.into())
    }
}

pub(super) async fn answer(
    state: &State,
    provider: &Expectations,
    (endpoint, account): (&TokenEndpoint, Option<usize>),
    request: &Request,
) -> Response {
    let switches = lock(&state.switches).clone();
    let refused = |code: &str| refusal(endpoint, code, "As the test wishes.");
    if let Some(wished) = state.wished(switches.token.clone(), refused).await {
        return wished;
    }
    match grant(state, provider, (endpoint, account), request, &switches) {
        Ok(answer) => write(endpoint, request, &answer),
        Err(Refused(code, problem)) => {
            state.complain(&provider.provider, &format!("token: {problem}"));
            refusal(endpoint, &code, &problem)
        }
    }
}

fn refusal(endpoint: &TokenEndpoint, code: &str, problem: &str) -> Response {
    let values =
        Map::from_iter([("error".to_owned(), code.into()), ("description".to_owned(), problem.into())]);
    Response::json(endpoint.error.status, &template::json(&endpoint.error.body, &values))
}

/// Writes the answer in the format that the request asks for.
fn write(endpoint: &TokenEndpoint, request: &Request, answer: &Value) -> Response {
    let asks_for_json = request.header("accept").is_some_and(|accept| accept.contains("application/json"));
    if asks_for_json || !endpoint.answers_json_when_asked {
        return Response::json(200, answer);
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = answer.as_object().into_iter().flatten().map(|(name, value)| (name, text(value)));
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    Response::new(200, "application/x-www-form-urlencoded; charset=utf-8", body)
}

fn grant(
    state: &State,
    provider: &Expectations,
    (endpoint, account): (&TokenEndpoint, Option<usize>),
    request: &Request,
    switches: &Switches,
) -> Result<Value, Refused> {
    let errors = &endpoint.errors;
    let (parameters, format) = read(endpoint, request)?;
    if request.path != endpoint.path_of(is_refresh(&parameters)) {
        return Err(Refused::new(&errors.request, "another address is for that"));
    }
    check_client(provider, endpoint, request, &parameters)?;
    check_parameters(endpoint, &parameters, format)?;
    for (name, expected) in &endpoint.headers {
        let actual = request.header(name).unwrap_or_default();
        if !template::agrees(expected, &Values::new(), actual) {
            return Err(Refused::new(&errors.request, format!("the header {name} is {actual:?}")));
        }
    }
    if is_refresh(&parameters) {
        let before = take(state, provider, (endpoint, account), &parameters)?;
        return Ok(issue(state, provider, endpoint, before, &parameters, switches));
    }
    let mut codes = lock(&state.codes);
    let of = |name: &str| parameters.get(name).and_then(Value::as_str);
    let known = |code: &&mut Code| {
        code.provider == provider.provider
            && Some(code.code.as_str()) == of("code")
            && account.is_none_or(|account| code.account == account)
    };
    let Some(code) = codes.iter_mut().find(known).filter(|code| !code.used) else {
        return Err(Refused::new(&errors.code, "the code is unknown or was used before"));
    };
    code.used = true;
    if of("redirect_uri") != code.redirect_uri.as_deref() && endpoint.parameters.contains_key("redirect_uri")
    {
        return Err(Refused::new(&errors.redirect_uri, "the code was issued for another redirect_uri"));
    }
    check_verifier(code.challenge.as_deref(), of("code_verifier"))
        .map_err(|problem| Refused::new(&endpoint.pkce_error, problem))?;
    let first = Token { account: code.account, scopes: code.scopes.clone(), ..Token::default() };
    let mut answer = issue(state, provider, endpoint, first, &parameters, switches);
    if !endpoint.refresh.as_ref().is_some_and(|refresh| is_asked(refresh, code)) {
        answer.as_object_mut().unwrap().remove("refresh_token");
        lock(&state.tokens).last_mut().unwrap().refresh_token = None;
    }
    Ok(answer)
}

/// Whether a request for a code asked for a refresh token.
fn is_asked(refresh: &Refresh, code: &Code) -> bool {
    let has = |name: &str, form: &str| {
        let mut sent = code.parameters.iter().filter(|(other, _)| other == name);
        sent.any(|(_, value)| value.split([' ', ',']).any(|part| template::matches(form, part)))
    };
    refresh.asked_by.iter().all(|(name, form)| has(name, form))
}

fn is_refresh(parameters: &Map<String, Value>) -> bool {
    parameters.get("grant_type").is_some_and(|grant| grant == "refresh_token")
}

/// Takes a refresh token. The access token beside it ends. Returns what is granted again, with the refresh token if it
/// may be used again.
fn take(
    state: &State,
    provider: &Expectations,
    (endpoint, account): (&TokenEndpoint, Option<usize>),
    parameters: &Map<String, Value>,
) -> Result<Token, Refused> {
    let errors = &endpoint.errors;
    let Some(refresh) = &endpoint.refresh else {
        return Err(Refused::new(&errors.grant_type, "there are no refresh tokens"));
    };
    let sent = parameters.get("refresh_token").and_then(Value::as_str);
    let known = |token: &&mut Token| {
        token.provider == provider.provider
            && token.refresh_token.as_deref().is_some_and(|known| Some(known) == sent)
            && account.is_none_or(|account| token.account == account)
    };
    let mut tokens = lock(&state.tokens);
    let Some(token) = tokens.iter_mut().find(known) else {
        return Err(Refused::new(&errors.code, "the refresh token is unknown or was used before"));
    };
    token.has_ended = true;
    let refresh_token = token.refresh_token.take().filter(|_| !refresh.rotates);
    Ok(Token { refresh_token, ..token.clone() })
}

/// The body's parameters.
fn read(endpoint: &TokenEndpoint, request: &Request) -> Result<(Map<String, Value>, Format), Refused> {
    let refused = |problem: String| Refused::new(&endpoint.errors.request, problem);
    if request.method != "POST" || !request.query.is_empty() {
        return Err(refused(format!("it is {} with the query {:?}", request.method, request.query)));
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let format = match content_type.split(';').next().unwrap_or_default().trim() {
        "application/x-www-form-urlencoded" => Format::Form,
        "application/json" => Format::Json,
        other => return Err(refused(format!("the content type is {other:?}"))),
    };
    if !endpoint.formats.contains(&format) {
        return Err(refused(format!("the content type is {content_type:?}, which it does not read")));
    }
    if format == Format::Json {
        let parameters = serde_json::from_slice::<Map<String, Value>>(&request.body);
        return parameters.map(|all| (all, format)).map_err(|error| refused(error.to_string()));
    }
    let mut seen = BTreeSet::new();
    let all = pairs(&request.body);
    match all.iter().find(|(name, _)| !seen.insert(name.clone())) {
        // RFC 6749, section 3.2.
        Some((name, _)) => Err(refused(format!("the parameter {name} is sent twice"))),
        None => Ok((all.into_iter().map(|(name, value)| (name, value.into())).collect(), format)),
    }
}

fn check_client(
    provider: &Expectations,
    endpoint: &TokenEndpoint,
    request: &Request,
    parameters: &Map<String, Value>,
) -> Result<(), Refused> {
    let refused = |problem: String| Err(Refused::new(&endpoint.errors.client, problem));
    let of = |name: &str| parameters.get(name).and_then(Value::as_str).map(str::to_owned);
    let (used, id, secret) = match (request.header("authorization"), of("client_secret")) {
        (Some(_), Some(_)) => return refused("the client authenticates in two ways".into()),
        (Some(header), None) => match basic(header) {
            Some((id, secret)) => (ClientAuth::Basic, Some(id), secret),
            None => return refused("the Authorization header is not Basic".into()),
        },
        (None, Some(secret)) => (ClientAuth::Body, of("client_id"), secret),
        (None, None) if endpoint.client_auth.contains(&ClientAuth::None) => {
            (ClientAuth::None, of("client_id"), client_secret(&provider.provider))
        }
        (None, None) => return refused("the client does not authenticate".into()),
    };
    if !endpoint.client_auth.contains(&used) {
        return refused(format!("the client authenticates by {used:?}, which is not documented"));
    }
    let key = &provider.provider;
    if (id.as_deref(), secret) != (Some(client_id(key).as_str()), client_secret(key)) {
        return refused("there is no app with this id and secret".into());
    }
    Ok(())
}

/// Reads client id and secret, each of which is form-encoded (RFC 6749, section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let pair = String::from_utf8(STANDARD.decode(header.strip_prefix("Basic ")?).ok()?).ok()?;
    let decoded = |text: &str| pairs(format!("x={text}").as_bytes()).pop().map(|(_, value)| value);
    let (id, secret) = pair.split_once(':')?;
    Some((decoded(id)?, decoded(secret)?))
}

fn check_parameters(
    endpoint: &TokenEndpoint,
    parameters: &Map<String, Value>,
    format: Format,
) -> Result<(), Refused> {
    let (base, rules) = match endpoint.refresh.as_ref().filter(|_| is_refresh(parameters)) {
        Some(refresh) => (&OF_REFRESH[..], &refresh.parameters),
        None => (&BASE[..], &endpoint.parameters),
    };
    let known = |name: &str| base.contains(&name) || rules.contains_key(name);
    if let Some(name) = parameters.keys().find(|name| !known(name)) {
        return Err(Refused::new(
            &endpoint.errors.request,
            format!("the parameter {name} is not documented"),
        ));
    }
    let is_other = |grant: &Value| grant != "authorization_code" && grant != "refresh_token";
    if parameters.get("grant_type").is_some_and(is_other) {
        return Err(Refused::new(&endpoint.errors.grant_type, "grant_type is not authorization_code"));
    }
    for (name, rule) in rules {
        let checked = rule.check(name, parameters.get(name), format == Format::Json);
        checked.map_err(|problem| Refused::new(&endpoint.errors.request, problem))?;
    }
    Ok(())
}

/// Checks a code verifier as in RFC 7636, sections 4.1 and 4.6.
fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), String> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err("there is a code verifier, but there was no challenge".into()),
        (Some(_), None) => Err("the code verifier is missing".into()),
        (Some(challenge), Some(verifier)) => {
            let fits = template::matches("[A-Za-z0-9._~-]{43,128}", verifier)
                && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge;
            if fits { Ok(()) } else { Err("the code verifier does not fit the challenge".into()) }
        }
    }
}

/// Issues tokens for what is given: its account, its scopes, and the refresh token that stays valid, if there is one.
fn issue(
    state: &State,
    provider: &Expectations,
    endpoint: &TokenEndpoint,
    given: Token,
    parameters: &Map<String, Value>,
    switches: &Switches,
) -> Value {
    let mut scopes: Vec<String> =
        given.scopes.iter().filter(|scope| !switches.withheld.contains(scope)).cloned().collect();
    if endpoint.write_implies_read {
        let all = scopes.clone();
        let written = |scope: &str| scope.strip_prefix("read_").map(|rest| format!("write_{rest}"));
        scopes.retain(|scope| !written(scope).is_some_and(|write| all.contains(&write)));
    }
    let asked_with = provider.authorize.as_ref().and_then(|authorize| authorize.scope_separator.as_deref());
    let separator = endpoint.granted_separator.as_deref().or(asked_with).unwrap_or(" ");
    let mut tokens = lock(&state.tokens);
    let mut values = provider.accounts[given.account].values();
    values.insert("serial".into(), (tokens.len() + 1).to_string().into());
    values.insert("scopes".into(), scopes.join(separator).into());
    values.insert("scope_list".into(), scopes.into());
    let asked = parameters.iter().map(|(name, value)| (format!("request.{name}"), value.clone()));
    values.extend(asked);
    // The lifetime is null if the request has none.
    values.entry("request.expires_in").or_insert(Value::Null);
    let mut answer = template::json(&endpoint.answer, &values);
    let text = |answer: &Value, name: &str| answer[name].as_str().map(str::to_owned);
    if given.refresh_token.is_some() {
        answer.as_object_mut().unwrap().remove("refresh_token");
    }
    tokens.push(Token {
        provider: provider.provider.clone(),
        access_token: text(&answer, "access_token").unwrap(),
        has_ended: false,
        refresh_token: given.refresh_token.or_else(|| text(&answer, "refresh_token")),
        ..given
    });
    answer
}
