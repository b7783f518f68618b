//! Sends a request that was decided on, and hands on the answer.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderMap, HeaderValue, header};
use integrations_core::{
    audit::{Acting, Actor, AuditAction, changes_of_proxied},
    catalog::Method,
    health::NoAnswer,
};
use tokio::time::Instant;
use tracing::Instrument as _;
use url::Url;

use super::{
    Admitted, Proxy, ProxyError,
    headers::{passed, passed_back},
    redaction::Redaction,
};
use crate::{
    jobs::{Backoff, retry_until},
    metrics::ProxyOutcome,
    provider::{
        outbound::{Answer, Forwarded, Moment, Payload, Unforwarded, prepare_forwarded},
        prober::unmade,
    },
    services::actions::{CallError, opened::Opened, secrets::Secrets},
    store::NewAuditEvent,
};

/// The most of an answer that is read before it is handed on, in bytes.
const GATHERED: usize = 1024 * 1024;
/// How long an answer is read before it is handed on.
const TO_GATHER: Duration = Duration::from_secs(5);
/// How long is tried to store what came of a request.
const TO_STORE: Duration = Duration::from_mins(2);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// A provider's answer.
#[derive(Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The headers that are passed on.
    pub headers: HeaderMap,
    /// The body.
    pub body: AnsweredBody,
    /// The provider's base URL.
    pub base: Url,
    /// The URL of the request.
    pub url: Url,
}

/// The body of a provider's answer.
pub enum AnsweredBody {
    /// All of it.
    Whole(Bytes),
    /// It is handed on as it comes.
    Streamed(BoxStream<'static, io::Result<Bytes>>),
}

impl std::fmt::Debug for AnsweredBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnsweredBody")
    }
}

/// What came of a request, for the audit log.
#[derive(Clone, Copy)]
enum Came {
    Sending,
    Answered(u16),
    Unsent,
    Unknown,
}

impl Proxy {
    /// Sends a request that was decided on. What may change something goes on to its end if the caller is gone, and is
    /// on record before it is sent.
    pub async fn send(
        &self,
        admitted: Admitted,
        headers: &HeaderMap,
        payload: Payload,
        deadline: Instant,
    ) -> Result<Answered, ProxyError> {
        let asking = &admitted.asking;
        let passed = passed(headers, &admitted.versions, asking.by, asking.tenant.project);
        if admitted.writes == Some(false) {
            return self.deliver(&admitted, passed, payload, deadline).await;
        }
        let (proxy, under_way) = (self.clone(), self.actions.under_way());
        let sending = async move {
            let _under_way = under_way;
            proxy.deliver(&admitted, passed, payload, deadline).await
        };
        let ended = tokio::spawn(sending.in_current_span()).await;
        ended.unwrap_or_else(|error| Err(CallError::Broken(error.to_string()).into()))
    }

    async fn deliver(
        &self,
        admitted: &Admitted,
        headers: HeaderMap,
        payload: Payload,
        deadline: Instant,
    ) -> Result<Answered, ProxyError> {
        let writes = admitted.writes.unwrap_or(true);
        // What only reads and has no body was decided on a moment ago.
        let (loaded, usable) = match payload {
            Payload::Nothing if !writes => (admitted.loaded.clone(), admitted.usable.clone()),
            _ => self.judge_again(admitted).await?,
        };
        let mut opened = self.actions.open_with(&admitted.asking.account, loaded, usable)?;
        if writes {
            let event = self.event(admitted, Came::Sending);
            self.actions.store.record_proxied(event).await.map_err(CallError::from)?;
        }
        let answer = self.ask(admitted, &mut opened, &headers, payload, deadline).await;
        let came = match &answer {
            Ok((forwarded, _)) => Came::Answered(forwarded.status),
            Err(Unforwarded::Unsent(_)) => Came::Unsent,
            Err(Unforwarded::Lost(_) | Unforwarded::TooLarge) => Came::Unknown,
        };
        let told = match answer {
            Ok((forwarded, url)) => self.told(admitted, &opened, forwarded, url, deadline).await,
            Err(error) => Err(error),
        };
        if writes {
            let is_lost = matches!(told, Err(Unforwarded::Lost(_)));
            self.record(admitted, if is_lost { Came::Unknown } else { came }).await;
        }
        let name = opened.provider().key.as_str();
        self.actions.metrics.proxied(name, outcome(told.as_ref().err(), writes));
        told.map_err(|error| failure(error, admitted, writes))
    }

