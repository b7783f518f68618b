//! Why no answer came.

use std::error::Error;

use integrations_core::health::NoAnswer;

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
    reason_of(error, error.is_timeout(), error.is_connect())
}

/// The same of an error of any client.
pub(super) fn reason_of(error: &(dyn Error + 'static), is_timeout: bool, is_connect: bool) -> NoAnswer {
    tracing::debug!(cause = innermost(error), "a provider did not answer");
    let has = |is: fn(&(dyn Error + 'static)) -> bool| causes(error).any(is);
    if is_timeout {
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

/// Whether a cause is a failed TLS handshake, which may be nested in I/O errors.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    cause.is::<rustls::Error>() || wrapped.is_some_and(|inner| is_tls(inner))
}

fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&'e (dyn Error + 'static)| (*cause).source())
}

/// The innermost cause, which says what happened. The outer errors repeat the URL, which may hold a secret.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(|| "unknown".to_owned(), ToString::to_string)
}
