//! The domain of the Integrations API: what an integration is, what may happen to it, and what a provider is.
//!
//! Everything here is pure: values in, values out. No I/O, no async, no clock, no randomness.

pub mod catalog;
pub mod issue;
pub mod settings;
