//! Tarballs: for systems without packages of Debian.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;

use super::glibc;
use super::program::{PROGRAMS, Program};
use crate::workspace;

/// What each tarball holds beside the program, relative to the root.
const DOCUMENTS: [&str; 3] = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
/// What that of the server holds too.
const SERVICE: [&str; 2] = ["packaging/server.toml", "packaging/systemd/riq-server.service"];

/// Makes one, and returns its name. It says which C library the program needs.
///
/// # Errors
/// When a file is missing or tar fails.
pub(super) fn make(program: Program, binaries: &Path, target: Option<&str>, out: &Path) -> Result<String> {
    let binary = binaries.join(program.name);
    let architecture = target.and_then(|target| target.split('-').next()).unwrap_or(std::env::consts::ARCH);
    let library = match glibc::needed(&binary)? {
        Some((major, minor)) => format!("glibc{major}.{minor}"),
        None => "static".to_owned(),
    };
    let name = format!("{}-{}-{architecture}-linux-{library}", program.name, env!("CARGO_PKG_VERSION"));
    let tree = out.join(&name);
    fs::create_dir_all(&tree)?;
    let stripped = tree.join(program.name);
    process::run(Command::new("strip").arg("-o").arg(&stripped).arg(&binary))
        .context("strip leaves out what only a debugger reads: install binutils")?;
    for file in DOCUMENTS.iter().chain(if program.name == PROGRAMS[0].name { &SERVICE[..] } else { &[] }) {
        let from = workspace::root().join(file);
        let to = tree.join(from.file_name().unwrap_or_default());
        fs::copy(&from, to).with_context(|| format!("cannot copy {file}"))?;
    }
    process::run(Command::new("cp").arg("-r").arg(program.made().join("man")).arg(&tree))?;
    process::run(Command::new("cp").arg("-r").arg(program.made().join("completions")).arg(&tree))?;
    let file = format!("{name}.tar.gz");
    // The same tree makes the same bytes.
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=go=rX,u+rw"]);
    tar.args(["--mtime", &committed()?, "--use-compress-program=gzip -n", "--create", "--file"]);
    process::run(tar.arg(out.join(&file)).arg("--directory").arg(out).arg(&name))?;
    fs::remove_dir_all(&tree)?;
    Ok(file)
}

/// When the last commit was made, for tar.
fn committed() -> Result<String> {
    let seconds = process::output(
        Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(workspace::root()),
    )?;
    Ok(format!("@{}", seconds.trim()))
}
