//! Everything that talks to a provider: the client for requests, probes, authorization servers, and the OAuth apps.

pub(crate) mod authorization_server;
pub mod oauth_apps;
pub mod outbound;
pub mod prober;
