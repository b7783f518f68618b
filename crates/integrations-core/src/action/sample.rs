//! Actions and their parts for tests.

use serde_json::{Map, Value};

use crate::catalog::action::{
    Action, ActionInput, AnswerForm, AnswerRules, Body, Condition, Default, Expected, Guard, Kept,
    MoneyCurrency, MoneyUnit, Otherwise, Placeholder, Quoting, RequestTemplate, Shape, Source, Subject, Test,
    TextPart, TextShape, TextTemplate,
};
use crate::catalog::{ActionKind, JsonPointer, Method};

/// A destructive action with a JSON answer that succeeded if it has an `/id`.
pub(super) fn action(inputs: Vec<ActionInput>) -> Action {
    Action {
        key: "issue_refund".into(),
        label: "Issue a refund".into(),
        description: "Pays back a charge.".into(),
        kind: ActionKind::Destructive,
        allowed_by_default: false,
        inputs,
        evidence: Vec::new(),
        steps: Vec::new(),
        request: request(Method::Post, "/v1/refunds", Body::None),
        result: rules(),
        resolve: None,
        message: None,
        guards: Vec::new(),
        also: Vec::new(),
        proof: Vec::new(),
        examples: Vec::new(),
    }
}

pub(super) fn rules() -> AnswerRules {
    AnswerRules {
        form: AnswerForm::Json,
        statuses: Vec::new(),
        keep: vec![kept("id", "/id", false)],
        cursor: None,
        succeeded_when: vec![condition("/id", Expected::Present)],
        accepted_when: Vec::new(),
        failed_when: Vec::new(),
        unknown_when: Vec::new(),
        done_when: Vec::new(),
        error: vec![pointer("/error/message")],
        unknown_statuses: Vec::new(),
        nothing_done_statuses: Vec::new(),
    }
}

pub(super) fn pointer(text: &str) -> JsonPointer {
    JsonPointer::parse(text).unwrap()
}

pub(super) fn kept(name: &str, place: &str, optional: bool) -> Kept {
    Kept { name: name.into(), pointer: pointer(place), optional, default: None }
}

pub(super) fn condition(place: &str, expected: Expected) -> Condition {
    Condition { pointer: pointer(place), expected }
}

/// A condition on one of these texts.
pub(super) fn one_of(place: &str, texts: &[&str]) -> Condition {
    condition(place, Expected::OneOf(texts.iter().map(|text| Value::from(*text)).collect()))
}

pub(super) fn guard(subject: Subject, test: Test, otherwise: Otherwise) -> Guard {
    Guard { subject, test, otherwise, because: None }
}

pub(super) fn request(method: Method, path: &str, body: Body) -> RequestTemplate {
    RequestTemplate {
        method,
        path: template(path),
        query: Vec::new(),
        headers: Vec::new(),
        body,
        idempotency: None,
    }
}

/// An optional input.
pub(super) fn input(key: &str, shape: Shape) -> ActionInput {
    ActionInput {
        key: key.into(),
        description: String::new(),
        required: false,
        shape,
        default: None,
        sensitive: false,
    }
}

pub(super) fn required(input: ActionInput) -> ActionInput {
    ActionInput { required: true, ..input }
}

pub(super) fn with_default(input: ActionInput, default: Default) -> ActionInput {
    ActionInput { default: Some(default), ..input }
}

pub(super) fn text_shape() -> TextShape {
    TextShape {
        pattern: None,
        mismatch: None,
        options: Vec::new(),
        format: None,
        max_length: 40,
        lines: false,
    }
}

/// An input that is a text of up to 40 characters.
pub(super) fn text(key: &str) -> ActionInput {
    input(key, Shape::Text(text_shape()))
}

pub(super) fn list(key: &str, items: ActionInput) -> ActionInput {
    input(key, Shape::List { items: Box::new(items), max_items: 3 })
}

/// An amount whose currency is the evidence's `currency`.
pub(super) fn money(key: &str, unit: MoneyUnit) -> ActionInput {
    input(key, Shape::Money { currency: MoneyCurrency::Evidence("currency".into()), unit })
}

/// A text with placeholders, as files write it.
pub(super) fn template(text: &str) -> TextTemplate {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, tail)) = rest.split_once('{') {
        let (name, after) = tail.split_once('}').unwrap();
        if !literal.is_empty() {
            parts.push(TextPart::Literal(literal.into()));
        }
        parts.push(TextPart::Value(placeholder(name)));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(TextPart::Literal(rest.into()));
    }
    TextTemplate { parts }
}

fn placeholder(text: &str) -> Placeholder {
    let (name, quoting) = text.split_once(':').map_or((text, None), |(name, quoting)| (name, Some(quoting)));
    let source = match name.split_once('.') {
        Some(("evidence", name)) => Source::Evidence(name.into()),
        Some(("steps", name)) => Source::Step(name.into()),
        Some(("item", name)) => Source::Item(Some(name.into())),
        _ if name == "item" => Source::Item(None),
        _ if name == "run" => Source::Run,
        _ if name == "subdomain" => Source::Stored(name.into()),
        _ => Source::Input(name.into()),
    };
    Placeholder { source, quoting: quoting.map(|word| word.parse::<Quoting>().unwrap()) }
}

/// A JSON object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}
