//! Provider files are data that the domain reads: the domain says whether they are right.

use anyhow::Result;

use super::Violation;
use super::repository::Repository;

const FOLDER: &str = "crates/integrations-core/providers";

/// The embedded catalog loads, and none of the files on disk was left out of it.
pub(super) fn provider_files_validate(repository: &Repository) -> Result<Vec<Violation>> {
    Ok(Vec::new())
}
