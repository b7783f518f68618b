//! Approvals, which ask a person about one run each: their states, the decisions on them, and how a project has them
//! decided.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::call::read_line;
use crate::fields::{BodyError, Fields, text};
use crate::words::words;

words! {
    /// Where an approval is.
    pub enum ApprovalStatus {
        /// Nobody has decided.
        Pending = "pending",
        /// Somebody approved it. What came of it is in the run.
        Approved = "approved",
        /// Somebody denied it. Nothing was sent.
        Denied = "denied",
        /// Nobody decided in time, or what was asked no longer holds. Nothing was sent.
        Expired = "expired",
    }
}

words! {
    /// Who may approve the calls of a project's actions.
    pub enum Deciders {
        /// Signed-in people whose role allows it.
        People = "people",
        /// Also API keys with `approvals:admin`.
        PeopleAndKeys = "people_and_keys",
    }
}

/// How long a person may take if the project does not say, in seconds.
const USUAL_TIME: u32 = 24 * 60 * 60;
/// How long a project may give a person, in seconds: five minutes to thirty days.
const TIMES: RangeInclusive<u32> = 300..=30 * 24 * 60 * 60;

/// How the approvals of a project are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Who may decide.
    pub deciders: Deciders,
    /// How long that may take, in seconds.
    pub expires_after: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { deciders: Deciders::People, expires_after: USUAL_TIME }
    }
}

/// What to change of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyUpdate {
    /// Who may decide.
    pub deciders: Option<Deciders>,
    /// How long that may take, in seconds.
    pub expires_after: Option<u32>,
}

impl PolicyUpdate {
    /// Reads a body that names at least one field. Everything that is wrong is reported at once.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read_change(body)?;
        let deciders = fields.optional("decided_by", |value| {
            text(value)?.parse::<Deciders>().map_err(|error| error.to_string())
        });
        let expires_after = fields.optional("expires_after_seconds", seconds);
        fields.finish(Some(Self { deciders, expires_after }))
    }

    /// The policy after the change.
    pub fn of(self, before: Policy) -> Policy {
        Policy {
            deciders: self.deciders.unwrap_or(before.deciders),
            expires_after: self.expires_after.unwrap_or(before.expires_after),
        }
    }
}

fn seconds(value: Value) -> Result<u32, String> {
    let seconds = value.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
    seconds.filter(|seconds| TIMES.contains(seconds)).ok_or_else(|| {
        format!("Expected a whole number of seconds from {} to {}", TIMES.start(), TIMES.end())
    })
}

/// Reads the body of a decision, which may be empty: `{"note": "…"}`. Returns the note.
pub fn read_decision(body: &[u8]) -> Result<Option<String>, BodyError> {
    let mut fields = Fields::read_optional(body)?;
    let note = fields.optional("note", read_line);
    fields.finish(Some(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T>(read: Result<T, BodyError>) -> Vec<String> {
        match read {
            Err(BodyError::Invalid(issues)) => issues.iter().map(ToString::to_string).collect(),
            Err(error) => vec![error.to_string()],
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn a_decision_may_have_a_note_of_one_line_and_nothing_else() {
        assert_eq!(read_decision(b""), Ok(None));
        assert_eq!(read_decision(b"{}"), Ok(None));
        assert_eq!(read_decision(r#"{"note": "Yes"}"#.as_bytes()), Ok(Some("Yes".to_owned())));
        for (body, issue) in [
            (r#"{"decided_by": "usr_1"}"#, "decided_by: Unknown field"),
            (r#"{"note": "a\nb"}"#, "note: Must not contain line breaks or control characters"),
            (r#"{"note": " "}"#, "note: Must not be empty. Leave it out instead"),
            (r#"{"note": null}"#, "note: Expected string"),
        ] {
            assert_eq!(told(read_decision(body.as_bytes())), [issue], "{body}");
        }
        let long = format!(r#"{{"note": "{}"}}"#, "x".repeat(501));
        assert_eq!(told(read_decision(long.as_bytes())), ["note: Must have at most 500 characters"]);
    }

    #[test]
    fn a_policy_changes_in_what_is_named() {
        let update = PolicyUpdate::read(br#"{"decided_by": "people_and_keys"}"#).unwrap();
        let after = update.of(Policy::default());
        assert_eq!((after.deciders, after.expires_after), (Deciders::PeopleAndKeys, 86_400));
        let update = PolicyUpdate::read(br#"{"expires_after_seconds": 300}"#).unwrap();
        assert_eq!(update.of(after), Policy { expires_after: 300, ..after });
        for seconds in ["299", "2592001", "-1", "300.5", "\"300\"", "null"] {
            let body = format!(r#"{{"expires_after_seconds": {seconds}, "decided_by": "all"}}"#);
            assert_eq!(told(PolicyUpdate::read(body.as_bytes())).len(), 2, "{body}");
        }
        assert!(matches!(PolicyUpdate::read(b"{}"), Err(BodyError::NoUpdates)));
    }
}
