//! Only the store and the migrations use the database's crates.
//!
//! Checked here because clippy bans single types and functions but not a whole crate, and cargo-deny does not know
//! modules.

use anyhow::Result;

use super::repository::Repository;
use super::source::Source;
use super::violation::Violation;

/// The folders that may use the database's crates.
const PLACES: [&str; 4] = [
    "crates/server/src/store/",
    "migrations/src/",
    // The tests create a database for each case.
    "crates/server/tests/",
    // The bench writes hundreds of thousands of rows directly, because the store has no function for that.
    "crates/bench/src/",
];

/// Only the store and the migrations use SeaORM and sqlx.
pub(super) fn database_is_named_in_store_alone(repository: &Repository) -> Result<Vec<Violation>> {
    let outside = |source: &&Source| !PLACES.iter().any(|place| source.path.starts_with(place));
    let mut violations = Vec::new();
    for source in repository.sources().iter().filter(outside) {
        for found in &source.paths {
            if matches!(found.path.split("::").next(), Some("sea_orm" | "sqlx" | "sea_query")) {
                let message = format!(
                    "{} outside crates/server/src/store/: get a domain value from the store instead",
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
