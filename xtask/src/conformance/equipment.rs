//! What the checks need: their folders, the specification, and npm.

use std::path::PathBuf;

use anyhow::Result;
use riq_testing::packages;
use serde_json::Value;
use tempfile::TempDir;

use super::openapi_30;
use crate::workspace;

/// A folder of `conformance`.
pub(super) fn folder(name: &str) -> PathBuf {
    workspace::root().join("conformance").join(name)
}

/// A copy of a folder, so that what is made stays out of the sources.
pub(super) fn copy(name: &str) -> Result<(TempDir, PathBuf)> {
    let parent = workspace::target_directory().join("conformance");
    std::fs::create_dir_all(&parent)?;
    let directory = tempfile::Builder::new().prefix(name).tempdir_in(parent)?;
    for entry in std::fs::read_dir(folder(name))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), directory.path().join(entry.file_name()))?;
        }
    }
    let path = directory.path().to_owned();
    Ok((directory, path))
}

/// The committed specification. `cargo xtask openapi --check` says whether it is up to date.
pub(super) fn specification() -> PathBuf {
    workspace::root().join("docs/openapi.json")
}

/// Writes the specification as OpenAPI 3.0, for tools that read no 3.1. Returns where it is.
pub(super) fn turned_down() -> Result<PathBuf> {
    let mut document: Value = serde_json::from_slice(&std::fs::read(specification())?)?;
    openapi_30::turn_down(&mut document);
    let directory = workspace::target_directory().join("conformance");
    std::fs::create_dir_all(&directory)?;
    let path = directory.join("openapi-3.0.json");
    std::fs::write(&path, format!("{document:#}\n"))?;
    Ok(path)
}

/// Finds npm, or installs it.
pub(super) fn npm() -> Result<PathBuf> {
    packages::require("node", "nodejs")?;
    packages::require("npm", "npm")
}
