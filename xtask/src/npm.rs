//! Installs npm packages below cargo's target directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;
use sha2::{Digest, Sha256};

use crate::workspace;

/// The files that npm reads. Without a lock file it installs the versions that `package.json` names.
const FILES: [&str; 3] = [".npmrc", "package.json", "package-lock.json"];

/// Installs the packages that a folder asks for, unless they are installed already. Returns their `node_modules`.
///
/// # Errors
/// When npm fails.
pub(crate) fn install(npm: &Path, folder: &Path) -> Result<PathBuf> {
    let files: Vec<(&str, Vec<u8>)> =
        FILES.iter().filter_map(|file| Some((*file, std::fs::read(folder.join(file)).ok()?))).collect();
    let mut hash = Sha256::new();
    for (name, content) in &files {
        hash.update(name);
        hash.update(content);
    }
    let name: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let parent = workspace::target_directory().join("npm");
    let directory = parent.join(name);
    if !directory.exists() {
        install_into(npm, &files, &parent, &directory)
            .with_context(|| format!("cannot install the npm packages of {}", folder.display()))?;
    }
    Ok(directory.join("node_modules"))
}

/// Installs into another directory and renames it at the end, so that an interrupted installation is never used.
fn install_into(npm: &Path, files: &[(&str, Vec<u8>)], parent: &Path, directory: &Path) -> Result<()> {
    std::fs::create_dir_all(parent)?;
    let unfinished = tempfile::Builder::new().prefix("unfinished-").tempdir_in(parent)?;
    for (name, content) in files {
        std::fs::write(unfinished.path().join(name), content)?;
    }
    let is_locked = files.iter().any(|(name, _)| *name == "package-lock.json");
    let how: &[&str] = if is_locked { &["ci"] } else { &["install", "--no-package-lock"] };
    let mut install = Command::new(npm);
    install.args(how).args(["--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"]);
    process::output(install.current_dir(unfinished.path()))?;
    std::fs::rename(unfinished.keep(), directory)?;
    Ok(())
}
