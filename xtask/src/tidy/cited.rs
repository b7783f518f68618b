//! The tests that documents name exist.
//!
//! Checked here because no tool knows that a document names tests.

use std::collections::HashSet;

use anyhow::Result;

use super::repository::Repository;
use super::violation::Violation;

/// The document that names tests.
const DOCUMENT: &str = "docs/topics/security.md";
/// The folder of these tests.
const TESTS: &str = "crates/server/tests/api/";

/// The tests that `docs/topics/security.md` names exist: `` `module::name` `` is a function in the module's file or
/// folder.
pub(super) fn cited_tests_exist(repository: &Repository) -> Result<Vec<Violation>> {
    let Some(document) = repository.file(DOCUMENT) else {
        return Ok(vec![Violation::new(DOCUMENT, 0, "is missing")]);
    };
    let tests: HashSet<(&str, &str)> = repository
        .files()
        .iter()
        .filter(|file| file.path.starts_with(TESTS))
        .flat_map(|file| functions(&file.text).map(|name| (file.path.as_str(), name)))
        .collect();
    let is_there = |module: &str, name: &str| {
        let path = format!("{TESTS}{}", module.replace("::", "/"));
        tests.iter().any(|(file, found)| *found == name && file.starts_with(&path))
    };
    let mut violations = Vec::new();
    for (at, line) in document.text.lines().enumerate() {
        for cited in line.split('`').skip(1).step_by(2) {
            let Some((module, name)) = cited.rsplit_once("::") else { continue };
            if !is_there(module, name) {
                let message = format!("names the test {cited}, which does not exist");
                violations.push(Violation::new(DOCUMENT, at + 1, message));
            }
        }
    }
    Ok(violations)
}

/// The names of the functions of a source.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("async ");
        line.strip_prefix("fn ")?.split(['(', '<']).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_test_is_found() {
        let repository = Repository::sample(&[
            (DOCUMENT, "`attacks::there` and `code`\n`pages::forms::also`, `attacks::gone`, `other::there`"),
            ("crates/server/tests/api/attacks.rs", "async fn there(server: &Server) {}"),
            ("crates/server/tests/api/pages/forms.rs", "fn also() {}"),
        ]);
        let violations = cited_tests_exist(&repository).unwrap();
        let messages: Vec<_> = violations.iter().map(|one| (one.line, one.message.as_str())).collect();
        assert_eq!(
            messages,
            [
                (2, "names the test attacks::gone, which does not exist"),
                (2, "names the test other::there, which does not exist"),
            ]
        );
    }
}
