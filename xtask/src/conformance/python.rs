//! Python's packages below cargo's target directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::{packages, process};
use sha2::{Digest, Sha256};

use crate::workspace;

/// Installs what a folder's `requirements.txt` names, unless it is installed already. Returns the directory of the
/// programs.
///
/// # Errors
/// When Python or its packages cannot be installed.
pub(super) fn install(folder: &Path) -> Result<PathBuf> {
    let requirements = folder.join("requirements.txt");
    let hash = Sha256::digest(std::fs::read(&requirements)?);
    let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let directory = workspace::target_directory().join("python").join(name);
    let (programs, finished) = (directory.join("bin"), directory.join("finished"));
    if !finished.exists() {
        let python = interpreter()?;
        process::output(Command::new(python).args(["-m", "venv", "--clear"]).arg(&directory))?;
        let mut pip = Command::new(programs.join("pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&requirements);
        process::output(&mut pip).with_context(|| format!("cannot install {}", requirements.display()))?;
        std::fs::write(finished, "")?;
    }
    Ok(programs)
}

/// Python with its modules for virtual environments, which Debian has in another package.
fn interpreter() -> Result<PathBuf> {
    let python = packages::require("python3", "python3")?;
    let mut probe = Command::new(&python);
    let has_venv =
        probe.args(["-c", "import ensurepip, venv"]).output().is_ok_and(|output| output.status.success());
    if !has_venv && packages::can_install() {
        packages::install(&["python3-venv"])?;
    }
    Ok(python)
}
