//! Why a request was not sent, or has no answer.

use integrations_core::proxy::Refusal;

use crate::services::actions::CallError;

/// Why a request was not sent, or has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The integration cannot be used.
    #[error(transparent)]
    Integration(#[from] CallError),
    /// It is not clear or not permitted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its body is too large.
    #[error("the body is too large")]
    TooLarge,
    /// It did nothing: it was not sent, or it only reads.
    #[error("{0}")]
    Unavailable(String),
    /// It may have changed something.
    #[error("{message}")]
    Lost {
        /// What happened, for people.
        message: String,
        /// Whether the provider's own client would send it again after every status but 200.
        repeats_failures: bool,
    },
}
