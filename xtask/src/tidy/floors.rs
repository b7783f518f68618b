//! The floors of the server: which module may name which.
//!
//! Checked here because neither rustc nor clippy knows an order of modules within a crate.

use anyhow::Result;

use super::circles::{Graph, circles, describe};
use super::modules::Crate;
use super::repository::Repository;
use super::violation::Violation;

const SOURCE: &str = "crates/server/src/";

/// Modules of the server at the same height.
struct Floor {
    modules: &'static [&'static str],
    /// Whether they may name each other, as long as there is no circle.
    among_themselves: bool,
}

const fn one(module: &'static [&'static str]) -> Floor {
    Floor { modules: module, among_themselves: false }
}

/// The floors, the lowest first. A module may name only modules on lower floors.
const FLOORS: &[Floor] = &[
    Floor { modules: &["environment", "metrics", "program", "shutdown", "token"], among_themselves: true },
    one(&["store"]),
    one(&["vault"]),
    one(&["provider"]),
    one(&["jobs"]),
    one(&["monitor"]),
    one(&["services"]),
    one(&["edge"]),
    one(&["http", "dashboard", "mcp"]),
    one(&["app"]),
    one(&["admin"]),
];

/// The height of a module.
fn height(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.modules.contains(&module))
}

/// Every module of the server has a floor, and names only modules on lower floors.
pub(super) fn arrows_go_down(repository: &Repository) -> Result<Vec<Violation>> {
    let crates = Crate::all(repository);
    let Some(server) = crates.iter().find(|one| one.folder == SOURCE) else { return Ok(Vec::new()) };
    let mut violations = without_floor(repository);
    let mut among = Graph::new();
    let arrows = server.arrows();
    for arrow in &arrows {
        // The crate's root may name everything.
        let (Some(from), Some(to)) = (server.top_level(arrow.from), server.top_level(arrow.to)) else {
            continue;
        };
        let (Some(own), Some(other)) = (height(&from), height(&to)) else { continue };
        if from == to || other < own {
            continue;
        }
        if other == own && FLOORS[own].among_themselves {
            let named = (arrow.line, format!("{} in {}", arrow.name, arrow.from.path));
            among.entry(name_of(own, &from)).or_default().entry(name_of(own, &to)).or_insert(named);
            continue;
        }
        let way = if other == own { "beside it" } else { "above it" };
        let message = format!(
            "{from} names {}, and {to} stands {way}: move what both need to a lower floor, or hand it in from above",
            arrow.name
        );
        violations.push(Violation::new(&arrow.from.path, arrow.line, message));
    }
    violations.extend(circles(&among).into_iter().map(|circle| {
        let (module, line, steps) = describe(&among, &circle);
        let message =
            format!("{module} and others of its floor go round: {steps}; let one of them be the lower");
        Violation::new(&format!("{SOURCE}{module}"), line, message)
    }));
    Ok(violations)
}

/// A module's name as the table has it, with a static lifetime.
fn name_of(height: usize, module: &str) -> &'static str {
    FLOORS[height].modules.iter().find(|one| **one == module).copied().unwrap_or_default()
}

/// A violation for each module that the root declares and the table does not have.
fn without_floor(repository: &Repository) -> Vec<Violation> {
    let root = repository.sources().iter().find(|source| source.path == format!("{SOURCE}lib.rs"));
    let declared = root.into_iter().flat_map(|root| &root.modules);
    declared
        .filter(|module| !module.is_test && height(&module.name).is_none())
        .map(|module| {
            let message = format!(
                "{} has no floor: give it one in xtask/src/tidy/floors.rs, above every module that it names",
                module.name
            );
            Violation::new(&format!("{SOURCE}lib.rs"), module.line, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: (&str, &str) = (
        "crates/server/src/lib.rs",
        "pub mod environment;\npub mod token;\npub mod store;\npub mod services;\npub mod http;\npub mod dashboard;\npub use self::http::openapi;",
    );
    const STORE: (&str, &str) = ("crates/server/src/store/mod.rs", "mod pool;\npub use self::pool::Pool;");
    const POOL: (&str, &str) = ("crates/server/src/store/pool.rs", "pub struct Pool;");
    const HTTP: (&str, &str) = ("crates/server/src/http/mod.rs", "pub fn openapi() {}");

    fn found(files: &[(&str, &str)]) -> Vec<Violation> {
        arrows_go_down(&Repository::sample(&[&[ROOT, STORE, POOL, HTTP], files].concat())).unwrap()
    }

    #[test]
    fn an_arrow_that_goes_down_is_fine() {
        let list =
            ("crates/server/src/http/list.rs", "use crate::store::Pool;\nfn f() { crate::services::g() }");
        assert_eq!(found(&[list, ("crates/server/src/services.rs", "pub fn g() {}")]), []);
    }

    #[test]
    fn an_arrow_that_climbs_is_found() {
        let climbs = ("crates/server/src/store/lease.rs", "fn f() {}\nfn g() { crate::openapi() }");
        let violations = found(&[climbs]);
        assert_eq!(violations.len(), 1);
        let Violation { file, line, message } = &violations[0];
        assert_eq!((file.as_str(), *line), (climbs.0, 2));
        assert!(message.starts_with("store names openapi, and http stands above it: move"), "{message}");
    }

    #[test]
    fn handing_on_what_is_above_climbs_too() {
        let climbs = ("crates/server/src/store/lease.rs", "pub use crate::http::openapi;");
        assert_eq!(found(&[climbs]).len(), 1);
    }

    #[test]
    fn the_api_and_the_pages_do_not_name_each_other() {
        let pages = ("crates/server/src/dashboard/mod.rs", "pub struct Page;");
        let violations = found(&[pages, ("crates/server/src/http/list.rs", "use crate::dashboard::Page;")]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].message.contains("dashboard stands beside it"), "{violations:?}");
        let pages = ("crates/server/src/dashboard/mod.rs", "use super::http;\nfn f() { http::openapi() }");
        assert_eq!(found(&[pages]).iter().map(|found| found.line).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn modules_of_the_lowest_floor_may_name_each_other_but_not_go_round() {
        let token = ("crates/server/src/token.rs", "use crate::environment::Environment;\npub struct Token;");
        let environment = ("crates/server/src/environment.rs", "pub struct Environment;");
        assert_eq!(found(&[token, environment]), []);
        let round =
            ("crates/server/src/environment.rs", "pub struct Environment { token: crate::token::Token }");
        let violations = found(&[token, round]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].message.contains("go round"), "{violations:?}");
    }

    #[test]
    fn a_module_without_a_floor_is_found() {
        let root = ("crates/server/src/lib.rs", "pub mod store;\npub mod attic;\n#[cfg(test)]\nmod samples;");
        let violations = arrows_go_down(&Repository::sample(&[root, STORE, POOL])).unwrap();
        assert_eq!(violations.iter().map(|found| found.line).collect::<Vec<_>>(), [2]);
        assert!(violations[0].message.starts_with("attic has no floor: give it one"), "{violations:?}");
    }
}
