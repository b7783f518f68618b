//! Files are short enough to be read.
//!
//! Checked here because clippy measures functions (`too_many_lines`, with the threshold of `clippy.toml`) but not
//! files.

use anyhow::Result;

use super::repository::Repository;
use super::violation::Violation;

const LINES: usize = 600;

/// Files have at most 600 lines.
pub(super) fn files_are_short(repository: &Repository) -> Result<Vec<Violation>> {
    let long = repository.sources().iter().filter(|source| source.line_count > LINES);
    Ok(long
        .map(|source| {
            let message = format!("{} lines, more than {LINES}: split the file by topic", source.line_count);
            Violation::new(&source.path, 0, message)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_601_lines_is_found() {
        let found =
            |lines: usize| files_are_short(&Repository::sample(&[("a.rs", &"\n".repeat(lines))])).unwrap();
        assert_eq!(found(600), []);
        assert_eq!(found(601).len(), 1);
    }
}
