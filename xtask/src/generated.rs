//! Files that a task writes, and checks.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Writes a file. Its path is relative to the root.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(file: &str, content: &str) -> Result<()> {
    std::fs::write(workspace::root().join(file), content).with_context(|| format!("cannot write {file}"))?;
    eprintln!("Wrote {file}");
    Ok(())
}

/// Checks that a file is as the task would write it. `source` says in words what it is made from.
///
/// # Errors
/// When it differs. The error shows the first difference, and the command that writes the file.
pub(crate) fn check(file: &str, content: &str, source: &str, command: &str) -> Result<()> {
    let committed = std::fs::read_to_string(workspace::root().join(file)).unwrap_or_default();
    match first_difference(&committed, content) {
        None => Ok(()),
        Some(difference) => {
            bail!("{file} does not match {source}:\n{difference}\nTo fix it: {command}, then commit {file}")
        }
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
        let error =
            check("nonexistent.json", "{}\n", "the routes", "cargo xtask openapi").unwrap_err().to_string();
        assert!(error.contains("To fix it: cargo xtask openapi"), "{error}");
    }
}
