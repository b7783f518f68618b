//! Errors in provider files, and where they are.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::names::AuthKind;

/// One thing wrong with a provider file. Reads as `acme.toml:12:5: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct ProviderFileError {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// Every error in a set of provider files, sorted by file and line. Never empty. Prints one line for each error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFileErrors(Vec<ProviderFileError>);

impl ProviderFileErrors {
    /// `Ok` if there are none.
    pub(super) fn check(mut errors: Vec<ProviderFileError>) -> Result<(), Self> {
        errors.sort();
        errors.dedup();
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// The errors.
    pub fn iter(&self) -> impl Iterator<Item = &ProviderFileError> {
        self.0.iter()
    }
}

impl fmt::Display for ProviderFileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for ProviderFileErrors {}

/// Collects the errors of a file while it is checked, by dotted path: `actions.2.default`.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<(String, String)>);

impl Problems {
    /// Adds an error about the value at `path`.
    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push((path.into(), message.into()));
    }

    /// Returns the value, or adds the error and returns `None`.
    pub(super) fn ok<T, E: fmt::Display>(
        &mut self,
        path: impl Into<String>,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add(path, error.to_string())).ok()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells what is wrong at `from`, and below it, at `to`.
    pub(super) fn move_to(&mut self, from: &str, to: &str) {
        for (path, _) in &mut self.0 {
            let rest = path.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('.'));
            if let Some(rest) = rest {
                *path = format!("{to}{rest}");
            }
        }
    }

    /// Adds what was found in each of several ways of one file, which have these kinds. What is wrong in all of them is
    /// told once; what is wrong in some, and not in the table of a way itself, is told with their kinds.
    pub(super) fn merge(&mut self, ways: Vec<Self>, kinds: &[AuthKind]) {
        let mut found: Vec<((String, String), Vec<AuthKind>)> = Vec::new();
        for (of_way, kind) in ways.into_iter().zip(kinds) {
            for problem in of_way.0 {
                match found.iter_mut().find(|(known, _)| *known == problem) {
                    Some((_, of)) if of.last() != Some(kind) => of.push(*kind),
                    Some(_) => {}
                    None => found.push((problem, vec![*kind])),
                }
            }
        }
        for ((path, message), of) in found {
            let message = match of.as_slice() {
                // Examples are tried by the first way alone.
                some if some.len() < kinds.len()
                    && !path.starts_with("auth.")
                    && !path.contains(".examples.") =>
                {
                    let some: Vec<String> = some.iter().map(|kind| format!("`{kind}`")).collect();
                    format!("{message} (by the way {})", some.join(", "))
                }
                _ => message,
            };
            self.0.push((path, message));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Turns each path into a line and column in `text`, the file's TOML.
    pub(super) fn locate(self, file: &str, text: &str) -> Vec<ProviderFileError> {
        let document = DeTable::parse(text).ok();
        let span = |path: &str| document.as_ref().map_or(0..0, |table| find(table, path));
        self.0.into_iter().map(|(path, message)| at(file, text, span(&path), message)).collect()
    }
}

/// Reads a value that may be left out. Returns `None` only if it was written and wrong.
#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
pub(super) fn optional<T>(written: Option<Option<T>>) -> Option<Option<T>> {
    written.map_or(Some(None), |right| right.map(Some))
}

/// An error at the beginning of a span of bytes.
pub(super) fn at(file: &str, text: &str, span: Range<usize>, message: String) -> ProviderFileError {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    ProviderFileError {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
        message,
    }
}

/// The span of the value at a dotted path, or of the deepest value on the path that exists.
fn find(root: &Spanned<DeTable<'_>>, path: &str) -> Range<usize> {
    let mut span = root.span();
    let mut steps = path.split('.');
    let first = steps.next().and_then(|step| root.get_ref().get(step));
    let mut current = first;
    while let Some(value) = current {
        span = value.span();
        current = steps.next().and_then(|step| child(value.get_ref(), step));
    }
    span
}

fn child<'v, 'i>(value: &'v DeValue<'i>, step: &str) -> Option<&'v Spanned<DeValue<'i>>> {
    match value {
        DeValue::Table(table) => table.get(step),
        DeValue::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
        _ => None,
    }
}
