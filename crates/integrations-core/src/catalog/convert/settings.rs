//! The `[[settings]]` of a provider file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::values::{found_in, mismatch, to_json, unique_name};
use crate::catalog::file::SettingTable;
use crate::catalog::problems::Problems;
use crate::settings::{SettingNotes, SettingsSchema};

/// A setting as the actions of the file see it.
#[derive(Debug)]
pub(super) struct Declared {
    /// Its name.
    pub(super) key: String,
    /// Its type.
    pub(super) kind: SettingKind,
    /// Whether it has no meaning any more.
    pub(super) is_retired: bool,
    /// Whether it is stored encrypted and never shown.
    pub(super) is_secret: bool,
}

/// The type of a setting, as far as actions can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SettingKind {
    Boolean,
    Integer,
    Text,
    Texts,
    /// Secret, or of another type.
    Other,
}

impl SettingKind {
    fn of(property: &Value) -> Self {
        let is_secret = property.get("writeOnly").is_some();
        match (property["type"].as_str(), property["items"]["type"].as_str()) {
            (Some("boolean"), _) => Self::Boolean,
            (Some("integer"), _) => Self::Integer,
            (Some("string"), _) if !is_secret => Self::Text,
            (Some("array"), Some("string")) => Self::Texts,
            _ => Self::Other,
        }
    }

    /// The type in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Text => "a text that is not secret",
            Self::Texts => "a list of texts",
            Self::Other => "another type",
        }
    }
}

/// Reads the settings: the schema of those that have a meaning, and what the actions see of all of them.
pub(super) fn settings(
    tables: Vec<SettingTable>,
    problems: &mut Problems,
) -> (Option<SettingsSchema>, Vec<Declared>) {
    let mut seen = BTreeSet::new();
    let (mut properties, mut notes, mut declared) = (Map::new(), BTreeMap::new(), Vec::new());
    for (index, table) in tables.into_iter().enumerate() {
        let path = format!("settings.{index}");
        unique_name(&table.key, &format!("{path}.key"), &mut seen, problems);
        let property = property(&table, &path, problems);
        mismatch(&path, table.mismatch.as_deref(), has_pattern(&property), problems);
        let found_in = found_in(&path, &table.key, &table.found_in, problems);
        let kind = SettingKind::of(&property);
        let (is_retired, is_secret) = (table.retired, table.secret);
        declared.push(Declared { key: table.key.clone(), kind, is_retired, is_secret });
        if table.retired {
            continue;
        }
        notes.insert(table.key.clone(), SettingNotes { mismatch: table.mismatch, found_in });
        properties.insert(table.key, property);
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    let retired = declared.iter().filter(|one| one.is_retired).map(|one| one.key.clone()).collect();
    let schema = problems.ok("settings", SettingsSchema::new(schema));
    (schema.map(|schema| schema.with_notes(notes).with_retired(retired)), declared)
}

/// Whether a schema has a pattern anywhere.
fn has_pattern(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.contains_key("pattern") || map.values().any(has_pattern),
        Value::Array(items) => items.iter().any(has_pattern),
        _ => false,
    }
}

/// One setting's schema. It is checked by itself, so that an error gets its own line number.
fn property(table: &SettingTable, path: &str, problems: &mut Problems) -> Value {
    let mut property = Map::new();
    property.insert("title".into(), table.title.as_str().into());
    property.insert("description".into(), table.description.as_str().into());
    for (key, value) in &table.schema {
        match key.as_str() {
            "title" | "description" | "writeOnly" => {
                let instead = if key == "writeOnly" { "secret" } else { key };
                problems
                    .add(format!("{path}.schema.{key}"), format!("write it as `{instead}`, beside `schema`"));
            }
            _ => {
                let value = problems.ok(format!("{path}.schema.{key}"), to_json(value));
                property.insert(key.clone(), value.unwrap_or_default());
            }
        }
    }
    if table.secret {
        property.insert("writeOnly".into(), true.into());
    }
    if !property.contains_key("type") {
        problems.add(format!("{path}.schema"), "a setting needs a `type`");
    }
    let property = Value::Object(property);
    let alone =
        json!({"type": "object", "additionalProperties": false, "properties": {&table.key: &property}});
    if let Some(schema) = problems.ok(format!("{path}.schema"), SettingsSchema::new(alone)) {
        check_default(table, path, &property, &schema, problems);
    }
    property
}

fn check_default(
    table: &SettingTable,
    path: &str,
    property: &Value,
    schema: &SettingsSchema,
    problems: &mut Problems,
) {
    let Some(default) = property.get("default") else { return };
    let settings = Map::from_iter([(table.key.clone(), default.clone())]);
    for issue in schema.check(&settings) {
        problems
            .add(format!("{path}.schema.default"), format!("not a value of this setting: {}", issue.message));
    }
}
