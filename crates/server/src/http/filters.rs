//! Reads the parameters of lists, and collects everything that is wrong with them.

use std::{ops::RangeInclusive, str::FromStr};

use integrations_core::{issue::Issue, words::UnknownWord};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::edge::failure::Failure;

/// How many entries a page has if the request does not say.
const USUAL_LIMIT: u16 = 50;
/// The most that a page may have.
const MOST: u16 = 200;

/// Reads one parameter, if it is given. What is wrong with it is added to `issues`.
pub(super) fn one<T>(
    issues: &mut Vec<Issue>,
    name: &str,
    text: Option<String>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let value = read(&text?);
    value.map_err(|message| issues.push(Issue::new(format!("query.{name}"), message))).ok()
}

/// Reads one of a closed list of words. The error names them.
pub(super) fn word<T: FromStr<Err = UnknownWord>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: UnknownWord| error.to_string())
}

/// Reads how many entries a page may have.
pub(super) fn page_limit(issues: &mut Vec<Issue>, text: Option<String>) -> u16 {
    one(issues, "limit", text, |text| number(text, 1..=MOST)).unwrap_or(USUAL_LIMIT)
}

/// What was read of a query, or everything that is wrong with it.
pub(super) fn all_read<T>(read: T, issues: Vec<Issue>) -> Result<T, Failure> {
    if issues.is_empty() { Ok(read) } else { Err(refused(issues)) }
}

/// A query with which all this is wrong.
pub(super) fn refused(issues: Vec<Issue>) -> Failure {
    Failure::invalid("Invalid query", issues)
}

/// Reads a number of a range, written without sign and leading zeros.
pub(super) fn number(text: &str, range: RangeInclusive<u16>) -> Result<u16, String> {
    let is_plain = |number: &u16| range.contains(number) && number.to_string() == text;
    let number = text.parse().ok().filter(is_plain);
    number.ok_or_else(|| format!("Expected a number from {} to {}", range.start(), range.end()))
}

/// Reads a time.
pub(super) fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        let with_plus = text.rsplit_once(' ').map(|(time, offset)| format!("{time}+{offset}"));
        if with_plus.is_some_and(|text| OffsetDateTime::parse(&text, &Rfc3339).is_ok()) {
            return "The + of the offset arrived as a space: write it as %2B in an address, or give the time in UTC \
                    with a Z"
                .to_owned();
        }
        "Must be a date and time as RFC 3339 writes it, for example 2026-05-17T17:55:00Z".to_owned()
    })
}
