//! What the documents say is tested. Ours, as no tool knows that a document names tests.

use std::collections::HashSet;

use anyhow::Result;

use super::repository::Repository;
use super::violation::Violation;

/// The document that names the tests which cover it.
const DOCUMENT: &str = "docs/topics/security.md";
/// Where they are.
const TESTS: &str = "crates/server/tests/api/";

/// `docs/topics/security.md` names tests that are there: `` `module::name` ``, a function in the module's file or
/// folder.
pub(super) fn cited_tests_exist(repository: &Repository) -> Result<Vec<Violation>> {
    let Some(document) = repository.file(DOCUMENT) else {
        return Ok(vec![Violation::new(DOCUMENT, 0, "is not there")]);
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
                let message = format!("names the test {cited}, which is not there");
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
    fn a_test_that_is_not_there_is_found_out() {
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
                (2, "names the test attacks::gone, which is not there"),
                (2, "names the test other::there, which is not there"),
            ]
        );
    }
}
