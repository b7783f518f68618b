//! The catalog of providers.
