//! Bills of materials: what a program is made from, in the form of CycloneDX.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use riq_testing::process;
use serde_json::Value;

use super::program::Program;
use crate::workspace;

/// Writes `PROGRAM.cdx.json` for one program.
///
/// # Errors
/// When `cargo cyclonedx` is missing or fails, or the bill is empty.
pub(super) fn write(program: Program, out: &Path) -> Result<()> {
    let folder = workspace::root().join(program.folder);
    // It writes one beside the manifest of every crate.
    let name = format!("{}.cdx", program.name);
    let mut cargo = workspace::cargo();
    cargo.args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5"]);
    cargo.args(["--override-filename", &name, "--manifest-path"]).arg(folder.join("Cargo.toml"));
    let written = process::run(&mut cargo)
        .context("cargo cyclonedx lists what a program is made from: cargo install cargo-cyclonedx --locked");
    let file = format!("{name}.json");
    let bill = fs::read_to_string(folder.join(&file));
    for left in workspace::files(&workspace::root())?.iter().filter(|path| path.ends_with(&file)) {
        fs::remove_file(workspace::root().join(left))?;
    }
    written?;
    let bill = bill.with_context(|| format!("cannot read {file}"))?;
    let read: Value = serde_json::from_str(&bill).with_context(|| format!("{file} is not JSON"))?;
    let components = read["components"].as_array().map_or(0, Vec::len);
    ensure!(components > 0, "{file} names no component");
    fs::write(out.join(file), bill).context("cannot write the bill of materials")
}
