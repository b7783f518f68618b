//! Takes what providers send.

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderMap;
use integrations_core::{
    catalog::{AddressOf, Events, Provider},
    ids::EventSourceId,
    inbound::{self, Answer, BroughtSecret, Delivery, Event, Known, Reason, Refusal, Taken, Verdict},
    webhook::ForwardedEvent,
};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    ProviderEvents,
    gates::{Gate, Gates, Room},
};
use crate::{
    store::{
        EventAddress, EventTarget, NewEventSecret, NewProviderEvent, SourceOf, StoreError, Stored,
        TakenRequest,
    },
    token::TokenHash,
    vault::Purpose,
};

/// What is at the address of a request.
#[derive(Debug)]
pub enum Found {
    /// An address that a provider sends events to.
    Door(Box<Door>),
    /// Nothing.
    Nothing,
    /// An address at which too much was refused lately.
    Busy,
    /// It cannot be said at the moment.
    Unknown,
}

/// An address that a provider sends events to, found for one request.
#[derive(Debug)]
pub struct Door {
    address: EventAddress,
    provider: Arc<Provider>,
    gate: Arc<Gate>,
}

impl Door {
    fn events(&self) -> Option<&Events> {
        self.provider.events()
    }

    /// The largest body that is taken here, in bytes.
    pub fn max_bytes(&self) -> usize {
        self.events().map_or(0, |events| events.max_bytes)
    }

    /// How long the provider waits for an answer.
    pub fn answer_within(&self) -> Duration {
        self.events().map_or(Duration::ZERO, |events| events.answer_within)
    }
}

/// A request, with its whole body. `Debug` shows nothing of it.
pub struct Arrived<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// Path and query, as they arrived. They hold the secret of the address.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The raw body.
    pub body: &'a [u8],
}

impl fmt::Debug for Arrived<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrived").field("method", &self.method).finish_non_exhaustive()
    }
}

/// The answer to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: String,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { status: answer.status, content_type: answer.content_type, body: answer.body }
    }
}

impl ProviderEvents {
    /// Finds the address that the path of a request names.
    pub async fn find(&self, source: &str, secret: &str) -> Found {
        let address = Gates::digest(source, secret);
        if self.gates.is_absent(&address) {
            return Found::Nothing;
        }
        let known = self.gates.known(&address);
        if known.as_ref().is_some_and(|gate| !gate.lets_in(self.environment.uptime())) {
            return Found::Busy;
        }
        let _place = match known {
            Some(_) => None,
            None => match self.gates.lookup().await {
                Some(place) => Some(place),
                None => return Found::Unknown,
            },
        };
        let Ok(id) = source.parse::<EventSourceId>() else { return self.nothing(address) };
        match self.look_up(id, TokenHash::of(secret)).await {
            Ok(Looked::At(found, provider)) => {
                let gate = self.gates.of(address, self.environment.uptime());
                Found::Door(Box::new(Door { address: *found, provider, gate }))
            }
            Ok(Looked::Ended) => Found::Nothing,
            Ok(Looked::Nothing) => self.nothing(address),
            Err(error) => {
                tracing::warn!(%error, "the address of an event could not be looked up; its provider sends it again");
                Found::Unknown
            }
        }
    }

    fn nothing(&self, address: [u8; 32]) -> Found {
        self.gates.is_found_absent(address);
        Found::Nothing
    }

    async fn look_up(&self, id: EventSourceId, secret: TokenHash) -> Result<Looked, StoreError> {
        let Some(address) = self.store.event_address(id).await? else { return Ok(Looked::Nothing) };
        let source = &address.source;
        let Some(provider) = self.catalog.get(&source.provider).cloned() else { return Ok(Looked::Ended) };
        if source.path_hash != Some(secret) {
            self.counts.note(id, Reason::UnknownAddress, None, self.environment.now());
            return Ok(Looked::Nothing);
        }
        let is_open = match (provider.events().map(|events| events.address), source.of) {
            (Some(AddressOf::App), SourceOf::App(_)) => true,
            (Some(AddressOf::Integration), SourceOf::Integration(_)) => address.target.is_some(),
            _ => false,
        };
        Ok(if is_open { Looked::At(Box::new(address), provider) } else { Looked::Ended })
    }

    /// Waits for room for a body of this many bytes, at most those that the address takes.
    pub async fn room(&self, door: &Door, bytes: Option<u64>) -> Option<Room> {
        let said = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        self.gates.room(&door.gate, said.unwrap_or(usize::MAX).min(door.max_bytes())).await
    }

    /// Refuses a request whose body was not read.
    pub fn turn_away(&self, door: &Door, reason: Reason) -> Reply {
        self.refuse(door, reason, None)
    }

    /// Takes a request: verifies it, stores its events, and says what to answer.
    pub async fn receive(&self, door: &Door, arrived: Arrived<'_>) -> Reply {
        let (Some(events), now) = (door.events(), self.environment.now()) else {
            return self.refuse(door, Reason::UnknownAddress, None);
        };
        let keys = match self.keys(door.address.source.id, (&*door.provider, events), now).await {
            Ok(keys) => keys,
            Err(error) => return self.unavailable(door, &error),
        };
        let url = format!("{}{}", self.origin, arrived.path);
        let headers: Vec<(&str, &str)> = arrived
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let delivery = Delivery { method: arrived.method, url: &url, headers: &headers, body: arrived.body };
        let is_secret_awaited = door.address.source.awaited_until.is_some_and(|until| until > now);
        match inbound::receive(events, &delivery, Known { keys: &keys, is_secret_awaited, now }) {
            Verdict::Refuse(Refusal { reason, claimed_kind, .. }) => {
                self.refuse(door, reason, claimed_kind.as_deref())
            }
            Verdict::Answer(answer) => {
                self.count(door, "answered", 1);
                answer.into()
            }
            Verdict::KeepSecret { secret, answer } => self.keep(door, &secret, answer, now).await,
            Verdict::Take(taken) => self.take(door, *taken, now).await,
        }
    }

