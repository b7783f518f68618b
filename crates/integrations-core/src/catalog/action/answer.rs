//! What the answer to a request means.

use serde_json::Value;

use super::request::RequestTemplate;
use crate::catalog::template::JsonPointer;
use crate::words::words;

words! {
    /// What the body of a good answer is.
    pub enum AnswerForm {
        /// JSON.
        Json = "json",
        /// A text of any form.
        Text = "text",
        /// Nothing that is looked at.
        None = "none",
    }
}

/// What the answer to an action's request means.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerRules {
    /// What the body of a good answer is.
    pub form: AnswerForm,
    /// The statuses of a good answer. Empty: 200 to 299.
    pub statuses: Vec<u16>,
    /// What the caller gets, by name.
    pub keep: Vec<Kept>,
    /// Where the next page's cursor is.
    pub cursor: Option<JsonPointer>,
    /// All of them hold if it was done.
    pub succeeded_when: Vec<Condition>,
    /// One of them holds if the provider has taken it and not finished it.
    pub accepted_when: Vec<Condition>,
    /// One of them holds if it was not done, whatever the status.
    pub failed_when: Vec<Condition>,
    /// One of them holds if the answer leaves open whether it was done.
    pub unknown_when: Vec<Condition>,
    /// One of them holds if it had been done before, whatever the status.
    pub done_when: Vec<Condition>,
    /// Where the provider's own message is. The first that is a text counts.
    pub error: Vec<JsonPointer>,
    /// Statuses from 400 to 499 after which it may have been done.
    pub unknown_statuses: Vec<u16>,
    /// Statuses from 500 on of which the provider says that nothing was done.
    pub nothing_done_statuses: Vec<u16>,
}

/// A value that is kept of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub pointer: JsonPointer,
    /// Whether it may be missing.
    pub optional: bool,
    /// The text that stands for it where it is missing.
    pub default: Option<String>,
}

/// What must be at a place of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The place.
    pub pointer: JsonPointer,
    /// What must be there.
    pub expected: Expected,
}

impl Condition {
    /// Whether it holds for `json`.
    pub(crate) fn holds(&self, json: &Value) -> bool {
        let found = self.pointer.of(json);
        let is_something = found.is_some_and(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        });
        match &self.expected {
            Expected::Present => is_something,
            Expected::Absent => !is_something,
            Expected::OneOf(values) => found.is_some_and(|found| values.contains(found)),
            Expected::NoneOf(values) => is_something && found.is_some_and(|found| !values.contains(found)),
        }
    }
}

/// What must be at a place of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// Something but null, an empty text, an empty list or an empty object.
    Present,
    /// Nothing, or one of those.
    Absent,
    /// One of these.
    OneOf(Vec<Value>),
    /// Something, but none of these.
    NoneOf(Vec<Value>),
}

/// How to find out whether an action was done if its answer was lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolve {
    /// The request. It changes nothing.
    pub request: RequestTemplate,
    /// What shows that it was done.
    pub by: ResolveBy,
    /// What the caller gets, by name: pointers into the item that was found, or into the answer.
    pub keep: Vec<Kept>,
    /// Seconds until the provider's answer to this request shows what was done.
    pub lag_seconds: u32,
    /// Whether it was not done if nothing shows that it was. Otherwise that stays open.
    pub absent_is_failed: bool,
}

/// What shows that an action was done.
#[derive(Clone, Debug, PartialEq)]
pub enum ResolveBy {
    /// An item of a list.
    Find(Find),
    /// All of these hold for the answer.
    When(Vec<Condition>),
    /// The provider no longer has the object: it answers with one of these statuses.
    Gone(Vec<u16>),
}

/// The item of a list that is our own write.
#[derive(Clone, Debug, PartialEq)]
pub struct Find {
    /// Where the list is. `None`: the answer is the list.
    pub list: Option<JsonPointer>,
    /// The place in an item.
    pub pointer: JsonPointer,
    /// The text that is there.
    pub text: super::TextTemplate,
    /// Whether the text there may be longer, and contain this one.
    pub contains: bool,
}
