//! Why nobody could be signed in by the provider.

use integrations_core::health::NoAnswer;

/// Why the provider did not say who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    /// It did not answer.
    #[error("{what} of the provider {why}")]
    Unreachable {
        /// What was asked.
        what: &'static str,
        /// Why there is no answer.
        why: NoAnswer,
    },
    /// It answered with an error.
    #[error("{what} of the provider answered {status}{detail}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// The error that it reports, if it does: one short line.
        detail: String,
    },
    /// What it answered cannot be read.
    #[error("{what} of the provider cannot be read: {why}")]
    Unreadable {
        /// What was asked.
        what: &'static str,
        /// Why.
        why: &'static str,
    },
    /// It calls itself by another name than the setting.
    #[error("the provider calls itself “{found}”, and RIQ_OIDC_ISSUER is “{expected}”: {advice}")]
    Issuer {
        /// The setting.
        expected: String,
        /// The provider's name for itself.
        found: String,
        /// What to change.
        advice: &'static str,
    },
    /// The ID token is not one of this sign-in.
    #[error("the ID token is not valid: {0}")]
    IdToken(String),
    /// The userinfo endpoint speaks of somebody else.
    #[error("the userinfo endpoint speaks of another person than the ID token")]
    OtherPerson,
    /// It does not say when the person proved who they are, and a fresh proof was asked for.
    #[error(
        "the provider does not say when the person signed in (auth_time), and a fresh sign-in was asked for"
    )]
    NoSignInTime,
    /// The person proved who they are too long ago, although a fresh proof was asked for.
    #[error("the provider used an old sign-in, although a fresh one was asked for")]
    OldSignIn,
}
