//! Why the audit log is not sent.

use std::io;

use integrations_core::health::NoAnswer;

use crate::provider::outbound::OutboundError;

/// The target did not take a batch, or perhaps did not.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// The file or the connection failed.
    #[error("could not be written to: {0}")]
    Io(#[from] io::Error),
    /// It was too slow.
    #[error("took too long")]
    TimedOut,
    /// No answer came.
    #[error("{0}")]
    NoAnswer(NoAnswer),
    /// The answer was not a success.
    #[error("answered {0}")]
    Refused(u16),
    /// The request could not be made.
    #[error("cannot be sent to: {0}")]
    Request(String),
}

/// The sender cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The client for HTTPS cannot be made.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// TLS cannot be set up.
    #[error("TLS for RIQ_AUDIT_STREAM cannot be set up: {0}")]
    Tls(String),
    /// A token is set, and the target takes none.
    #[error(
        "RIQ_AUDIT_STREAM_TOKEN is set, and RIQ_AUDIT_STREAM is not an https:// address, which alone takes one"
    )]
    TokenWithoutHttps,
}
