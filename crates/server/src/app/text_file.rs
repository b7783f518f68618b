//! The text of a file that a command is given.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use anyhow::Context as _;

/// Reads a file, or standard input if its name is `-`. A byte order mark at the beginning is left out.
pub(crate) fn read(file: &Path) -> anyhow::Result<String> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        text
    } else {
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
    };
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
