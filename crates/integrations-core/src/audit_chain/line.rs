//! The line of an event: the bytes that are hashed, and that leave the server.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::{OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description};

use super::{Head, LineHash};

/// The form of the lines that are written now.
const FORMAT: u8 = 1;

/// RFC 3339 with six digits after the second.
const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `aud_…`
    pub id: String,
    /// The organization whose log records it.
    pub organization: String,
    /// When.
    pub at: OffsetDateTime,
    /// What happened.
    pub action: String,
    /// What kind of actor did it.
    pub actor_kind: String,
    /// The id of the API key or the person.
    pub actor_id: Option<String>,
    /// The project that it is about.
    pub project: Option<String>,
    /// The integration that it is about.
    pub integration: Option<String>,
    /// That integration's provider, with its alias.
    pub provider: Option<String>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// JSON array of `{path, from, to}`.
    pub changes: String,
}

/// A line cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the line is not one of an audit log: {0}")]
pub struct UnreadableLine(#[from] serde_json::Error);

/// An event as its line says it, in the order of the line's members.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    format: u8,
    /// The organization whose chain it is in.
    pub organization: String,
    /// Its number in the chain; `None` if it is in none.
    pub number: Option<u64>,
    previous: Option<String>,
    /// The event's id.
    pub id: String,
    /// When it happened (RFC 3339).
    pub at: String,
    /// What happened.
    pub action: String,
    /// What kind of actor did it.
    pub actor_kind: String,
    /// The id of the API key or the person.
    pub actor_id: Option<String>,
    /// The project that it is about.
    pub project: Option<String>,
    /// The integration that it is about.
    pub integration: Option<String>,
    /// That integration's provider, with its alias.
    pub provider: Option<String>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// JSON array of `{path, from, to}`.
    pub changes: Box<RawValue>,
}

impl Line {
    /// The line of an event that follows `previous` in its chain, or that is in none.
    pub fn of(event: &Recorded, previous: Option<Head>) -> Self {
        let event = event.clone();
        Self {
            format: FORMAT,
            organization: event.organization,
            number: previous.map(|head| head.number.saturating_add(1)),
            previous: previous.map(|head| head.hash.to_string()),
            id: event.id,
            // Formatting fails only if a component is missing, and an `OffsetDateTime` has all of them.
            at: event.at.to_offset(UtcOffset::UTC).format(MOMENT).unwrap_or_default(),
            action: event.action,
            actor_kind: event.actor_kind,
            actor_id: event.actor_id,
            project: event.project,
            integration: event.integration,
            provider: event.provider,
            request_id: event.request_id,
            changes: as_one_line(&event.changes),
        }
    }

    /// Reads a line.
    pub fn read(line: &str) -> Result<Self, UnreadableLine> {
        Ok(serde_json::from_str(line)?)
    }

    /// The bytes that are hashed. Every control character and every line break of Unicode is written as its escape, so
    /// that a line is one line for whoever reads it.
    pub fn write(&self) -> Result<String, UnreadableLine> {
        Ok(escaped(&serde_json::to_string(self)?))
    }

    /// The hash that it names as that of the line before it.
    pub fn previous(&self) -> Option<LineHash> {
        self.previous.as_deref().and_then(|hash| hash.parse().ok())
    }

