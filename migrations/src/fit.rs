//! Which schema a server works with. This is declared here alone.

use sea_orm_migration::MigratorTrait as _;

use crate::Migrator;

/// How the name of a migration ends after which no server of a version before works. Any other leaves alone what the
/// version before it reads and writes: it adds tables, and columns that may be left out.
const INCOMPATIBLE: &str = "_incompatible";

/// How the schema of a database fits the servers of this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is theirs.
    Same,
    /// These migrations have not run yet.
    Behind(Vec<String>),
    /// It has one more, with which they work, so that a server can be replaced by the version before it.
    Ahead(String),
    /// It has these, with which they do not work.
    Strange(Vec<String>),
}

impl Fit {
    /// How the schema of a database fits whose `applied` migrations are given, in any order.
    #[must_use]
    pub fn of(applied: &[String]) -> Self {
        let known: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
        Self::between(&known, applied)
    }

    fn between(known: &[String], applied: &[String]) -> Self {
        let without = |all: &[String], others: &[String]| -> Vec<String> {
            let mut left: Vec<String> = all.iter().filter(|name| !others.contains(name)).cloned().collect();
            left.sort();
            left
        };
        let (pending, strange) = (without(known, applied), without(applied, known));
        let is_borne = |name: &String| known.last() < Some(name) && !name.ends_with(INCOMPATIBLE);
        match (pending.is_empty(), strange.as_slice()) {
            (true, []) => Self::Same,
            (false, []) => Self::Behind(pending),
            (true, [newer]) if is_borne(newer) => Self::Ahead(newer.clone()),
            _ => Self::Strange(strange),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_migration_more_is_borne_and_two_are_not() {
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
        let known = names(&["m0001_a", "m0002_b"]);
        for (applied, fit) in [
            (&["m0002_b", "m0001_a"][..], Fit::Same),
            (&[], Fit::Behind(known.clone())),
            (&["m0001_a"], Fit::Behind(names(&["m0002_b"]))),
            (&["m0001_a", "m0002_b", "m0003_c"], Fit::Ahead("m0003_c".into())),
            (&["m0001_a", "m0002_b", "m0004_d", "m0003_c"], Fit::Strange(names(&["m0003_c", "m0004_d"]))),
            (&["m0001_a", "m0002_b", "m0003_incompatible"], Fit::Strange(names(&["m0003_incompatible"]))),
            // Another history, or one that was interrupted.
            (&["m0001_a", "m0002_b", "m0001_z"], Fit::Strange(names(&["m0001_z"]))),
            (&["m0001_a", "m0003_c"], Fit::Strange(names(&["m0003_c"]))),
        ] {
            assert_eq!(Fit::between(&known, &names(applied)), fit, "{applied:?}");
        }
    }

    #[test]
    fn the_order_of_the_names_is_that_of_the_migrations() {
        let names: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(Fit::of(&names), Fit::Same);
    }
}
