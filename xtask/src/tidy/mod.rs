//! `cargo xtask tidy`: the house rules, each a function that looks at the repository and names what breaks it.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod cited;
mod core;
mod layers;
mod naming;
mod providers;
mod repository;
mod size;
mod source;
mod text;

use anyhow::{Result, ensure};

use self::repository::Repository;
use crate::workspace;

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    /// Relative to the root.
    file: String,
    /// From 1; 0 where the file as a whole is meant.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Violation {
    fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

/// A rule's name and its check.
type Rule = (&'static str, fn(&Repository) -> Result<Vec<Violation>>);

const RULES: &[Rule] = &[
    ("core-dependencies", core::dependencies_are_pure),
    ("core-dependency-tree", core::dependency_tree_has_no_io),
    ("core-is-pure", core::source_has_no_io),
    ("entities-stay-in-store", layers::database_is_named_in_store_alone),
    ("printing", layers::printing_stays_in_its_place),
    ("routes-are-in-the-specification", layers::routes_are_registered_with_utoipa),
    ("no-allow", naming::no_allow_attributes),
    ("module-names", naming::modules_are_named_for_what_they_hold),
    ("size", size::functions_and_files_are_short),
    ("no-openssl", text::no_openssl_in_the_lock_file),
    ("no-machine-paths", text::no_paths_of_one_machine),
    ("cited-tests", cited::cited_tests_exist),
    ("providers", providers::provider_files_validate),
];

/// Checks every rule.
///
/// # Errors
/// When one is broken; the violations are on stderr.
pub(crate) fn run() -> Result<()> {
    let repository = Repository::load(&workspace::root())?;
    let mut count = 0_usize;
    for (name, rule) in RULES {
        for Violation { file, line, message } in rule(&repository)? {
            eprintln!("{file}:{line}: {name}: {message}");
            count += 1;
        }
    }
    ensure!(count == 0, "{count} of the house rules' checks failed");
    eprintln!("tidy: {} rules hold over {} files", RULES.len(), repository.files().len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_names_of_their_own() {
        let mut names: Vec<&str> = RULES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }
}
