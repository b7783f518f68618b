//! What tests and measurements start beside the server: PostgreSQL, and simulated providers over HTTPS.

#[cfg(feature = "providers")]
pub mod certificates;
#[cfg(feature = "providers")]
mod https;
pub mod packages;
pub mod postgres;
pub mod process;
pub mod programs;
#[cfg(feature = "providers")]
pub mod providers;
