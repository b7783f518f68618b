//! The authorization endpoints: a consent page, and the redirect back.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use url::form_urlencoded::Serializer;

use super::{
    expectations::{Authorize, Expectations, Pkce, Signature, client_id, client_secret},
    message::{Request, Response},
    state::{Code, State, lock},
    template,
};

/// The timestamp in the example of Shopify's documentation.
const TIMESTAMP: &str = "1337178173";

/// A valid authorization request.
struct Question {
    redirect_uri: String,
    sent_redirect_uri: Option<String>,
    state: Option<String>,
    challenge: Option<String>,
    scopes: Vec<String>,
    parameters: Vec<(String, String)>,
}

pub(super) fn answer(
    state: &State,
    provider: &Expectations,
    endpoint: &Authorize,
    account: Option<usize>,
    request: &Request,
) -> Response {
    let question = match read(state, provider, endpoint, request) {
        Ok(question) => question,
        Err(problem) => {
            state.complain(&provider.provider, &format!("authorize: {problem}"));
            // A provider does not redirect if the client or the redirect URI may be wrong (RFC 6749, section 4.1.2.1).
            return Response::page(
                400,
                format!("<!doctype html><title>Error</title><p id=\"error\">{problem}"),
            );
        }
    };
    let account = account.unwrap_or_else(|| lock(&state.switches).account);
    match (request.method.as_str(), request.body.as_slice()) {
        ("GET", _) if lock(&state.switches).stay => Response::page(204, String::new()),
        ("GET", _) => consent_page(provider),
        ("POST", b"decision=allow") => {
            let code = issue(state, provider, account, &question);
            let values = provider.accounts[account].values();
            let further = endpoint.further.iter();
            let further = further.map(|(name, text)| (name.clone(), template::text(text, &values)));
            let parameters = further.chain([(endpoint.code_parameter.clone(), code)]).collect();
            back(provider, endpoint, &question, account, parameters)
        }
        ("POST", b"decision=deny") => {
            let denied = endpoint.denied.iter().map(|(name, value)| (name.clone(), value.clone()));
            back(provider, endpoint, &question, account, denied.collect())
        }
        (method, _) => {
            state.complain(
                &provider.provider,
                &format!("authorize: {method} with a body that is no decision"),
            );
            Response::page(405, String::new())
        }
    }
}

/// A page with two buttons. They post to the same URL, so that the simulator need not remember the request.
fn consent_page(provider: &Expectations) -> Response {
    let name = &provider.provider;
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Consent at {name}</title></head>\
         <body><main><h1>Allow access to {name}?</h1><form method=\"post\">\
         <button id=\"allow\" name=\"decision\" value=\"allow\">Allow</button> \
         <button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button></form></main></body></html>"
    );
    Response::page(200, page)
}

fn read(
    state: &State,
    provider: &Expectations,
    endpoint: &Authorize,
    request: &Request,
) -> Result<Question, String> {
    let parameters = request.parameters();
    let mut seen = BTreeSet::new();
    for (name, value) in &parameters {
        // RFC 6749, section 3.1.
        if !seen.insert(name) {
            return Err(format!("the parameter {name} is sent twice"));
        }
        let pkce = endpoint.pkce != Pkce::Undocumented && name.starts_with("code_challenge");
        // RFC 6749 requires this parameter, so it is accepted even if the provider's page does not list it; unless its
        // requests are others.
        let base = name == "response_type" && value == "code" && endpoint.client_value.is_none();
        if !pkce && !base && !endpoint.parameters.contains_key(name) {
            return Err(format!("the parameter {name} is not documented"));
        }
    }
    let of = |name: &str| parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    for (name, rule) in &endpoint.parameters {
        rule.check(name, of(name).map(Value::from).as_ref(), false)?;
    }
    if endpoint.pkce == Pkce::Required && of("code_challenge").is_none() {
        return Err("the code challenge is missing".into());
    }
    let app = endpoint.client_value.clone().unwrap_or_else(|| client_id(&provider.provider));
    if of(&endpoint.client_parameter) != Some(&app) {
        return Err(format!("{} names no app", endpoint.client_parameter));
    }
    let registered = lock(&state.redirect_uris);
    let first = registered.first().map(String::as_str);
    let named = endpoint.redirect_name.as_deref().filter(|name| of("redirect_uri") == Some(name));
    let sent = if named.is_some() { first } else { of("redirect_uri") };
    let redirect_uri = sent.or(first).unwrap_or_default();
    if endpoint.redirect_name.is_some() != named.is_some()
        || !registered.iter().any(|one| one == redirect_uri)
    {
        return Err(format!("redirect_uri is {redirect_uri:?}, which is not registered"));
    }
    let mut scopes = scopes(endpoint, of("scope"))?;
    if let Some(optional) = &endpoint.optional_scopes {
        scopes.extend(self::scopes(endpoint, of(optional))?);
    }
    Ok(Question {
        redirect_uri: redirect_uri.to_owned(),
        sent_redirect_uri: of("redirect_uri").map(str::to_owned),
        state: of("state").map(str::to_owned),
        challenge: challenge(of("code_challenge"), of("code_challenge_method"))?,
        scopes,
        parameters: parameters.clone(),
    })
}

