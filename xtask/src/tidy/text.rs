//! Rules over plain text.

use anyhow::Result;

use super::Violation;
use super::repository::Repository;

const LOCK_FILE: &str = "Cargo.lock";

/// Beginnings of paths that exist on one machine. Written in two parts, so that this file does not break its rule.
const MACHINE_PATHS: [&str; 4] = [
    concat!("/", "root", "/"),
    concat!("/", "home", "/"),
    concat!("/", "work", "/"),
    concat!("/", "Users", "/"),
];

/// TLS is rustls everywhere.
pub(super) fn no_openssl_in_the_lock_file(repository: &Repository) -> Result<Vec<Violation>> {
    const UNWANTED: [&str; 3] = ["openssl", "openssl-sys", "native-tls"];
    let Some(lock_file) = repository.file(LOCK_FILE) else {
        return Ok(vec![Violation::new(LOCK_FILE, 0, "is missing: commit it")]);
    };
    let names = lock_file.text.lines().enumerate().filter_map(|(at, line)| {
        let name = line.strip_prefix("name = \"")?.strip_suffix('"')?;
        Some((at + 1, name))
    });
    Ok(names
        .filter(|(_, name)| UNWANTED.contains(name))
        .map(|(line, name)| {
            let message =
                format!("{name}: TLS is rustls here; `cargo tree --invert {name}` tells who brings it");
            Violation::new(LOCK_FILE, line, message)
        })
        .collect())
}

/// No text names a path of somebody's machine.
pub(super) fn no_paths_of_one_machine(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for file in repository.files().iter().filter(|file| file.path != LOCK_FILE) {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(path) = MACHINE_PATHS.iter().find(|path| begins_a_path(line, path)) {
                let message =
                    format!("a path below {path} is of one machine: name it relative to the repository");
                violations.push(Violation::new(&file.path, at + 1, message));
            }
        }
    }
    Ok(violations)
}

/// Whether the text holds `path` as a path's beginning, not in the midst of a URL or of a longer path.
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
    fn openssl_in_the_lock_file_is_found() {
        let lock = "[[package]]\nname = \"rustls\"\n\n[[package]]\nname = \"native-tls\"\n";
        let violations = no_openssl_in_the_lock_file(&Repository::sample(&[(LOCK_FILE, lock)])).unwrap();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].line, 5);
        let lock = "[[package]]\nname = \"openssl-probe\"\n";
        assert_eq!(no_openssl_in_the_lock_file(&Repository::sample(&[(LOCK_FILE, lock)])).unwrap(), []);
    }

    #[test]
    fn a_path_of_one_machine_is_found_and_a_url_is_not() {
        let home = MACHINE_PATHS[1];
        let text = format!("see https://example.com{home}page\nsee {home}ann/notes and file://{home}x\n");
        let violations = no_paths_of_one_machine(&Repository::sample(&[("README.md", &text)])).unwrap();
        let lines: Vec<usize> = violations.iter().map(|found| found.line).collect();
        assert_eq!(lines, [2]);
    }
}
