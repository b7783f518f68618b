//! What a provider file keeps beside the tokens: `[[auth.oauth.kept]]` and its like.

use std::collections::BTreeSet;

use super::values::{mismatch, pattern, pointer, unique_name};
use crate::catalog::field::Pattern;
use crate::catalog::file::KeptTable;
use crate::catalog::oauth::{KeptField, KeptPlace};
use crate::catalog::problems::Problems;
use crate::pasted::Kind;

/// Names that every credential with tokens uses, so no other field may take them.
pub(super) const RESERVED_NAMES: [&str; 3] = ["access_token", "refresh_token", "expires_at"];

/// Parameters of the redirect back that the server itself reads (RFC 6749, section 4.1.2; RFC 9207).
pub(super) const OF_A_RESPONSE: [&str; 6] =
    ["code", "error", "error_description", "error_uri", "iss", "state"];

/// The only table that has a redirect back.
const WITH_REDIRECT: &str = "auth.0.oauth";

/// Reads where a kept field comes from. `place` is the path of the table that has the list, `path` that of the field.
pub(super) type ReadPlace =
    fn(table: &KeptTable, path: &str, place: &str, problems: &mut Problems) -> Option<KeptPlace>;

/// Reads what is kept beside the tokens. `place` is the path of the table that has the list, `others` are the fields
/// that are kept besides. Returns what each of the list is, as far as it could be read.
pub(super) fn kept_fields(
    place: &str,
    tables: Vec<KeptTable>,
    others: &[KeptField],
    read_place: ReadPlace,
    problems: &mut Problems,
) -> Vec<Option<KeptField>> {
    let mut seen: BTreeSet<String> = others.iter().map(|other| other.name.clone()).collect();
    let read = tables.into_iter().enumerate().map(|(index, table)| {
        let path = format!("{place}.kept.{index}");
        unique_name(&table.name, &format!("{path}.name"), &mut seen, problems);
        let from = read_place(&table, &path, place, problems);
        kept_field(table, from, &path, problems)
    });
    read.collect()
}

/// Reads where a field of the tokens comes from. Anybody can write the address of a redirect, so what comes from one
/// has a pattern.
pub(super) fn of_tokens(
    table: &KeptTable,
    path: &str,
    place: &str,
    problems: &mut Problems,
) -> Option<KeptPlace> {
    match (&table.pointer, &table.parameter) {
        (Some(text), None) => pointer(&format!("{path}.pointer"), text, problems).map(KeptPlace::Answer),
        (None, Some(name)) => {
            let path = format!("{path}.parameter");
            if place != WITH_REDIRECT {
                problems.add(&path, "there is no redirect back: only `oauth` has one");
            }
            if name.is_empty() || OF_A_RESPONSE.contains(&name.as_str()) {
                problems.add(&path, format!("`{name}` is read by the server itself"));
            }
            if table.pattern.is_none() {
                problems.add(&path, "needs `pattern`: anybody can write such an address");
            }
            Some(KeptPlace::Redirect(name.clone()))
        }
        _ => {
            let message =
                "needs `pointer`, a place in the token answer, or `parameter`, one of the redirect back";
            problems.add(path, message);
            None
        }
    }
}

/// Reads where a field of what was chosen comes from.
pub(super) fn of_choice(
    table: &KeptTable,
    path: &str,
    _: &str,
    problems: &mut Problems,
) -> Option<KeptPlace> {
    match (&table.pointer, &table.parameter) {
        (Some(text), None) => pointer(&format!("{path}.pointer"), text, problems).map(KeptPlace::Choice),
        _ => {
            problems.add(path, "needs `pointer`, a place in the item that was chosen");
            None
        }
    }
}

/// Reads a kept field that comes from `place`.
fn kept_field(
    table: KeptTable,
    place: Option<KeptPlace>,
    path: &str,
    problems: &mut Problems,
) -> Option<KeptField> {
    if RESERVED_NAMES.contains(&table.name.as_str()) {
        problems.add(
            format!("{path}.name"),
            format!("`{}` is reserved: every credential with tokens uses it", table.name),
        );
    }
    mismatch(path, table.mismatch.as_deref(), table.pattern.is_some(), problems);
    let pattern = table.pattern.map(|text| pattern(&format!("{path}.pattern"), &text, problems));
    for (name, value) in [("example", &table.example), ("default", &table.default)] {
        if let (Some(Some(pattern)), Some(value)) = (&pattern, value)
            && !pattern.matches(value)
        {
            problems.add(format!("{path}.{name}"), "does not match the pattern");
        }
    }
    if table.required && table.default.is_some() {
        problems.add(format!("{path}.default"), "a required field cannot have a default");
    }
    Some(KeptField {
        name: table.name,
        place: place?,
        pattern: pattern.map(|pattern| pattern.unwrap_or_else(Pattern::nothing)),
        mismatch: table.mismatch,
        kind: Kind::Plain,
        example: table.example,
        default: table.default,
        required: table.required,
    })
}