    /// Sends a request, and again if the provider refuses the credential and it can be renewed.
    async fn ask(
        &self,
        admitted: &Admitted,
        opened: &mut Opened,
        headers: &HeaderMap,
        payload: Payload,
        deadline: Instant,
    ) -> Result<(Forwarded, Url), Unforwarded> {
        let whole = match &payload {
            Payload::Nothing => Some(Bytes::new()),
            Payload::Whole(bytes) => Some(bytes.clone()),
            Payload::Streamed(_) => None,
        };
        let first = self.ask_once(admitted, opened, headers, payload, deadline).await?;
        let Some(again) = whole.filter(|_| first.0.status == 401) else { return Ok(first) };
        let renewing = self.actions.renewed(&admitted.asking.tenant, opened);
        match tokio::time::timeout_at(deadline, renewing).await {
            Ok(Some(renewed)) => {
                *opened = renewed;
                self.ask_once(admitted, opened, headers, Payload::Whole(again), deadline).await
            }
            _ => Ok(first),
        }
    }

    async fn ask_once(
        &self,
        admitted: &Admitted,
        opened: &mut Opened,
        headers: &HeaderMap,
        payload: Payload,
        deadline: Instant,
    ) -> Result<(Forwarded, Url), Unforwarded> {
        let (path, query) = (admitted.route.path(), admitted.query.as_deref());
        let address = (admitted.route.method(), path.as_str(), query);
        let body: Option<&[u8]> = match &payload {
            Payload::Nothing => Some(&[]),
            Payload::Whole(bytes) => Some(bytes.as_ref()),
            Payload::Streamed(_) => None,
        };
        let (provider, moment) = (opened.provider(), Moment::from(&self.actions.environment));
        let (connection, credential) = (&opened.connection, &opened.credential);
        let prepared = prepare_forwarded(provider, connection, credential, address, headers, body, &moment);
        let (request, url) = prepared
            .map_err(|error| Unforwarded::Unsent(unmade(provider, connection, credential, &error)))?;
        if provider.signs() {
            opened.secrets =
                std::mem::take(&mut opened.secrets).and(Secrets::of_signature(request.headers()));
        }
        let time = deadline.saturating_duration_since(Instant::now());
        let writes = admitted.writes.unwrap_or(true);
        Ok((self.actions.outbound.forward(request, payload, writes, time).await?, url))
    }

    /// The answer as it is handed on.
    async fn told(
        &self,
        admitted: &Admitted,
        opened: &Opened,
        mut forwarded: Forwarded,
        url: Url,
        deadline: Instant,
    ) -> Result<Answered, Unforwarded> {
        let headers = std::mem::take(&mut forwarded.headers);
        let time = deadline.saturating_duration_since(Instant::now()).min(TO_GATHER);
        let (gathered, is_whole) = match gathers(&headers, admitted.writes.unwrap_or(true)) {
            true => forwarded.gather(GATHERED, time).await.map_err(Unforwarded::Lost)?,
            false => (Bytes::new(), false),
        };
        let status = forwarded.status;
        let answer = Answer { status, headers, body: gathered, cut_off: None };
        self.actions.note_wait(opened.provider(), admitted.loaded.integration.id, &answer);
        let Answer { headers, body: gathered, .. } = answer;
        let mut passed = passed_back(&headers, |text| opened.secrets.hide_in_text(text));
        let forms = opened.secrets.forms();
        let mut redaction =
            if is_whole { Redaction::in_whole(forms, &gathered) } else { Redaction::new(forms) };
        if admitted.route.method() == Method::Head
            && let Some(length) = headers.get(header::CONTENT_LENGTH)
        {
            passed.insert(header::CONTENT_LENGTH, length.clone());
        }
        let body = if is_whole || admitted.route.method() == Method::Head {
            let (start, end) = (redaction.pass(gathered), redaction.end());
            AnsweredBody::Whole(if end.is_empty() { start } else { [start, end].concat().into() })
        } else {
            AnsweredBody::Streamed(streamed(gathered, forwarded, redaction))
        };
        let base = opened.base_url().ok_or(Unforwarded::Lost(NoAnswer::Broken))?;
        Ok(Answered { status, headers: passed, body, base, url })
    }

