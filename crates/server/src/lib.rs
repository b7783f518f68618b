//! The Integrations API server: a library for its tests and tasks, and the binary `riq-server`.

pub mod admin;
pub mod app;
pub mod dashboard;
pub mod edge;
pub mod environment;
pub mod http;
pub mod jobs;
pub mod mcp;
pub mod metrics;
pub mod monitor;
pub mod program;
pub mod provider;
pub mod services;
pub mod shutdown;
pub mod store;
pub mod token;
pub mod vault;

pub use self::http::openapi;
