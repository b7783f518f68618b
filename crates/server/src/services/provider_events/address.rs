//! Shows the address of an integration or an app, and changes what verifies the events that come to it.

use std::{iter, sync::Arc, time::Duration};

use integrations_core::{
    audit::{Acting, AuditAction, change},
    catalog::{AddressOf, EventSource, Events, Provider, ProviderAccount, SecretSource},
    ids::{EventSourceId, IntegrationId},
    lifecycle::Status,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use time::OffsetDateTime;

use super::{EventsError, ProviderEvents};
use crate::{
    store::{
        AppOwner, AppsOf, EventSecretRow, EventSourceRecord, NewAuditEvent, NewEventSecret, NewPath,
        RefusalRow, SourceOf, StoreError, Tenant,
    },
    token::Token,
    vault::{Purpose, VaultError},
};

/// How long the provider's first request is waited for.
const WAIT: Duration = Duration::from_mins(30);

/// Whose address somebody asks for.
#[derive(Clone, Copy, Debug)]
pub enum AddressFor<'a> {
    /// An integration's.
    Integration(&'a Tenant, &'a ProviderAccount),
    /// That of the app that an organization or a project has set itself.
    App(AppsOf, &'a Arc<Provider>),
    /// That of the app for everybody.
    OperatorsApp(&'a Arc<Provider>),
}

impl<'a> AddressFor<'a> {
    fn provider(self) -> &'a Arc<Provider> {
        match self {
            Self::Integration(_, account) => &account.provider,
            Self::App(_, provider) | Self::OperatorsApp(provider) => provider,
        }
    }
}

/// What verifies the events at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretState {
    /// Nothing, so nothing is taken.
    Missing,
    /// A secret.
    Set,
    /// A secret, and the one before it until then.
    Replaced(OffsetDateTime),
}

/// An address, as it is shown.
#[derive(Clone, Debug)]
pub struct AddressView {
    /// The provider.
    pub provider: Arc<Provider>,
    /// The address. It is secret. `None`: it is not shown here, or there is none.
    pub url: Option<String>,
    /// What verifies events.
    pub secret: SecretState,
    /// How many secrets count.
    pub secrets: usize,
    /// Whether the provider brought a secret that no person has seen yet.
    pub to_be_shown: bool,
    /// Until when the provider's first request is waited for.
    pub awaited_until: Option<OffsetDateTime>,
    /// What was refused, the latest first.
    pub refusals: Vec<RefusalRow>,
}

/// Whose address it is, looked up.
struct Looked {
    of: SourceOf,
    /// Whether it is shown and changed here.
    is_here: bool,
    /// What is recorded about it. `None`: the operator's own app.
    tenant: Option<(AppsOf, Option<(IntegrationId, String)>)>,
}

impl ProviderEvents {
    /// An address, with the address itself if `is_url_shown`: whoever has it may send there. It is made if it is shown
    /// for the first time.
    pub async fn address(&self, of: AddressFor<'_>, is_url_shown: bool) -> Result<AddressView, EventsError> {
        let provider = of.provider();
        let events = sent(provider)?;
        let (looked, now) = (self.looked(of).await?, self.environment.now());
        let source = match looked {
            Some(Looked { of, is_here: true, .. }) if is_url_shown => self.open(provider, of).await?,
            Some(Looked { of, .. }) => self.store.event_source_of(provider.key.as_str(), of).await?,
            None => None,
        };
        let is_here = looked.as_ref().is_some_and(|looked| looked.is_here);
        let mut view = AddressView {
            provider: Arc::clone(provider),
            url: None,
            secret: SecretState::Missing,
            secrets: 0,
            to_be_shown: false,
            awaited_until: None,
            refusals: Vec::new(),
        };
        let mut rows = Vec::new();
        if let Some(source) = &source {
            let address = self.store.event_address(source.id).await?;
            rows = address.iter().flat_map(|address| address.secrets_at(now)).cloned().collect();
            view.awaited_until = source.awaited_until.filter(|until| *until > now);
            if is_here {
                view.refusals = self.store.refusals(source.id).await?;
            }
            if is_here && is_url_shown {
                view.url = self.url(source)?;
            }
        }
        let has_known = match (&looked, events.secret.source) {
            (Some(looked), SecretSource::ClientSecret) => self.has_client_secret(looked, provider).await?,
            _ => false,
        };
        view.secrets = rows.len() + usize::from(has_known);
        view.to_be_shown = rows.iter().any(|row| row.to_be_shown);
        view.secret = state(&rows, has_known);
        Ok(view)
    }

