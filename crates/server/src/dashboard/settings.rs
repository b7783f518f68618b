//! Settings as a form: the control for each setting of a JSON Schema, and the changes that a filled-in form requests.

use integrations_core::{
    catalog::Provider,
    issue::Issue,
    json::{self, JsonError},
};
use serde_json::{Map, Value};

use crate::edge::form::Form;

/// A setting of a provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// Its name in the settings.
    pub(crate) key: &'a str,
    /// Its name for people.
    pub(crate) title: &'a str,
    /// What it does.
    pub(crate) description: &'a str,
    /// The control that changes it.
    pub(crate) control: Control,
    /// Its schema.
    pub(crate) schema: &'a Value,
}

/// The controls that settings are changed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Text that is never shown again.
    Secret,
    /// Text on one line.
    Text,
    /// One of the schema's `enum`.
    Choice,
    /// On or off.
    Switch,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Texts, one per line.
    Lines,
    /// JSON, for settings that have no better control.
    Json,
}

/// The settings of a provider, in the order of its file.
pub(crate) fn of(provider: &Provider) -> impl Iterator<Item = Setting<'_>> {
    let properties = provider.settings.as_value()["properties"].as_object().into_iter().flatten();
    properties.map(|(key, schema)| Setting {
        key,
        title: schema["title"].as_str().unwrap_or(key),
        description: schema["description"].as_str().unwrap_or_default(),
        control: control(schema),
        schema,
    })
}

fn control(schema: &Value) -> Control {
    if schema["writeOnly"] == true {
        return Control::Secret;
    }
    let choices = schema["enum"].as_array();
    match schema["type"].as_str() {
        Some("string") if choices.is_some_and(|all| all.iter().all(Value::is_string)) => Control::Choice,
        Some("string") => Control::Text,
        Some("boolean") => Control::Switch,
        Some("integer") => Control::Integer,
        Some("number") => Control::Number,
        Some("array") if schema["items"]["type"] == "string" => Control::Lines,
        _ => Control::Json,
    }
}

impl Setting<'_> {
    /// The name of its field.
    pub(crate) fn field(&self) -> String {
        format!("settings.{}", self.key)
    }

    /// The name of the field that removes a secret.
    pub(crate) fn clearing_field(&self) -> String {
        format!("clear.{}", self.key)
    }

    /// Whether a switch is on: the stored value, or the default if none is stored.
    pub(crate) fn is_on(&self, stored: Option<&Value>) -> bool {
        stored.unwrap_or(&self.schema["default"]).as_bool().unwrap_or(false)
    }

    /// A stored value, as the text of its field.
    pub(crate) fn written(&self, stored: Option<&Value>) -> String {
        match stored {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) if self.control == Control::Lines => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
            }
            Some(other) => other.to_string(),
        }
    }

    /// The value that the form requests for this setting. `null` removes it. `None` leaves it unchanged.
    fn asked(&self, form: &Form, stored: Option<&Value>) -> Result<Option<Value>, Vec<Issue>> {
        let name = self.field();
        if self.control == Control::Switch {
            let is_on = form.is_ticked(&name);
            return Ok((is_on != self.is_on(stored)).then(|| is_on.into()));
        }
        let text = form.trimmed(&name);
        if self.control == Control::Secret {
            let clears = form.is_ticked(&self.clearing_field()).then_some(Value::Null);
            return Ok(if text.is_empty() { clears } else { Some(text.into()) });
        }
        if text.is_empty() {
            return Ok(stored.map(|_| Value::Null));
        }
        let asked = match self.control {
            Control::Integer => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            // Text that is not a number stays text, so that the schema's check reports it.
            Control::Number => {
                serde_json::from_str::<serde_json::Number>(text).map_or_else(|_| text.into(), Value::Number)
            }
            Control::Lines => text.lines().map(str::trim).filter(|line| !line.is_empty()).collect(),
            Control::Json => read_json(&name, text)?,
            Control::Text | Control::Choice | Control::Switch | Control::Secret => text.into(),
        };
        Ok((Some(&asked) != stored).then_some(asked))
    }
}

/// Reads JSON that was typed into a field, as strictly as the API reads a body.
pub(crate) fn read_json(field: &str, text: &str) -> Result<Value, Vec<Issue>> {
    json::parse(text.as_bytes()).map_err(|error| match error {
        JsonError::Syntax(message) => vec![Issue::new(field, format!("Not JSON: {message}"))],
        JsonError::Issues(issues) => issues.into_iter().map(|issue| issue.under(field)).collect(),
    })
}

/// The patch that changes the stored settings to those of a form. It contains only what differs.
pub(crate) fn patch(
    provider: &Provider,
    form: &Form,
    stored: &Map<String, Value>,
) -> Result<Value, Vec<Issue>> {
    let mut patch = Map::new();
    let mut issues = Vec::new();
    for setting in of(provider) {
        match setting.asked(form, stored.get(setting.key)) {
            Ok(asked) => patch.extend(asked.map(|asked| (setting.key.to_owned(), asked))),
            Err(found) => issues.extend(found),
        }
    }
    if issues.is_empty() { Ok(Value::Object(patch)) } else { Err(issues) }
}

