//! The form of a provider's settings.

use integrations_core::integration::Integration;
use maud::{Markup, html};
use serde_json::Value;

use super::{
    field::{Field, Number, Presence, Text},
    provider_page::RefusedForm,
};
use crate::dashboard::settings::{Control, Setting};

/// Renders the control of one setting. `refused` is the form, if it was sent and refused.
pub(crate) fn control(
    setting: &Setting<'_>,
    integration: &Integration,
    refused: Option<&RefusedForm>,
) -> Markup {
    let name = setting.field();
    let help = help(setting);
    let field = Field {
        name: &name,
        label: setting.title,
        help: Some(&help),
        problem: refused.and_then(|refused| refused.problem(&name)),
        presence: Presence::Free,
    };
    let stored = integration.settings.get(setting.key);
    let typed = refused.map(|refused| refused.typed.get(&name).unwrap_or_default().to_owned());
    let value = typed.unwrap_or_else(|| setting.written(stored));
    match setting.control {
        Control::Secret => secret(setting, &field, integration),
        Control::Switch => {
            let is_on =
                refused.map_or_else(|| setting.is_on(stored), |refused| refused.typed.is_ticked(&name));
            field.switch(is_on, false, &html! {})
        }
        Control::Choice => {
            field.choice(&value, choices(setting).iter().map(|(value, label)| (*value, label.as_str())))
        }
        Control::Text => {
            // A browser cuts what is pasted at the most characters, before anything around the value is taken off.
            let is_free = setting.schema.get("pattern").is_none() && setting.schema.get("format").is_none();
            let longest = setting.schema["maxLength"].as_u64().filter(|_| is_free);
            let example = default(setting);
            field.text(&Text { value: &value, example: example.as_deref(), longest, ..Text::default() })
        }
        Control::Integer | Control::Number => {
            let limit =
                |name: &str| Some(&setting.schema[name]).filter(|one| one.is_number()).map(Value::to_string);
            let (least, most, example) = (limit("minimum"), limit("maximum"), default(setting));
            field.number(&Number {
                value: &value,
                example: example.as_deref(),
                least: least.as_deref(),
                most: most.as_deref(),
                is_whole: setting.control == Control::Integer,
            })
        }
        Control::Lines | Control::Json => field.lines(&value, 4),
    }
}

fn help(setting: &Setting<'_>) -> String {
    let how = match setting.control {
        Control::Lines => " One per line.",
        Control::Json => " As JSON.",
        _ => "",
    };
    format!("{}{how}", setting.description)
}

/// The default value, which is the placeholder of an empty input.
fn default(setting: &Setting<'_>) -> Option<String> {
    let default = &setting.schema["default"];
    (!default.is_null()).then(|| setting.written(Some(default)))
}

fn choices<'a>(setting: &Setting<'a>) -> Vec<(&'a str, String)> {
    let unset = match setting.schema["default"].as_str() {
        Some(default) => format!("Default: {}", spelt_out(default)),
        None => "Not set".to_owned(),
    };
    let values = setting.schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    [("", unset)].into_iter().chain(values.map(|value| (value, spelt_out(value)))).collect()
}

/// A word of a schema, written for people: `requested_by_customer` is `Requested by customer`.
fn spelt_out(word: &str) -> String {
    let spaced = word.replace(['_', '-'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Shows only whether a secret is set.
fn secret(setting: &Setting<'_>, field: &Field<'_>, integration: &Integration) -> Markup {
    let stored = integration.secret_settings.opened();
    let clearing = setting.clearing_field();
    html! {
        (field.secret())
        div.secret-state {
            @if stored.is_none() {
                span {
                    "The stored secret settings cannot be opened, so settings cannot be changed here: the operator \
                     of this server must give it the right encryption key. Disconnecting removes them."
                }
            } @else if stored.is_some_and(|stored| stored.contains_key(setting.key)) {
                span { "A value is set. Leave the field empty to keep it." }
                label.tick for=(clearing) { input type="checkbox" id=(clearing) name=(clearing) value="on"; "Remove it" }
            } @else {
                span { "Not set." }
            }
        }
    }
}
