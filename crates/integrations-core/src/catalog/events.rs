//! What a provider's file says of the events that the provider sends.
//!
//! [`crate::inbound`] verifies and reads them, as this says.

use std::time::Duration;

use ed25519_dalek::VerifyingKey;
use url::Url;

use super::event_secret::{EventKey, EventSecret};
use super::names::{AddressOf, Encoding, Handshake, TimeUnit};
use super::template::JsonPointer;

/// Whether a provider sends events that can be verified.
#[derive(Clone, Debug)]
pub enum EventSource {
    /// Its file says nothing of them.
    Untold,
    /// It sends none that can be verified. The reason, in words for people.
    None(String),
    /// It sends them.
    Sent(Box<Events>),
}

/// How a provider sends events.
#[derive(Clone, Debug)]
pub struct Events {
    /// Whose address it sends them to.
    pub address: AddressOf,
    /// The provider's documentation of its events.
    pub documentation_url: Url,
    /// The page at the provider where a person enters the address.
    pub page: Option<Url>,
    /// What to do there, in a sentence or two.
    pub enter: String,
    /// With which secret they are verified.
    pub secret: EventSecret,
    /// How they are verified.
    pub signature: Signature,
    /// How far the signed time may be from ours, either way. `None`: no time is signed, or repeats keep the first one.
    pub window: Option<Duration>,
    /// How long the provider repeats an event that was not answered.
    pub repeats_within: Duration,
    /// The largest body, in bytes. A larger one is refused before it is read.
    pub max_bytes: usize,
    /// How long the provider waits for the answer.
    pub answer_within: Duration,
    /// The statuses of our answers.
    pub statuses: EventStatuses,
    /// The requests that are no events.
    pub handshakes: Vec<Handshake>,
    /// Types of events that only try the address. They are answered, and nothing is kept.
    pub pings: Vec<String>,
    /// The field of a form that has the JSON, if the provider may send forms.
    pub form_field: Option<String>,
    /// Where the list is, if one request brings several events. The whole body is the empty pointer.
    pub batch: Option<JsonPointer>,
    /// Where to read what of an event.
    pub fields: EventFields,
    /// The headers that are passed on with an event, in lower case.
    pub headers: Vec<String>,
    /// The events after which the credential may be dead.
    pub ends_access: Vec<AccessEnd>,
    /// Types of events of an account that go to its disconnected integrations too.
    pub also_disconnected: Vec<String>,
}

impl Events {
    /// Reads a secret that a person pasted, as [`EventSecret::read`] does. A public key must also be one.
    pub fn read_secret(&self, text: &str) -> Result<String, String> {
        let read = self.secret.read(text)?;
        let key = self.secret.key(&read);
        let is_public =
            |key: &EventKey| VerifyingKey::try_from(key.as_bytes()).is_ok_and(|key| !key.is_weak());
        match (&self.signature.scheme, &key) {
            (Scheme::Ed25519 { .. }, Some(key)) if !is_public(key) => Err(self.secret.mismatch.clone()),
            _ => Ok(read),
        }
    }
}

/// The HTTP statuses of answers to events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventStatuses {
    /// For an event that was stored.
    pub taken: u16,
    /// For one that is not verified.
    pub refused: u16,
    /// For one that the provider need not send again. `None`: the provider knows no such status.
    pub never_again: Option<u16>,
}

/// How it is shown that an event comes from its provider.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What is looked at.
    pub scheme: Scheme,
    /// The signed time. It is believed only after the signature was verified.
    pub time: Option<SignedTime>,
}

impl Signature {
    /// Whether the signature covers the body. Otherwise whoever saw one event can send any body.
    pub const fn is_over_body(&self) -> bool {
        matches!(self.scheme, Scheme::Hmac { .. } | Scheme::Ed25519 { .. })
    }
}

