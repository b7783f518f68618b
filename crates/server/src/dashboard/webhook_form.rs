//! The forms of webhooks, read as the API would be sent them.

use integrations_core::{webhook::EventType, words::words};
use serde_json::json;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use crate::{edge::form::Form, store::WebhookRecord};

/// The beginning of the names of the boxes for events.
pub(crate) const EVENT: &str = "event.";
/// How long a message is tried for, rounded up: that long before a failure is what failed first.
const TRIED_FOR: Duration = Duration::hours(15);

words! {
    /// What becomes of what a disabled webhook missed, when it is switched on.
    pub(crate) enum Resumption {
        /// What waits is sent.
        Send = "send",
        /// And what was given up is sent again.
        SendAgain = "again",
        /// What waits is dropped.
        Drop = "drop",
    }
}

/// The patterns that a form offers: everything, what is about integrations or approvals, and each event alone. A test
/// reaches every webhook.
pub(crate) fn offered() -> impl Iterator<Item = &'static str> {
    let alone = EventType::ALL.into_iter().filter(|kind| *kind != EventType::WebhookTest);
    ["*", "integration.*", "approval.*"].into_iter().chain(alone.map(EventType::as_str))
}

/// The body that the form of a webhook stands for.
pub(super) fn body(form: &Form) -> Vec<u8> {
    let events: Vec<&str> = form.under(EVENT).collect();
    json!({"url": form.trimmed("url"), "events": events}).to_string().into_bytes()
}

/// Reads a moment as browsers write it, in UTC: `2026-05-17T12:00`, with seconds or without.
pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    let seconds = if text.len() == "2026-05-17T12:00".len() { ":00" } else { "" };
    OffsetDateTime::parse(&format!("{text}{seconds}Z"), &Rfc3339).ok()
}

/// A moment in UTC, as browsers read it.
pub(crate) fn written(at: OffsetDateTime) -> String {
    let minute = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    at.to_offset(time::UtcOffset::UTC).format(minute).unwrap_or_default()
}

/// Since when a webhook has missed something. `None`: nothing was given up since the last success.
pub(crate) fn missed_since(webhook: &WebhookRecord) -> Option<OffsetDateTime> {
    webhook.failing_since.and_then(|first| first.checked_sub(TRIED_FOR))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_moment_is_read_as_browsers_write_it() {
        let noon = datetime!(2026-05-17 12:00 UTC);
        assert_eq!(moment("2026-05-17T12:00"), Some(noon));
        assert_eq!(moment("2026-05-17T12:00:30"), Some(datetime!(2026-05-17 12:00:30 UTC)));
        assert_eq!(moment(&written(noon)), Some(noon));
        for text in ["", "2026-05-17", "noon", "2026-05-17T12:00+02:00", "2026-13-17T12:00"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn the_body_of_a_form_has_what_is_ticked() {
        let form =
            Form::from([("url", " https://a.example "), ("event.*", "on"), ("event.approval.*", "on")]);
        let body: serde_json::Value = serde_json::from_slice(&body(&form)).unwrap();
        assert_eq!(body, json!({"url": "https://a.example", "events": ["*", "approval.*"]}));
    }
}
