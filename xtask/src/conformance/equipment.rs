//! What the checks need: their folders, the specification, and npm.

use std::path::PathBuf;

use anyhow::Result;
use riq_testing::packages;

use crate::workspace;

/// A folder of `conformance`.
pub(super) fn folder(name: &str) -> PathBuf {
    workspace::root().join("conformance").join(name)
}

/// The committed specification. `cargo xtask openapi --check` says whether it is up to date.
pub(super) fn specification() -> PathBuf {
    workspace::root().join("docs/openapi.json")
}

/// Finds npm, or installs it.
pub(super) fn npm() -> Result<PathBuf> {
    packages::require("node", "nodejs")?;
    packages::require("npm", "npm")
}
