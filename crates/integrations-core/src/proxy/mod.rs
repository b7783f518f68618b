//! The proxy: which requests that a caller writes may be sent to a provider with its credential.
//!
//! A request is read first ([`Route`]), then it is found out what it stands for ([`Wish`]), and then that is decided on
//! ([`decide`]). What is not understood is refused: a provider may read it otherwise.

mod address;
mod decision;
#[cfg(test)]
mod decision_test;
mod graphql;
#[cfg(test)]
mod graphql_test;
mod parameters;
mod route;

pub use self::{
    decision::{Other, Wish, decide, other_permissions},
    graphql::{Operation, read_body, read_parameters},
    parameters::check_form,
    route::Route,
};

/// Why a request is not sent. Each is a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It can be read in more than one way, or not at all.
    #[error("{0}")]
    Unclear(String),
    /// It is not permitted.
    #[error("{0}")]
    NotPermitted(String),
}

impl Refusal {
    fn unclear(message: impl Into<String>) -> Self {
        Self::Unclear(message.into())
    }
}
