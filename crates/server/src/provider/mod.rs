//! Everything that talks to a provider: the client for requests, probes, actions, authorization servers, the OAuth
//! apps, and the OpenID Connect provider that people sign in with.

pub mod action_caller;
pub(crate) mod authorization_server;
pub(crate) mod discovery;
pub(crate) mod long_lived;
pub mod oauth_apps;
pub mod openid;
pub mod outbound;
pub mod prober;
mod signer;
mod token_call;
pub(crate) mod token_issuer;
