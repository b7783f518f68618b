//! What happens to every request before its route and to every response after it. The API and the pages build on it.

mod accept;
mod access_log;
mod allowance;
pub mod answer;
pub mod attempts;
pub mod audience;
pub(crate) mod body;
pub mod client_address;
mod compression;
pub mod connections;
mod cross_origin;
pub mod failure;
pub(crate) mod form;
mod found_route;
mod headers;
pub mod host;
pub mod identity;
mod metrics_token;
pub(crate) mod path;
pub(crate) mod query;
pub mod rate_limit;
pub mod request_id;
mod request_span;
pub mod scoped;
pub mod serve;
pub mod settings;
mod underway;
