//! Sends messages to the receivers of webhooks, at the same addresses as requests to providers.

use std::{net::IpAddr, time::Duration};

use integrations_core::webhook::{ANSWER_LIMIT, Attempted, Outcome, SendFailure};
use time::OffsetDateTime;
use tokio::time::Instant;
use url::{Host, Url};

use super::{
    Outbound, OutboundError, base, certificates,
    failure::{innermost, reason},
};

/// The client for messages to receivers. It follows no redirect, and reads no more than the start of an answer. Cheap
/// to clone.
#[derive(Clone, Debug)]
pub struct Receivers {
    http: reqwest::Client,
    outbound: Outbound,
}

impl Outbound {
    /// A client for messages to receivers, which may be where providers may be.
    pub fn to_receivers(&self) -> Result<Receivers, OutboundError> {
        // Plain HTTP is for this machine alone: `check` sees to that.
        let http = base(&self.settings, &self.allowed, certificates(&self.settings)?)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(self.settings.timeout)
            .build()
            .map_err(|error| OutboundError::Client(innermost(&error)))?;
        Ok(Receivers { http, outbound: self.clone() })
    }
}

impl Receivers {
    /// The longest time for a message, from the look-up of the receiver's name to the end of its answer.
    pub fn timeout(&self) -> Duration {
        self.outbound.settings.timeout
    }

    /// Sends a message. `now` is the time, to read a receiver's `Retry-After` by.
    pub async fn send(&self, request: http::Request<Vec<u8>>, now: OffsetDateTime) -> Attempted {
        let began = Instant::now();
        let (outcome, answer) = match self.exchange(request, now).await {
            Ok((outcome, answer)) => (outcome, answer),
            Err(why) => (Outcome::NoAnswer(why), String::new()),
        };
        Attempted { outcome, took: began.elapsed(), answer }
    }

    async fn exchange(
        &self,
        request: http::Request<Vec<u8>>,
        now: OffsetDateTime,
    ) -> Result<(Outcome, String), SendFailure> {
        let request = reqwest::Request::try_from(request).map_err(|_| SendFailure::Unreachable)?;
        self.check(request.url())?;
        let sent = self.http.execute(request).await;
        let mut response = sent.map_err(|error| SendFailure::from(reason(&error)))?;
        let status = response.status().as_u16();
        let asked = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|text| pause(text, now));
        let mut start = Vec::new();
        while start.len() < ANSWER_LIMIT {
            match response.chunk().await {
                Ok(Some(part)) => start.extend_from_slice(&part),
                Ok(None) => break,
                // The deadline holds for the whole answer: what never ends was not taken.
                Err(error) if error.is_timeout() => return Err(SendFailure::TimedOut),
                Err(_) => break,
            }
        }
        start.truncate(ANSWER_LIMIT);
        // PostgreSQL stores no NUL in a text.
        let answer = String::from_utf8_lossy(&start).replace('\0', "\u{fffd}");
        Ok((Outcome::Answered(status, asked), answer))
    }

    /// Refuses an address that no message may be sent to. The resolver checks names; it is not called for an IP
    /// address.
    fn check(&self, url: &Url) -> Result<(), SendFailure> {
        let address: Option<IpAddr> = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) | None => None,
        };
        let is_local = address.map_or(url.host_str() == Some("localhost"), |address| address.is_loopback());
        let is_allowed = address.is_none_or(|address| self.outbound.allowed.contains(address));
        if is_allowed && (url.scheme() == "https" || is_local) {
            Ok(())
        } else {
            Err(SendFailure::Unreachable)
        }
    }
}

/// The pause that `Retry-After` asks for (RFC 9110, section 10.2.3): seconds, or a date.
fn pause(text: &str, now: OffsetDateTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::from(httpdate::parse_http_date(text).ok()?);
    (at - now).try_into().ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = datetime!(2026-05-17 17:55 UTC);
        assert_eq!(pause("120", now), Some(Duration::from_secs(120)));
        assert_eq!(pause("Sun, 17 May 2026 17:57:00 GMT", now), Some(Duration::from_secs(120)));
        assert_eq!(pause("Sun, 17 May 2026 17:00:00 GMT", now), None);
        assert_eq!(pause("soon", now), None);
    }
}
