//! The settings of an integration: the provider's JSON Schema, and the merge patch that changes them.

use std::collections::BTreeMap;

use jsonschema::{Draft, ValidationError, Validator, error::TypeKind, error::ValidationErrorKind};
use serde_json::{Map, Value};

use crate::issue::{Issue, join};
use crate::pasted::{Kind, Surroundings};

/// The most bytes that an integration's settings may take as JSON.
pub const MAX_SETTINGS_BYTES: usize = 64 * 1024;

/// How many levels of arrays and objects an integration's settings may have, the outermost included. A JSON reader
/// takes 127 levels, and a request is one level around its settings.
const MAX_SETTINGS_DEPTH: usize = 126;

/// Applies a JSON merge patch (RFC 7396, section 2): objects merge by key, `null` removes, anything else replaces.
///
/// The recursion is as deep as the patch. [`crate::json::parse`] limits the depth.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.shift_remove(key);
        } else {
            merge_patch(target.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// A provider's settings as JSON Schema (draft 2020-12), compiled once.
///
/// The schema is an object with `additionalProperties: false` and without `required`: every setting is optional, and
/// unknown settings are refused. `writeOnly: true` on a property of type `string` marks a secret, which is stored
/// encrypted and never shown again.
#[derive(Debug)]
pub struct SettingsSchema {
    schema: Value,
    validator: Validator,
    secrets: Vec<String>,
    texts: BTreeMap<String, Text>,
    notes: BTreeMap<String, SettingNotes>,
    retired: Vec<String>,
}

/// What a provider's file says of a setting beside its schema.
#[derive(Clone, Debug, Default)]
pub struct SettingNotes {
    /// What is expected, in words. A setting with a pattern always has it.
    pub mismatch: Option<String>,
    /// Longer texts that people paste in place of the value.
    pub found_in: Vec<Surroundings>,
}

/// A setting that is text, or a list of texts.
#[derive(Debug)]
struct Text {
    kind: Kind,
    /// The schema of the one text.
    validator: Validator,
}

impl SettingsSchema {
    /// Compiles `schema`. The error says in one sentence what is wrong with it.
    pub fn new(schema: Value) -> Result<Self, String> {
        let root = schema.as_object().ok_or("the settings schema must be an object")?;
        if root.get("type") != Some(&Value::from("object")) {
            return Err("the settings schema must have type \"object\"".into());
        }
        if root.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err("the settings schema must have additionalProperties = false".into());
        }
        if root.contains_key("required") {
            return Err("settings are all optional: the schema must not have \"required\"".into());
        }
        let secrets = secret_properties(root)?;
        let validator = compile(&schema)?;
        let texts = texts(root)?;
        Ok(Self { schema, validator, secrets, texts, notes: BTreeMap::new(), retired: Vec::new() })
    }

    /// The same schema with notes on its settings, by name.
    #[must_use]
    pub fn with_notes(self, notes: BTreeMap<String, SettingNotes>) -> Self {
        Self { notes, ..self }
    }

    /// The same schema with names of settings that have no meaning any more. None of them is in the schema.
    #[must_use]
    pub fn with_retired(self, retired: Vec<String>) -> Self {
        Self { retired, ..self }
    }

    /// Drops what has no meaning any more. Programs and stored settings may still have it.
    pub fn drop_retired(&self, settings: &mut Map<String, Value>) {
        settings.retain(|name, _| !self.retired.contains(name));
    }

    /// The schema as JSON.
    pub fn as_value(&self) -> &Value {
        &self.schema
    }

    /// Whether the setting `name` is a secret (`writeOnly`).
    pub fn is_secret(&self, name: &str) -> bool {
        self.secrets.iter().any(|secret| secret == name)
    }

    /// Takes off what was pasted around the texts of `settings`, by what each is.
    pub fn normalise(&self, settings: &mut Map<String, Value>) {
        for (name, value) in settings {
            let Some(text) = self.texts.get(name) else { continue };
            let found_in = self.notes.get(name).map(|notes| notes.found_in.as_slice()).unwrap_or_default();
            let items = match value {
                Value::Array(items) => items.as_mut_slice(),
                one => std::slice::from_mut(one),
            };
            for item in items {
                if let Value::String(pasted) = item {
                    *pasted = text.kind.read(pasted, found_in, |text| self.is_valid(name, text));
                }
            }
        }
    }

    fn is_valid(&self, name: &str, text: &str) -> bool {
        self.texts.get(name).is_some_and(|one| one.validator.is_valid(&Value::from(text)))
    }

    /// Returns everything that is wrong with complete `settings`, with paths that begin with `settings`.
    pub fn check(&self, settings: &Map<String, Value>) -> Vec<Issue> {
        let instance = Value::Object(settings.clone());
        let mut issues: Vec<Issue> =
            self.validator.iter_errors(&instance).flat_map(|e| self.describe(&e)).collect();
        if serde_json::to_vec(&instance).map_or(0, |json| json.len()) > MAX_SETTINGS_BYTES {
            issues
                .push(Issue::new("settings", format!("Must not be larger than {MAX_SETTINGS_BYTES} bytes")));
        }
        if depth(&instance) > MAX_SETTINGS_DEPTH {
            issues.push(Issue::new(
                "settings",
                format!("Must not be nested deeper than {MAX_SETTINGS_DEPTH} levels"),
            ));
        }
        issues.sort();
        issues.dedup();
        issues
    }

    fn describe(&self, error: &ValidationError<'_>) -> Vec<Issue> {
        let path = dotted(error.instance_path().as_str());
        let notes = self.notes.get(path.split('.').next().unwrap_or_default());
        describe(error, notes.and_then(|notes| notes.mismatch.as_deref()))
    }

    /// Splits complete settings into those that may be shown and the secret ones.
    pub fn split(&self, settings: Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
        settings.into_iter().partition(|(name, _)| !self.is_secret(name))
    }
}

fn secret_properties(root: &Map<String, Value>) -> Result<Vec<String>, String> {
    let mut secrets = Vec::new();
    for (name, property) in root.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if property.get("writeOnly") == Some(&Value::Bool(true)) {
            if property.get("type") != Some(&Value::from("string")) {
                return Err(format!("the secret setting \"{name}\" must have type \"string\""));
            }
            secrets.push(name.clone());
        } else if mentions_write_only(property) {
            return Err(format!(
                "the setting \"{name}\" has writeOnly inside: only a whole setting can be secret"
            ));
        }
    }
    Ok(secrets)
}

fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options().with_draft(Draft::Draft202012).build(schema).map_err(|error| error.to_string())
}

/// The properties that are texts or lists of texts, by name.
fn texts(root: &Map<String, Value>) -> Result<BTreeMap<String, Text>, String> {
    let mut texts = BTreeMap::new();
    for (name, property) in root.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let schema = if property["type"] == "array" { &property["items"] } else { property };
        if schema["type"] == "string" {
            texts.insert(name.clone(), Text { kind: kind(schema), validator: compile(schema)? });
        }
    }
    Ok(texts)
}

/// What a text is, by its schema.
fn kind(schema: &Value) -> Kind {
    let has_pattern = schema.get("pattern").is_some();
    match (schema["writeOnly"] == true, schema["format"].as_str()) {
        (true, _) if has_pattern => Kind::Secret,
        (true, _) => Kind::Passphrase,
        (false, Some("email")) => Kind::Email,
        (false, Some("hostname")) => Kind::Host,
        (false, _) if has_pattern || schema.get("enum").is_some() => Kind::Plain,
        (false, _) => Kind::Free,
    }
}

/// How many levels of arrays and objects a value has.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn mentions_write_only(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key("writeOnly") || map.values().any(mentions_write_only),
        Value::Array(items) => items.iter().any(mentions_write_only),
        _ => false,
    }
}

/// Words an error of the validator. The message never repeats the wrong value, which may be a secret, and never shows a
/// pattern: `mismatch` stands in its place.
fn describe(error: &ValidationError<'_>, mismatch: Option<&str>) -> Vec<Issue> {
    let path = join("settings", &dotted(error.instance_path().as_str()));
    let message = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unexpected.iter().map(|name| Issue::new(join(&path, name), "Unknown setting")).collect();
        }
        ValidationErrorKind::Type { kind } => format!("Expected {}", type_names(kind)),
        ValidationErrorKind::Enum { options } => format!("Expected one of {options}"),
        ValidationErrorKind::Constant { expected_value } => format!("Expected {expected_value}"),
        ValidationErrorKind::Minimum { limit } => format!("Must be {limit} or more"),
        ValidationErrorKind::Maximum { limit } => format!("Must be {limit} or less"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("Must be more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("Must be less than {limit}"),
        ValidationErrorKind::MinLength { limit } => format!("Must have {limit} characters or more"),
        ValidationErrorKind::MaxLength { limit } => format!("Must have {limit} characters or fewer"),
        ValidationErrorKind::MinItems { limit } => format!("Must have {limit} items or more"),
        ValidationErrorKind::MaxItems { limit } => format!("Must have {limit} items or fewer"),
        ValidationErrorKind::UniqueItems => "Items must differ from each other".to_owned(),
        ValidationErrorKind::Pattern { .. } => {
            mismatch.unwrap_or("Does not have the form that is expected").to_owned()
        }
        ValidationErrorKind::Format { format } => format!("Must be a valid {format}"),
        other => format!("Does not satisfy the schema's \"{}\"", other.keyword()),
    };
    vec![Issue::new(path, message)]
}

fn type_names(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(many) => many.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "),
    }
}

