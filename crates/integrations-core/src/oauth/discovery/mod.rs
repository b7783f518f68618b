//! How an authorization server is found from the resource that it guards, and as which client to go there: as the Model
//! Context Protocol asks for it (revision 2026-07-28, "Authorization"), by RFC 9728, RFC 8414 and RFC 7591.
//!
//! Nothing here sends a request. What was found is kept in the credential, by the names of
//! [`crate::catalog::own_client`].

mod client;
mod problem;
mod resource;
mod server;

pub use client::{Client, ClientSource, OurClient};
pub use problem::DiscoveryProblem;
pub use resource::{Issuer, ProtectedResource, host, resource_metadata_places, scopes_of};
pub use server::{ServerMetadata, server_metadata_places};
