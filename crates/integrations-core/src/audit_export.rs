//! The forms in which events of the audit log leave the server: JSON lines, CSV and syslog.

use crate::{
    audit_chain::{Line, LineHash},
    words::words,
};

words! {
    /// The form of an export.
    pub enum ExportFormat {
        /// One JSON object a line: the line of the chain, with its hash as the last member.
        Jsonl = "jsonl",
        /// A table for spreadsheets (RFC 4180).
        Csv = "csv",
    }
}

impl ExportFormat {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// What stands before the first event.
    pub fn beginning(self) -> String {
        match self {
            Self::Jsonl => String::new(),
            Self::Csv => record(COLUMNS),
        }
    }

    /// An event, with its line break. `line` is the line of the chain, or that of an event that is in none.
    pub fn event(self, line: &str) -> String {
        match self {
            Self::Jsonl => with_hash(line) + "\n",
            Self::Csv => record(cells(line).each_ref().map(String::as_str)),
        }
    }
}

/// The columns of the CSV.
const COLUMNS: [&str; 14] = [
    "number",
    "id",
    "at",
    "action",
    "actor_kind",
    "actor_id",
    "organization",
    "project",
    "provider",
    "integration",
    "request_id",
    "changes",
    "previous",
    "hash",
];

/// The column of the changes.
const CHANGES: usize = 11;

/// A line with its hash as the last member, `null` if the event is in no chain. The bytes before it, with a `}` behind,
/// are those that are hashed. A line that somebody changed so that it cannot be read stands in a string.
pub fn with_hash(line: &str) -> String {
    let seen = visible(line);
    let (object, hash) = match Line::read(line) {
        Ok(read) => (seen, read.number.map(|_| LineHash::of(line))),
        Err(_) => (serde_json::json!({"unreadable": seen}).to_string(), Some(LineHash::of(line))),
    };
    let hash = hash.map_or_else(|| "null".to_owned(), |hash| format!("\"{hash}\""));
    // Both are objects, so they end with a brace.
    let open = object.trim_end().strip_suffix('}').unwrap_or(&object);
    format!("{open},\"hash\":{hash}}}")
}

fn cells(text: &str) -> [String; COLUMNS.len()] {
    let Ok(line) = Line::read(text) else {
        let mut cells = [const { String::new() }; COLUMNS.len()];
        cells[CHANGES] = text.to_owned();
        return cells;
    };
    let hash = line.number.map(|_| LineHash::of(text).to_string()).unwrap_or_default();
    let previous = line.previous().map(|hash| hash.to_string()).unwrap_or_default();
    [
        line.number.map(|number| number.to_string()).unwrap_or_default(),
        line.id,
        line.at,
        line.action,
        line.actor_kind,
        line.actor_id.unwrap_or_default(),
        line.organization,
        line.project.unwrap_or_default(),
        line.provider.unwrap_or_default(),
        line.integration.unwrap_or_default(),
        line.request_id.unwrap_or_default(),
        line.changes.get().to_owned(),
        previous,
        hash,
    ]
}

/// A record of a CSV: every cell in quotes, with CR and LF at the end.
fn record<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

/// A cell. Spreadsheets run what begins with one of these characters as a formula, also in quotes, so an apostrophe
/// comes before it (owasp.org/www-community/attacks/CSV_Injection). Some take the wide forms of Asian scripts for the
/// same.
fn cell(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if runs { "'" } else { "" }, text.replace('"', "\"\""))
}

/// The priority of every message: facility 13 (log audit), severity 5 (notice), by RFC 5424, section 6.2.1.
const PRIORITY: u8 = 13 * 8 + 5;
/// The longest names in the head of a message (RFC 5424, section 6).
const LONGEST_HOST: usize = 255;
const LONGEST_MESSAGE_ID: usize = 32;

/// A message of syslog (RFC 5424) about an event, without framing: the time of the event, `host`, and the action as the
/// message's id; then what an export in JSON lines has. No control character is in it.
pub fn syslog_message(line: &str, host: &str) -> String {
    let event = Line::read(line).ok();
    let said = |text: Option<&String>| name(text.map_or("", String::as_str), LONGEST_MESSAGE_ID);
    let at = said(event.as_ref().map(|event| &event.at));
    let action = said(event.as_ref().map(|event| &event.action));
    let host = name(host, LONGEST_HOST);
    format!("<{PRIORITY}>1 {at} {host} riq-server - {action} - {}", with_hash(line))
}

/// A message of syslog with its length before it (octet counting, RFC 6587, section 3.4.1).
pub fn counted(message: &str) -> String {
    format!("{} {message}", message.len())
}