/// Converts a JSON pointer (RFC 6901) to a dotted path.
fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The test cases of RFC 7396, appendix A: original, patch, result.
    fn rfc_7396_appendix_a() -> Vec<(Value, Value, Value)> {
        vec![
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ]
    }

    #[test]
    fn merge_patch_agrees_with_the_rfcs_own_examples() {
        for (original, patch, result) in rfc_7396_appendix_a() {
            let mut target = original.clone();
            merge_patch(&mut target, &patch);
            assert_eq!(target, result, "{original} patched with {patch}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn holds_null_member(value: &Value) -> bool {
        value.as_object().is_some_and(|map| map.values().any(|v| v.is_null() || holds_null_member(v)))
    }

    proptest! {
        #[test]
        fn a_patch_applied_twice_is_a_patch_applied_once(original in any_json(), patch in any_json()) {
            let mut once = original;
            merge_patch(&mut once, &patch);
            let mut twice = once.clone();
            merge_patch(&mut twice, &patch);
            prop_assert_eq!(once, twice);
        }

        #[test]
        fn a_patch_onto_nothing_leaves_no_null_member(patch in any_json()) {
            let mut target = json!({});
            merge_patch(&mut target, &patch);
            prop_assert!(!holds_null_member(&target));
        }
    }

    fn schema() -> SettingsSchema {
        SettingsSchema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "refunds_enabled": {"type": "boolean"},
                "limit": {"type": "integer", "minimum": 0, "maximum": 100},
                "channels": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                "mode": {"enum": ["fast", "safe"]},
                "signing_secret": {"type": "string", "writeOnly": true, "minLength": 4}
            }
        }))
        .unwrap()
    }

    fn check(settings: Value) -> Vec<String> {
        schema().check(settings.as_object().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_issue_is_reported_with_its_path() {
        let issues = check(json!({
            "refunds_enabled": "yes", "limit": 101, "channels": ["a", 2, "c"], "mode": "odd", "colour": 1
        }));
        assert_eq!(
            issues,
            [
                "settings.channels: Must have 2 items or fewer",
                "settings.channels.1: Expected string",
                "settings.colour: Unknown setting",
                "settings.limit: Must be 100 or less",
                "settings.mode: Expected one of [\"fast\",\"safe\"]",
                "settings.refunds_enabled: Expected boolean",
            ]
        );
    }

    #[test]
    fn a_refused_secret_is_not_repeated() {
        let issues = check(json!({"signing_secret": "abc"}));
        assert_eq!(issues, ["settings.signing_secret: Must have 4 characters or more"]);
    }

    #[test]
    fn secrets_are_split_off() {
        let settings = json!({"limit": 1, "signing_secret": "abcd"});
        let (shown, secret) = schema().split(settings.as_object().unwrap().clone());
        assert_eq!(Value::Object(shown), json!({"limit": 1}));
        assert_eq!(Value::Object(secret), json!({"signing_secret": "abcd"}));
    }

    #[test]
    fn settings_that_are_too_large_are_refused() {
        let schema = SettingsSchema::new(json!({
            "type": "object", "additionalProperties": false, "properties": {"text": {"type": "string"}}
        }))
        .unwrap();
        let settings = json!({"text": "x".repeat(MAX_SETTINGS_BYTES)});
        let issues = schema.check(settings.as_object().unwrap());
        assert_eq!(issues, [Issue::new("settings", "Must not be larger than 65536 bytes")]);
    }

    #[test]
    fn settings_that_could_not_be_read_again_are_refused() {
        let schema = SettingsSchema::new(json!({
            "type": "object", "additionalProperties": false, "properties": {"any": {}}
        }))
        .unwrap();
        let nested = |levels| (1..levels).fold(json!([]), |inner, _| json!([inner]));
        let check = |levels| schema.check(json!({"any": nested(levels)}).as_object().unwrap());
        assert_eq!(check(MAX_SETTINGS_DEPTH - 1), []);
        assert_eq!(
            check(MAX_SETTINGS_DEPTH),
            [Issue::new("settings", "Must not be nested deeper than 126 levels")]
        );
    }

    #[test]
    fn a_schema_outside_the_rules_is_refused() {
        for (schema, reason) in [
            (json!([]), "must be an object"),
            (json!({"type": "array"}), "must have type"),
            (json!({"type": "object"}), "additionalProperties"),
            (json!({"type": "object", "additionalProperties": false, "required": []}), "required"),
            (
                json!({"type": "object", "additionalProperties": false,
                       "properties": {"a": {"type": "boolean", "writeOnly": true}}}),
                "type \"string\"",
            ),
            (
                json!({"type": "object", "additionalProperties": false,
                       "properties": {"a": {"type": "array", "items": {"type": "string", "writeOnly": true}}}}),
                "only a whole setting",
            ),
            (
                json!({"type": "object", "additionalProperties": false, "properties": {"a": {"type": "sring"}}}),
                "sring",
            ),
        ] {
            let refusal = SettingsSchema::new(schema.clone()).unwrap_err();
            assert!(refusal.contains(reason), "{schema}: {refusal}");
        }
    }
}
