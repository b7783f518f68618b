//! Reads a successful answer of the token endpoint (RFC 6749, section 5).

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::account::text;
use super::{TokenProblem, scopes};
use crate::catalog::{JsonPointer, KeptField, OAuth, check_text};

/// Token types that are refused. `DPoP` (RFC 9449), `PoP` (RFC 9200) and `mac` need a proof that this server does not
/// make, and `N_A` (RFC 8693) is not an access token. A token of any other type is sent as a bearer token. RFC 6749,
/// section 7.1 forbids types that a client does not understand, but Slack calls its bearer tokens `bot` and `user`, and
/// Shopify gives no type.
const OTHER_TYPES: [&str; 4] = ["dpop", "pop", "mac", "n_a"];

/// A successful answer of the token endpoint. `Debug` shows nothing secret.
#[derive(Clone, PartialEq)]
pub struct Grant {
    /// The credential to store: `access_token`, `refresh_token` (or null), `expires_at` (RFC 3339, or null), and the
    /// kept fields of the answer, as strings. It passes [`crate::catalog::Provider::check_credential`].
    pub credential: Map<String, Value>,
    /// When the access token expires; `None` if it does not expire, as far as is known.
    pub expires_at: Option<OffsetDateTime>,
    /// The scopes granted, if the provider says.
    pub granted_scopes: Option<BTreeSet<String>>,
    /// The whole answer, for [`crate::catalog::Account::read`]. Secret.
    pub answer: Value,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("credential", &self.credential.keys().collect::<Vec<_>>())
            .field("expires_at", &self.expires_at)
            .field("granted_scopes", &self.granted_scopes)
            .finish_non_exhaustive()
    }
}

impl Grant {
    /// Reads the token endpoint's answer to a code or to a refresh token.
    ///
    /// If the answer has an error at the place that the provider's file names, it is a refusal, whatever its status:
    /// Slack and GitHub refuse with status 200. The content type is only used to recognise a web page, because
    /// providers are careless with it.
    pub fn read(
        oauth: &OAuth,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Self, TokenProblem> {
        Self::renew(oauth, &Map::new(), status, content_type, body, now)
    }

    /// Reads the answer to a refresh token, as [`Grant::read`] does. If it leaves out the refresh token (RFC 6749,
    /// section 6) or a kept field, the value stays as in the credential `before`.
    pub fn renew(
        oauth: &OAuth,
        before: &Map<String, Value>,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Self, TokenProblem> {
        if status >= 500 || status == 429 {
            return Err(TokenProblem::Unavailable { status });
        }
        let Ok(answer) = serde_json::from_slice::<Value>(body) else {
            let looks_like_html = is_html(content_type, body);
            return Err(TokenProblem::NotJson { status, looks_like_html });
        };
        let failed = !(200..300).contains(&status);
        // A provider may also answer a failure in the standard form.
        let standard = answer.get("error").filter(|_| failed);
        let code = oauth.answer.error.of(&answer).and_then(error_code).or(standard.and_then(error_code));
        match code {
            Some(code) => return Err(TokenProblem::refused(code, description(&answer))),
            None if failed => return Err(TokenProblem::failed(status, description(&answer))),
            None => {}
        }
        check_type(&answer)?;
        let access_token =
            required("access_token", token("access_token", &oauth.answer.access_token, &answer)?)?;
        let refresh_token = token("refresh_token", &oauth.answer.refresh_token, &answer)?;
        let refresh_token = refresh_token.or(before.get("refresh_token").and_then(Value::as_str));
        let lifetime = lifetime(oauth, &answer)?;
        let (expires_at, written) = lifetime.map(|lifetime| expiry(now, lifetime)).transpose()?.unzip();
        let mut credential = Map::new();
        credential.insert("access_token".into(), access_token.into());
        credential.insert("refresh_token".into(), refresh_token.into());
        credential.insert("expires_at".into(), written.into());
        for field in &oauth.kept {
            if let Some(value) = kept(field, &answer, before.get(&field.name))? {
                credential.insert(field.name.clone(), value.into());
            }
        }
        let granted_scopes = scopes::read(oauth.answer.scopes.of(&answer));
        Ok(Self { credential, expires_at, granted_scopes, answer })
    }

    /// The scopes that were asked for and not granted, in the order of the provider file. Empty if the provider does
    /// not say what it granted. A scope that a granted one implies counts as granted. Optional scopes are never
    /// missing.
    pub fn missing_scopes<'a>(&self, oauth: &'a OAuth) -> Vec<&'a str> {
        let granted = self.granted_scopes.as_ref();
        granted
            .map_or_else(Vec::new, |granted| scopes::missing(&oauth.scopes, granted, &oauth.implied_scopes))
    }
}

