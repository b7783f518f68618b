//! What tests and measurements start beside the server: PostgreSQL, PgBouncer, nginx, and simulated providers over
//! HTTPS.

#[cfg(feature = "providers")]
pub mod certificates;
#[cfg(feature = "providers")]
mod https;
pub mod nginx;
pub mod packages;
pub mod pgbouncer;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod provider_files;
#[cfg(feature = "providers")]
pub mod providers;
pub mod signing_keys;
