//! Stores the events of a request, each with its claim, and puts them into the outbox.

use std::{collections::BTreeSet, time::Duration};

use integrations_core::{
    ids::{EventId, EventSourceId, IntegrationId, ProjectId, ProviderEventId},
    inbound::Once,
    webhook::{EventType, ForwardedEvent},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use serde_json::Value;
use time::OffsetDateTime;

use crate::store::{
    Announcement, Store, StoreError,
    entity::{event_once, provider_event},
    monitors,
    transaction::Transaction,
    webhooks::announce,
};

/// An event to be stored for one integration.
#[derive(Clone, Debug)]
pub struct NewProviderEvent {
    /// What is told of it.
    pub told: ForwardedEvent,
    /// The project.
    pub project: ProjectId,
    /// The integration.
    pub integration: IntegrationId,
    /// What it is known by.
    pub dedupe: String,
    /// Its body, sealed.
    pub sealed: Vec<u8>,
    /// Whether the integration's credential is checked because of it.
    pub asks_for_check: bool,
}

/// A verified request, to be stored.
#[derive(Clone, Debug)]
pub struct TakenRequest {
    /// The address.
    pub source: EventSourceId,
    /// What may be used only once.
    pub once: Option<Once>,
    /// How long the claim of each event lives.
    pub claim: Duration,
    /// When it arrived.
    pub at: OffsetDateTime,
    /// Its events, in their order.
    pub events: Vec<NewProviderEvent>,
}

/// What came of storing a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The ids of the events that were not known before. The others are repeats.
    New(BTreeSet<ProviderEventId>),
    /// What may be used only once was used for something else. Nothing is stored.
    Replayed,
}

impl Store {
    /// Stores the events of a request and what is told of them, in one transaction.
    pub async fn take_provider_events(&self, request: TakenRequest) -> Result<Stored, StoreError> {
        let transaction = self.begin().await?;
        let checked = request.events.iter().filter(|event| event.asks_for_check);
        for integration in checked.map(|event| event.integration).collect::<BTreeSet<_>>() {
            monitors::bring_probe_forward(&transaction, integration, request.at).await?;
        }
        if let Some(once) = &request.once
            && !use_once(&transaction, request.source, once, request.at).await?
        {
            return Ok(Stored::Replayed);
        }
        // In an order that all transactions have, and then those of an integration in their own.
        let mut by_claim: Vec<&NewProviderEvent> = request.events.iter().collect();
        by_claim.sort_by_key(|event| (event.integration, event.dedupe.as_str()));
        let mut new = BTreeSet::new();
        for event in by_claim {
            if store(&transaction, event, &request).await? {
                new.insert(event.told.id);
            }
        }
        let mut told: Vec<&NewProviderEvent> =
            request.events.iter().filter(|event| new.contains(&event.told.id)).collect();
        told.sort_by_key(|event| event.integration);
        for event in told {
            announce(&transaction, announcement(event, request.at)).await?;
        }
        transaction.commit().await?;
        Ok(Stored::New(new))
    }
}

/// Claims what may be used only once. `false`: it was used with other events.
async fn use_once(
    on: &Transaction,
    source: EventSourceId,
    once: &Once,
    at: OffsetDateTime,
) -> Result<bool, StoreError> {
    use event_once::Column;

    let row = event_once::Model {
        source_id: source.to_string(),
        key: once.key.clone(),
        bound_to: once.bound_to.clone(),
        expires_at: at + once.claim,
    };
    let has_expired = Expr::col((event_once::Entity, Column::ExpiresAt)).lte(at);
    let or_renew = OnConflict::columns([Column::SourceId, Column::Key])
        .update_columns([Column::BoundTo, Column::ExpiresAt])
        .action_and_where(has_expired)
        .to_owned();
    let claimed = event_once::Entity::insert(event_once::ActiveModel::from(row))
        .on_conflict(or_renew)
        .exec_without_returning(on)
        .await?;
    if claimed > 0 {
        return Ok(true);
    }
    let key = (source.to_string(), once.key.clone());
    let before = event_once::Entity::find_by_id(key).one(on).await?;
    Ok(before.is_some_and(|before| before.bound_to == once.bound_to))
}

/// Stores an event with its claim. `false`: it is known.
async fn store(
    on: &Transaction,
    event: &NewProviderEvent,
    request: &TakenRequest,
) -> Result<bool, StoreError> {
    use provider_event::Column;

    let (source, integration) = (request.source.to_string(), event.integration.to_string());
    // A claim that has ended makes room. Its event stays as long as events are kept.
    provider_event::Entity::update_many()
        .col_expr(Column::Dedupe, Expr::value(None::<String>))
        .filter(Column::SourceId.eq(source.as_str()))
        .filter(Column::IntegrationId.eq(integration.as_str()))
        .filter(Column::Dedupe.eq(event.dedupe.as_str()))
        .filter(Column::ClaimedUntil.lte(request.at))
        .exec(on)
        .await?;
    let told = &event.told;
    let row = provider_event::Model {
        id: told.id.to_string(),
        project_id: event.project.to_string(),
        integration_id: integration,
        source_id: source,
        provider_event_id: told.provider_event_id.clone(),
        kind: told.kind.clone(),
        account: told.account.clone(),
        occurred_at: told.occurred_at,
        attempt: told.attempt.map(i64::from),
        is_repeat: told.is_repeat,
        headers: Value::Object(told.headers.clone()).to_string(),
        is_body_signed: told.is_body_signed,
        sealed: event.sealed.clone(),
        body_sha256: told.body_sha256.clone(),
        body_size: i64::try_from(told.body_size).unwrap_or(i64::MAX),
        received_at: request.at,
        dedupe: Some(event.dedupe.clone()),
        claimed_until: request.at + request.claim,
    };
    let unless_known = OnConflict::columns([Column::SourceId, Column::IntegrationId, Column::Dedupe])
        .do_nothing()
        .to_owned();
    let stored = provider_event::Entity::insert(provider_event::ActiveModel::from(row))
        .on_conflict(unless_known)
        .exec_without_returning(on)
        .await?;
    Ok(stored > 0)
}

fn announcement(event: &NewProviderEvent, at: OffsetDateTime) -> Announcement {
    Announcement {
        // One is kept and the other told of the same thing.
        id: EventId::from_bits(event.told.id.bits()),
        kind: EventType::ProviderEvent,
        project: event.project,
        integration: Some(event.integration),
        details: event.told.details(),
        at,
        except: None,
        provider_event: Some(event.told.id),
    }
}
