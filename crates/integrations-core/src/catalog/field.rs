//! The fields of a connection and of a credential: the values that a person supplies.

use std::{fmt, sync::OnceLock};

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value};

use super::template::check_url;
use crate::approved_hosts::{ApprovedHosts, OwnHost};
use crate::issue::{Issue, join};
use crate::pasted::{Kind, Surroundings};

/// The longest value of a field, in bytes: longer than any provider's key, shorter than any limit on headers.
pub const MAX_VALUE_BYTES: usize = 4096;

/// The longest value of several lines, in bytes: more than a key with certificates.
const MAX_LINES_BYTES: usize = 16 * 1024;

/// The longest token, in bytes. Tokens that hold claims have grown beyond what a person would paste.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// A regular expression that the whole value must match. The syntax is that of the `regex` crate: no look-around, no
/// back-references.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    is_unicode: bool,
    /// Compiled when it is first asked, because a catalog has thousands of patterns of which a server needs few.
    regex: OnceLock<Option<Regex>>,
}

/// The size from which a pattern is compiled when it is read, to find out whether it is too large.
const LARGE: usize = 10_000;

impl Pattern {
    /// Reads a pattern, which must be anchored at both ends: `^…$`. The error is a sentence.
    pub fn parse(source: &str) -> Result<Self, String> {
        Self::read(source, true)
    }

    /// Reads a pattern of an action's input. It matches ASCII only: `\d` is `[0-9]`, and what could match another
    /// character, such as `.` or `[^a]`, is refused. So every engine reads it in the same way.
    pub(super) fn parse_ascii(source: &str) -> Result<Self, String> {
        if !source.is_ascii() {
            return Err("the pattern must be ASCII".into());
        }
        Self::read(source, false).map_err(|reason| {
            let loose = "the pattern could match what is not ASCII: write the characters that there may be, as in \
                         [ -~]";
            if reason.contains("invalid UTF-8") { loose.into() } else { reason }
        })
    }

    fn read(source: &str, is_unicode: bool) -> Result<Self, String> {
        if !source.starts_with('^') || !source.ends_with('$') || source.ends_with("\\$") {
            return Err("the pattern must be anchored: ^…$".into());
        }
        let parse = |source: &str| {
            let parsed = ParserBuilder::new().unicode(is_unicode).build().parse(source);
            parsed.map_err(|error| pattern_error(&error.to_string()))
        };
        let parsed = parse(source).and_then(|_| parse(&anchored(source)))?;
        let pattern = Self { source: source.to_owned(), is_unicode, regex: OnceLock::new() };
        if size(&parsed) > LARGE {
            let compiled = pattern.compile().map_err(|error| pattern_error(&error.to_string()))?;
            return Ok(Self { regex: Some(compiled).into(), ..pattern });
        }
        Ok(pattern)
    }

    fn compile(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&anchored(&self.source)).unicode(self.is_unicode).build()
    }

    /// Replaces a pattern that cannot be read, so that the error is reported once. It matches nothing.
    pub(super) fn nothing() -> Self {
        Self { source: String::new(), is_unicode: true, regex: None.into() }
    }

    /// The pattern as it was written, anchors included.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        self.regex.get_or_init(|| self.compile().ok()).as_ref().is_some_and(|regex| regex.is_match(value))
    }
}

/// A pattern within anchors of its own, because an alternation or a flag inside can undo those that it has.
fn anchored(source: &str) -> String {
    format!(r"\A(?:{source})\z")
}

/// About how many states a pattern takes: what is repeated counts as often as it may be.
fn size(pattern: &Hir) -> usize {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(_)) => 1,
        // A range of characters is up to four ranges of bytes (RFC 3629, section 4).
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(4),
        HirKind::Repetition(repeated) => {
            let times = repeated.max.unwrap_or(repeated.min).max(1);
            size(&repeated.sub).saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
        }
        HirKind::Capture(captured) => size(&captured.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(size).fold(0, usize::saturating_add)
        }
    }
}

