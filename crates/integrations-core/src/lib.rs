//! The domain of the Integrations API: what an integration is, what may happen to it, and what a provider is.
//!
//! Everything here is pure: no I/O, no async, no clock, no randomness.

pub mod action;
pub mod answer_body;
pub mod api_key;
pub mod approved_hosts;
pub mod audit;
pub mod audit_chain;
pub mod audit_export;
pub mod branding;
pub mod catalog;
pub mod characters;
pub mod device_login;
pub mod encodings;
pub mod error;
pub mod fields;
pub mod health;
pub mod health_history;
#[cfg(test)]
mod health_test;
pub mod ids;
pub mod in_app_browser;
pub mod inbound;
pub mod install_link;
pub mod integration;
#[cfg(test)]
mod integration_test;
pub mod issue;
pub mod json;
pub mod key_request;
pub mod lifecycle;
#[cfg(test)]
mod monitoring_test;
pub mod moving;
#[cfg(test)]
mod moving_test;
pub mod name;
pub mod nango;
pub mod oauth;
pub mod oauth_app;
pub mod observation;
pub mod openid;
pub mod pairs;
pub mod pasted;
#[cfg(test)]
mod pasted_test;
pub mod permissions;
pub mod picture;
pub mod principal;
pub mod probe_answer;
pub mod project;
pub mod proxy;
pub mod rate_limit;
#[cfg(test)]
mod rate_limit_test;
pub mod receipt;
pub mod return_address;
pub mod revocation;
pub mod rights;
pub mod role;
pub mod schedule;
pub mod scope;
pub mod settings;
pub mod signing_key;
pub mod standing;
pub mod tier;
pub mod webhook;
pub mod wire;
#[cfg(test)]
mod wire_test;
pub mod words;
pub mod written_out;
