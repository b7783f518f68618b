//! The JSON Schema of an action's input, for models and their clients.

use serde_json::{Map, Value, json};

use super::input::in_words;
use crate::catalog::action::{Action, ActionInput, Default, Shape, TextShape};

/// The schema of an action's input (JSON Schema 2020-12).
///
/// It has only what the models' interfaces all understand: types, descriptions, lists of values, members and items. The
/// descriptions tell the rest, and [`super::read_input`] checks it.
pub fn input_schema(action: &Action) -> Value {
    object(&action.inputs).into()
}

fn object(inputs: &[ActionInput]) -> Map<String, Value> {
    let properties: Map<String, Value> =
        inputs.iter().map(|input| (input.key.clone(), property(input))).collect();
    let required: Vec<&str> =
        inputs.iter().filter(|input| input.required).map(|input| input.key.as_str()).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn property(input: &ActionInput) -> Value {
    let mut schema = match &input.shape {
        Shape::Text(shape) => text(shape),
        Shape::Integer { .. } | Shape::Money { .. } => typed("integer"),
        Shape::Boolean => typed("boolean"),
        Shape::List { items, .. } => {
            let mut schema = typed("array");
            schema.insert("items".to_owned(), property(items));
            schema
        }
        Shape::Object(fields) => object(fields),
        Shape::Map { .. } => {
            let mut schema = typed("object");
            schema.insert("additionalProperties".to_owned(), json!({"type": "string"}));
            schema
        }
    };
    let description = description(input);
    if !description.is_empty() {
        schema.insert("description".to_owned(), description.into());
    }
    schema.into()
}

fn typed(name: &str) -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), name.into())])
}

fn text(shape: &TextShape) -> Map<String, Value> {
    let mut schema = typed("string");
    if !shape.options.is_empty() {
        schema.insert("enum".to_owned(), shape.options.clone().into());
    }
    schema
}

/// What the input is, and what the flat schema cannot say of it, in sentences.
fn description(input: &ActionInput) -> String {
    let mut sentences = vec![input.description.clone()];
    match &input.shape {
        Shape::Text(shape) => {
            sentences.extend(shape.mismatch.clone());
            sentences.extend(shape.format.map(|format| format!("Expected {}", in_words(format))));
        }
        Shape::Integer { minimum, maximum } => sentences.push(format!("From {minimum} to {maximum}")),
        Shape::Money { .. } => {
            sentences
                .push("An integer of the currency's smallest unit: 500 is 5.00 USD or 500 JPY".to_owned());
        }
        Shape::List { max_items, .. } => sentences.push(format!("1 to {max_items} items")),
        Shape::Map { max_members, .. } => sentences.push(format!("1 to {max_members} members")),
        Shape::Boolean | Shape::Object(_) => {}
    }
    match &input.default {
        Some(Default::Value(value)) => sentences.push(format!("{value} if left out")),
        Some(Default::Left(_)) => sentences.push("All that is left if left out".to_owned()),
        Some(Default::Setting(_)) | None => {}
    }
    let ended = |sentence: String| if sentence.ends_with('.') { sentence } else { format!("{sentence}.") };
    let sentences: Vec<String> = sentences.into_iter().filter(|one| !one.is_empty()).map(ended).collect();
    sentences.join(" ")
}