/// A scheme, with what it needs.
#[derive(Clone, Debug)]
pub enum Scheme {
    /// HMAC-SHA256.
    Hmac {
        /// Where the signatures are.
        carrier: Carrier,
        /// How they are written.
        encoding: Encoding,
        /// What they cover.
        signs: Vec<Part>,
    },
    /// Ed25519, in hexadecimal digits.
    Ed25519 {
        /// The header that has the signature.
        header: String,
        /// What it covers.
        signs: Vec<Part>,
    },
    /// HMAC-SHA256 over [`Signature::time`] and a token, all of them in the body. A token is used once.
    HmacFields {
        /// Where the token is.
        token: JsonPointer,
        /// Where signatures in hexadecimal digits may be.
        signatures: Vec<JsonPointer>,
    },
    /// `Authorization: Basic`.
    Basic,
    /// The secret itself.
    Token(Place),
}

/// Where signatures are.
#[derive(Clone, Debug)]
pub enum Carrier {
    /// A header with one signature.
    Whole {
        /// The header, in lower case.
        header: String,
        /// What stands before the signature.
        prefix: String,
    },
    /// A header with named values.
    Pairs {
        /// The header, in lower case.
        header: String,
        /// The name of those that are signatures.
        version: String,
    },
    /// A header with versions and signatures.
    Versions {
        /// The header, in lower case.
        header: String,
        /// The version that counts.
        version: String,
    },
}

impl Carrier {
    /// The header, in lower case.
    pub fn header(&self) -> &str {
        match self {
            Self::Whole { header, .. } | Self::Pairs { header, .. } | Self::Versions { header, .. } => header,
        }
    }
}

/// A part of what a signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These characters.
    Literal(String),
    /// The raw body.
    Body,
    /// The signed time, as it was written.
    Timestamp,
    /// The value of a header, such as the event's id.
    Header(String),
    /// The request's method.
    Method,
    /// The address that was called, with the characters decoded that HubSpot lists.
    Url,
}

/// Where a signed time is.
#[derive(Clone, Debug)]
pub struct SignedTime {
    /// The place.
    pub place: TimePlace,
    /// What it is written in.
    pub unit: TimeUnit,
}

/// A place that a signature covers.
#[derive(Clone, Debug)]
pub enum TimePlace {
    /// A header, which is a part of what is signed.
    Header(String),
    /// A named value beside the signatures, which is a part of what is signed.
    Pair(String),
    /// A place in the signed body.
    Body(JsonPointer),
}

/// Where a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A header, in lower case. Schemes that sign the body do not sign it.
    Header(String),
    /// A place in the body.
    Body(JsonPointer),
}

/// Where to read what of an event. Of several places, the first that has something counts.
#[derive(Clone, Debug, Default)]
pub struct EventFields {
    /// The provider's id of the event.
    pub id: Vec<Place>,
    /// Two events are the same if all of these are equal. Without any, the id decides; without an id, the body.
    pub dedupe: Vec<Place>,
    /// Its type.
    pub kind: Vec<Place>,
    /// What is appended to the type, after a `.`: `opened` of `issues.opened`.
    pub kind_detail: Vec<Place>,
    /// When it happened. A place in the body.
    pub time: Vec<JsonPointer>,
    /// The account at the provider that it happened in, as the integration's account is called.
    pub account: Vec<Place>,
    /// The account that this account belongs to, for integrations that are connected to all of it.
    pub parent_account: Vec<Place>,
    /// What is taken off the end of an account, such as `.myshopify.com`.
    pub account_suffix: Option<String>,
    /// The number of the attempt.
    pub attempt: Vec<Place>,
    /// The number of the first attempt. A higher one is a repeat.
    pub first_attempt: u32,
}

/// An event after which the credential may be dead. It only brings a check forward: the check decides.
#[derive(Clone, Debug)]
pub struct AccessEnd {
    /// The event's type.
    pub kind: String,
    /// A place in the body that must hold something: not null, not empty.
    pub needs: Option<JsonPointer>,
}
