//! Errors in an answer of the token endpoint.

use std::fmt;

use super::text::{one_line, without_tokens};
use crate::catalog::OAuth;

/// The most characters of a provider's message that are shown.
const MAX_DESCRIPTION: usize = 200;

/// The most characters of an error's code.
const MAX_CODE: usize = 64;

/// Why an answer of the token endpoint is not a grant. `Display` is for a person. Neither `Display` nor `Debug` ever
/// shows a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenProblem {
    /// The provider refused, and said why.
    Refused {
        /// Its error code, such as `invalid_grant` (RFC 6749, section 5.2).
        code: String,
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
    /// The provider is down or limits requests: 5xx or 429. This says nothing about the code or token.
    Unavailable {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not JSON.
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

impl TokenProblem {
    /// Makes a refusal. Removes from the code and description what must not be shown.
    pub(super) fn refused(code: &str, description: Option<&str>) -> Self {
        let code = one_line(&without_tokens(code), MAX_CODE).unwrap_or_else(|| "unknown".to_owned());
        Self::Refused { code, description: description.and_then(clean_message) }
    }

    /// Makes a refusal without a code. Removes from the description what must not be shown.
    pub(super) fn failed(status: u16, description: Option<&str>) -> Self {
        Self::Failed { status, description: description.and_then(clean_message) }
    }

    /// Whether the refresh token will never work again: the code is `invalid_grant` (RFC 6749, section 5.2) or one of
    /// the provider's own codes for the same.
    pub fn is_dead(&self, oauth: &OAuth) -> bool {
        match self {
            Self::Refused { code, .. } => code == "invalid_grant" || oauth.answer.dead_errors.contains(code),
            _ => false,
        }
    }
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
