//! Rules about plain text.
//!
//! Checked here because the tools of the toolchain read only code.

use anyhow::Result;

use super::repository::Repository;
use super::violation::Violation;

const LOCK_FILE: &str = "Cargo.lock";

/// Prefixes of paths that exist only on one machine. They are written in parts, so that this file keeps the rule.
const MACHINE_PATHS: [&str; 4] = [
    concat!("/", "root", "/"),
    concat!("/", "home", "/"),
    concat!("/", "work", "/"),
    concat!("/", "Users", "/"),
];

/// No text names a path that exists only on one machine.
pub(super) fn no_paths_of_one_machine(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for file in repository.files().iter().filter(|file| file.path != LOCK_FILE) {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(path) = MACHINE_PATHS.iter().find(|path| begins_a_path(line, path)) {
                let message = format!(
                    "a path below {path} exists only on one machine: make it relative to the repository"
                );
                violations.push(Violation::new(&file.path, at + 1, message));
            }
        }
    }
    Ok(violations)
}

/// Whether the line contains `path` at the beginning of a path, not inside a URL or a longer path.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| {
            !(before.is_alphanumeric() || matches!(before, '.' | '_' | '-' | '~' | '}' | ')'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found_and_a_url_is_not() {
        let home = MACHINE_PATHS[1];
        let text = format!("see https://example.com{home}page\nsee {home}ann/notes and file://{home}x\n");
        let violations = no_paths_of_one_machine(&Repository::sample(&[("README.md", &text)])).unwrap();
        let lines: Vec<usize> = violations.iter().map(|found| found.line).collect();
        assert_eq!(lines, [2]);
    }
}
