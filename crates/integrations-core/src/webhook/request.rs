//! What a request names to make or change a webhook, to rotate its secret, or to send again what it missed.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use url::{Host, Url};

use super::{MAX_PATTERNS, Subscription, WebhookStatus};
use crate::{
    fields::{BodyError, Fields, list, moment, seconds, text},
    issue::Issue,
    words::words,
};

/// The most webhooks of a project.
pub const MAX_WEBHOOKS: usize = 50;
/// The longest time for which two secrets sign.
pub const MAX_OVERLAP: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest address, in bytes.
const MAX_URL: usize = 2_048;

/// A webhook to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// Where it is sent to.
    pub url: Url,
    /// What it is told.
    pub subscription: Subscription,
    /// Whether it is sent anything from the beginning.
    pub status: WebhookStatus,
}

words! {
    /// What becomes of the messages that wait at a disabled webhook.
    pub enum Waiting {
        /// They are sent, in order.
        Send = "send",
        /// They are dropped.
        Drop = "drop",
    }
}

/// A change of a webhook. A field that is `None` does not change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookUpdate {
    /// Where it is sent to.
    pub url: Option<Url>,
    /// What it is told.
    pub subscription: Option<Subscription>,
    /// Whether it is sent anything.
    pub status: Option<WebhookStatus>,
    /// What becomes of what waits, if it is switched on again. `None`: it is sent.
    pub waiting: Option<Waiting>,
}

/// The replacement of a webhook's secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretRotation {
    /// How long the old secret signs too. Zero: it stops at once.
    pub overlap: Duration,
}

/// Which of a webhook's messages are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redelivery {
    /// Those of events since then that were not delivered.
    pub since: OffsetDateTime,
}

/// Why an address cannot be one of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadUrlError {
    /// It is no URL.
    #[error("Expected a URL, such as https://app.example/hooks")]
    NotUrl,
    /// It is too long.
    #[error("Must be no longer than 2,048 bytes")]
    TooLong,
    /// Anybody on the way could read and change what is sent.
    #[error("Must begin with https://; http:// is for this machine alone, such as http://127.0.0.1:3000")]
    NotSecure,
    /// It has a fragment, which is never sent.
    #[error("Must have no fragment: what is after # is never sent")]
    Fragment,
}

/// Reads the address of a receiver. Plain HTTP is for addresses of this machine.
pub fn receiver_url(text: &str) -> Result<Url, ReadUrlError> {
    let url: Url = text.parse().map_err(|_| ReadUrlError::NotUrl)?;
    let is_local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return Err(ReadUrlError::NotUrl),
    };
    if url.as_str().len() > MAX_URL {
        Err(ReadUrlError::TooLong)
    } else if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        Err(ReadUrlError::NotSecure)
    } else if url.fragment().is_some() {
        Err(ReadUrlError::Fragment)
    } else {
        Ok(url)
    }
}

/// An address as it may be recorded and logged: user, path and query may be secret.
pub fn shown_url(text: &str) -> String {
    let Ok(url) = text.parse::<Url>() else { return "…".to_owned() };
    let origin = url.origin().ascii_serialization();
    let is_bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    if is_bare { origin } else { format!("{origin}/…") }
}

impl NewWebhook {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read(body)?;
        let url = fields.required("url", address);
        let subscription = fields.required("events", subscription);
        let status = fields.optional("status", word).unwrap_or(WebhookStatus::Active);
        let new = url.zip(subscription).map(|(url, subscription)| Self { url, subscription, status });
        fields.finish(new)
    }
}

impl WebhookUpdate {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read_change(body)?;
        let update = Self {
            url: fields.optional("url", address),
            subscription: fields.optional("events", subscription),
            status: fields.optional("status", word),
            waiting: fields.optional("waiting", word),
        };
        if update.waiting.is_some() && update.status != Some(WebhookStatus::Active) {
            fields.report(Issue::new("waiting", "Only together with status active"));
        }
        fields.finish(Some(update))
    }
}

impl SecretRotation {
    /// Reads the body of a request, which may be left out.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read_optional(body)?;
        let overlap = fields.optional("overlap_seconds", seconds(MAX_OVERLAP));
        fields.finish(Some(Self { overlap: overlap.unwrap_or_default() }))
    }
}

impl Redelivery {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read(body)?;
        let since = fields.required("since", moment);
        fields.finish(since.map(|since| Self { since }))
    }
}

fn address(value: Value) -> Result<Url, String> {
    receiver_url(&text(value)?).map_err(|error| error.to_string())
}

fn subscription(value: Value) -> Result<Subscription, String> {
    let read = |text: &str| Subscription::pattern(text).map_err(|error| error.to_string());
    let patterns = list(MAX_PATTERNS, read)(value)?;
    if patterns.is_empty() {
        return Err("Must name at least one event; * is all".into());
    }
    Ok(Subscription::new(patterns))
}

fn word<T: std::str::FromStr<Err = crate::words::UnknownWord>>(value: Value) -> Result<T, String> {
    text(value)?.parse().map_err(|error: crate::words::UnknownWord| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_or_on_this_machine() {
        for text in [
            "https://app.example/hooks?token=1",
            "https://10.0.0.1/",
            "http://127.0.0.1:3000/x",
            "http://localhost:3000",
            "http://[::1]:3000",
        ] {
            assert!(receiver_url(text).is_ok(), "{text}");
        }
        for (text, why) in [
            ("", ReadUrlError::NotUrl),
            ("app.example/hooks", ReadUrlError::NotUrl),
            ("mailto:a@app.example", ReadUrlError::NotUrl),
            ("http://app.example", ReadUrlError::NotSecure),
            ("http://localhost.example", ReadUrlError::NotSecure),
            ("http://10.0.0.1", ReadUrlError::NotSecure),
            ("ftp://127.0.0.1", ReadUrlError::NotSecure),
            ("https://app.example/#x", ReadUrlError::Fragment),
        ] {
            assert_eq!(receiver_url(text), Err(why), "{text}");
        }
        let long = format!("https://app.example/{}", "a".repeat(MAX_URL));
        assert_eq!(receiver_url(&long), Err(ReadUrlError::TooLong));
    }

    #[test]
    fn everything_that_is_wrong_is_reported_at_once() {
        let issues = |read: Result<(), BodyError>| match read {
            Err(BodyError::Invalid(issues)) => issues.into_iter().map(|issue| issue.path).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let new = |body: &str| issues(NewWebhook::read(body.as_bytes()).map(drop));
        assert_eq!(new("{}"), ["url", "events"]);
        assert_eq!(
            new(r#"{"url":"http://a.example","events":[],"status":"off","secret":"x"}"#),
            ["url", "events", "status", "secret"]
        );
        let update = |body: &str| issues(WebhookUpdate::read(body.as_bytes()).map(drop));
        assert_eq!(update(r#"{"status":"gone","waiting":"drop"}"#), ["status", "waiting"]);
    }
}
