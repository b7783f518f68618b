//! Why no authorization server, or no client of it, was found for a resource.

use serde::{Deserialize, Serialize};

use crate::health::NoAnswer;

/// Why discovery ends without an authorization server to go to. `Display` goes on after "because", for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum DiscoveryProblem {
    /// A server gave no answer.
    #[error("{host} {reason}")]
    NoAnswer {
        /// Its host.
        host: String,
        /// What happened instead.
        reason: NoAnswer,
    },
    /// The resource has no metadata (RFC 9728, section 3).
    #[error(
        "{host} does not say which authorization server guards it: ask who runs it, or connect it by a token if it \
         takes one"
    )]
    Unguarded {
        /// Its host.
        host: String,
    },
    /// The metadata are of another resource (RFC 9728, section 3.3).
    #[error("the metadata that {host} names are those of another resource")]
    OtherResource {
        /// The host of the resource.
        host: String,
    },
    /// An authorization server has no metadata (RFC 8414, section 3).
    #[error("{host} has no metadata of an authorization server")]
    NoServer {
        /// Its host.
        host: String,
    },
    /// The metadata are of another issuer (RFC 8414, section 3.3).
    #[error("the metadata of {host} are those of another issuer")]
    OtherIssuer {
        /// The host of the issuer that was asked for.
        host: String,
    },
    /// Metadata lack a part, or have one that cannot be used.
    #[error("the metadata of {host} have no usable {what}")]
    Unusable {
        /// Whose they are.
        host: String,
        /// The name of the part.
        what: String,
    },
    /// The authorization server does not support the code challenge of RFC 7636 that is demanded.
    #[error("{host} does not say that it supports PKCE with S256, without which a code could be stolen")]
    NoPkce {
        /// Its host.
        host: String,
    },
    /// A host is not one that the operator approves.
    #[error("{host} is not approved: the operator of this server adds it to RIQ_APPROVED_HOSTS")]
    Unapproved {
        /// The host.
        host: String,
    },
    /// The authorization server takes no client that it does not know.
    #[error("{host} takes only clients that are registered there: register one, and enter its client ID")]
    NoClient {
        /// Its host.
        host: String,
    },
    /// The authorization server refused to register a client (RFC 7591, section 3.2.2).
    #[error("{host} refused to register a client (status {status}{}): register one there, and enter its client ID",
            code.as_ref().map(|code| format!(", {code}")).unwrap_or_default())]
    Unregistered {
        /// Its host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Its error code.
        code: Option<String>,
    },
}
