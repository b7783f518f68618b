//! Modules have meaningful names.
//!
//! Checked here because clippy bans names of variables (`disallowed_names`) but not of modules.

use anyhow::Result;

use super::repository::Repository;
use super::violation::Violation;

/// Names that do not say what a module contains.
const EMPTY_NAMES: [&str; 9] =
    ["common", "helper", "helpers", "manager", "managers", "misc", "shared", "util", "utils"];

/// A module's name says what it contains, in the field's terms.
pub(super) fn modules_are_named_for_what_they_hold(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for source in repository.sources() {
        let parts = source.path.trim_end_matches(".rs").split('/');
        let of_file = parts.filter(|part| EMPTY_NAMES.contains(part)).map(|part| (part.to_owned(), 0));
        let declared = source.modules.iter().filter(|module| EMPTY_NAMES.contains(&module.name.as_str()));
        let declared = declared.map(|module| (module.name.clone(), module.line));
        for (name, line) in of_file.chain(declared) {
            let message =
                format!("the module name {name} says nothing: name the module for what it contains");
            violations.push(Violation::new(&source.path, line, message));
        }
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_as_files_folders_and_inline() {
        let repository = Repository::sample(&[
            ("crates/cli/src/utils.rs", ""),
            ("crates/server/tests/common/mod.rs", ""),
            ("crates/server/src/a.rs", "mod helpers { }\nmod catalog;"),
        ]);
        let found: Vec<(String, usize)> = modules_are_named_for_what_they_hold(&repository)
            .unwrap()
            .into_iter()
            .map(|found| (found.file, found.line))
            .collect();
        let expected = [
            ("crates/cli/src/utils.rs", 0),
            ("crates/server/tests/common/mod.rs", 0),
            ("crates/server/src/a.rs", 1),
        ];
        assert_eq!(found, expected.map(|(file, line)| (file.to_owned(), line)));
    }
}
