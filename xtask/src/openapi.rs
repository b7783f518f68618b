//! `cargo xtask openapi`: writes the specification from the server's routes, or checks the committed one.
//!
//! `crates/server/examples/openapi.rs` prints it, so that this crate need not depend on the server.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use riq_testing::process;

use crate::workspace;

/// Where the specification is kept, relative to the root.
const FILE: &str = "docs/openapi.json";

/// Options of `openapi`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Writes nothing, and fails if the file is not up to date
    #[arg(long)]
    check: bool,
}

/// Writes the specification, or checks it.
///
/// # Errors
/// When the file cannot be written, or under `--check` when it differs.
pub(crate) fn run(options: &Options) -> Result<()> {
    let path = workspace::root().join(FILE);
    let generated = generate()?;
    if options.check {
        return check(&path, &generated);
    }
    std::fs::write(&path, &generated).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("Wrote {FILE}");
    Ok(())
}

fn generate() -> Result<String> {
    // Built as part of the workspace. Built alone, its dependencies would have other features and be compiled again.
    process::run(workspace::cargo().args(["build", "--quiet", "--workspace", "--example", "openapi"]))?;
    process::output(&mut Command::new(workspace::target_directory().join("debug/examples/openapi")))
}

fn check(path: &Path, generated: &str) -> Result<()> {
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    match first_difference(&committed, generated) {
        None => Ok(()),
        Some(difference) => bail!(
            "{FILE} does not match the server's routes:\n{difference}\nTo fix it: cargo xtask openapi, then commit {FILE}"
        ),
    }
}

/// The first lines that differ, as a diff would show them: at most five of each side.
fn first_difference(committed: &str, generated: &str) -> Option<String> {
    const SHOWN: usize = 5;
    if committed == generated {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (committed.lines().collect(), generated.lines().collect());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let same_at_end =
        old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(old, new)| old == new).count();
    let mut lines = vec![format!("@@ line {} @@", start + 1)];
    if let Some(before) = start.checked_sub(1) {
        lines.push(format!("  {}", new[before]));
    }
    for (sign, side) in [('-', &old), ('+', &new)] {
        let changed = &side[start..side.len() - same_at_end];
        lines.extend(changed.iter().take(SHOWN).map(|line| format!("{sign} {line}")));
        if changed.len() > SHOWN {
            lines.push(format!("{sign} … {} more", changed.len() - SHOWN));
        }
    }
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    }

    #[test]
    fn the_first_changed_lines_are_shown_with_the_line_before() {
        let difference = first_difference("a\nb\nc\n", "a\nB\nc\n").unwrap();
        assert_eq!(difference, "@@ line 2 @@\n  a\n- b\n+ B");
    }

    #[test]
    fn a_long_difference_is_cut() {
        let committed = "{\n}\n";
        let generated = format!("{{\n{}}}\n", "x\n".repeat(9));
        let difference = first_difference(committed, &generated).unwrap();
        assert_eq!(difference.lines().filter(|line| *line == "+ x").count(), 5);
        assert!(difference.ends_with("+ … 4 more"), "{difference}");
    }

    #[test]
    fn a_missing_file_says_how_to_write_it() {
        let error = check(Path::new("/nonexistent/openapi.json"), "{}\n").unwrap_err().to_string();
        assert!(error.contains("To fix it: cargo xtask openapi"), "{error}");
    }
}