/// A field of the head: printable ASCII without blanks, a dash if nothing is left.
fn name(text: &str, longest: usize) -> String {
    let name: String = text.chars().filter(char::is_ascii_graphic).take(longest).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

/// The text with an escape of JSON for each control character. Lines of the chain have none; this holds for lines that
/// somebody changed too.
fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => seen.push(' '),
            control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
                seen.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => seen.push(other),
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;
    use crate::audit_chain::{Head, Recorded};

    const FORGED: &str = "x\n<14>1 2026-01-01T00:00:00Z h app - - - admin login";

    fn event() -> Recorded {
        Recorded {
            id: "aud_1".into(),
            organization: "org_1".into(),
            at: datetime!(2026-03-01 10:00 UTC),
            action: "integration.lifecycle.updated".into(),
            actor_kind: "operator".into(),
            actor_id: None,
            project: Some("prj_1".into()),
            integration: None,
            provider: Some("slack".into()),
            request_id: None,
            changes: "[]".into(),
        }
    }

    fn line(event: &Recorded) -> String {
        Line::of(event, Some(Head::NONE)).write().unwrap()
    }

    #[test]
    fn a_json_line_is_the_hashed_line_with_its_hash() {
        let line = line(&event());
        let exported = ExportFormat::Jsonl.event(&line);
        let (hashed, hash) = exported.rsplit_once(",\"hash\":\"").unwrap();
        assert_eq!(format!("{hashed}}}"), line);
        assert_eq!(hash, format!("{}\"}}\n", LineHash::of(&line)));
        let alone = Line::of(&event(), None).write().unwrap();
        assert!(ExportFormat::Jsonl.event(&alone).ends_with(",\"changes\":[],\"hash\":null}\n"));
        let unreadable = ExportFormat::Jsonl.event("{}\n<14>");
        assert_eq!(
            unreadable,
            format!("{{\"unreadable\":\"{{}} <14>\",\"hash\":\"{}\"}}\n", LineHash::of("{}\n<14>"))
        );
        assert!(ExportFormat::Csv.event("=1\n").contains(",\"'=1\n\","));
    }

    #[test]
    fn a_csv_has_a_head_and_every_cell_in_quotes() {
        let head = ExportFormat::Csv.beginning();
        assert!(head.starts_with("\"number\",\"id\",\"at\",") && head.ends_with(",\"hash\"\r\n"), "{head}");
        let changes = r#"[{"path":"status"}]"#.to_owned();
        let record = ExportFormat::Csv.event(&line(&Recorded { changes, ..event() }));
        assert!(
            record.starts_with(
                "\"1\",\"aud_1\",\"2026-03-01T10:00:00.000000Z\",\"integration.lifecycle.updated\","
            ),
            "{record}"
        );
        assert!(record.contains(",\"[{\"\"path\"\":\"\"status\"\"}]\","), "{record}");
        assert_eq!(record.matches("\r\n").count(), 1);
    }

    #[test]
    fn no_cell_begins_as_a_formula() {
        for begins in
            ["=1+1", "+1", "-1", "@SUM(1)", "\tx", "\rx", "\nx", "＝1", "=cmd|' /C calc'!A0", "\n=1"]
        {
            let record =
                ExportFormat::Csv.event(&line(&Recorded { provider: Some(begins.into()), ..event() }));
            assert!(record.contains(&format!(",\"'{begins}\",")), "{begins}");
        }
        assert_eq!(cell("a=\"b\""), "\"a=\"\"b\"\"\"");
    }

    #[test]
    fn a_message_of_syslog_is_one_line_whatever_is_in_it() {
        let changes = serde_json::json!([{"path": "display_name", "from": null, "to": FORGED}]).to_string();
        let forged = Recorded { changes, provider: Some(FORGED.into()), action: FORGED.into(), ..event() };
        let message = syslog_message(&line(&forged), "riq.example\n<14>");
        assert!(!message.contains(char::is_control), "{message}");
        let head = "<109>1 2026-03-01T10:00:00.000000Z riq.example<14> riq-server - x<14>12026-01-01T00:00:00Zhapp-- - {";
        assert!(message.starts_with(head), "{message}");
        assert_eq!(counted(&message), format!("{} {message}", message.len()));
        assert!(
            syslog_message(&line(&event()), "\n")
                .contains("Z - riq-server - integration.lifecycle.updated - {")
        );
    }

    #[test]
    fn the_longest_action_is_a_whole_message_id() {
        use crate::audit::AuditAction;

        for action in AuditAction::ALL {
            assert!(action.as_str().len() <= LONGEST_MESSAGE_ID, "{action}");
        }
    }

    proptest! {
        #[test]
        fn nothing_ends_a_message_or_a_record(text in "(?s:.{0,60})") {
            let nasty = Recorded { request_id: Some(text.clone()), provider: Some(text), ..event() };
            let message = syslog_message(&line(&nasty), "h");
            prop_assert!(!message.contains(char::is_control), "{}", message);
            let record = ExportFormat::Csv.event(&line(&nasty));
            // Outside of quotes there is one line break.
            let outside: String = record.split('"').step_by(2).collect();
            prop_assert_eq!(outside.matches('\n').count(), 1);
        }
    }
}
