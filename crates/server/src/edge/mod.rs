//! What every request passes on its way in, and every response on its way out: below the API and the pages.

mod accept;
mod access_log;
pub mod answer;
pub mod audience;
pub(crate) mod body;
pub mod client_address;
mod enveloped_io;
pub mod failure;
pub(crate) mod form;
mod found_route;
mod headers;
pub mod identity;
pub(crate) mod query;
pub mod rate_limit;
pub mod request_id;
mod request_span;
pub mod serve;
pub mod settings;
