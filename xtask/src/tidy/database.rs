//! Who names the database.
//!
//! Ours, as clippy bans types and functions one by one, and not all that a crate has; and cargo-deny knows no modules.

use anyhow::Result;

use super::repository::Repository;
use super::source::Source;
use super::violation::Violation;

/// Where the database's crates may be named.
const PLACES: [&str; 4] = [
    "crates/server/src/store/",
    "migrations/src/",
    // Databases of the tests' own, one for each case.
    "crates/server/tests/",
    // Fills a database with rows by the hundred thousand, which is not what the store is for.
    "crates/bench/src/",
];

/// SeaORM and sqlx are named in the store and in the migrations alone.
pub(super) fn database_is_named_in_store_alone(repository: &Repository) -> Result<Vec<Violation>> {
    let outside = |source: &&Source| !PLACES.iter().any(|place| source.path.starts_with(place));
    let mut violations = Vec::new();
    for source in repository.sources().iter().filter(outside) {
        for found in &source.paths {
            if matches!(found.path.split("::").next(), Some("sea_orm" | "sqlx" | "sea_query")) {
                let message = format!(
                    "{} outside crates/server/src/store/: ask the store for a value of the domain instead",
                    found.path
                );
                violations.push(Violation::new(&source.path, found.line, message));
            }
        }
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_outside_the_store_is_found() {
        let code = "use sea_orm::EntityTrait;\nfn f() { sqlx::query(\"\"); }";
        let repository = Repository::sample(&[
            ("crates/server/src/http/list.rs", code),
            ("crates/server/src/store/list.rs", code),
            ("migrations/src/lib.rs", code),
        ]);
        let violations = database_is_named_in_store_alone(&repository).unwrap();
        assert_eq!(violations.len(), 2);
        assert!(violations.iter().all(|found| found.file == "crates/server/src/http/list.rs"));
    }
}