fn scopes(endpoint: &Authorize, asked: Option<&str>) -> Result<Vec<String>, String> {
    let (Some(asked), Some(separator)) = (asked, &endpoint.scope_separator) else { return Ok(Vec::new()) };
    let scopes: Vec<String> = asked.split(separator.as_str()).map(str::to_owned).collect();
    match scopes.iter().find(|scope| !endpoint.scopes.contains(scope)) {
        Some(unknown) => Err(format!("there is no scope {unknown:?}")),
        None => Ok(scopes),
    }
}

/// Reads a code challenge of RFC 7636, section 4.2: SHA-256 in base64url without padding.
fn challenge(challenge: Option<&str>, method: Option<&str>) -> Result<Option<String>, String> {
    match (challenge, method) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) if template::matches("[A-Za-z0-9_-]{43}", challenge) => {
            Ok(Some(challenge.to_owned()))
        }
        _ => Err("the code challenge is not one of method S256".into()),
    }
}

fn issue(state: &State, provider: &Expectations, account: usize, question: &Question) -> String {
    let mut codes = lock(&state.codes);
    let code = format!("SECRET-code-{}-of-{}", codes.len() + 1, provider.provider);
    codes.push(Code {
        provider: provider.provider.clone(),
        code: code.clone(),
        account,
        redirect_uri: question.sent_redirect_uri.clone(),
        challenge: question.challenge.clone(),
        scopes: question.scopes.clone(),
        parameters: question.parameters.clone(),
        used: false,
    });
    code
}

/// The redirect back.
fn back(
    provider: &Expectations,
    endpoint: &Authorize,
    question: &Question,
    account: usize,
    mut parameters: Vec<(String, String)>,
) -> Response {
    parameters.extend(question.state.iter().map(|state| ("state".to_owned(), state.clone())));
    if endpoint.callback_signature == Some(Signature::Shopify) {
        let values = provider.accounts[account].values();
        let shop = template::text("{subdomain}.myshopify.com", &values);
        let host = template::text("admin.shopify.com/store/{subdomain}", &values);
        let host = base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, host);
        parameters.extend([
            ("host".to_owned(), host),
            ("shop".to_owned(), shop),
            ("timestamp".to_owned(), TIMESTAMP.to_owned()),
        ]);
        let hmac = shopify_hmac(&parameters, &client_secret(&provider.provider));
        parameters.push(("hmac".to_owned(), hmac));
    }
    let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
    Response::redirect(format!("{}?{query}", question.redirect_uri))
}

/// "Remove the hmac parameter …, sort the remaining parameters lexicographically", join them as a query; HMAC-SHA256
/// under the client secret, in hex.
fn shopify_hmac(parameters: &[(String, String)], secret: &str) -> String {
    let mut sorted = parameters.to_vec();
    sorted.sort();
    let message = Serializer::new(String::new()).extend_pairs(sorted).finish();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
