//! No two files of a crate name each other, neither directly nor through other files.
//!
//! Checked here because neither rustc nor clippy finds circles within a crate.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::Result;

use super::modules::Crate;
use super::repository::Repository;
use super::violation::Violation;

/// For each file, the files that it names, with the line and the name.
pub(super) type Graph<'a> = BTreeMap<&'a str, BTreeMap<&'a str, (usize, String)>>;

/// The files of each crate can be put in an order in which each names only those before it.
pub(super) fn no_files_name_each_other(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for one in Crate::all(repository) {
        let mut graph = Graph::new();
        for arrow in one.arrows().into_iter().filter(|arrow| arrow.is_use) {
            let named = graph.entry(&arrow.from.path).or_default();
            named.entry(&arrow.to.path).or_insert((arrow.line, arrow.name));
        }
        violations.extend(circles(&graph).into_iter().map(|circle| violation(&graph, &circle)));
    }
    Ok(violations)
}

fn violation(graph: &Graph<'_>, circle: &[&str]) -> Violation {
    let (file, line, steps) = describe(graph, circle);
    let message =
        format!("files name each other: {steps}; move what they share to a file that names none of them");
    Violation::new(file, line, message)
}

/// The file and line where a circle begins, and its steps: `b.rs by c::d (line 3), a.rs by e::f (line 5)`.
pub(super) fn describe<'a>(graph: &Graph<'a>, circle: &[&'a str]) -> (&'a str, usize, String) {
    let next = circle.iter().cycle().skip(1);
    let steps: Vec<(&str, usize, &str)> = circle
        .iter()
        .zip(next)
        .filter_map(|(from, to)| graph.get(from)?.get(to).map(|(line, name)| (*to, *line, name.as_str())))
        .collect();
    let words: Vec<String> =
        steps.iter().map(|(to, line, name)| format!("{to} by {name} (line {line})")).collect();
    (
        circle.first().copied().unwrap_or_default(),
        steps.first().map_or(0, |(_, line, _)| *line),
        words.join(", "),
    )
}

/// For each group of files that reach each other, a shortest circle through its first file.
pub(super) fn circles<'a>(graph: &Graph<'a>) -> Vec<Vec<&'a str>> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut circles = Vec::new();
    for start in graph.keys().copied() {
        if done.contains(start) {
            continue;
        }
        let Some(circle) = shortest_way_round(graph, start) else { continue };
        done.extend(
            reachable(graph, start).into_iter().filter(|other| reachable(graph, other).contains(start)),
        );
        circles.push(circle);
    }
    circles
}

fn reachable<'a>(graph: &Graph<'a>, start: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = graph.get(start).into_iter().flat_map(BTreeMap::keys).copied().collect();
    while let Some(at) = open.pop() {
        if seen.insert(at) {
            open.extend(graph.get(at).into_iter().flat_map(BTreeMap::keys));
        }
    }
    seen
}

fn shortest_way_round<'a>(graph: &Graph<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for next in graph.get(at).into_iter().flat_map(BTreeMap::keys).copied() {
            if next == start {
                let mut way = vec![at];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, at);
                open.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: (&str, &str) = ("crates/a/src/lib.rs", "mod b;\nmod c;\nmod d;\npub use self::b::B;");

    fn found(files: &[(&str, &str)]) -> Vec<Violation> {
        no_files_name_each_other(&Repository::sample(files)).unwrap()
    }

    #[test]
    fn a_pair_that_names_each_other_is_found_once_with_what_ties_it() {
        let violations = found(&[
            ROOT,
            ("crates/a/src/b.rs", "use crate::c::C;\npub struct B;"),
            ("crates/a/src/c.rs", "pub struct C;\nfn f(_: super::B) {}"),
        ]);
        assert_eq!(violations.len(), 1);
        let Violation { file, line, message } = &violations[0];
        assert_eq!((file.as_str(), *line), ("crates/a/src/b.rs", 1));
        let ties = "crates/a/src/c.rs by c::C (line 1), crates/a/src/b.rs by B (line 2)";
        assert!(message.contains(ties), "{message}");
    }

    #[test]
    fn a_way_round_over_three_files_is_found() {
        let violations = found(&[
            ROOT,
            ("crates/a/src/b.rs", "use crate::c::C;\npub struct B;"),
            ("crates/a/src/c.rs", "pub struct C;\nuse crate::d::D;"),
            ("crates/a/src/d.rs", "pub struct D;\nfn f() { crate::b::B; }"),
        ]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].message.contains("crates/a/src/d.rs by d::D (line 2)"), "{violations:?}");
    }

    #[test]
    fn a_parent_that_declares_and_hands_on_is_no_way_round() {
        let violations = found(&[
            ("crates/a/src/lib.rs", "mod b;"),
            ("crates/a/src/b/mod.rs", "mod c;\npub use self::c::C;\npub struct Shared;"),
            (
                "crates/a/src/b/c.rs",
                "use super::Shared;\npub struct C;\n#[cfg(test)]\nmod tests { use crate::b::C; }",
            ),
        ]);
        assert_eq!(violations, []);
    }

    #[test]
    fn a_parent_that_uses_a_child_that_uses_it_is_one() {
        let violations = found(&[
            ("crates/a/src/main.rs", "mod b;\nfn main() { b::run() }\nstruct Shared;"),
            ("crates/a/src/b.rs", "use super::Shared;\npub fn run() {}"),
        ]);
        assert_eq!(violations.len(), 1);
    }
}
