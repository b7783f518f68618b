//! The client for all requests to providers. It has timeouts and size limits, follows no redirect to another host, and
//! connects only to public addresses and those that the operator allows.

mod address;
mod aws_signature;
mod call;
mod coding;
mod failure;
mod forward;
mod receivers;
mod resolver;
mod revocation;
mod settings;
mod streaming;
mod tls;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use integrations_core::{answer_body::AnswerBody, health::NoAnswer};
use ipnet::IpNet;
use time::OffsetDateTime;
use tracing::{
    Instrument as _, Span,
    field::{Empty, debug},
};

pub(super) use self::call::{FORM, JSON, add_headers, basic_of_client, secret, written_form};
use self::{
    address::Allowed,
    failure::{Unanswered, innermost, reason},
    resolver::Resolver,
    settings::{CONNECT_TIMEOUT, USER_AGENT},
    streaming::{Connector, Streaming},
};
pub use self::{
    call::{CallError, Moment, prepare, prepare_action, prepare_forwarded},
    forward::{Forwarded, Payload, Unforwarded, Upload},
    receivers::Receivers,
    revocation::{NotMade, RevokingClient, prepare_revocation},
    settings::{OutboundError, OutboundSettings},
    tls::{TlsError, tls},
};

/// The largest answer that is read, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;
/// The same of an action. Most of it is not kept.
const ACTION_BODY_LIMIT: usize = 8 * 1024 * 1024;
/// The most redirects of one request, all on the same host.
const MAX_REDIRECTS: usize = 3;

/// A provider's answer. `Debug` does not show the body, which may hold tokens.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Why the body ends before its end, if it does. Only [`Outbound::send_once`] and [`Outbound::send_action`] return
    /// such an answer.
    pub cut_off: Option<NoAnswer>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// The value of a header, if it is text. The first one if there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The time at which it was sent (RFC 9110, section 6.6.1). A cache says how long ago that was (RFC 9111, section
    /// 5.1).
    pub fn told_time(&self) -> Option<OffsetDateTime> {
        let date = httpdate::parse_http_date(self.header(header::DATE.as_str())?).ok()?;
        let age = self.header(header::AGE.as_str()).and_then(|age| age.trim().parse::<u32>().ok());
        Some(OffsetDateTime::from(date) + time::Duration::seconds(age.unwrap_or_default().into()))
    }

    /// Whether it sends the client to another host.
    fn redirects(&self) -> bool {
        (300..400).contains(&self.status) && self.headers.contains_key(header::LOCATION)
    }

    /// Whether the connection broke before the end of the body.
    pub fn is_broken(&self) -> bool {
        self.cut_off.is_some_and(|why| why != NoAnswer::TooLarge)
    }

    /// The body, with what the answer says of it.
    pub fn body(&self) -> AnswerBody<'_> {
        let body = AnswerBody::new(self.header(header::CONTENT_TYPE.as_str()), &self.body);
        if self.cut_off.is_some() { body.cut_off() } else { body }
    }
}

/// What came of sending the request of an action.
#[derive(Debug)]
pub enum Sent {
    /// Not one byte of it left, so the provider cannot have acted.
    Nothing(NoAnswer),
    /// It may have arrived, and no answer came.
    Lost(NoAnswer),
    /// An answer came. Its body may be cut off.
    Answer(Answer),
}

/// A client for a kind of request.
#[derive(Clone, Debug)]
struct Client {
    http: reqwest::Client,
    body_limit: usize,
}

/// The client for requests to providers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Follows redirects on the same host.
    client: Client,
    /// For actions that change nothing: it follows no redirect.
    reading: Client,
    /// For actions that change something: each has a connection of its own, because on one that is used again nobody
    /// can tell whether a request arrived.
    writing: Client,
    /// For requests that callers write and that change nothing. Only the silence in their answers has a limit.
    forwarded_reads: Streaming,
    /// The same for those that may change something, with a connection of its own for each.
    forwarded_writes: Streaming,
    allowed: Allowed,
    settings: Arc<OutboundSettings>,
}

impl Outbound {
    /// A client with these settings.
    pub fn new(settings: OutboundSettings) -> Result<Self, OutboundError> {
        Self::build(settings, true)
    }

