//! What documents point to is there.
//!
//! Ours, as rustdoc looks at the links of code alone, and no tool knows that a name in backticks is a path of the
//! repository.

use std::collections::HashMap;

use anyhow::Result;

use super::markdown::lines_outside_code;
use super::repository::{Repository, TextFile};
use super::violation::Violation;

/// How a path of the repository begins, where documents name one in backticks.
const FOLDERS: [&str; 4] = ["crates/", "docs/", "migrations/", "xtask/"];

/// Relative links lead to a file, and to a heading of it; and paths in backticks exist. Code blocks are left alone.
pub(super) fn links_lead_somewhere(repository: &Repository) -> Result<Vec<Violation>> {
    let documents = repository.files().iter().filter(|file| file.path.ends_with(".md"));
    let anchors: HashMap<&str, Vec<String>> =
        documents.clone().map(|file| (file.path.as_str(), anchors(&file.text))).collect();
    let mut violations = Vec::new();
    for file in documents {
        for (number, line) in lines_outside_code(&file.text) {
            let dead = links(line).filter_map(|link| fault(repository, &anchors, file, link));
            let missing = paths_in_backticks(line)
                .filter(|path| !repository.has(path.trim_end_matches('/')))
                .map(|path| format!("names {path}, which is not there"));
            violations.extend(dead.chain(missing).map(|fault| Violation::new(&file.path, number, fault)));
        }
    }
    Ok(violations)
}

/// The targets of the links that begin in a line, all but those to elsewhere.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    // A path from the root is one of the server, and not of the repository.
    targets.filter(|target| !target.contains(':') && !target.starts_with('/'))
}

fn fault(
    repository: &Repository,
    anchors: &HashMap<&str, Vec<String>>,
    file: &TextFile,
    link: &str,
) -> Option<String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { file.path.clone() } else { beside(&file.path, path) };
    if !repository.has(&target) {
        return Some(format!("links to {link}, which is not there"));
    }
    let headings = anchors.get(target.as_str()).filter(|_| !anchor.is_empty())?;
    (!headings.iter().any(|heading| heading == anchor))
        .then(|| format!("links to {link}: {target} has no heading of that name"))
}

/// A path relative to a file, from the root.
fn beside(file: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The paths of the repository that a line names in backticks; none that stands for many, such as `docs/NAME.md`.
fn paths_in_backticks(line: &str) -> impl Iterator<Item = &str> {
    let is_path = |text: &&str| {
        FOLDERS.iter().any(|folder| text.starts_with(folder))
            && text.chars().all(|one| one.is_ascii_alphanumeric() || "/._-".contains(one))
    };
    line.split('`').skip(1).step_by(2).filter(is_path).filter(|path| !path.split('/').any(is_placeholder))
}

fn is_placeholder(part: &str) -> bool {
    let letters: Vec<char> = part.chars().collect();
    part != "README.md" && letters.windows(2).any(|pair| pair.iter().all(char::is_ascii_uppercase))
}

/// How the headings of a document are linked to, by GitHub's rules: in small letters, blanks as hyphens, other
/// punctuation left out, and `-1`, `-2`, … after what was there before.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let headings = lines_outside_code(text).into_iter().filter_map(|(_, line)| {
        let (marks, heading) = line.split_once(' ')?;
        (!marks.is_empty() && marks.chars().all(|mark| mark == '#')).then(|| slug(heading.trim()))
    });
    headings
        .map(|slug| {
            let count = seen.entry(slug.clone()).or_default();
            *count += 1;
            if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
        })
        .collect()
}

fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|one| one.is_alphanumeric() || " -_".contains(*one));
    kept.map(|one| if one == ' ' { '-' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let violations = links_lead_somewhere(&Repository::sample(files)).unwrap();
        violations.into_iter().map(|one| format!("{}:{} {}", one.file, one.line, one.message)).collect()
    }

    #[test]
    fn a_dead_link_is_found_and_a_living_one_is_not() {
        let files = [
            ("README.md", "[a](docs/a.md) [docs](docs/)\n[gone](docs/gone.md) [web](https://example.com/x)"),
            (
                "docs/a.md",
                "up [there](../README.md), [beside](b.md) and [on the server](/docs)\n```\n[x](y)\n```",
            ),
        ];
        assert_eq!(
            found(&files),
            [
                "README.md:2 links to docs/gone.md, which is not there",
                "docs/a.md:1 links to b.md, which is not there",
            ]
        );
    }

    #[test]
    fn a_dead_anchor_is_found_and_a_living_one_is_not() {
        let target =
            "# The `riq` command, in short\n## Twice\n## Twice\n### … a route\n```sh\n# no heading\n```";
        let living =
            "[a](b.md#the-riq-command-in-short) [b](b.md#twice-1) [c](b.md#-a-route) [d](#own)\n# Own";
        assert_eq!(found(&[("docs/a.md", living), ("docs/b.md", target)]), [""; 0]);
        let dead = "[a](b.md#no-heading) [b](#other)";
        assert_eq!(
            found(&[("docs/a.md", dead), ("docs/b.md", target)]),
            [
                "docs/a.md:1 links to b.md#no-heading: docs/b.md has no heading of that name",
                "docs/a.md:1 links to #other: docs/a.md has no heading of that name",
            ]
        );
    }

    #[test]
    fn a_path_that_is_not_there_is_found() {
        let text = "`crates/a/src/lib.rs`, `crates/a/` and `docs/README.md` are there.\n\
             `crates/a/src/gone.rs` is not, `docs/NAME.md` and `crates/{a,b}/` are patterns, crates/c is no code.";
        let files = [("docs/README.md", text), ("crates/a/src/lib.rs", "")];
        assert_eq!(found(&files), ["docs/README.md:2 names crates/a/src/gone.rs, which is not there"]);
    }
}
