//! integrations-core is pure: no I/O, no clock, no randomness, neither in its code nor in what it depends on.
//!
//! Checked here because cargo-deny looks at the dependencies of the whole workspace and not of one crate, and clippy
//! bans single functions and types but not modules of the standard library.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use riq_testing::process;
use serde_json::Value;

use super::repository::Repository;
use super::violation::Violation;
use crate::workspace;

const MANIFEST: &str = "crates/integrations-core/Cargo.toml";
const SOURCE: &str = "crates/integrations-core/src/";

/// The crates that integrations-core may depend on. They only compute.
const PURE: [&str; 22] = [
    "apollo-parser",
    "base64",
    "crc32fast",
    // Only checks signatures here: it makes no keys, so it needs no randomness.
    "ed25519-dalek",
    "encoding_rs",
    "hmac",
    "httpdate",
    "humantime",
    "jsonschema",
    "regex",
    "regex-syntax",
    "serde",
    "serde_json",
    "sha2",
    "strsim",
    // Compares secrets in constant time.
    "subtle",
    "thiserror",
    "time",
    "toml",
    "unicode-normalization",
    "url",
    // Optional: the feature `openapi` derives the specification from the wire types. It makes values and does no I/O.
    "utoipa",
];

/// The crates that must not be anywhere in its dependency tree.
const IMPURE: [&str; 7] = ["axum", "hyper", "rand", "reqwest", "sea-orm", "sqlx", "tokio"];

/// Prefixes of paths that do I/O or read a clock.
const OUTSIDE: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::time::SystemTime",
    "std::time::Instant",
    "SystemTime::now",
    "Instant::now",
];

/// `[dependencies]` has only crates from [`PURE`].
pub(super) fn dependencies_are_pure(repository: &Repository) -> Result<Vec<Violation>> {
    let Some(manifest) = repository.file(MANIFEST) else {
        return Ok(vec![Violation::new(MANIFEST, 0, "is missing")]);
    };
    let parsed: toml::Table = manifest.text.parse().with_context(|| format!("{MANIFEST} is not TOML"))?;
    let dependencies = parsed.get("dependencies").and_then(toml::Value::as_table);
    Ok(dependencies
        .into_iter()
        .flat_map(toml::Table::keys)
        .filter(|name| !PURE.contains(&name.as_str()))
        .map(|name| {
            let line = manifest.text.lines().position(|line| line.starts_with(name.as_str())).map_or(0, |at| at + 1);
            let message = format!(
                "integrations-core depends on {name}, which is not on its list of pure crates: do the work in the \
                 server and pass plain values to the domain, or add a crate that only computes to PURE in \
                 xtask/src/tidy/core.rs"
            );
            Violation::new(MANIFEST, line, message)
        })
        .collect())
}

/// No crate in its dependency tree does I/O, whatever the features of the listed crates.
pub(super) fn dependency_tree_has_no_io(_: &Repository) -> Result<Vec<Violation>> {
    let mut command = workspace::cargo();
    command.args(["metadata", "--format-version", "1"]);
    let metadata: Value =
        serde_json::from_str(&process::output(&mut command)?).context("cargo metadata is not JSON")?;
    impure_below(&metadata, "integrations-core")
}

fn impure_below(metadata: &Value, package: &str) -> Result<Vec<Violation>> {
    let names = names_by_id(metadata);
    let graph = normal_dependencies(metadata);
    let (start, _) = names
        .iter()
        .find(|(_, name)| **name == package)
        .with_context(|| format!("cargo does not know {package}"))?;
    let mut came_from: HashMap<&str, &str> = HashMap::new();
    let mut seen = HashSet::from([*start]);
    let mut open = vec![*start];
    let mut violations = Vec::new();
    while let Some(id) = open.pop() {
        for below in graph.get(id).into_iter().flatten() {
            if !seen.insert(below) {
                continue;
            }
            came_from.insert(below, id);
            open.push(below);
            let name = names.get(below).copied().unwrap_or(below);
            if IMPURE.contains(&name) {
                let way = way_to(below, &came_from, &names);
                violations.push(Violation::new(
                    MANIFEST,
                    0,
                    format!(
                        "integrations-core depends on {name} ({way}): switch off the feature that adds it"
                    ),
                ));
            }
        }
    }
    Ok(violations)
}