    /// A client for a host that the operator named in a setting: wherever it is, requests may reach it. `https_only` is
    /// false only for a host on this machine.
    pub fn to_operators_host(&self, https_only: bool) -> Result<Self, OutboundError> {
        let everywhere = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let allowed_networks = everywhere.map(|address: IpAddr| IpNet::new_assert(address, 0)).to_vec();
        Self::build(
            OutboundSettings { allowed_networks, local: None, ..OutboundSettings::clone(&self.settings) },
            https_only,
        )
    }

    fn build(settings: OutboundSettings, https_only: bool) -> Result<Self, OutboundError> {
        use_ring();
        let certificates = certificates(&settings)?;
        let allowed = Allowed::new(settings.allowed_networks.clone());
        // Where an address is excepted, `check` refuses plain HTTP to every other.
        let https_only = https_only && settings.local.is_none();
        let client = |body_limit, set: fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder| {
            let builder = base(&settings, &allowed, certificates.clone()).https_only(https_only);
            let http = set(builder.timeout(settings.timeout)).build();
            let http = http.map_err(|error| OutboundError::Client(innermost(&error)))?;
            Ok::<_, OutboundError>(Client { http, body_limit })
        };
        let connector = Connector::new(&settings, &allowed, https_only)?;
        Ok(Self {
            client: client(BODY_LIMIT, |builder| {
                builder.redirect(reqwest::redirect::Policy::custom(follow_on_its_own_host))
            })?,
            reading: client(ACTION_BODY_LIMIT, for_action)?,
            writing: client(ACTION_BODY_LIMIT, |builder| for_action(builder).pool_max_idle_per_host(0))?,
            forwarded_reads: Streaming::new(connector.clone(), true),
            forwarded_writes: Streaming::new(connector, false),
            allowed,
            settings: Arc::new(settings),
        })
    }

    /// The longest time for a request.
    pub fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// Sends a request and reads the whole answer. The trace names only the host, because path, query, headers and body
    /// may hold secrets.
    pub async fn send(&self, request: http::Request<Vec<u8>>) -> Result<Answer, NoAnswer> {
        let answer = self.send_once(request).await?;
        answer.cut_off.map_or(Ok(answer), Err)
    }

    /// Sends a request that must not be sent again once the provider took it, such as a refresh token. So an answer
    /// whose body does not come to its end is returned as far as it came.
    pub async fn send_once(&self, request: http::Request<Vec<u8>>) -> Result<Answer, NoAnswer> {
        let span = span(&request);
        let answer = self.exchange(&self.client, request, None).instrument(span.clone()).await;
        let answer =
            answer.map_err(|unanswered| unanswered.why).and_then(|answer| match answer.redirects() {
                true => Err(NoAnswer::Redirected),
                false => Ok(answer),
            });
        note(&span, answer.as_ref().map_err(|why| *why));
        answer
    }

    /// Sends the request of an action, which may take `time`. A redirect is an answer. Nothing is sent twice.
    pub async fn send_action(&self, request: http::Request<Vec<u8>>, writes: bool, time: Duration) -> Sent {
        let client = if writes { &self.writing } else { &self.reading };
        let span = span(&request);
        let answer = self.exchange(client, request, Some(time)).instrument(span.clone()).await;
        note(&span, answer.as_ref().map_err(|unanswered| unanswered.why));
        match answer {
            Ok(answer) => Sent::Answer(answer),
            Err(Unanswered { why, is_unsent: true }) => Sent::Nothing(why),
            Err(Unanswered { why, is_unsent: false }) => Sent::Lost(why),
        }
    }

    /// Sends a request without a secret, as a browser sends it. A redirect to another host is an answer.
    pub async fn visit(&self, request: http::Request<Vec<u8>>) -> Result<Answer, NoAnswer> {
        self.exchange(&self.client, request, None).await.map_err(|unanswered| unanswered.why)
    }

