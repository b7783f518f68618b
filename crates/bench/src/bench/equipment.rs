//! What the measurements share.

use std::path::Path;

use riq_testing::postgres::Postgres;

use super::fill::Data;
use super::load::Generator;
use super::rounds::Plan;
use crate::server::Build;

/// Bytes.
pub(super) const MEGABYTE: f64 = 1e6;

/// Everything that the measurements share.
pub(super) struct Bench<'a> {
    pub(super) build: Build,
    pub(super) generator: Generator,
    pub(super) postgres: Postgres,
    pub(super) directory: &'a Path,
    pub(super) data: Data,
    pub(super) plan: Plan,
}
