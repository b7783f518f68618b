//! Names and attributes.

use anyhow::Result;

use super::Violation;
use super::repository::Repository;

/// Names that say that a module holds something, not what.
const EMPTY_NAMES: [&str; 9] =
    ["common", "helper", "helpers", "manager", "managers", "misc", "shared", "util", "utils"];

/// A lint is silenced by `expect`, which tells when it is no longer needed, and with a reason.
pub(super) fn no_allow_attributes(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for source in repository.sources() {
        for found in &source.allows {
            let message = format!(
                "allow({}): write #[expect(…, reason = \"…\")], or do what the lint asks",
                found.name
            );
            violations.push(Violation::new(&source.path, found.line, message));
        }
    }
    Ok(violations)
}

/// A module is named for what it holds, in the field's terms.
pub(super) fn modules_are_named_for_what_they_hold(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for source in repository.sources() {
        let parts = source.path.trim_end_matches(".rs").split('/');
        let of_file = parts.filter(|part| EMPTY_NAMES.contains(part)).map(|part| (part.to_owned(), 0));
        let declared = source.modules.iter().filter(|module| EMPTY_NAMES.contains(&module.name.as_str()));
        let declared = declared.map(|module| (module.name.clone(), module.line));
        for (name, line) in of_file.chain(declared) {
            let message = format!("a module named {name} says nothing: name it for what it holds");
            violations.push(Violation::new(&source.path, line, message));
        }
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_is_found_and_expect_is_not() {
        let code = "#[expect(dead_code, reason = \"x\")]\nfn f() {}\n#[allow(dead_code)]\nfn g() {}";
        let violations = no_allow_attributes(&Repository::sample(&[("a.rs", code)])).unwrap();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].line, 3);
    }

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
