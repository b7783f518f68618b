//! Events of providers, as they are forwarded to webhooks.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{ids::ProviderEventId, words::words};

/// The largest body of a provider that is forwarded, in bytes. A larger one can be read by the API.
pub const LARGEST_FORWARDED: usize = 1024 * 1024;

words! {
    /// Why a forwarded event comes without the provider's body.
    pub enum Omitted {
        /// It is larger than what is forwarded. The API has it.
        TooLarge = "too_large",
        /// It is not kept any more.
        Expired = "expired",
    }
}

/// An event of a provider, as receivers are told it, without its body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ForwardedEvent {
    /// Its id here.
    pub id: ProviderEventId,
    /// The provider's id of it.
    pub provider_event_id: Option<String>,
    /// Its type, as the provider calls it.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// When it happened, if the provider says so in what it signs.
    #[serde(with = "time::serde::rfc3339::option")]
    pub occurred_at: Option<OffsetDateTime>,
    /// When it arrived here.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// The account at the provider that it happened in.
    pub account: Option<String>,
    /// The number of the provider's attempt.
    pub attempt: Option<u32>,
    /// Whether the provider says that it sent it before.
    pub is_repeat: bool,
    /// The provider's headers that matter.
    pub headers: Map<String, Value>,
    /// Whether the provider's signature covers the body.
    pub is_body_signed: bool,
    /// The SHA-256 of the body, in hexadecimal digits.
    pub body_sha256: String,
    /// How many bytes the body has.
    pub body_size: usize,
}

impl ForwardedEvent {
    /// What a message says of it.
    pub fn details(&self) -> Map<String, Value> {
        Map::from_iter([("event".to_owned(), json!(self))])
    }
}

/// A stored message with the provider's `body` in it: as text exactly as the provider wrote it, or in base64 if that is
/// not UTF-8. The same message and body always give the same bytes.
///
/// # Errors
///
/// If the message is not one that [`ForwardedEvent::details`] is in.
pub fn with_body(message: &[u8], body: Result<&[u8], Omitted>) -> Result<Vec<u8>, serde_json::Error> {
    let mut message: Value = serde_json::from_slice(message)?;
    let event = message.pointer_mut("/data/event").and_then(Value::as_object_mut);
    let event = event.ok_or_else(|| serde::de::Error::missing_field("data.event"))?;
    let (name, value) = match body.map(|body| (std::str::from_utf8(body), body)) {
        Ok((Ok(text), _)) => ("body", text.to_owned()),
        Ok((Err(_), bytes)) => ("body_base64", STANDARD.encode(bytes)),
        Err(why) => ("body_omitted", why.as_str().to_owned()),
    };
    event.insert(name.to_owned(), value.into());
    serde_json::to_vec(&message)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        ids::{EventId, ProjectId},
        webhook::{Event, EventType, Subject},
    };

    fn message() -> Vec<u8> {
        let forwarded = ForwardedEvent {
            id: ProviderEventId::from_bits(1),
            provider_event_id: Some("evt_1".into()),
            kind: Some("charge.refunded".into()),
            occurred_at: None,
            received_at: datetime!(2026-05-17 17:55 UTC),
            account: None,
            attempt: Some(2),
            is_repeat: true,
            headers: Map::new(),
            is_body_signed: true,
            body_sha256: "00".into(),
            body_size: 3,
        };
        let event = Event {
            id: EventId::from_bits(2),
            kind: EventType::ProviderEvent,
            at: forwarded.received_at,
            project: ProjectId::from_bits(3),
            subject: Subject { integration: None, details: forwarded.details() },
        };
        event.body().unwrap().numbered(i64::MAX)
    }

    fn event(body: Result<&[u8], Omitted>) -> Value {
        let read: Value = serde_json::from_slice(&with_body(&message(), body).unwrap()).unwrap();
        assert_eq!(read["sequence"], json!(i64::MAX));
        read["data"]["event"].clone()
    }

    #[test]
    fn the_body_is_the_providers_own_text() {
        let body = "{\"b\": 1.0, \"a\":\"\\u0000é\"}\n";
        let told = event(Ok(body.as_bytes()));
        assert_eq!(told["body"], json!(body));
        assert_eq!((&told["type"], &told["attempt"]), (&json!("charge.refunded"), &json!(2)));
        assert_eq!(told.get("body_omitted"), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_in_base64() {
        let told = event(Ok(b"{\"a\":\"\xff\"}"));
        assert_eq!((told.get("body"), &told["body_base64"]), (None, &json!("eyJhIjoi/yJ9")));
    }

    #[test]
    fn what_is_left_out_is_told() {
        for why in Omitted::ALL {
            assert_eq!(event(Err(why))["body_omitted"], json!(why.as_str()));
        }
        assert!(with_body(b"{}", Ok(b"")).is_err());
    }
}
