//! What an action is: its inputs, its requests, what comes of their answers, and what guards it. Data of a provider
//! file; docs/reference/provider-file.md says what each value means. `crate::action` puts it to work.

mod answer;
mod guard;
mod input;
mod message;
mod request;

pub use answer::{AnswerForm, AnswerRules, Condition, Expected, Find, Kept, Resolve, ResolveBy};
pub use guard::{Guard, LONGEST_WINDOW_DAYS, Limit, Otherwise, Per, Subject, Test};
pub use input::{ActionInput, Default, Left, MoneyCurrency, MoneyUnit, Shape, TextFormat, TextShape};
pub use message::{MAX_MESSAGE, MAX_SUBJECT, Markup, Message};
pub use request::{
    Body, Idempotency, JsonTemplate, Placeholder, Quoting, RequestTemplate, Source, TextPart, TextTemplate,
};

use super::graphql::Operation;
use super::names::{ActionKind, Method};

/// Something that an agent can do at the provider, if it is permitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Its name in `action_permissions`.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it does, in a sentence.
    pub description: String,
    /// What it does to the data at the provider.
    pub kind: ActionKind,
    /// Whether it is permitted after the installation, until a person changes that. Only if it is read-only.
    pub allowed_by_default: bool,
    /// What a caller gives.
    pub inputs: Vec<ActionInput>,
    /// What is read at the asking and again before the sending: guards look at it, and an approver sees it.
    pub evidence: Vec<Reading>,
    /// Requests whose answers are needed to write the request. They change nothing.
    pub steps: Vec<Reading>,
    /// The request that does it.
    pub request: RequestTemplate,
    /// What its answer means.
    pub result: AnswerRules,
    /// How to find out whether it was done if its answer was lost.
    pub resolve: Option<Resolve>,
    /// Which of its inputs carry a message for people. `None`: it sends none.
    pub message: Option<Message>,
    /// What must hold beside the permission.
    pub guards: Vec<Guard>,
    /// Other requests that do the same or more: the proxy lets them through only where this action is permitted.
    pub also: Vec<OtherRequest>,
    /// What its requests and answers were checked against: packages or pages of the provider's documentation.
    pub proof: Vec<String>,
    /// Inputs with the requests and outcomes that come of them. Each was tried when the file was loaded. Empty for what
    /// is built in, whose examples are tried by a test.
    pub examples: Vec<Example>,
}

impl Action {
    /// The requests that it stands for: its own, one for each field of a GraphQL operation, and those that its file
    /// names beside it.
    pub fn requests(&self) -> Vec<OtherRequest> {
        let fields = match &self.request.body {
            Body::GraphQl { document, .. } => Operation::parse(document).map(|read| read.fields).ok(),
            Body::None | Body::Json(_) | Body::Form(_) => None,
        };
        let own = |operation| OtherRequest {
            method: self.request.method,
            path: self.request.path.outline(),
            operation,
        };
        let operations = fields.map_or_else(|| vec![None], |fields| fields.into_iter().map(Some).collect());
        operations.into_iter().map(own).chain(self.also.iter().cloned()).collect()
    }
}

/// A request that changes nothing, and what is kept of its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The request.
    pub request: RequestTemplate,
    /// Name → where it is in the answer. Only scalars are kept.
    pub keep: Vec<Kept>,
    /// What a person is told if the provider does not know the object.
    pub missing: Option<String>,
}

/// A request that a file only names, because it does the same as an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherRequest {
    /// The method.
    pub method: Method,
    /// The path under the provider's base URL, with `{name}` for the parts that differ between calls.
    pub path: String,
    /// The GraphQL field or remote procedure that is called, if one path serves many.
    pub operation: Option<String>,
}

/// An input, the requests that are made of it, and answers with their outcomes.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What it shows, in a few words.
    pub name: String,
    /// The caller's input.
    pub input: serde_json::Map<String, serde_json::Value>,
    /// The request that is sent in the end, with `run_1` as the run's id.
    pub request: crate::action::RenderedRequest,
}