    /// Refuses a URL that no request may be sent to. The resolver checks names: it is not called for an IP address, so
    /// that is checked here.
    fn check(&self, url: &url::Url) -> Result<(), NoAnswer> {
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(url::Host::Domain(_)) | None => None,
        };
        if let Some(local) = self.settings.local
            && url.scheme() == "http"
        {
            let asked = address.zip(url.port_or_known_default());
            return if asked == Some((local.ip(), local.port())) {
                Ok(())
            } else {
                Err(NoAnswer::ForbiddenAddress)
            };
        }
        let is_allowed = address.is_none_or(|address| self.allowed.contains(address));
        if is_allowed { Ok(()) } else { Err(NoAnswer::ForbiddenAddress) }
    }

    /// `time` replaces the longest time of the settings.
    async fn exchange(
        &self,
        client: &Client,
        request: http::Request<Vec<u8>>,
        time: Option<Duration>,
    ) -> Result<Answer, Unanswered> {
        let mut request =
            reqwest::Request::try_from(request).map_err(|_| Unanswered::unsent(NoAnswer::Unreachable))?;
        if let Some(time) = time {
            *request.timeout_mut() = Some(time);
        }
        self.check(request.url()).map_err(Unanswered::unsent)?;
        let mut response = client.http.execute(request).await.map_err(|error| Unanswered::of(&error))?;
        let mut body = BytesMut::new();
        let cut_off = loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= client.body_limit => {
                    body.extend_from_slice(&chunk)
                }
                Ok(Some(_)) => break Some(NoAnswer::TooLarge),
                Ok(None) => break None,
                Err(error) => break Some(reason(&error)),
            }
        };
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        Ok(Answer { status, headers, body: body.freeze(), cut_off })
    }
}

/// The certificates of the settings.
fn certificates(settings: &OutboundSettings) -> Result<Vec<reqwest::Certificate>, OutboundError> {
    let Some(pem) = &settings.ca_certificates else { return Ok(Vec::new()) };
    reqwest::Certificate::from_pem_bundle(pem)
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or(OutboundError::Certificates)
}

/// What all clients have in common.
fn base(
    settings: &OutboundSettings,
    allowed: &Allowed,
    certificates: Vec<reqwest::Certificate>,
) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        // The resolver checks the address that the client connects to; with a proxy, that would be the proxy's.
        .no_proxy()
        .referer(false)
        // No request is sent again, because a code or a refresh token is valid once.
        .retry(reqwest::retry::never())
        .dns_resolver(Resolver::new(allowed.clone(), settings.resolve.clone()))
        .tls_certs_merge(certificates)
}

/// What clients of actions have in common.
fn for_action(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.redirect(reqwest::redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT)
}

fn span<B>(request: &http::Request<B>) -> Span {
    tracing::info_span!(
        "send",
        otel.kind = "client",
        otel.name = request.method().as_str(),
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        server.address = request.uri().host(),
        http.response.status_code = Empty,
        "error.type" = Empty,
    )
}

fn note(span: &Span, answer: Result<&Answer, NoAnswer>) {
    match &answer {
        Ok(answer) => span.record("http.response.status_code", answer.status),
        Err(_) => span,
    };
    if let Err(reason) | Ok(Answer { cut_off: Some(reason), .. }) = &answer {
        span.record("otel.status_code", "ERROR").record("error.type", debug(reason));
    }
}

/// Makes rustls use ring in this process.
pub(crate) fn use_ring() {
    // A second call returns an error and changes nothing.
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
}

/// Follows redirects on the same host only. Another host would receive the credential, so such a redirect is returned
/// as the answer.
fn follow_on_its_own_host(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let origin = attempt.previous().first().map(url::Url::origin);
    if attempt.previous().len() <= MAX_REDIRECTS && origin == Some(attempt.url().origin()) {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_time_of_an_answer_is_its_date_and_its_age_in_a_cache() {
        let at = |headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            Answer { status: 200, headers: headers.collect(), body: "".into(), cut_off: None }.told_time()
        };
        let date = ("date", "Sun, 01 Mar 2026 10:00:00 GMT");
        assert_eq!(at(&[date]), Some(datetime!(2026-03-01 10:00 UTC)));
        assert_eq!(at(&[date, ("age", "90")]), Some(datetime!(2026-03-01 10:01:30 UTC)));
        for none in [&[][..], &[("date", "yesterday")]] {
            assert_eq!(at(none), None);
        }
    }
}
