//! The service for requests that callers write themselves: decides on each, sends it with the integration's credential,
//! and hands on the provider's answer.
//!
//! `admission` reads a request and decides, `sending` sends it, `headers` says which headers are passed, and
//! `redaction` keeps the credential out of answers.

mod admission;
mod error;
mod headers;
mod redaction;
mod sending;

pub use self::{
    admission::{Admitted, Asking},
    error::ProxyError,
    headers::check as check_headers,
    sending::{Answered, AnsweredBody},
};
use crate::services::actions::Actions;

/// Sends what callers write. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// It has the credentials, and knows which providers asked for a pause.
    actions: Actions,
}

impl Proxy {
    /// The proxy to what these actions are of.
    pub fn new(actions: Actions) -> Self {
        Self { actions }
    }
}
