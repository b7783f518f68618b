//! OAuth 2.0: what to ask a provider's authorization server, and how to read its answers.
//!
//! Nothing here sends a request, draws a random number or reads a clock. What differs between providers is data in the
//! catalog ([`crate::catalog::OAuth`]); what is the same for all is here.

mod account;
mod authorization_response;
mod authorize;
mod blemish;
mod callback;
mod choice;
mod discovery;
mod grant;
#[cfg(test)]
mod grant_test;
mod lifetime;
mod problem;
mod redirect;
mod scopes;
mod text;

pub use account::AccountIdentity;
pub use authorization_response::{AuthorizationResponse, NoCode, ReportedError};
pub use authorize::authorize_parameters;
pub use blemish::Blemish;
pub use callback::{CallbackProblem, verify_callback, verify_issuer};
pub use choice::{ChoiceItem, ChoiceProblem};
pub use discovery::{
    Client, ClientSource, DiscoveryProblem, Issuer, OurClient, ProtectedResource, ServerMetadata, host,
    resource_metadata_places, scopes_of, server_metadata_places,
};
pub use grant::Grant;
pub use problem::TokenProblem;
pub use redirect::kept_of_redirect;
