//! Everything that talks to a provider: the client for requests, probes, authorization servers, and the apps under
//! which providers know this server.

pub(crate) mod authorization_server;
pub mod oauth_apps;
pub mod outbound;
pub mod prober;
