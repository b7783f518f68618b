//! What a person supplies: fields of a connection and of a credential.

use std::fmt;

use regex::Regex;
use serde_json::{Map, Value};

use crate::issue::{Issue, join};

/// The longest value of a field, in bytes: more than any provider's key, less than any limit on headers.
pub const MAX_VALUE_BYTES: usize = 4096;

/// A regular expression (the `regex` crate's syntax: no look-around, no back-references) that a whole value matches.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    /// None for a pattern that was refused and matches nothing.
    regex: Option<Regex>,
}

impl Pattern {
    /// Compiles a pattern, which must be anchored at both ends: `^…$`. The error is a sentence.
    pub fn parse(source: &str) -> Result<Self, String> {
        if !source.starts_with('^') || !source.ends_with('$') || source.ends_with("\\$") {
            return Err("the pattern must be anchored: ^…$".into());
        }
        // Wrapped once more, so that neither an alternation nor a flag inside can loosen the anchors.
        let wrapped = Regex::new(source).and_then(|_| Regex::new(&format!(r"\A(?:{source})\z")));
        let regex = wrapped.map_err(|error| pattern_error(&error))?;
        Ok(Self { source: source.to_owned(), regex: Some(regex) })
    }

    /// Stands in for a pattern that was refused, so that one fault is told once: matches nothing.
    pub(super) fn nothing() -> Self {
        Self { source: String::new(), regex: None }
    }

    /// The pattern as it was written, anchors included.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(value))
    }
}

/// The parser's reason, which is the last line of what it says; the lines before draw the pattern.
fn pattern_error(error: &regex::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
    format!("the pattern does not compile: {reason}")
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}

/// One of a fixed set of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What a person reads.
    pub label: String,
}

/// A value that a person types or picks.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in JSON and in placeholders: `^[a-z][a-z0-9_]*$`.
    pub key: String,
    /// Its name on the page.
    pub label: String,
    /// What it is and where to find it, in a sentence or two.
    pub help: String,
    /// What the value must match.
    pub pattern: Option<Pattern>,
    /// The only values there are, where they are few.
    pub options: Vec<Choice>,
    /// Whether it is stored encrypted and never shown again. Every field of a credential is.
    pub secret: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// The value that stands in where it is left out; a field with one is optional.
    pub default: Option<String>,
    /// Shown before the input, and no part of the value: `https://`.
    pub prefix: Option<String>,
    /// Shown after the input, and no part of the value: `.myshopify.com`.
    pub suffix: Option<String>,
    /// A value that would be right, shown in the empty input.
    pub example: Option<String>,
}

impl Field {
    /// Whether a connection or credential without it is incomplete.
    pub fn is_required(&self) -> bool {
        !self.optional && self.default.is_none()
    }

    /// What is wrong with `value`, in words that do not repeat it.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let text = check_text(value)?;
        if !self.options.is_empty() && !self.options.iter().any(|choice| choice.value == text) {
            let values: Vec<&str> = self.options.iter().map(|choice| choice.value.as_str()).collect();
            return Err(format!("Expected one of: {}", values.join(", ")));
        }
        match &self.pattern {
            Some(pattern) if !pattern.matches(text) => Err(self.mismatch(pattern)),
            _ => Ok(()),
        }
    }

    fn mismatch(&self, pattern: &Pattern) -> String {
        match &self.example {
            Some(example) => format!("Must match {} (for example {example})", pattern.as_str()),
            None => format!("Must match {}", pattern.as_str()),
        }
    }
}

/// What any value must be: a string that can stand in a header, neither empty nor too long.
///
/// Whitespace and control characters are in no provider's tokens (RFC 6749, appendix A.12) and would split a header.
pub(crate) fn check_text(value: &Value) -> Result<&str, String> {
    let text = value.as_str().ok_or("Expected string")?;
    if text.is_empty() {
        return Err("Must not be empty".into());
    }
    if text.len() > MAX_VALUE_BYTES {
        return Err(format!("Must not be longer than {MAX_VALUE_BYTES} bytes"));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("Must not contain spaces, line breaks or control characters".into());
    }
    Ok(text)
}

/// Everything that is wrong with `values` for these fields, each path under `root`. Null stands for left out.
pub(super) fn check_fields(fields: &[Field], values: &Map<String, Value>, root: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    for field in fields {
        let path = join(root, &field.key);
        match values.get(&field.key) {
            None | Some(Value::Null) if field.is_required() => issues.push(Issue::new(path, "Required")),
            None | Some(Value::Null) => {}
            Some(value) => issues.extend(field.check(value).err().map(|message| Issue::new(path, message))),
        }
    }
    let unknown = values.keys().filter(|key| !fields.iter().any(|field| field.key == **key));
    issues.extend(unknown.map(|key| Issue::new(join(root, key), "Unknown field")));
    issues
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_values_alone() {
        let pattern = Pattern::parse("^a|b$").unwrap();
        assert!(pattern.matches("a") && pattern.matches("b"));
        assert!(!pattern.matches("ax") && !pattern.matches("xb") && !pattern.matches("a\n"));
        assert!(!Pattern::parse("^(?m)a$").unwrap().matches("a\nb"));
    }

    #[test]
    fn a_pattern_that_is_not_anchored_or_does_not_compile_is_refused() {
        for bad in ["a", "^a", "a$", r"^a\$", ""] {
            assert!(Pattern::parse(bad).unwrap_err().contains("anchored"), "{bad}");
        }
        let look_ahead = Pattern::parse("^(?!x)a$").unwrap_err();
        assert!(look_ahead.contains("look-around"), "{look_ahead}");
        assert!(Pattern::parse("^($").is_err());
        assert!(Pattern::parse("^a)(?:b$").is_err());
    }
}
