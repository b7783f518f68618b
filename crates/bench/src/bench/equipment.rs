//! The programs, databases and settings that all measurements use.

use std::path::Path;

use riq_testing::postgres::Postgres;

use super::fill::Data;
use super::load::Generator;
use super::rounds::Plan;
use crate::server::Build;

/// A megabyte, in bytes.
pub(super) const MEGABYTE: f64 = 1e6;

/// The programs, databases and settings that all measurements use.
pub(super) struct Bench<'a> {
    pub(super) build: Build,
    pub(super) generator: Generator,
    pub(super) postgres: Postgres,
    pub(super) directory: &'a Path,
    pub(super) data: Data,
    pub(super) plan: Plan,
}
