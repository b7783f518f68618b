//! Requests with places for values.

use crate::catalog::names::Method;
use crate::words::words;

/// A request, as a provider file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestTemplate {
    /// The method.
    pub method: Method,
    /// The path under the provider's base URL. It begins with `/`, or is empty where the base URL is all of it.
    pub path: TextTemplate,
    /// The query's parameters. One whose value is absent is left out; a list repeats its name.
    pub query: Vec<(String, TextTemplate)>,
    /// Headers beside the credential's. No input can be in one.
    pub headers: Vec<(String, TextTemplate)>,
    /// The body.
    pub body: Body,
    /// How the provider recognises a request that is sent again.
    pub idempotency: Option<Idempotency>,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// There is none.
    None,
    /// `application/json`.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`. One whose value is absent is left out; a list repeats its name.
    Form(Vec<(String, TextTemplate)>),
    /// GraphQL over HTTP: a JSON object with `query` and `variables`.
    GraphQl {
        /// The document. It has one operation and no placeholders.
        document: String,
        /// The variables, an object.
        variables: JsonTemplate,
    },
}

/// A JSON value with places for values.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTemplate {
    /// A value as it stands.
    Literal(serde_json::Value),
    /// A text with placeholders. One that is a whole text keeps the type of its value.
    Text(TextTemplate),
    /// A list. Items whose value is absent are left out.
    List(Vec<JsonTemplate>),
    /// An object. Members whose value is absent are left out, and so is an object that gets empty by that.
    Object(Vec<(String, JsonTemplate)>),
    /// A list that is made of each item of a list.
    Each {
        /// The input that is a list.
        list: String,
        /// What is made of each item, which is `{item}` or `{item.FIELD}` in it.
        item: Box<JsonTemplate>,
    },
}

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextTemplate {
    /// What it is made of, in order.
    pub parts: Vec<TextPart>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPart {
    /// Text as it stands.
    Literal(String),
    /// A value.
    Value(Placeholder),
}

impl TextTemplate {
    /// The text, if it has no values.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [TextPart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with `{name}` for each value, wherever it is from.
    pub(in crate::catalog) fn outline(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                TextPart::Literal(text) => text.clone(),
                TextPart::Value(place) => match &place.source {
                    Source::Input(name)
                    | Source::Stored(name)
                    | Source::Evidence(name)
                    | Source::Step(name) => {
                        format!("{{{name}}}")
                    }
                    Source::Item(_) => "{item}".to_owned(),
                    Source::Run => "{run}".to_owned(),
                },
            })
            .collect()
    }
}

/// A place for a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Where the value is from.
    pub source: Source,
    /// How the value is written into the text around it.
    pub quoting: Option<Quoting>,
}

/// Where a value is from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `{name}`: the input.
    Input(String),
    /// `{name}`: a field of the connection, or a value that was kept of the token answer. Nothing secret.
    Stored(String),
    /// `{evidence.name}`
    Evidence(String),
    /// `{steps.name}`
    Step(String),
    /// `{item}`, or `{item.name}`: the item of the list that is being written, or one of its members.
    Item(Option<String>),
    /// `{run}`: the id of the run.
    Run,
}

words! {
    /// How a value is written into a text of another language.
    pub enum Quoting {
        /// Into a literal between single quotes of Salesforce's SOQL.
        Soql = "soql",
        /// Into a phrase between double quotes of a search language.
        Search = "search",
        /// Into a text of Slack: `&`, `<` and `>` become entities, so that nobody is mentioned.
        Slack = "slack",
        /// Into HTML as text.
        Html = "html",
    }
}

/// How the provider recognises a request that is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The header that has the run's id, if it is not in the body.
    pub header: Option<String>,
    /// For how many hours after the first byte the provider remembers it.
    pub hours: u32,
}