    /// Stores the secret that events are verified with, as a person entered it. The one before counts for `overlap`.
    pub async fn set_secret(
        &self,
        of: AddressFor<'_>,
        text: &str,
        overlap: Duration,
        acting: Acting,
    ) -> Result<(), EventsError> {
        let events = sent(of.provider())?;
        let (looked, source) = self.own(of).await?;
        if events.secret.source == SecretSource::ClientSecret {
            return Err(EventsError::NotAsked);
        }
        let read = events.read_secret(text).map_err(EventsError::Secret)?;
        let at = self.environment.now();
        let secret = self.new_secret(source.id, &read);
        let overlap_changed = change("overlap_seconds", Value::Null, overlap.as_secs());
        let event =
            self.recorded(&looked, of.provider(), AuditAction::EventSourceSecretSet, acting).map(|event| {
                let changes = event.changes.iter().cloned().chain(overlap_changed).collect();
                NewAuditEvent { changes, ..event }
            });
        let old_until = (!overlap.is_zero()).then(|| at + overlap);
        Ok(self.store.set_event_secret(source.id, secret, old_until, (event, at)).await?)
    }

    /// Waits for the provider's first request, which brings the secret.
    pub async fn await_secret(&self, of: AddressFor<'_>, acting: Acting) -> Result<(), EventsError> {
        let events = sent(of.provider())?;
        let (looked, source) = self.own(of).await?;
        if events.secret.source != SecretSource::FirstRequest {
            return Err(EventsError::NotAsked);
        }
        let until = self.environment.now() + WAIT;
        let event = self.recorded(&looked, of.provider(), AuditAction::EventSourceWaiting, acting);
        Ok(self.store.await_event_secret(source.id, until, event).await?)
    }

    /// The secret that a provider brought, once. `None`: there is none that nobody has seen.
    pub async fn show_secret(
        &self,
        of: AddressFor<'_>,
        acting: Acting,
    ) -> Result<Option<String>, EventsError> {
        sent(of.provider())?;
        let (looked, source) = self.own(of).await?;
        let event = self.recorded(&looked, of.provider(), AuditAction::EventSourceSecretShown, acting);
        let row = self.store.show_event_secret(source.id, event).await?;
        Ok(row.map(|row| self.open_secret(&row)).transpose()?)
    }

    fn new_secret(&self, source: EventSourceId, text: &str) -> NewEventSecret {
        let id = self.environment.id();
        NewEventSecret { id, sealed: self.vault.seal(text.as_bytes(), Purpose::EventSecret(id, source)) }
    }

    /// The address that may be changed here. It is made if there is none.
    async fn own(&self, of: AddressFor<'_>) -> Result<(Looked, EventSourceRecord), EventsError> {
        let looked = self.looked(of).await?.ok_or(EventsError::Disconnected)?;
        if !looked.is_here {
            return Err(EventsError::OfApp);
        }
        let source = self.open(of.provider(), looked.of).await?.ok_or(EventsError::Disconnected)?;
        Ok((looked, source))
    }

    async fn open(&self, provider: &Provider, of: SourceOf) -> Result<Option<EventSourceRecord>, StoreError> {
        let key = provider.key.as_str();
        let found = self.store.event_source_of(key, of).await?;
        if let Some(found) = found.filter(|found| found.path_hash.is_some()) {
            return Ok(Some(found));
        }
        let seal = |source| {
            let token = Token::generate(&self.environment);
            let sealed = self.vault.seal(token.expose().as_bytes(), Purpose::EventPath(source));
            NewPath { hash: token.hash(), sealed }
        };
        self.store.open_event_source((key, of), self.environment.id(), seal, self.environment.now()).await
    }

