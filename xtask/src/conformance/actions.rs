//! Checks the examples of the providers' actions against clients, types and schemas from package registries.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;
use serde_json::Value;

use super::equipment::{copy, folder, npm};
use crate::{generated, npm, workspace};

/// The page that says what each action was checked against, relative to the root.
const PAGE: &str = "docs/reference/providers.md";

/// What becomes of the page.
#[derive(clap::Args)]
pub(super) struct Page {
    /// Writes docs/reference/providers.md, which is otherwise checked
    #[arg(long)]
    write: bool,
}

/// Runs the checks.
///
/// # Errors
/// When an example is wrong, a file does not name what its examples were checked against, or the page is out of date.
pub(super) fn run(page: &Page) -> Result<()> {
    let modules = npm::install(&npm()?, &folder("actions"))?;
    let (_directory, work) = copy("actions")?;
    std::os::unix::fs::symlink(&modules, work.join("node_modules"))?;
    let providers = workspace::root().join("crates/integrations-core/providers");
    let mut check = Command::new("node");
    check.current_dir(&work).arg("check.mjs").arg(providers).arg(linear_schema()?);
    let table = process::output(&mut check).context("the providers' actions")?;
    if page.write {
        return generated::write(PAGE, &table);
    }
    generated::check(PAGE, &table, "the provider files", "cargo xtask conformance actions --write")?;
    eprintln!("Actions: every example agrees with its package, or names two pages");
    Ok(())
}

/// Linear's schema, in a crate that cargo fetches.
fn linear_schema() -> Result<PathBuf> {
    let arguments = ["metadata", "--quiet", "--locked", "--format-version", "1"];
    let metadata = process::output(workspace::cargo().current_dir(folder("actions/linear")).args(arguments))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let package = packages.iter().find(|package| package["name"] == "linear-schema");
    let manifest =
        package.and_then(|package| package["manifest_path"].as_str()).context("no linear-schema")?;
    Ok(PathBuf::from(manifest).with_file_name("linear.graphql"))
}
