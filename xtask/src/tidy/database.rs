//! Which layer may do what: who names the database, who prints, how a route is registered.

use std::collections::HashSet;

use anyhow::Result;

use super::Violation;
use super::repository::Repository;
use super::source::{MethodCall, Source};

/// Where the database's crates may be named.
const DATABASE: [&str; 4] = [
    "crates/server/src/store/",
    "migrations/src/",
    // Databases of the tests' own, one for each case.
    "crates/server/tests/",
    // Fills a database with rows by the hundred thousand, which is not what the store is for.
    "crates/bench/src/",
];

/// Where each program may print, by the folder of its crate.
const PRINTING: [(&str, &[&str]); 2] = [
    ("crates/cli/src/", &["crates/cli/src/output.rs"]),
    ("crates/server/src/", &["crates/server/src/admin/", "crates/server/src/main.rs"]),
];

const PRINTING_MACROS: [&str; 5] = ["dbg", "eprint", "eprintln", "print", "println"];

const HTTP: &str = "crates/server/src/http/";

/// Files whose routes are not of the API, such as pages, and so not in the specification.
const PLAIN_ROUTES: [&str; 0] = [];

/// SeaORM and sqlx are named in the store and in the migrations alone.
pub(super) fn database_is_named_in_store_alone(repository: &Repository) -> Result<Vec<Violation>> {
    let outside = |source: &&Source| !DATABASE.iter().any(|place| source.path.starts_with(place));
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

/// Printing is done in one place of each program, where its rules (what goes to stdout, what to stderr) are kept.
pub(super) fn printing_stays_in_its_place(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for source in repository.sources() {
        let Some((_, places)) = PRINTING.iter().find(|(folder, _)| source.path.starts_with(folder)) else {
            continue;
        };
        if places.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        for found in source.macros.iter().filter(|found| PRINTING_MACROS.contains(&found.name.as_str())) {
            let message =
                format!("{}! here: print in {} only, or log with tracing", found.name, places.join(" and "));
            violations.push(Violation::new(&source.path, found.line, message));
        }
    }
    Ok(violations)
}

/// A route reaches the router through utoipa-axum's `routes!`, so that it cannot be missing in the specification.
pub(super) fn routes_are_registered_with_utoipa(repository: &Repository) -> Result<Vec<Violation>> {
    let sources = || repository.sources().iter().filter(|source| source.path.starts_with(HTTP));
    let registered: HashSet<&str> = sources().flat_map(|source| &source.routes).map(String::as_str).collect();
    let mut violations = Vec::new();
    for source in sources() {
        let is_plain = PLAIN_ROUTES.iter().any(|place| source.path.starts_with(place));
        // A path and a handler: axum's, and not a method of ours that routes a request.
        let is_registration = |found: &&MethodCall| found.name == "route" && found.arguments == 2;
        for found in source.methods.iter().filter(|found| is_registration(found) && !is_plain) {
            let message =
                "a route outside the specification: register it with OpenApiRouter::routes(routes!(…))";
            violations.push(Violation::new(&source.path, found.line, message));
        }
        for function in source.functions.iter().filter(|function| function.is_route) {
            if !registered.contains(function.name.as_str()) {
                let message =
                    format!("{} is described but never registered: name it in routes!(…)", function.name);
                violations.push(Violation::new(&source.path, function.line, message));
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

    #[test]
    fn printing_outside_its_place_is_found() {
        let code = "fn f() { println!(\"x\"); }\n#[cfg(test)]\nmod tests { fn g() { eprintln!(\"fine\"); } }";
        let repository = Repository::sample(&[
            ("crates/cli/src/api.rs", code),
            ("crates/cli/src/output.rs", code),
            ("crates/server/src/http/list.rs", code),
            ("crates/server/src/admin/key.rs", code),
            ("xtask/src/main.rs", code),
        ]);
        let files: Vec<String> =
            printing_stays_in_its_place(&repository).unwrap().into_iter().map(|found| found.file).collect();
        assert_eq!(files, ["crates/cli/src/api.rs", "crates/server/src/http/list.rs"]);
    }

    #[test]
    fn a_route_outside_the_specification_is_found() {
        let plain = "fn router() { Router::new().route(\"/x\", get(x)); self.route(request).await }";
        let repository = Repository::sample(&[("crates/server/src/http/x.rs", plain)]);
        assert_eq!(routes_are_registered_with_utoipa(&repository).unwrap().len(), 1);
    }

    #[test]
    fn a_described_handler_must_be_registered() {
        let handler = ("crates/server/src/http/list.rs", "#[utoipa::path(get)]\npub async fn list() {}");
        let router =
            ("crates/server/src/http/mod.rs", "fn r() { OpenApiRouter::new().routes(routes!(list::list)) }");
        let forgotten = routes_are_registered_with_utoipa(&Repository::sample(&[handler])).unwrap();
        assert_eq!(forgotten.len(), 1);
        assert!(forgotten[0].message.starts_with("list is described"));
        assert_eq!(routes_are_registered_with_utoipa(&Repository::sample(&[handler, router])).unwrap(), []);
    }
}