    /// The whole address.
    fn url(&self, source: &EventSourceRecord) -> Result<Option<String>, VaultError> {
        let Some(sealed) = &source.sealed_path else { return Ok(None) };
        let opened = self.vault.open(sealed, Purpose::EventPath(source.id))?;
        let secret = std::str::from_utf8(opened.expose_secret()).map_err(|_| VaultError::Damaged)?;
        Ok(Some(format!("{}/hooks/{}/{secret}", self.origin, source.id)))
    }

    /// `None`: the integration is disconnected, and its address is gone.
    async fn looked(&self, of: AddressFor<'_>) -> Result<Option<Looked>, EventsError> {
        let key = of.provider().key.as_str();
        let is_of_app = sent(of.provider())?.address == AddressOf::App;
        match of {
            AddressFor::Integration(tenant, account) => {
                let row = self.store.integration(tenant, account.as_str()).await?;
                let row = row.ok_or_else(|| EventsError::NotInstalled(account.label()))?;
                let damaged = |_| StoreError::Damaged(format!("integration {}: id", row.id));
                let id: IntegrationId = row.id.parse().map_err(damaged)?;
                let (apps, integration) = (AppsOf::Project(*tenant), Some((id, account.as_str().to_owned())));
                if is_of_app {
                    let app = self.store.oauth_apps_for(apps, iter::once(key)).await?.into_iter().next();
                    let of = SourceOf::App(app.map_or(AppOwner::All, |app| app.owner));
                    return Ok(Some(Looked { of, is_here: false, tenant: Some((apps, integration)) }));
                }
                let is_connected = row.status != Status::Disconnected.as_str();
                let of = SourceOf::Integration(id);
                Ok(is_connected.then_some(Looked { of, is_here: true, tenant: Some((apps, integration)) }))
            }
            AddressFor::App(apps, _) => {
                let owner = apps.nearest();
                let has_app = self.store.oauth_app_of(key, owner).await?.is_some();
                if !is_of_app || !has_app {
                    return Err(EventsError::NoApp);
                }
                Ok(Some(Looked { of: SourceOf::App(owner), is_here: true, tenant: Some((apps, None)) }))
            }
            AddressFor::OperatorsApp(_) if !is_of_app => Err(EventsError::NoApp),
            AddressFor::OperatorsApp(_) => {
                Ok(Some(Looked { of: SourceOf::App(AppOwner::All), is_here: true, tenant: None }))
            }
        }
    }

    async fn has_client_secret(&self, looked: &Looked, provider: &Provider) -> Result<bool, EventsError> {
        let has = match (looked.of, &looked.tenant) {
            (SourceOf::App(AppOwner::All), _) if self.apps.is_given(provider) => true,
            (SourceOf::App(owner), _) => {
                self.store.oauth_app_of(provider.key.as_str(), owner).await?.is_some()
            }
            (SourceOf::Integration(_), Some((AppsOf::Project(tenant), _))) => {
                self.apps.exists(tenant, provider).await?
            }
            (SourceOf::Integration(_), _) => false,
        };
        Ok(has)
    }

    fn recorded(
        &self,
        looked: &Looked,
        provider: &Provider,
        action: AuditAction,
        acting: Acting,
    ) -> Option<NewAuditEvent> {
        let (apps, integration) = looked.tenant.as_ref()?;
        let (organization, project) = match *apps {
            AppsOf::Project(Tenant { organization, project }) => (organization, Some(project)),
            AppsOf::Organization(organization) => (organization, None),
        };
        let changes = change("provider", Value::Null, provider.key.as_str()).into_iter().collect();
        let event = NewAuditEvent::new(&self.environment, organization, action, acting);
        Some(NewAuditEvent { project, integration: integration.clone(), changes, ..event })
    }
}

/// What a provider's file says of its events.
fn sent(provider: &Provider) -> Result<&Events, EventsError> {
    match &provider.event_source {
        EventSource::Sent(events) => Ok(events),
        EventSource::None(reason) => Err(EventsError::SendsNone(Some(reason.clone()))),
        EventSource::Untold => Err(EventsError::SendsNone(None)),
    }
}

fn state(rows: &[EventSecretRow], has_known: bool) -> SecretState {
    let old = rows.iter().filter_map(|row| row.retires_at).max();
    match old {
        Some(until) => SecretState::Replaced(until),
        None if rows.is_empty() && !has_known => SecretState::Missing,
        None => SecretState::Set,
    }
}
