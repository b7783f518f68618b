//! Reads the fields of a request's body one by one, and collects everything that is wrong, so that a client can correct
//! all of it at once.

use std::time::Duration;

use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    issue::Issue,
    json::{self, JsonError},
    name::read_name,
};

/// Why a body is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not JSON. The text says what is wrong and where.
    #[error("{0}")]
    Syntax(String),
    /// It is JSON, but not valid.
    #[error("the body is not valid")]
    Invalid(Vec<Issue>),
    /// It names nothing to change.
    #[error("the body names nothing to change")]
    NoUpdates,
}

impl From<JsonError> for BodyError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::Syntax(message) => Self::Syntax(message),
            JsonError::Issues(issues) => Self::Invalid(issues),
        }
    }
}

/// The fields of a body that are not read yet, and what was wrong so far.
#[derive(Debug)]
pub struct Fields {
    fields: Map<String, Value>,
    issues: Vec<Issue>,
}

impl Fields {
    /// The fields of a body, which must be a JSON object.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        match json::parse(body)? {
            Value::Object(fields) => Ok(Self { fields, issues: Vec::new() }),
            _ => Err(BodyError::Invalid(vec![Issue::new("", "Expected object")])),
        }
    }

    /// The fields of a body that may be left out.
    pub fn read_optional(body: &[u8]) -> Result<Self, BodyError> {
        if body.is_empty() {
            return Ok(Self { fields: Map::new(), issues: Vec::new() });
        }
        Self::read(body)
    }

    /// The fields of a change, which must name at least one.
    pub fn read_change(body: &[u8]) -> Result<Self, BodyError> {
        let fields = Self::read(body)?;
        if fields.fields.is_empty() { Err(BodyError::NoUpdates) } else { Ok(fields) }
    }

    /// Reads a field. `None`: it is absent, or not valid, which [`Fields::finish`] reports.
    pub fn optional<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Result<T, String>) -> Option<T> {
        let value = self.fields.remove(name)?;
        read(value).map_err(|message| self.issues.push(Issue::new(name, message))).ok()
    }

    /// Reads a field that must be there.
    pub fn required<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Result<T, String>) -> Option<T> {
        if !self.fields.contains_key(name) {
            self.issues.push(Issue::new(name, "Required"));
        }
        self.optional(name, read)
    }

    /// Reads the members of a field that is an object. What is wrong with them, such as one that `read` does not know,
    /// is reported under the field's name.
    pub fn within<T>(
        &mut self,
        name: &str,
        members: Map<String, Value>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut members = Self { fields: members, issues: Vec::new() };
        let read = read(&mut members);
        self.issues.extend(members.end().into_iter().map(|issue| issue.under(name)));
        read
    }

    /// Reports that a field's value is not valid together with the others.
    pub fn report(&mut self, issue: Issue) {
        self.issues.push(issue);
    }

    /// Ends the reading. Fields that nobody has read are unknown. `read` is `None` only if a required field was not
    /// read.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, BodyError> {
        let issues = self.end();
        match read {
            Some(read) if issues.is_empty() => Ok(read),
            _ => Err(BodyError::Invalid(issues)),
        }
    }

    /// Everything that is wrong.
    fn end(mut self) -> Vec<Issue> {
        self.issues.extend(self.fields.keys().map(|name| Issue::new(name, "Unknown field")));
        self.issues
    }
}

/// Reads a string.
pub fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("Expected string".into()),
    }
}

/// Reads an object.
pub fn object(value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err("Expected object".into()),
    }
}

/// Reads a name of one line.
pub fn name(value: Value) -> Result<String, String> {
    read_name(&text(value)?).map_err(|error| error.to_string())
}

/// Reads `null`, or a value.
pub fn or_null<T>(
    read: impl FnOnce(Value) -> Result<T, String>,
) -> impl FnOnce(Value) -> Result<Option<T>, String> {
    |value| match value {
        Value::Null => Ok(None),
        value => read(value).map(Some).map_err(|message| match message.strip_prefix("Expected ") {
            Some(expected) => format!("Expected {expected} or null"),
            None => message,
        }),
    }
}

/// Reads an array of at most `most` strings, each by `read`. An error names the place of the wrong one.
pub fn list<T>(
    most: usize,
    read: impl Fn(&str) -> Result<T, String>,
) -> impl FnOnce(Value) -> Result<Vec<T>, String> {
    move |value| {
        let Value::Array(values) = value else { return Err("Expected array of strings".into()) };
        if values.len() > most {
            return Err(format!("Must have {most} entries or fewer"));
        }
        let one = |(place, value): (usize, Value)| match value {
            Value::String(text) => read(&text).map_err(|message| format!("entry {place}: {message}")),
            _ => Err(format!("entry {place}: Expected string")),
        };
        values.into_iter().enumerate().map(one).collect()
    }
}

/// Reads a whole number of seconds, up to `most`.
pub fn seconds(most: Duration) -> impl FnOnce(Value) -> Result<Duration, String> {
    move |value| {
        let seconds = value.as_u64().map(Duration::from_secs).filter(|length| *length <= most);
        seconds.ok_or_else(|| format!("Expected a whole number from 0 to {}", most.as_secs()))
    }
}

/// Reads a time (RFC 3339).
pub fn moment(value: Value) -> Result<OffsetDateTime, String> {
    let text = text(value)?;
    OffsetDateTime::parse(&text, &Rfc3339)
        .map_err(|_| "Must be a date and time as RFC 3339 writes it, for example 2026-05-17T17:55:00Z".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(issues: &[(&str, &str)]) -> BodyError {
        BodyError::Invalid(issues.iter().map(|(path, message)| Issue::new(*path, *message)).collect())
    }

    #[test]
    fn everything_that_is_wrong_is_reported_at_once() {
        let mut fields = Fields::read(br#"{"name": 1, "more": true, "at": "soon"}"#).unwrap();
        let name = fields.required("name", text);
        let slug = fields.required("slug", text);
        let at = fields.optional("at", or_null(moment));
        assert_eq!((&name, &slug, &at), (&None, &None, &None));
        let expected = invalid(&[
            ("name", "Expected string"),
            ("slug", "Required"),
            ("at", "Must be a date and time as RFC 3339 writes it, for example 2026-05-17T17:55:00Z"),
            ("more", "Unknown field"),
        ]);
        assert_eq!(fields.finish(name.zip(slug)), Err(expected));
    }

    #[test]
    fn bodies_that_are_no_objects_and_changes_of_nothing() {
        for body in ["[]", "1", "null", "\"a\""] {
            assert_eq!(Fields::read(body.as_bytes()).unwrap_err(), invalid(&[("", "Expected object")]));
        }
        assert!(matches!(Fields::read(b"").unwrap_err(), BodyError::Syntax(_)));
        assert!(Fields::read_optional(b"").is_ok());
        assert_eq!(Fields::read_change(b"{}").unwrap_err(), BodyError::NoUpdates);
    }

    #[test]
    fn lists_name_the_entry_that_is_wrong() {
        let read = |value| list(2, |text| text.parse::<u8>().map_err(|_| "Expected number".into()))(value);
        assert_eq!(read(serde_json::json!(["1", "2"])), Ok(vec![1, 2]));
        assert_eq!(read(serde_json::json!(["1", "x"])), Err("entry 1: Expected number".into()));
        assert_eq!(read(serde_json::json!([1])), Err("entry 0: Expected string".into()));
        assert_eq!(read(serde_json::json!(["1", "2", "3"])), Err("Must have 2 entries or fewer".into()));
        assert_eq!(read(serde_json::json!("1")), Err("Expected array of strings".into()));
    }
}
