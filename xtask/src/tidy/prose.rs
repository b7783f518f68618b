//! Prose is wrapped.
//!
//! Checked here because rustfmt wraps comments only in its nightly builds, and does not change Markdown and TOML.

use anyhow::Result;

use super::markdown::lines_outside_code;
use super::repository::{Repository, TextFile};
use super::violation::Violation;

const COLUMNS: usize = 120;

/// Comments, and Markdown outside code blocks and tables, have at most 120 columns. A line that cannot be broken, such
/// as a URL, may be longer.
pub(super) fn lines_of_prose_are_short(repository: &Repository) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for file in repository.files() {
        let lines = match file.path.rsplit('.').next() {
            Some("md") => markdown(file),
            Some("rs") => comments(file, &["//"]),
            Some("toml" | "sh" | "yml" | "yaml") => comments(file, &["#"]),
            _ if file.path == ".ci/run" => comments(file, &["#"]),
            _ => Vec::new(),
        };
        let long =
            lines.into_iter().filter(|(_, line)| line.chars().count() > COLUMNS && can_be_broken(line));
        violations.extend(long.map(|(number, line)| {
            let message = format!("{} columns of prose, more than {COLUMNS}: wrap it", line.chars().count());
            Violation::new(&file.path, number, message)
        }));
    }
    Ok(violations)
}

/// The lines of prose of a Markdown file, with their numbers.
fn markdown(file: &TextFile) -> Vec<(usize, &str)> {
    let is_table = |line: &str| line.trim_start_matches([' ', '>']).starts_with('|');
    lines_outside_code(&file.text).into_iter().filter(|(_, line)| !is_table(line)).collect()
}

/// The lines that contain only a comment, with their numbers.
fn comments<'a>(file: &'a TextFile, markers: &[&str]) -> Vec<(usize, &'a str)> {
    let is_comment = |line: &str| markers.iter().any(|marker| line.trim_start().starts_with(marker));
    let lines = file.text.lines().enumerate();
    lines.filter(|(_, line)| is_comment(line)).map(|(at, line)| (at + 1, line)).collect()
}

/// Whether a line has a space at which it can be broken: after its marker and before the last allowed column.
fn can_be_broken(line: &str) -> bool {
    let mark = |character: char| matches!(character, ' ' | '/' | '!' | '#' | '-' | '*' | '>');
    let begun = line.chars().take_while(|character| mark(*character)).count();
    line.chars().take(COLUMNS + 1).skip(begun).any(|character| character == ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let found = lines_of_prose_are_short(&Repository::sample(&[(path, text)])).unwrap();
        found.into_iter().map(|found| found.line).collect()
    }

    fn long(columns: usize) -> String {
        format!("{}x", "word ".repeat(30))[..columns].to_owned()
    }

    #[test]
    fn prose_of_121_columns_is_found() {
        assert_eq!(lines("a.md", &format!("{}\n{}", long(120), long(121))), [2]);
        assert_eq!(lines("a.md", &"ü ".repeat(60)), [0; 0]);
    }

    #[test]
    fn code_and_tables_are_no_prose() {
        let long = long(130);
        assert_eq!(lines("a.md", &format!("```sh\n{long}\n```\n| {long} |\n{long}")), [5]);
    }

    #[test]
    fn comments_are_prose_and_code_is_not() {
        let long = long(118);
        assert_eq!(lines("a.rs", &format!("    // {long}\n/// {long}\nconst A: &str = \"{long}\";")), [1, 2]);
        assert_eq!(lines("a.toml", &format!("# {long}\na = \"{long}\"")), [0; 0]);
        assert_eq!(lines("a.toml", &format!("#   {long}")), [1]);
        assert_eq!(lines("a.js", &format!("// {long} {long}")), [0; 0]);
    }

    #[test]
    fn an_address_is_not_broken() {
        let address = "x".repeat(130);
        assert_eq!(lines("a.md", &format!("- <https://{address}>\nsee <https://{address}>")), [2]);
        assert_eq!(lines("a.rs", &format!("/// https://{address}")), [0; 0]);
    }
}
