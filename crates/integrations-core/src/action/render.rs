//! Writes requests: puts values into the places of a [`RequestTemplate`], each so that it cannot leave its place.

use serde_json::{Map, Value};

use super::input::currency_at;
use super::quoting::quoted;
use super::rendered::{RenderedBody, RenderedRequest};
use crate::catalog::action::{
    ActionInput, Body, JsonTemplate, MoneyUnit, Placeholder, RequestTemplate, Shape, Source, TextPart,
    TextTemplate,
};
use crate::catalog::percent_encoded;

/// What is known when a request is written.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What the action says of its inputs.
    pub inputs: &'a [ActionInput],
    /// The checked input, with its defaults.
    pub input: &'a Map<String, Value>,
    /// Reads a field of the connection, or a value that was kept of the token answer.
    pub stored: &'a dyn Fn(&str) -> Option<String>,
    /// What was kept of the evidence.
    pub evidence: &'a Map<String, Value>,
    /// What was kept of the steps.
    pub steps: &'a Map<String, Value>,
    /// The run's id.
    pub run: &'a str,
}

/// Why a request cannot be written. It names the place of the value, and never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderProblem {
    /// A path needs the value.
    #[error("there is no value for `{0}`")]
    Missing(String),
    /// The value would change which path it is: it is blank, or has a segment that is empty, `.` or `..`.
    #[error("the value of `{0}` cannot be a part of a path")]
    Path(String),
    /// A list or an object would be a part of a text.
    #[error("the value of `{0}` is a list or an object, which cannot be a part of a text")]
    NotText(String),
    /// A line break or a control character, where there can be none.
    #[error("the value of `{0}` must not have line breaks or control characters")]
    Control(String),
    /// The currency of an amount is missing, or is none that this server knows.
    #[error("the currency of `{0}` is not known")]
    Currency(String),
}

/// Writes a request.
pub fn render(template: &RequestTemplate, known: &Known<'_>) -> Result<RenderedRequest, RenderProblem> {
    let writer = Writer { known, item: None };
    let body = match &template.body {
        Body::None => RenderedBody::None,
        Body::Json(json) => RenderedBody::Json(writer.whole(json)?),
        Body::Form(fields) => RenderedBody::Form(writer.fields(fields)?),
        Body::GraphQl { document, variables } => {
            let members = [("query", document.clone().into()), ("variables", writer.whole(variables)?)];
            RenderedBody::Json(members.into_iter().collect())
        }
    };
    Ok(RenderedRequest {
        method: template.method,
        path: writer.path(&template.path)?,
        query: writer.fields(&template.query)?,
        headers: writer.headers(&template.headers)?,
        body,
        idempotency_header: template.idempotency.as_ref().and_then(|idempotency| idempotency.header.clone()),
    })
}

/// Writes a text that is no part of a request. `None`: one of its values is absent.
pub(super) fn text(template: &TextTemplate, known: &Known<'_>) -> Result<Option<String>, RenderProblem> {
    Writer { known, item: None }.joined(template)
}

/// Writes values into templates. `item` is the item of the list that is being written.
struct Writer<'a> {
    known: &'a Known<'a>,
    item: Option<&'a Value>,
}

