//! The fields of forms: of a connection and of a credential.

use std::collections::BTreeSet;

use super::values::{found_in, mismatch, pattern, unique_name};
use crate::catalog::field::{Choice, Field, OwnHosts, Pattern};
use crate::catalog::file::FieldTable;
use crate::catalog::problems::Problems;
use crate::pasted::Kind;

/// The fields of a form. Errors in a field are added to `problems`; the field is returned as far as it could be read.
pub(super) fn fields(tables: Vec<FieldTable>, path: &str, problems: &mut Problems) -> Vec<Field> {
    let mut seen = BTreeSet::new();
    let mut fields = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let path = format!("{path}.{index}");
        unique_name(&table.key, &format!("{path}.key"), &mut seen, problems);
        fields.push(field(table, &path, problems));
    }
    fields
}

fn field(table: FieldTable, path: &str, problems: &mut Problems) -> Field {
    let own_hosts = own_hosts(&table, path, problems);
    if table.pattern.is_some() && !table.options.is_empty() {
        problems.add(format!("{path}.pattern"), "a field can have a pattern or options, not both");
    }
    let pattern = table.pattern.map(|text| pattern(&format!("{path}.pattern"), &text, problems));
    let refused = matches!(pattern, Some(None));
    mismatch(path, table.mismatch.as_deref(), pattern.is_some() || table.host.is_some(), problems);
    let found_in = found_in(path, &table.key, &table.found_in, problems);
    let options = table.options.into_iter().map(|c| Choice { value: c.value, label: c.label }).collect();
    let field = Field {
        key: table.key,
        label: table.label,
        help: table.help,
        pattern: pattern.map(|pattern| pattern.unwrap_or_else(Pattern::nothing)),
        mismatch: table.mismatch,
        own_hosts,
        found_in,
        kind: Kind::Plain,
        options,
        secret: table.secret.unwrap_or(false),
        lines: table.lines,
        optional: table.optional || table.default.is_some(),
        default: table.default,
        prefix: table.prefix,
        suffix: table.suffix,
        example: table.example,
        found: false,
    };
    for (name, value) in [("default", &field.default), ("example", &field.example)] {
        if let (Some(value), false) = (value, refused) {
            let checked = match name {
                "example" if field.pattern.is_none() => field.check_example(value),
                _ => field.check(value),
            };
            problems
                .ok(format!("{path}.{name}"), checked.map_err(|e| format!("not a value of this field: {e}")));
        }
    }
    field
}

/// Reads whether a field names a host of the customer's own.
fn own_hosts(table: &FieldTable, path: &str, problems: &mut Problems) -> Option<OwnHosts> {
    if table.host.is_none() {
        if table.port {
            problems.add(format!("{path}.port"), "belongs to `host = \"operator_approved\"`");
        }
        return None;
    }
    if !table.options.is_empty() || table.lines {
        problems
            .add(format!("{path}.host"), "a host that the operator approves has neither options nor lines");
    }
    Some(OwnHosts { takes_port: table.port, ..OwnHosts::default() })
}
