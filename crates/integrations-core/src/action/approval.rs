//! Approvals, which ask a person about one run each: their states, the decisions on them, and how a project has them
//! decided.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::read_line;
use crate::fields::{BodyError, Fields, object, or_null, text};
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
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Who may decide.
    pub deciders: Deciders,
    /// How long that may take, in seconds.
    pub expires_after: u32,
    /// Where people are told of what waits. `None`: nowhere but in webhooks.
    pub notify: Option<Destination>,
}

/// Where people are told of what waits for one of them: an action that sends a message, by an integration of the
/// project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Destination {
    /// The integration's provider, with its alias.
    pub provider: String,
    /// The action's key.
    pub action: String,
    /// The rest of its input, such as the channel. The server adds the message.
    pub input: Map<String, Value>,
    /// The account at the provider that the integration was connected to when this was set. `None`: it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl Destination {
    /// Whether this account is the one that it was set for. One that was not known then cannot be told apart.
    pub fn is_of(&self, account: Option<&str>) -> bool {
        self.account.is_none() || self.account.as_deref() == account
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { deciders: Deciders::People, expires_after: USUAL_TIME, notify: None }
    }
}

/// What to change of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyUpdate {
    /// Who may decide.
    pub deciders: Option<Deciders>,
    /// How long that may take, in seconds.
    pub expires_after: Option<u32>,
    /// Where people are told. `Some(None)`: nowhere any more.
    pub notify: Option<Option<Destination>>,
}

impl PolicyUpdate {
    /// Reads a body that names at least one field. Everything that is wrong is reported at once.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read_change(body)?;
        let deciders = fields.optional("decided_by", |value| {
            text(value)?.parse::<Deciders>().map_err(|error| error.to_string())
        });
        let expires_after = fields.optional("expires_after_seconds", seconds);
        let notify = fields.optional("notify", or_null(object)).and_then(|told| match told {
            Some(members) => fields.within("notify", members, destination).map(Some),
            None => Some(None),
        });
        fields.finish(Some(Self { deciders, expires_after, notify }))
    }

    /// The policy after the change.
    pub fn of(self, before: Policy) -> Policy {
        Policy {
            deciders: self.deciders.unwrap_or(before.deciders),
            expires_after: self.expires_after.unwrap_or(before.expires_after),
            notify: self.notify.unwrap_or(before.notify),
        }
    }
}

/// Reads where people are told. Whether there is such an action is not looked at.
fn destination(members: &mut Fields) -> Option<Destination> {
    let provider = members.required("provider", text);
    let action = members.required("action", text);
    let input = members.optional("input", object).unwrap_or_default();
    Some(Destination { provider: provider?, action: action?, input, account: None })
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
        assert_eq!(update.of(after.clone()), Policy { expires_after: 300, ..after });
        for seconds in ["299", "2592001", "-1", "300.5", "\"300\"", "null"] {
            let body = format!(r#"{{"expires_after_seconds": {seconds}, "decided_by": "all"}}"#);
            assert_eq!(told(PolicyUpdate::read(body.as_bytes())).len(), 2, "{body}");
        }
        assert!(matches!(PolicyUpdate::read(b"{}"), Err(BodyError::NoUpdates)));
    }

    #[test]
    fn a_policy_says_where_people_are_told() {
        let body =
            br##"{"notify": {"provider": "slack", "action": "post_message", "input": {"channel": "#a"}}}"##;
        let told_there = PolicyUpdate::read(body).unwrap().of(Policy::default());
        let notify = told_there.notify.clone().unwrap();
        assert_eq!((notify.provider.as_str(), notify.action.as_str()), ("slack", "post_message"));
        assert_eq!(Value::Object(notify.input), serde_json::json!({"channel": "#a"}));
        for (set_for, now, is_same) in [
            (None, Some("a"), true),
            (Some("a"), Some("a"), true),
            (Some("a"), Some("b"), false),
            (Some("a"), None, false),
        ] {
            let set =
                Destination { account: set_for.map(str::to_owned), ..told_there.notify.clone().unwrap() };
            assert_eq!(set.is_of(now), is_same, "{set_for:?} {now:?}");
        }
        let nowhere = PolicyUpdate::read(br#"{"notify": null}"#).unwrap().of(told_there);
        assert_eq!(nowhere, Policy::default());
        for (notify, issues) in [
            ("7", vec!["notify: Expected object or null"]),
            ("{}", vec!["notify.provider: Required", "notify.action: Required"]),
            (
                r#"{"provider": 1, "action": "a", "input": [], "to": 1}"#,
                vec![
                    "notify.provider: Expected string",
                    "notify.input: Expected object",
                    "notify.to: Unknown field",
                ],
            ),
        ] {
            let body = format!(r#"{{"notify": {notify}}}"#);
            assert_eq!(told(PolicyUpdate::read(body.as_bytes())), issues, "{body}");
        }
    }
}
