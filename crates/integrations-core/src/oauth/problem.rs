//! What can be wrong with an answer of the token endpoint.

use std::fmt;

use super::text::{one_line, without_tokens};
use crate::catalog::OAuth;

/// The most characters of a provider's own words that are passed on.
const MAX_DESCRIPTION: usize = 200;

/// The most characters of an error's code.
const MAX_CODE: usize = 64;

/// Why an answer of the token endpoint gives no grant. `Display` is for a person, and neither it nor `Debug` ever
/// holds a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenProblem {
    /// The provider refused, and said why.
    Refused {
        /// Its error code, such as `invalid_grant` (RFC 6749, section 5.2).
        code: String,
        /// Its own words, if it has any.
        description: Option<String>,
    },
    /// The provider refused without an error code that can be read.
    Failed {
        /// The HTTP status.
        status: u16,
        /// Its own words, if it has any.
        description: Option<String>,
    },
    /// The provider is down, or asks to come back later: 5xx or 429. Says nothing about code or token.
    Unavailable {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not JSON.
    NotJson {
        /// The HTTP status.
        status: u16,
        /// Whether it is a web page, as a wrong address or a maintenance page would be.
        looks_like_html: bool,
    },
    /// The answer lacks something that is needed.
    Missing {
        /// What: `access_token`, or the name of a kept field.
        what: String,
    },
    /// Something in the answer is not as it must be.
    Invalid {
        /// What.
        what: String,
        /// Why, without repeating it.
        why: String,
    },
}

impl TokenProblem {
    /// A refusal, its code and description cleaned of what must not be shown.
    pub(super) fn refused(code: &str, description: Option<&str>) -> Self {
        let code = one_line(&without_tokens(code), MAX_CODE).unwrap_or_else(|| "unknown".to_owned());
        Self::Refused { code, description: description.and_then(words) }
    }

    /// A refusal without a code, its description cleaned likewise.
    pub(super) fn failed(status: u16, description: Option<&str>) -> Self {
        Self::Failed { status, description: description.and_then(words) }
    }

    /// Whether it means that the refresh token will never work again: `invalid_grant` (RFC 6749, section 5.2), or one
    /// of the provider's own codes for the same.
    pub fn is_dead(&self, oauth: &OAuth) -> bool {
        match self {
            Self::Refused { code, .. } => code == "invalid_grant" || oauth.answer.dead_errors.contains(code),
            _ => false,
        }
    }
}

/// A provider's own words, cleaned of what must not be shown.
fn words(text: &str) -> Option<String> {
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
                f.write_str("it is asked too often at the moment (status 429)")
            }
            Self::Unavailable { status } => write!(f, "it is not available at the moment (status {status})"),
            Self::NotJson { status, looks_like_html: true } => {
                write!(f, "it answered with a web page instead of JSON (status {status})")
            }
            Self::NotJson { status, looks_like_html: false } => {
                write!(f, "it answered with something that is not JSON (status {status})")
            }
            Self::Missing { what } => write!(f, "its answer holds no {what}"),
            Self::Invalid { what, why } => write!(f, "the {what} of its answer is not usable: {why}"),
        }
    }
}

impl std::error::Error for TokenProblem {}