/// Two patterns are equal if they are written alike.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// The parser's reason: the last line of its message. The lines before only print the pattern.
fn pattern_error(text: &str) -> String {
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

/// Which hosts of the customer's own a field may name, beside those that match its pattern: those of the provider.
#[derive(Clone, Debug, Default)]
pub struct OwnHosts {
    /// Whether a host may have a port of its own.
    pub takes_port: bool,
    /// The hosts that the operator of this server approves.
    pub approved: ApprovedHosts,
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
    /// What the value must match. People never see it.
    pub pattern: Option<Pattern>,
    /// What is expected, in words. A field with a pattern always has it.
    pub mismatch: Option<String>,
    /// Which hosts of the customer's own it may name, if it is the name of a host that the operator approves.
    pub own_hosts: Option<OwnHosts>,
    /// Longer texts that people paste in its place.
    pub found_in: Vec<Surroundings>,
    /// What may have been pasted around it.
    pub kind: Kind,
    /// The values that are allowed. Empty: any value that matches the pattern.
    pub options: Vec<Choice>,
    /// Whether it is stored encrypted and never shown again, as a credential is. A field of the connection is not.
    pub secret: bool,
    /// Whether it is a secret of several lines.
    pub lines: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// The value to use if it is left out. A field with a default is optional.
    pub default: Option<String>,
    /// Text shown before the input, such as `https://`. It is not part of the value.
    pub prefix: Option<String>,
    /// Text shown after the input, such as `.myshopify.com`. It is not part of the value.
    pub suffix: Option<String>,
    /// A valid value, shown in the empty input.
    pub example: Option<String>,
    /// Whether it is found out, so that nobody types it.
    pub found: bool,
}

impl Field {
    /// Whether a connection or credential without it is incomplete.
    pub fn is_required(&self) -> bool {
        !self.optional && self.default.is_none()
    }

    /// Reads a value as it was pasted: normalises it, then judges it. `None` if nothing was given. The error says what
    /// is expected, without repeating the value, which may be a secret.
    pub fn read(&self, value: &Value) -> Result<Option<String>, String> {
        let text = match value {
            Value::Null => return Ok(None),
            Value::String(text) => text,
            _ => return Err("Expected string".into()),
        };
        let read = self.kind.read(text, &self.found_in, |text| self.is_formed(text));
        let labelled = self.options.iter().find(|choice| choice.label.to_lowercase() == read.to_lowercase());
        let read = labelled.map_or(read, |choice| choice.value.clone());
        if read.is_empty() {
            return Ok(None);
        }
        self.check(&read).map(|()| Some(read))
    }

    /// Whether a text may be what was meant, of several readings.
    fn is_formed(&self, text: &str) -> bool {
        match (&self.own_hosts, &self.pattern, self.options.is_empty()) {
            (Some(own), _, _) => self.host_in(own, text).is_some(),
            (None, Some(pattern), _) => pattern.matches(text),
            (None, None, false) => self.options.iter().any(|choice| choice.value == text),
            (None, None, true) => text.is_ascii(),
        }
    }

    /// Whether a request may be made with a value: it names no host of the customer's own, or one that is approved.
    pub(super) fn may_be_used(&self, text: &str) -> bool {
        self.own_hosts.as_ref().is_none_or(|own| self.check_host(own, text).is_ok())
    }

    /// Whether no host can be named here, because the operator approves none.
    pub(super) fn lacks_approval(&self) -> bool {
        self.pattern.is_none() && self.own_hosts.as_ref().is_some_and(|own| own.approved.is_empty())
    }

    /// The host of the customer's own that a value names: it is one, or an `https` URL at one.
    fn host_in(&self, own: &OwnHosts, text: &str) -> Option<OwnHost> {
        let in_url = || {
            let url = check_url(text).ok().filter(|url| self.secret || url.query().is_none())?;
            // A dot at the end would be another text than the one that is compared.
            let host = url.host_str().filter(|host| !host.ends_with('.'))?;
            OwnHost::named(host, url.port())
        };
        let host = match self.kind {
            Kind::Url => in_url(),
            Kind::OwnHost { .. } => text.parse().ok(),
            // It is not known yet where it stands.
            _ => text.parse().ok().or_else(in_url),
        };
        host.filter(|host| own.takes_port || !host.has_port())
    }

    /// Checks the host that a value names. The error says what is expected, and what the operator has to set.
    fn check_host(&self, own: &OwnHosts, text: &str) -> Result<(), String> {
        if self.pattern.as_ref().is_some_and(|pattern| pattern.matches(text)) {
            return Ok(());
        }
        check_size(&text.into(), MAX_VALUE_BYTES)?;
        let host = self.host_in(own, text).ok_or_else(|| self.expectation())?;
        if own.approved.approve(&host) {
            return Ok(());
        }
        let what = if host.has_port() { "its name with its port" } else { "its name" };
        Err(format!(
            "{}. This server may not call that host yet: its operator has to add {what} to RIQ_APPROVED_HOSTS",
            self.expectation()
        ))
    }

    /// Checks a value that shows what is expected. No operator need approve it.
    pub(super) fn check_example(&self, text: &str) -> Result<(), String> {
        match &self.own_hosts {
            Some(own) => self.host_in(own, text).map(drop).ok_or_else(|| self.expectation()),
            None => self.check(text),
        }
    }

    /// Checks a value that was read. The error says what is expected.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        if let Some(own) = &self.own_hosts {
            return self.check_host(own, text);
        }
        if !self.options.is_empty() && !self.options.iter().any(|choice| choice.value == text) {
            let values: Vec<String> =
                self.options.iter().map(|one| format!("{} ({})", one.value, one.label)).collect();
            return Err(format!("Expected one of: {}", values.join(", ")));
        }
        match &self.pattern {
            Some(pattern) if !pattern.matches(text) => Err(self.expectation()),
            _ if self.lines => check_lines(&text.into()),
            _ => check_text(&text.into()).map(drop),
        }
    }

    fn expectation(&self) -> String {
        self.mismatch.clone().unwrap_or_else(|| format!("Expected another value; {}", self.help))
    }
}