fn names_by_id(metadata: &Value) -> HashMap<&str, &str> {
    let packages = metadata["packages"].as_array();
    packages
        .into_iter()
        .flatten()
        .filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?)))
        .collect()
}

/// The dependencies of each package, without those for its tests and its build script.
fn normal_dependencies(metadata: &Value) -> HashMap<&str, Vec<&str>> {
    let is_normal = |dependency: &&Value| {
        dependency["dep_kinds"].as_array().is_none_or(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    };
    let nodes = metadata["resolve"]["nodes"].as_array();
    nodes
        .into_iter()
        .flatten()
        .filter_map(|node| {
            let below =
                node["deps"].as_array()?.iter().filter(is_normal).filter_map(|below| below["pkg"].as_str());
            Some((node["id"].as_str()?, below.collect()))
        })
        .collect()
}

fn way_to(id: &str, came_from: &HashMap<&str, &str>, names: &HashMap<&str, &str>) -> String {
    let mut way = vec![names.get(id).copied().unwrap_or(id)];
    let mut at = id;
    while let Some(above) = came_from.get(at) {
        way.push(names.get(above).copied().unwrap_or(above));
        at = above;
    }
    way.reverse();
    way.join(" → ")
}

/// Its code uses no file, network, environment variable or clock.
pub(super) fn source_has_no_io(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for source in repository.sources().iter().filter(|source| source.path.starts_with(SOURCE)) {
        for found in &source.paths {
            if OUTSIDE.iter().any(|outside| is_below(&found.path, outside)) {
                let message = format!(
                    "{} in the domain: take the value as an argument and read it in the server",
                    found.path
                );
                violations.push(Violation::new(&source.path, found.line, message));
            }
        }
    }
    Ok(violations)
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dependency_outside_the_list_is_named_with_its_line() {
        let repository =
            Repository::sample(&[(MANIFEST, "[dependencies]\nserde = \"1\"\ntokio.workspace = true\n")]);
        let violations = dependencies_are_pure(&repository).unwrap();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].line, 3);
        assert!(violations[0].message.contains("depends on tokio"));
    }

    #[test]
    fn what_only_tests_need_is_not_on_the_list() {
        let repository = Repository::sample(&[(
            MANIFEST,
            "[dependencies]\nserde = \"1\"\n[dev-dependencies]\nproptest = \"1\"\n",
        )]);
        assert_eq!(dependencies_are_pure(&repository).unwrap(), []);
    }

    fn metadata(kind: &Value) -> Value {
        json!({
            "packages": [
                {"id": "c", "name": "integrations-core"}, {"id": "s", "name": "jsonschema"}, {"id": "r", "name": "reqwest"},
            ],
            "resolve": {"nodes": [
                {"id": "c", "deps": [{"pkg": "s", "dep_kinds": [{"kind": null}]}]},
                {"id": "s", "deps": [{"pkg": "r", "dep_kinds": [{"kind": kind}]}]},
                {"id": "r", "deps": []},
            ]},
        })
    }

    #[test]
    fn io_below_a_pure_crate_is_named_with_the_way_to_it() {
        let violations = impure_below(&metadata(&Value::Null), "integrations-core").unwrap();
        assert_eq!(violations.len(), 1);
        assert!(violations[0].message.contains("integrations-core → jsonschema → reqwest"), "{violations:?}");
        assert_eq!(impure_below(&metadata(&json!("dev")), "integrations-core").unwrap(), []);
    }

    #[test]
    fn io_in_the_domain_s_code_is_found() {
        let code = "use std::{collections::BTreeMap, fs};\nfn f() { let t = std::time::Instant::now(); }\n\
                    fn g(i: Instant) {}\n#[cfg(test)]\nmod tests { use std::env; }";
        let repository =
            Repository::sample(&[("crates/integrations-core/src/a.rs", code), ("xtask/src/b.rs", code)]);
        let lines: Vec<usize> =
            source_has_no_io(&repository).unwrap().iter().map(|found| found.line).collect();
        assert_eq!(lines, [1, 2]);
    }

    #[test]
    fn a_path_is_not_below_one_whose_name_merely_begins_like_it() {
        assert!(is_below("std::fs::read", "std::fs") && is_below("std::fs", "std::fs"));
        assert!(!is_below("std::fsync", "std::fs"));
    }
}