#[cfg(test)]
mod tests {
    use integrations_core::{catalog::Catalog, settings::SettingsSchema};
    use serde_json::json;

    use super::*;

    const PROVIDER: &str = r#"
format = 2
key = "sample"
name = "Sample"
description = "A sample."
category = "support"
documentation_url = "https://sample.example/docs"
api_base_url = "https://api.sample.example"
[[auth]]
kind = "api_key"
[[auth.fields]]
key = "api_key"
label = "API key"
help = "The key."
[auth.request]
headers = { Authorization = "Bearer {api_key}" }
[probe]
method = "GET"
url = "https://api.sample.example/me"
good_statuses = [200]
refused_statuses = [401]
"#;

    /// A provider with a setting of each kind. A file has only those that its actions use.
    fn provider() -> Provider {
        let catalog = Catalog::default().with_files([("sample.toml".to_owned(), PROVIDER.to_owned())]);
        let shared = std::sync::Arc::clone(catalog.unwrap().get("sample").unwrap());
        let mut provider = std::sync::Arc::into_inner(shared).unwrap();
        let schema = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "text": {"type": "string"},
                "mode": {"type": "string", "enum": ["fast", "safe"], "default": "safe"},
                "wanted": {"type": "boolean", "default": true},
                "limit": {"type": "integer", "minimum": 1},
                "share": {"type": "number"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "rules": {"type": "object"},
                "secret": {"type": "string", "writeOnly": true},
            },
        });
        provider.settings = SettingsSchema::new(schema).unwrap().into();
        provider
    }

    fn asked<const N: usize>(fields: [(&str, &str); N], stored: Value) -> Value {
        patch(&provider(), &Form::from(fields), stored.as_object().unwrap()).unwrap()
    }

    #[test]
    fn every_kind_of_setting_has_its_control() {
        let provider = provider();
        let controls: Vec<Control> = of(&provider).map(|setting| setting.control).collect();
        use Control::*;
        assert_eq!(controls, [Text, Choice, Switch, Integer, Number, Lines, Json, Secret]);
    }

    #[test]
    fn a_form_that_is_sent_as_it_was_shown_asks_for_nothing() {
        let stored = json!({
            "text": "a", "mode": "fast", "wanted": false, "limit": 5, "share": 0.5, "tags": ["a", "b"], "rules": {"x": [1]}
        });
        let provider = provider();
        let written: Form = of(&provider)
            .filter(|setting| setting.control != Control::Switch)
            .map(|setting| (setting.field(), setting.written(stored.get(setting.key))))
            .collect();
        assert_eq!(patch(&provider, &written, stored.as_object().unwrap()), Ok(json!({})));
        assert_eq!(asked([("settings.wanted", "on")], json!({})), json!({}), "as it is by default");
    }

    #[test]
    fn changed_values_are_requested_and_emptied_ones_are_removed() {
        let fields = [
            ("settings.text", " b "),
            ("settings.mode", ""),
            ("settings.wanted", "on"),
            ("settings.limit", "7"),
            ("settings.share", "1.5"),
            ("settings.tags", "a\r\n\r\n c \r\n"),
            ("settings.rules", "{\"x\": 1}"),
            ("settings.secret", "hush"),
            ("clear.secret", "on"),
        ];
        let stored = json!({"text": "a", "mode": "fast", "wanted": false, "limit": 5});
        let expected = json!({
            "text": "b", "mode": null, "wanted": true, "limit": 7, "share": 1.5, "tags": ["a", "c"], "rules": {"x": 1},
            "secret": "hush"
        });
        assert_eq!(asked(fields, stored), expected);
        assert_eq!(asked([("clear.secret", "on")], json!({})), json!({"wanted": false, "secret": null}));
    }

    #[test]
    fn text_that_is_not_a_number_is_left_to_the_schema() {
        let asked = asked([("settings.limit", "five"), ("settings.wanted", "on")], json!({}));
        assert_eq!(asked, json!({"limit": "five"}));
    }

    #[test]
    fn invalid_json_is_reported_beside_its_field() {
        let issues = patch(&provider(), &Form::from([("settings.rules", "{")]), &Map::new()).unwrap_err();
        assert_eq!(issues[0].path, "settings.rules");
    }

    #[test]
    fn json_that_cannot_be_stored_is_reported_beside_its_field() {
        for text in ["{\"a\": \"\\u0000\"}", "{\"a\": 1, \"a\": 2}"] {
            let issues =
                patch(&provider(), &Form::from([("settings.rules", text)]), &Map::new()).unwrap_err();
            assert_eq!(issues[0].path, "settings.rules.a", "{text}");
        }
    }
}
