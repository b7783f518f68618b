//! Errors in an answer of the token endpoint.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::text;
use super::blemish::Blemish;
use super::text::{one_line, without_tokens};
use crate::catalog::{CLIENT_REFUSED, TokenRules, UNAUTHORIZED};

/// The most characters of a provider's message that are shown.
const MAX_DESCRIPTION: usize = 200;

/// The most characters of an error's code.
const MAX_CODE: usize = 64;

/// Why an answer of the token endpoint is not a grant. `Display` is for a person. Neither `Display` nor `Debug` ever
/// shows a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenProblem {
    /// The provider refused, and said why.
    Refused {
        /// Its error code, such as `invalid_grant` (RFC 6749, section 5.2).
        code: String,
        /// The provider's message, if there is one.
        description: Option<String>,
    },
    /// The provider does not accept what asked for the token, as the status of its answer alone says.
    Unaccepted {
        /// The HTTP status.
        status: u16,
        /// The provider's message, if there is one.
        description: Option<String>,
    },
    /// The provider refused without a readable error code.
    Failed {
        /// The HTTP status.
        status: u16,
        /// The provider's message, if there is one.
        description: Option<String>,
    },
    /// The provider is down, too slow or limits requests: 5xx, 408, 425 or 429. This says nothing about the code or
    /// token.
    Unavailable {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is neither JSON nor a form.
    NotJson {
        /// The HTTP status.
        status: u16,
        /// Whether it is a web page, as from a wrong URL or during maintenance.
        looks_like_html: bool,
    },
    /// The answer lacks a required field.
    Missing {
        /// The field: `access_token`, or the name of a kept field.
        what: String,
    },
    /// A field of the answer is not valid.
    Invalid {
        /// The name of the field.
        what: String,
        /// Why, without repeating the value.
        why: String,
    },
}

impl From<Blemish> for TokenProblem {
    fn from(Blemish { what, why }: Blemish) -> Self {
        Self::Invalid { what, why }
    }
}

impl TokenProblem {
    /// Why an answer without a usable access token is not a grant. `token` is what is wrong with the access token that
    /// it has.
    pub(super) fn of(rules: &TokenRules, status: u16, answer: &Value, token: Option<Blemish>) -> Self {
        let failed = !(200..300).contains(&status);
        let description = description(answer).and_then(clean_message);
        // A provider may also answer a failure in the standard form.
        let standard = answer.get("error").filter(|_| failed);
        let places = rules.answer.error.iter().filter_map(|pointer| pointer.of(answer)).chain(standard);
        let codes: Vec<String> = places.filter_map(error_code).collect();
        let dead = codes.iter().find(|code| means_death(rules, code));
        match dead.or(codes.first()) {
            _ if dead.is_none() && rules.answer.dead_statuses.contains(&status) => {
                Self::Unaccepted { status, description }
            }
            Some(code) => Self::Refused { code: presentable(rules, code), description },
            None if failed => Self::Failed { status, description },
            None => token.map_or_else(|| Self::Missing { what: "access_token".into() }, Self::from),
        }
    }

    /// Whether the refresh token will never work again: the code is `invalid_grant` (RFC 6749, section 5.2) or one of
    /// the provider's own codes or statuses for the same.
    pub fn is_dead(&self, rules: &TokenRules) -> bool {
        match self {
            Self::Refused { code, .. } => means_death(rules, code),
            Self::Unaccepted { .. } => true,
            _ => false,
        }
    }

    /// Whether the provider took the request, so that a refresh token that rotates has ended: it answered with success,
    /// but with no token that can be read. A web page is the answer of something in front of the provider.
    pub fn is_success_without_tokens(&self) -> bool {
        match self {
            Self::NotJson { status, looks_like_html } => (200..300).contains(status) && !looks_like_html,
            Self::Missing { .. } | Self::Invalid { .. } => true,
            Self::Refused { .. }
            | Self::Unaccepted { .. }
            | Self::Failed { .. }
            | Self::Unavailable { .. } => false,
        }
    }

    /// Whether the provider does not accept the OAuth app, as far as it says (RFC 6749, section 5.2).
    pub fn is_about_the_app(&self) -> bool {
        match self {
            Self::Refused { code, .. } => CLIENT_REFUSED.contains(&code.as_str()),
            Self::Failed { status, .. } | Self::Unaccepted { status, .. } => *status == UNAUTHORIZED,
            _ => false,
        }
    }
}

fn means_death(rules: &TokenRules, code: &str) -> bool {
    code == "invalid_grant" || rules.answer.dead_errors.iter().any(|dead| dead == code)
}

/// The code of an error: a string, a number other than 0, or the member of an object that is most likely the code.
/// Values such as null, `false` and `""` are not errors.
fn error_code(value: &Value) -> Option<String> {
    let unknown = || "unknown".to_owned();
    match value {
        Value::Object(error) => {
            let named = ["code", "type", "title"].iter().find_map(|name| error_code(error.get(*name)?));
            Some(named.unwrap_or_else(unknown))
        }
        Value::Bool(true) => Some(unknown()),
        value => text(value).filter(|code| !code.is_empty() && code != "0"),
    }
}

/// The provider's own message: `error_description` (RFC 6749, section 5.2), or `message`, beside the error or in it.
fn description(answer: &Value) -> Option<&str> {
    ["/error_description", "/message", "/error/message"]
        .iter()
        .find_map(|pointer| answer.pointer(pointer)?.as_str())
}

/// Removes from an error's code what must not be shown. The codes of the provider's file are no secrets.
fn presentable(rules: &TokenRules, code: &str) -> String {
    if means_death(rules, code) {
        return code.to_owned();
    }
    one_line(&without_tokens(code), MAX_CODE).unwrap_or_else(|| "unknown".to_owned())
}

/// Removes from a provider's message what must not be shown.
fn clean_message(text: &str) -> Option<String> {
    one_line(&without_tokens(text), MAX_DESCRIPTION)
}

impl fmt::Display for TokenProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, description: None } => write!(f, "it refused with the error {code}"),
            Self::Refused { code, description: Some(words) } => {
                write!(f, "it refused with the error {code}: {words}")
            }
            Self::Unaccepted { status, description: None } => write!(f, "it refused with status {status}"),
            Self::Unaccepted { status, description: Some(words) } => {
                write!(f, "it refused with status {status}: {words}")
            }
            Self::Failed { status, description: None } => {
                write!(f, "it answered with status {status} and no reason")
            }
            Self::Failed { status, description: Some(words) } => {
                write!(f, "it answered with status {status}: {words}")
            }
            Self::Unavailable { status: 429 } => {
                f.write_str("it is getting too many requests at the moment (status 429)")
            }
            Self::Unavailable { status } => write!(f, "it is not available at the moment (status {status})"),
            Self::NotJson { status, looks_like_html: true } => {
                write!(f, "it answered with a web page instead of JSON (status {status})")
            }
            Self::NotJson { status, looks_like_html: false } => {
                write!(f, "it answered with something that is not JSON (status {status})")
            }
            Self::Missing { what } => write!(f, "its answer has no {what}"),
            Self::Invalid { what, why } => write!(f, "the {what} in its answer is not valid: {why}"),
        }
    }
}

impl std::error::Error for TokenProblem {}
