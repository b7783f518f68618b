//! Lints are expected and not allowed.
//!
//! Ours for inner attributes alone: clippy's `allow_attributes` looks at the outer ones, and passes over
//! `#![allow(…)]`.

use anyhow::Result;

use super::repository::Repository;
use super::violation::Violation;

/// No file and no module begins with `#![allow(…)]`, be it within `cfg_attr` or not.
pub(super) fn no_inner_allow(repository: &Repository) -> Result<Vec<Violation>> {
    let message = "#![allow(…)] hides the lint for good: write #![expect(lint, reason = \"…\")], which reports when it \
                   is no longer needed";
    let sources = repository.sources().iter();
    Ok(sources
        .flat_map(|source| {
            source.inner_allows.iter().map(|line| Violation::new(&source.path, *line, message))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_allow_is_found_and_an_expect_is_not() {
        let text = "#![expect(dead_code, reason = \"x\")]\n#![allow(dead_code, reason = \"x\")]\n\
             #![cfg_attr(test, allow(dead_code, reason = \"x\"))]\nmod tests {\n    #![allow(dead_code)]\n}\n\
             #[allow(dead_code)]\nfn allow() {}";
        let violations = no_inner_allow(&Repository::sample(&[("src/a.rs", text)])).unwrap();
        let lines: Vec<usize> = violations.iter().map(|found| found.line).collect();
        assert_eq!(lines, [2, 3, 5]);
    }
}
