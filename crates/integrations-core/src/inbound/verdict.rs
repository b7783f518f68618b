//! What comes of a request to an address for events.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::reason::Reason;

/// How far the provider's clock may be behind ours. A check too many does no harm.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// What to do with a request.
#[derive(Debug)]
pub enum Verdict {
    /// Refuse it, and count the reason.
    Refuse(Refusal),
    /// Answer it. It is no event, and nothing of it is kept.
    Answer(Answer),
    /// Keep the secret that it brings, then answer. The page that waits for it is closed in the same transaction.
    KeepSecret {
        /// The secret.
        secret: BroughtSecret,
        /// The answer.
        answer: Answer,
    },
    /// Keep its events, then answer.
    Take(Box<Taken>),
}

/// A request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status of the answer, which has no body.
    pub status: u16,
    /// Why.
    pub reason: Reason,
    /// What type of event it claims to be. It is not verified, and good only for telling people what is refused.
    pub claimed_kind: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: String,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: Some("application/json"), body: body.to_string() }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, content_type: None, body: String::new() }
    }
}

/// A secret that a provider brought. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct BroughtSecret(pub(super) String);

impl BroughtSecret {
    /// The text to store, and to show once.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BroughtSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BroughtSecret")
    }
}

/// The events of a verified request.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The events. A provider may send a list of none.
    pub events: Vec<Event>,
    /// When the provider signed the request.
    pub signed_at: Option<OffsetDateTime>,
    /// Name and value of each header that is passed on with them.
    pub headers: Vec<(String, String)>,
    /// Whether the signature covers the bodies.
    pub is_body_signed: bool,
    /// What may be used only once.
    pub once: Option<Once>,
    /// How long the claim of each event lives.
    pub claim: Duration,
    /// The answer, after they are stored.
    pub answer: Answer,
}

/// What may be used only once: what was signed, or the token that was signed in its place.
///
/// If the key is claimed already with the same `bound_to`, the provider repeats a request. With another, somebody uses
/// a signature again for something else: [`Reason::Replayed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// A digest, in hexadecimal digits.
    pub key: String,
    /// A digest of the events that came with it, in hexadecimal digits.
    pub bound_to: String,
    /// How long the claim lives: twice the window, because a time may be as far ahead as behind.
    pub claim: Duration,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The provider's id of it.
    pub id: Option<String>,
    /// Its type.
    pub kind: Option<String>,
    /// The accounts that it may be of, the first that an integration is connected to: the account itself, then the one
    /// that this belongs to.
    pub accounts: Vec<String>,
    /// When it happened. Only what is signed says so.
    pub time: Option<OffsetDateTime>,
    /// The number of the attempt.
    pub attempt: Option<u32>,
    /// Whether the provider says that it sent it before.
    pub is_repeat: bool,
    /// What it is known by at its address: a digest, in hexadecimal digits. An event with the same one is the same.
    pub dedupe: String,
    /// Its body, as the provider wrote it.
    pub body: EventBody,
    /// The SHA-256 of its body, in hexadecimal digits.
    pub body_sha256: String,
    /// Whether it says that access ended. It only brings a check of the credential forward.
    pub ends_access: bool,
}

impl Event {
    /// Whether the credential that is stored since `since` should be checked now. An event of the time before it tells
    /// of the credential before it: some arrive minutes after a person has connected again.
    pub fn asks_for_check(&self, since: OffsetDateTime) -> bool {
        self.ends_access && self.time.is_none_or(|time| time + CLOCKS_APART >= since)
    }
}

/// The body of an event. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct EventBody(pub(super) Vec<u8>);

impl EventBody {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for EventBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventBody({} bytes)", self.0.len())
    }
}