/// Checks what holds for every value: it is a string that can stand in a header, not empty and not too long.
///
/// No provider's tokens contain whitespace or control characters (RFC 6749, appendix A.12), which could split a header.
pub(crate) fn check_text(value: &Value) -> Result<&str, String> {
    check_characters(check_size(value, MAX_VALUE_BYTES)?)
}

/// Checks an access token, as [`check_text`] does, but it may be longer.
pub(crate) fn check_access_token(value: &Value) -> Result<&str, String> {
    check_characters(check_size(value, MAX_TOKEN_BYTES)?)
}

/// Checks a refresh token, which only ever stands in a body (RFC 6749, section 6).
pub(crate) fn check_refresh_token(value: &Value) -> Result<&str, String> {
    let text = check_size(value, MAX_TOKEN_BYTES)?;
    if text.contains(char::is_control) {
        return Err("Must not contain line breaks or control characters".into());
    }
    Ok(text)
}

/// Checks a value of several lines, which stands in no request.
fn check_lines(value: &Value) -> Result<(), String> {
    let text = check_size(value, MAX_LINES_BYTES)?;
    if text.contains(|c: char| c.is_control() && c != '\n') {
        return Err("Must not contain control characters".into());
    }
    Ok(())
}

fn check_characters(text: &str) -> Result<&str, String> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("Must not contain spaces, line breaks or control characters".into());
    }
    Ok(text)
}

fn check_size(value: &Value, limit: usize) -> Result<&str, String> {
    let text = value.as_str().ok_or("Expected string")?;
    if text.is_empty() {
        return Err("Must not be empty".into());
    }
    if text.len() > limit {
        return Err(format!("Must not be longer than {limit} bytes"));
    }
    Ok(text)
}

/// Reads the values of these fields. The error is everything that is wrong, each path under `root`. What is null, empty
/// or blank counts as left out.
pub(super) fn read_fields(
    fields: &[Field],
    values: &Map<String, Value>,
    root: &str,
) -> Result<Map<String, Value>, Vec<Issue>> {
    let (mut read, mut issues) = (Map::new(), Vec::new());
    for field in fields {
        let path = join(root, &field.key);
        match field.read(values.get(&field.key).unwrap_or(&Value::Null)) {
            Ok(None) if field.is_required() => issues.push(Issue::new(path, "Required")),
            Ok(None) => {}
            Ok(Some(text)) => drop(read.insert(field.key.clone(), text.into())),
            Err(message) => issues.push(Issue::new(path, message)),
        }
    }
    let unknown = values.keys().filter(|key| !fields.iter().any(|field| field.key == **key));
    issues.extend(unknown.map(|key| Issue::new(join(root, key), "Unknown field")));
    if issues.is_empty() { Ok(read) } else { Err(issues) }
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

    #[test]
    fn a_pattern_of_an_input_matches_ascii_alone() {
        let pattern = Pattern::parse_ascii(r"^ch_\d+$").unwrap();
        assert!(pattern.matches("ch_1"));
        assert!(!pattern.matches("ch_১") && !pattern.matches("ch_1\n"));
        for loose in ["^.+$", "^[^/]+$", r"^\W$", "^é$"] {
            assert!(Pattern::parse_ascii(loose).unwrap_err().contains("ASCII"), "{loose}");
        }
    }
}