    /// Stores what came of a request. If that fails, it is tried again in the background.
    async fn record(&self, admitted: &Admitted, came: Came) {
        let (store, event) = (self.actions.store.clone(), self.event(admitted, came));
        let Err(error) = store.record_proxied(event.clone()).await else { return };
        tracing::warn!(%error, "what came of a proxied request cannot be stored yet");
        let under_way = self.actions.under_way();
        tokio::spawn(async move {
            let _under_way = under_way;
            let backoff = Backoff::new(FIRST_PAUSE, LAST_PAUSE);
            let stored =
                retry_until(Instant::now() + TO_STORE, backoff, || store.record_proxied(event.clone()));
            if let Err(error) = stored.await {
                tracing::error!(%error, "what came of a proxied request could not be stored");
            }
        });
    }

    fn event(&self, admitted: &Admitted, came: Came) -> NewAuditEvent {
        let asking = &admitted.asking;
        let acting = Acting { actor: Actor::ApiKey(asking.by), request_id: Some(asking.request_id.clone()) };
        let (outcome, status) = match came {
            Came::Sending => ("sending", None),
            Came::Answered(status) => ("answered", Some(status)),
            Came::Unsent => ("not_sent", None),
            Came::Unknown => ("unknown", None),
        };
        let action = AuditAction::IntegrationProxied;
        NewAuditEvent {
            project: Some(asking.tenant.project),
            integration: Some((admitted.loaded.integration.id, asking.account.as_str().to_owned())),
            changes: changes_of_proxied(&admitted.told(), outcome, status),
            ..NewAuditEvent::new(&self.actions.environment, asking.tenant.organization, action, acting)
        }
    }
}

/// Whether an answer is read before it is handed on. That of a write is: if it breaks off, its caller is told so, and
/// does not take it for a request that failed.
fn gathers(headers: &HeaderMap, writes: bool) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_stream = text(header::CONTENT_TYPE).is_some_and(|media| media.starts_with("text/event-stream"));
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    length.map_or(writes && !is_stream, |length| length <= GATHERED)
}

/// What was read of a body, and the rest as it comes.
fn streamed(
    gathered: Bytes,
    forwarded: Forwarded,
    mut redaction: Redaction,
) -> BoxStream<'static, io::Result<Bytes>> {
    let first = redaction.pass(gathered);
    let rest = stream::unfold(Some((forwarded, redaction)), async |state| {
        let (mut forwarded, mut redaction) = state?;
        match forwarded.next().await {
            Ok(Some(part)) => Some((Ok(redaction.pass(part)), Some((forwarded, redaction)))),
            Ok(None) => Some((Ok(redaction.end()), None)),
            Err(why) => Some((Err(io::Error::other(format!("the provider {why}"))), None)),
        }
    });
    let is_something =
        |part: &io::Result<Bytes>| std::future::ready(!part.as_ref().is_ok_and(Bytes::is_empty));
    stream::once(std::future::ready(Ok(first))).chain(rest).filter(is_something).boxed()
}

fn outcome(error: Option<&Unforwarded>, writes: bool) -> ProxyOutcome {
    match error {
        None => ProxyOutcome::Answered,
        Some(Unforwarded::Lost(_)) if writes => ProxyOutcome::Unknown,
        Some(Unforwarded::TooLarge) => ProxyOutcome::Refused,
        Some(Unforwarded::Lost(_) | Unforwarded::Unsent(_)) => ProxyOutcome::Unavailable,
    }
}

fn failure(error: Unforwarded, admitted: &Admitted, writes: bool) -> ProxyError {
    let provider = &admitted.asking.account.provider;
    let name = &provider.name;
    match error {
        Unforwarded::TooLarge => ProxyError::TooLarge,
        Unforwarded::Lost(why) if writes => ProxyError::Lost {
            message: format!("{name} {why}; it may have been done. Look there before you send it again"),
            repeats_failures: provider.proxying.repeats_failures,
        },
        Unforwarded::Lost(why) | Unforwarded::Unsent(why) => {
            ProxyError::Unavailable(format!("{name} {why}; nothing was done"))
        }
    }
}
