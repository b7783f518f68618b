//! What is packaged.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::workspace;

/// The programs, with the folders of their crates.
pub(super) const PROGRAMS: [Program; 2] =
    [Program { name: "riq-server", folder: "crates/server" }, Program { name: "riq", folder: "crates/cli" }];

/// A program that is packaged.
#[derive(Clone, Copy)]
pub(super) struct Program {
    pub(super) name: &'static str,
    /// Where its crate is, relative to the root.
    pub(super) folder: &'static str,
}

impl Program {
    /// What is made for it: `man` and `completions`.
    pub(super) fn made(self) -> PathBuf {
        workspace::root().join("target/package").join(self.name)
    }
}

/// The names of the files in a directory, sorted.
pub(super) fn files(directory: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}
