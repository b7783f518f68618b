//! `cargo xtask tidy`: the house rules. Each rule is a function that checks the repository and returns violations.
//!
//! Rules that rustc, clippy (`clippy.toml`) or cargo-deny (`deny.toml`) can check are checked there. Each file here
//! says why its rule is checked here.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod allow;
mod circles;
mod cited;
mod core;
mod database;
mod floors;
mod links;
mod markdown;
mod modules;
mod money;
mod naming;
mod prose;
mod repository;
mod reviewed;
mod size;
mod source;
mod text;
mod violation;

use anyhow::{Result, ensure};
use time::OffsetDateTime;

use self::repository::Repository;
use self::violation::Violation;
use crate::workspace;

/// A rule's name and its check.
type Rule = (&'static str, fn(&Repository) -> Result<Vec<Violation>>);

const RULES: &[Rule] = &[
    ("core-dependencies", core::dependencies_are_pure),
    ("core-dependency-tree", core::dependency_tree_has_no_io),
    ("core-is-pure", core::source_has_no_io),
    ("entities-stay-in-store", database::database_is_named_in_store_alone),
    ("floors", floors::arrows_go_down),
    ("circles", circles::no_files_name_each_other),
    ("module-names", naming::modules_are_named_for_what_they_hold),
    ("size", size::files_are_short),
    ("allow", allow::no_inner_allow),
    ("prose", prose::lines_of_prose_are_short),
    ("no-hundredfold", money::no_hundredfold),
    ("no-machine-paths", text::no_paths_of_one_machine),
    ("cited-tests", cited::cited_tests_exist),
    ("links", links::links_lead_somewhere),
    ("reviewed", reviewed::provider_files_say_when),
];

/// Checks every rule.
///
/// # Errors
/// When a rule is broken. The violations are printed on stderr.
pub(crate) fn run() -> Result<()> {
    let repository = Repository::load(&workspace::root())?;
    let mut count = 0_usize;
    for (name, rule) in RULES {
        for Violation { file, line, message } in rule(&repository)? {
            eprintln!("{file}:{line}: {name}: {message}");
            count += 1;
        }
    }
    #[expect(clippy::disallowed_methods, reason = "a list for people, of what is old today")]
    let today = OffsetDateTime::now_utc().date();
    for file in reviewed::old(&repository, today) {
        eprintln!("{file}: was last held against the provider's documentation more than six months ago");
    }
    ensure!(count == 0, "the house rules are broken in {count} places");
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