    /// What of the event the line says otherwise than `event`, by the names of its members.
    pub(super) fn differences(&self, event: &Recorded) -> Vec<&'static str> {
        let other = Self::of(event, None);
        // Both have passed `escaped`, or have nothing to escape.
        let changes = |line: &Self| escaped(line.changes.get());
        [
            ("organization", self.organization != other.organization),
            ("at", self.at != other.at),
            ("action", self.action != other.action),
            ("actor_kind", self.actor_kind != other.actor_kind),
            ("actor_id", self.actor_id != other.actor_id),
            ("project", self.project != other.project),
            ("integration", self.integration != other.integration),
            ("provider", self.provider != other.provider),
            ("request_id", self.request_id != other.request_id),
            ("changes", changes(self) != changes(&other)),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

/// Stored changes, without line breaks between the members. What is not JSON becomes a string.
fn as_one_line(changes: &str) -> Box<RawValue> {
    // JSON allows control characters only between its tokens, where a blank does as well.
    let blanked = changes.replace(['\n', '\r', '\t'], " ");
    let as_text = || serde_json::value::to_raw_value(changes);
    RawValue::from_string(blanked).or_else(|_| as_text()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// JSON with an escape for each character that may end or hide a line. They stand only in strings, where an escape
/// means the same.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String does not fail.
                write!(text, "\\u{:04x}", u32::from(character)).unwrap_or_default();
            }
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    pub(crate) fn event() -> Recorded {
        Recorded {
            id: "aud_1".into(),
            organization: "org_1".into(),
            at: datetime!(2026-03-01 11:00:00.5 +1),
            action: "integration.installed".into(),
            actor_kind: "api_key".into(),
            actor_id: Some("key_1".into()),
            project: Some("prj_1".into()),
            integration: None,
            provider: Some("slack".into()),
            request_id: None,
            changes: r#"[{"path":"settings.b","from":1.0,"to":1e2}]"#.into(),
        }
    }

    #[test]
    fn a_line_has_all_of_the_event_in_one_order() {
        let line = Line::of(&event(), Some(Head::NONE)).write().unwrap();
        let zeros = "0".repeat(64);
        assert_eq!(
            line,
            format!(r#"{{"format":1,"organization":"org_1","number":1,"previous":"{zeros}","id":"aud_1","#)
                + r#""at":"2026-03-01T10:00:00.500000Z","action":"integration.installed","actor_kind":"api_key","#
                + r#""actor_id":"key_1","project":"prj_1","integration":null,"provider":"slack","#
                + r#""request_id":null,"changes":[{"path":"settings.b","from":1.0,"to":1e2}]}"#
        );
        assert_eq!(Line::read(&line).unwrap().write().unwrap(), line);
        let alone = Line::of(&event(), None).write().unwrap();
        assert!(
            alone.starts_with(r#"{"format":1,"organization":"org_1","number":null,"previous":null,"#),
            "{alone}"
        );
    }

    #[test]
    fn numbers_and_the_order_of_keys_stay_as_they_were_stored() {
        let changes = r#"[{"to":{"z":1.50,"a":12345678901234567890123,"m":1E+2},"path":"x","from":-0.0}]"#;
        let line = Line::of(&Recorded { changes: changes.into(), ..event() }, None).write().unwrap();
        assert!(line.ends_with(&format!(r#""changes":{changes}}}"#)), "{line}");
    }

    #[test]
    fn changes_that_were_written_over_several_lines_or_are_no_json_become_one_line() {
        for (stored, written) in [("[\n  1,\r\n\t2\n]", "[   1,   2 ]"), ("[1\n<14>1", r#""[1\n<14>1""#)] {
            let line = Line::of(&Recorded { changes: stored.into(), ..event() }, None).write().unwrap();
            assert!(line.ends_with(&format!(r#""changes":{written}}}"#)), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_control_character_or_line_break_is_in_a_line(text in "(?s:.{0,40})", nasty in "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{2028}\u{2029}]{1,4}") {
            let value = format!("{text}{nasty}");
            let changes = serde_json::json!([{"path": "display_name", "from": null, "to": value}]).to_string();
            let stored = Recorded { request_id: Some(value.clone()), provider: Some(value.clone()), changes, ..event() };
            let line = Line::of(&stored, Some(Head::NONE)).write().unwrap();
            prop_assert!(!line.chars().any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}'), "{}", line);
            let read = Line::read(&line).unwrap();
            prop_assert_eq!(read.request_id.as_ref(), Some(&value));
            prop_assert_eq!(read.differences(&stored), Vec::<&str>::new());
            let changes: serde_json::Value = serde_json::from_str(read.changes.get()).unwrap();
            prop_assert_eq!(changes[0]["to"].as_str(), Some(value.as_str()));
            prop_assert_eq!(read.write().unwrap(), line);
        }
    }
}