impl Writer<'_> {
    fn path(&self, template: &TextTemplate) -> Result<String, RenderProblem> {
        let mut path = String::new();
        let mut last = String::new();
        for part in &template.parts {
            match part {
                TextPart::Literal(literal) => path.push_str(literal),
                TextPart::Value(place) => {
                    last = name(&place.source);
                    let text = self.written(place)?.ok_or_else(|| RenderProblem::Missing(last.clone()))?;
                    if text.contains(char::is_control) {
                        return Err(RenderProblem::Control(last));
                    }
                    // Some servers decode `%2F` before they resolve dot segments.
                    if text.split(['/', '\\']).any(|part| matches!(part.trim(), "" | "." | "..")) {
                        return Err(RenderProblem::Path(last));
                    }
                    path.extend(percent_encoded(&text));
                }
            }
        }
        // Two values side by side can make what neither is.
        if path.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(RenderProblem::Path(last));
        }
        Ok(path)
    }

    /// The parameters of a query or the fields of a form. One without a value is left out; a list repeats its name.
    fn fields(&self, fields: &[(String, TextTemplate)]) -> Result<Vec<(String, String)>, RenderProblem> {
        let mut written = Vec::new();
        for (field, template) in fields {
            let texts = match (whole_value(template), self.value(template)?) {
                (_, None) => Vec::new(),
                (Some(place), Some(Value::Array(items))) => {
                    items.iter().map(|item| plain(item, &place.source)).collect::<Result<_, _>>()?
                }
                (Some(place), Some(value)) => vec![plain(&value, &place.source)?],
                (None, Some(value)) => vec![plain(&value, &Source::Input(field.clone()))?],
            };
            written.extend(texts.into_iter().map(|text| (field.clone(), text)));
        }
        Ok(written)
    }

    fn headers(&self, headers: &[(String, TextTemplate)]) -> Result<Vec<(String, String)>, RenderProblem> {
        let mut written = Vec::new();
        for (header, template) in headers {
            let Some(text) = self.joined(template)? else { continue };
            if text.contains(char::is_control) {
                return Err(RenderProblem::Control(header.clone()));
            }
            written.push((header.clone(), text));
        }
        Ok(written)
    }

    /// A whole JSON document. It is an empty object if everything in it is absent.
    fn whole(&self, template: &JsonTemplate) -> Result<Value, RenderProblem> {
        Ok(self.json(template)?.unwrap_or_else(|| Map::new().into()))
    }

    /// A JSON value. `None`: it is absent. A list or an object that gets empty by what is absent is absent too, because
    /// an empty one would ask the provider to remove what it has.
    fn json(&self, template: &JsonTemplate) -> Result<Option<Value>, RenderProblem> {
        Ok(match template {
            JsonTemplate::Literal(value) => Some(value.clone()),
            JsonTemplate::Text(text) => self.value(text)?,
            JsonTemplate::List(items) => {
                let written: Vec<Value> =
                    items.iter().filter_map(|item| self.json(item).transpose()).collect::<Result<_, _>>()?;
                (items.is_empty() || !written.is_empty()).then_some(Value::Array(written))
            }
            JsonTemplate::Object(members) => {
                let mut written = Map::new();
                for (member, template) in members {
                    if let Some(value) = self.json(template)? {
                        written.insert(member.clone(), value);
                    }
                }
                (members.is_empty() || !written.is_empty()).then_some(Value::Object(written))
            }
            JsonTemplate::Each { list, item: template } => {
                let Some(value) = self.resolved(&Source::Input(list.clone()))? else { return Ok(None) };
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let written: Vec<Value> = items
                    .iter()
                    .filter_map(|item| {
                        Writer { known: self.known, item: Some(item) }.json(template).transpose()
                    })
                    .collect::<Result<_, _>>()?;
                (!written.is_empty()).then_some(Value::Array(written))
            }
        })
    }

    /// The value of a text. A placeholder that is all of it keeps the type of its value.
    fn value(&self, template: &TextTemplate) -> Result<Option<Value>, RenderProblem> {
        match whole_value(template) {
            Some(Placeholder { source, quoting: None }) => self.resolved(source),
            _ => Ok(self.joined(template)?.map(Value::from)),
        }
    }

    /// A text with its values in it. `None`: one of them is absent.
    fn joined(&self, template: &TextTemplate) -> Result<Option<String>, RenderProblem> {
        let mut joined = String::new();
        for part in &template.parts {
            match part {
                TextPart::Literal(literal) => joined.push_str(literal),
                TextPart::Value(place) => match self.written(place)? {
                    Some(text) => joined.push_str(&text),
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(joined))
    }

    /// The value of a placeholder as text, in its quoting.
    fn written(&self, place: &Placeholder) -> Result<Option<String>, RenderProblem> {
        let Some(value) = self.resolved(&place.source)? else { return Ok(None) };
        let text = plain(&value, &place.source)?;
        match place.quoting {
            None => Ok(Some(text)),
            Some(quoting) => match quoted(quoting, &text) {
                Some(quoted) => Ok(Some(quoted)),
                None => Err(RenderProblem::Control(name(&place.source))),
            },
        }
    }

    /// The value of a source, amounts in the provider's unit. Null is absent.
    fn resolved(&self, source: &Source) -> Result<Option<Value>, RenderProblem> {
        let known = self.known;
        let value = match source {
            Source::Input(key) => {
                let input = known.inputs.iter().find(|input| input.key == *key);
                match (input, known.input.get(key)) {
                    (Some(input), Some(value)) => Some(in_providers_unit(input, value, known)?),
                    (_, value) => value.cloned(),
                }
            }
            Source::Stored(name) => (known.stored)(name).map(Value::from),
            Source::Evidence(name) => known.evidence.get(name).cloned(),
            Source::Step(name) => known.steps.get(name).cloned(),
            Source::Item(None) => self.item.cloned(),
            Source::Item(Some(member)) => self.item.and_then(|item| item.get(member)).cloned(),
            Source::Run => Some(known.run.into()),
        };
        Ok(value.filter(|value| !value.is_null()))
    }
}

/// The value of an input, an amount in the provider's unit.
fn in_providers_unit(input: &ActionInput, value: &Value, known: &Known<'_>) -> Result<Value, RenderProblem> {
    let Shape::Money { currency, unit: MoneyUnit::Decimal } = &input.shape else { return Ok(value.clone()) };
    let currency = currency_at(currency, known.input, known.evidence, known.steps);
    let decimal = currency.zip(value.as_i64()).map(|(currency, minor)| currency.decimal(minor));
    decimal.map(Value::from).ok_or_else(|| RenderProblem::Currency(input.key.clone()))
}

/// The placeholder that is all of a text, if there is one.
fn whole_value(template: &TextTemplate) -> Option<&Placeholder> {
    match template.parts.as_slice() {
        [TextPart::Value(place)] => Some(place),
        _ => None,
    }
}

/// A scalar as text.
fn plain(value: &Value, source: &Source) -> Result<String, RenderProblem> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(bool) => Ok(bool.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(RenderProblem::NotText(name(source))),
    }
}

/// The name of a source, as a file writes it.
fn name(source: &Source) -> String {
    match source {
        Source::Input(name) | Source::Stored(name) => name.clone(),
        Source::Evidence(name) => format!("evidence.{name}"),
        Source::Step(name) => format!("steps.{name}"),
        Source::Item(None) => "item".to_owned(),
        Source::Item(Some(name)) => format!("item.{name}"),
        Source::Run => "run".to_owned(),
    }
}