fn is_html(content_type: Option<&str>, body: &[u8]) -> bool {
    let said =
        content_type.is_some_and(|name| name.trim_start().to_ascii_lowercase().starts_with("text/html"));
    said || body.trim_ascii_start().starts_with(b"<")
}

/// The code of an error: a string, or the member of an object that is most likely the code. Values such as null,
/// `false` and `""` are not errors.
fn error_code(value: &Value) -> Option<&str> {
    match value {
        Value::String(code) => Some(code.as_str()).filter(|code| !code.is_empty()),
        Value::Object(error) => {
            let named = ["code", "type", "title"].iter().find_map(|name| error.get(*name)?.as_str());
            Some(named.unwrap_or("unknown"))
        }
        Value::Bool(true) => Some("unknown"),
        _ => None,
    }
}

/// The provider's own message: `error_description` (RFC 6749, section 5.2), or `message`, beside the error or in it.
fn description(answer: &Value) -> Option<&str> {
    ["/error_description", "/message", "/error/message"]
        .iter()
        .find_map(|pointer| answer.pointer(pointer)?.as_str())
}

fn check_type(answer: &Value) -> Result<(), TokenProblem> {
    let named = answer.get("token_type").and_then(Value::as_str).unwrap_or("bearer");
    if OTHER_TYPES.contains(&named.to_ascii_lowercase().as_str()) {
        let why = "it needs a proof of possession, which is not supported".to_owned();
        return Err(TokenProblem::Invalid { what: "token_type".into(), why });
    }
    Ok(())
}

fn required<T>(what: &str, value: Option<T>) -> Result<T, TokenProblem> {
    value.ok_or_else(|| TokenProblem::Missing { what: what.to_owned() })
}

fn invalid(what: &str, why: impl Into<String>) -> TokenProblem {
    TokenProblem::Invalid { what: what.to_owned(), why: why.into() }
}

/// Reads a token; `None` if it is absent, null or empty.
fn token<'a>(what: &str, pointer: &JsonPointer, answer: &'a Value) -> Result<Option<&'a str>, TokenProblem> {
    match pointer.of(answer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => check_text(value).map(Some).map_err(|why| invalid(what, why)),
    }
}

/// Reads the lifetime of the access token. Some providers write the number as a string.
fn lifetime(oauth: &OAuth, answer: &Value) -> Result<Option<Duration>, TokenProblem> {
    let seconds = match oauth.answer.expires_in.of(answer) {
        None | Some(Value::Null) => return Ok(oauth.default_lifetime_seconds.map(whole_seconds)),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse::<f64>().ok(),
        Some(_) => None,
    };
    seconds
        .filter(|seconds| (0.0..=MAX_LIFETIME_SECONDS).contains(seconds))
        .map(|seconds| Some(Duration::seconds_f64(seconds.trunc())))
        .ok_or_else(|| invalid("expires_in", "expected seconds"))
}

/// A thousand years: longer than any provider's tokens live, and short enough not to overflow a date.
const MAX_LIFETIME_SECONDS: f64 = 1000.0 * 365.0 * 86_400.0;

fn whole_seconds(seconds: u64) -> Duration {
    Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// The time at which a token that is issued now expires, and the same time as RFC 3339 text.
fn expiry(now: OffsetDateTime, lifetime: Duration) -> Result<(OffsetDateTime, String), TokenProblem> {
    let out_of_range = || invalid("expires_in", "it is too far in the future");
    let at = now.checked_add(lifetime).ok_or_else(out_of_range)?;
    let written = at.format(&Rfc3339).map_err(|_| out_of_range())?;
    Ok((at, written))
}

/// The value of a kept field: from the answer, or else from `before`.
fn kept(field: &KeptField, answer: &Value, before: Option<&Value>) -> Result<Option<String>, TokenProblem> {
    let found =
        field.pointer.of(answer).filter(|value| !value.is_null()).or(before.filter(|value| !value.is_null()));
    let value = found.map(|value| text(value).ok_or_else(|| invalid(&field.name, "expected a string")));
    let value = value.transpose()?.filter(|value| !value.is_empty());
    match (value, &field.pattern) {
        (None, _) if field.required => Err(TokenProblem::Missing { what: field.name.clone() }),
        (Some(value), Some(pattern)) if !pattern.matches(&value) => {
            Err(invalid(&field.name, format!("it must match {}", pattern.as_str())))
        }
        (value, _) => Ok(value),
    }
}