    async fn keep(&self, door: &Door, secret: &BroughtSecret, answer: Answer, now: OffsetDateTime) -> Reply {
        let (id, source) = (self.environment.id(), door.address.source.id);
        let sealed = self.vault.seal(secret.as_str().as_bytes(), Purpose::EventSecret(id, source));
        match self.store.keep_brought_secret(source, NewEventSecret { id, sealed }, now).await {
            Ok(true) => {
                self.count(door, "answered", 1);
                answer.into()
            }
            Ok(false) => self.refuse(door, Reason::UnexpectedSecret, None),
            Err(error) => self.unavailable(door, &error),
        }
    }

    async fn take(&self, door: &Door, mut taken: Taken, now: OffsetDateTime) -> Reply {
        let (mut routed, events) = (Vec::new(), std::mem::take(&mut taken.events));
        let headers: Map<String, Value> =
            taken.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        for event in events {
            let (account, targets) = match self.route(door, &event).await {
                Ok(found) => found,
                Err(error) => return self.unavailable(door, &error),
            };
            if targets.is_empty() {
                self.count(door, Reason::Unrouted.as_str(), 1);
                self.counts.note(door.address.source.id, Reason::Unrouted, event.kind.as_deref(), now);
            }
            for target in targets {
                let forwarded = self.forwarded(&event, account.clone(), &headers, taken.is_body_signed, now);
                routed.push(self.sealed(&event, forwarded, &target));
            }
        }
        let count = routed.len() as u64;
        let (source, once, claim) = (door.address.source.id, taken.once, taken.claim);
        if routed.is_empty() && once.is_none() {
            return taken.answer.into();
        }
        let request = TakenRequest { source, once, claim, at: now, events: routed };
        match self.store.take_provider_events(request).await {
            Ok(Stored::Replayed) => self.refuse(door, Reason::Replayed, None),
            Ok(Stored::New(new)) => {
                let new = new.len() as u64;
                self.count(door, "taken", new);
                self.count(door, "repeated", count - new);
                taken.answer.into()
            }
            Err(error) => self.unavailable(door, &error),
        }
    }

    /// The integrations that an event is of, and the account by which they were found.
    async fn route(
        &self,
        door: &Door,
        event: &Event,
    ) -> Result<(Option<String>, Vec<EventTarget>), StoreError> {
        let first = event.accounts.first().cloned();
        let SourceOf::App(owner) = door.address.source.of else {
            return Ok((first, door.address.target.clone().into_iter().collect()));
        };
        let also_disconnected = door.events().is_some_and(|events| {
            event.kind.as_ref().is_some_and(|kind| events.also_disconnected.contains(kind))
        });
        let of = (door.provider.key.as_str(), owner);
        for account in &event.accounts {
            let targets = self.store.event_targets(of, account, also_disconnected).await?;
            if !targets.is_empty() {
                return Ok((Some(account.clone()), targets));
            }
        }
        Ok((first, Vec::new()))
    }

    fn forwarded(
        &self,
        event: &Event,
        account: Option<String>,
        headers: &Map<String, Value>,
        is_body_signed: bool,
        now: OffsetDateTime,
    ) -> ForwardedEvent {
        ForwardedEvent {
            id: self.environment.id(),
            provider_event_id: event.id.clone(),
            kind: event.kind.clone(),
            occurred_at: event.time,
            received_at: now,
            account,
            attempt: event.attempt,
            is_repeat: event.is_repeat,
            headers: headers.clone(),
            is_body_signed,
            body_sha256: event.body_sha256.clone(),
            body_size: event.body.as_bytes().len(),
        }
    }

    fn sealed(&self, event: &Event, told: ForwardedEvent, target: &EventTarget) -> NewProviderEvent {
        let (project, integration) = (target.tenant.project, target.integration);
        let purpose = Purpose::ProviderEvent { id: told.id, project, integration };
        NewProviderEvent {
            sealed: self.vault.seal(event.body.as_bytes(), purpose),
            dedupe: event.dedupe.clone(),
            asks_for_check: target.connected_since.is_some_and(|since| event.asks_for_check(since)),
            told,
            project,
            integration,
        }
    }

    fn unavailable(&self, door: &Door, error: &dyn fmt::Display) -> Reply {
        tracing::warn!(%error, source = %door.address.source.id, "an event could not be taken; its provider sends it again");
        self.refuse(door, Reason::Unavailable, None)
    }

    fn refuse(&self, door: &Door, reason: Reason, kind: Option<&str>) -> Reply {
        if reason != Reason::Unavailable {
            door.gate.refused(self.environment.uptime());
        }
        self.count(door, reason.as_str(), 1);
        self.counts.note(door.address.source.id, reason, kind, self.environment.now());
        let status = door.events().map_or(404, |events| reason.status(&events.statuses));
        Reply { status, content_type: None, body: String::new() }
    }

    fn count(&self, door: &Door, outcome: &'static str, count: u64) {
        if count > 0 {
            self.metrics.provider_events(door.provider.key.as_str(), outcome, count);
        }
    }
}

/// What was found in the database.
enum Looked {
    At(Box<EventAddress>, Arc<Provider>),
    /// An address that there is, and at which nothing is taken for the moment.
    Ended,
    /// Nothing, and nothing ever will be.
    Nothing,
}
