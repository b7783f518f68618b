//! A strict reader of JSON. It reports what most readers silently repair or lose.
//!
//! In addition to what RFC 8259 refuses, it refuses duplicate keys at any depth (section 4: "behavior is
//! unpredictable"), NUL characters, numbers that do not fit in 64 bits, and nesting deeper than 128 levels.

use std::{cell::RefCell, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::issue::Issue;

/// Why a body cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON. The text says what is wrong and where.
    #[error("{0}")]
    Syntax(String),
    /// It is JSON, but ambiguous or impossible to store.
    #[error("the JSON is ambiguous or cannot be stored")]
    Issues(Vec<Issue>),
}

/// Reads one JSON document.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(JsonError::Syntax("the body is empty".into()));
    }
    let issues = RefCell::new(Vec::new());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let root = Strict { path: Path::Root, issues: &issues };
    let value = root.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    let value = value.map_err(|error| JsonError::Syntax(error.to_string()))?;
    let issues = issues.into_inner();
    if issues.is_empty() { Ok(value) } else { Err(JsonError::Issues(issues)) }
}

/// Where the reader is. It is a linked list on the stack, formatted only when there is an issue to report.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, step): (&Path<'_>, &dyn fmt::Display) = match self {
            Path::Root => return Ok(()),
            Path::Key(parent, key) => (parent, key),
            Path::Index(parent, index) => (parent, index),
        };
        if !matches!(parent, Path::Root) {
            write!(f, "{parent}.")?;
        }
        step.fmt(f)
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    path: Path<'a>,
    issues: &'a RefCell<Vec<Issue>>,
}

impl Strict<'_> {
    fn report(&self, message: &str) {
        self.issues.borrow_mut().push(Issue::new(self.path.to_string(), message));
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        if i64::try_from(value).is_err() {
            self.report("Number does not fit in 64 bits");
        }
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        // An integer of more than 64 bits arrives here, already rounded.
        if value.abs() >= i64::MAX as f64 {
            self.report("Number does not fit in 64 bits");
        }
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        if value.contains('\0') {
            self.report("Must not contain the NUL character (U+0000)");
        }
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items
            .next_element_seed(Strict { path: Path::Index(&self.path, array.len()), issues: self.issues })?
        {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let member = Strict { path: Path::Key(&self.path, &key), issues: self.issues };
            if key.contains('\0') {
                self.report("A key must not contain the NUL character (U+0000)");
            }
            if object.contains_key(&key) {
                member.report("Duplicate key");
            }
            let value = members.next_value_seed(member)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn issues(text: &str) -> Vec<String> {
        match parse(text.as_bytes()) {
            Err(JsonError::Issues(issues)) => issues.iter().map(ToString::to_string).collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn syntax(bytes: &[u8]) -> String {
        match parse(bytes) {
            Err(JsonError::Syntax(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ordinary_json_reads_as_it_is() {
        let text = r#"{"a":[1,-2,3.5,true,null,"é\u00e9😀"],"b":{"c":9223372036854775807,"d":{}}}"#;
        let expected =
            json!({"a":[1,-2,3.5,true,null,"éé😀"],"b":{"c":9_223_372_036_854_775_807_i64,"d":{}}});
        assert_eq!(parse(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn ambiguous_json_is_named_by_path() {
        assert_eq!(issues(r#"{"a":1,"a":2}"#), ["a: Duplicate key"]);
        assert_eq!(issues(r#"{"s":[{"x":1,"x":1}]}"#), ["s.0.x: Duplicate key"]);
        assert_eq!(issues(r#"{"n":9223372036854775808}"#), ["n: Number does not fit in 64 bits"]);
        assert_eq!(issues(r#"{"n":[-99999999999999999999]}"#), ["n.0: Number does not fit in 64 bits"]);
        assert_eq!(issues(r#"{"t":"a\u0000b"}"#), ["t: Must not contain the NUL character (U+0000)"]);
        assert_eq!(issues(r#"{"a\u0000":1}"#), ["A key must not contain the NUL character (U+0000)"]);
        assert_eq!(issues(r#"{"a":1,"a":2,"b":1e300}"#).len(), 2);
    }

    #[test]
    fn what_is_not_json_is_named_by_place() {
        assert_eq!(syntax(b""), "the body is empty");
        assert_eq!(syntax(b" \n"), "the body is empty");
        assert_eq!(syntax(b"{\"a\":\n tru}"), "expected ident at line 2 column 5");
        assert!(syntax(b"{} {}").contains("trailing characters at line 1 column 4"));
        assert!(syntax(br#""\ud800""#).contains("at line 1"), "a lone surrogate");
        assert!(syntax(b"\"\xff\"").contains("at line 1"), "bad UTF-8");
        assert!(syntax(b"1e999").contains("out of range"));
        let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
        assert!(syntax(&deep).contains("recursion limit exceeded at line 1 column 128"));
    }
}
