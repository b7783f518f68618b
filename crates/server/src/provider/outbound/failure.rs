//! Why no answer came.

use std::{error::Error, io};

use integrations_core::health::NoAnswer;
use tokio::time::error::Elapsed;

use super::resolver::ForbiddenAddress;

/// No answer came.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) why: NoAnswer,
    /// Whether not one byte of the request left.
    pub(super) is_unsent: bool,
}

impl Unanswered {
    pub(super) const fn unsent(why: NoAnswer) -> Self {
        Self { why, is_unsent: true }
    }

    pub(super) fn of(error: &reqwest::Error) -> Self {
        Self { why: reason(error), is_unsent: error.is_connect() || error.is_builder() }
    }
}

/// Why a request failed. The exact cause goes to the log.
pub(super) fn reason(error: &reqwest::Error) -> NoAnswer {
    // The outermost error repeats the URL, which may hold a secret.
    let told = error.source().map(|source| reason_of(source, error.is_connect()));
    match told {
        _ if error.is_timeout() => NoAnswer::TimedOut,
        Some(why) => why,
        None if error.is_connect() => NoAnswer::Unreachable,
        None => NoAnswer::Broken,
    }
}

/// The same of an error whose words hold no secret. `is_connect` tells whether it came while the client connected.
pub(super) fn reason_of(error: &(dyn Error + 'static), is_connect: bool) -> NoAnswer {
    tracing::debug!(cause = innermost(error), "a provider did not answer");
    let has = |is: fn(&(dyn Error + 'static)) -> bool| chain(error).any(is);
    if has(is_timeout) {
        NoAnswer::TimedOut
    } else if has(|cause| cause.is::<ForbiddenAddress>()) {
        NoAnswer::ForbiddenAddress
    } else if has(is_tls) {
        NoAnswer::Tls
    } else if is_connect {
        NoAnswer::Unreachable
    } else {
        NoAnswer::Broken
    }
}

/// Whether a cause is that something took too long: here, or for the operating system.
fn is_timeout(cause: &(dyn Error + 'static)) -> bool {
    let io = cause.downcast_ref::<io::Error>();
    cause.is::<Elapsed>() || io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// Whether a cause is a failed TLS handshake, which may be nested in I/O errors.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner))
}

/// An error and its causes.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| (*cause).source())
}

/// The innermost cause, which says what happened.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().unwrap_or(error).to_string()
}
