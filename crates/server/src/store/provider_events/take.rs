//! Stores the events of requests, each with its claim, and puts them into the outbox.
//!
//! The events of one integration are told in their order, so the transactions that store them would wait for each
//! other's commits. Requests that arrive meanwhile are stored together instead.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
    sync::Arc,
    time::Duration,
};

use integrations_core::{
    ids::{EventId, EventSourceId, IntegrationId, ProjectId, ProviderEventId},
    inbound::Once,
    webhook::{EventType, ForwardedEvent},
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query},
};
use serde_json::Value;
use time::OffsetDateTime;

use crate::store::{
    Announcement, StoreError,
    batch::AnswerMany,
    entity::{event_once, provider_event},
    in_order::found_in_order,
    monitors,
    reachability::GuardedPool,
    transaction::{Outbox, Transaction, writing},
};

/// The most events in one statement: databases bound its values.
const TOGETHER: usize = 50;

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

/// What stores the events of many requests at once.
#[derive(Clone, Debug)]
pub(in crate::store) struct Takes {
    pub(in crate::store) writer: GuardedPool,
    pub(in crate::store) outbox: Outbox,
}

/// A request to be stored. It is equal to itself alone.
#[derive(Clone, Debug)]
pub(in crate::store) struct Taking(pub(super) Arc<TakenRequest>);

impl PartialEq for Taking {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Taking {}

impl AnswerMany for Takes {
    type Key = Taking;
    type Answer = Result<Stored, Arc<StoreError>>;

    async fn answer_many(&self, requests: &[Taking]) -> Vec<Self::Answer> {
        if requests.len() > 1 {
            let mut taken = self.take(requests).await;
            if matches!(taken, Err(StoreError::Unavailable(_))) {
                // It may have been a deadlock, which another attempt does not meet.
                taken = self.take(requests).await;
            }
            match taken {
                Ok(Some(stored)) => return stored.into_iter().map(Ok).collect(),
                Err(error @ (StoreError::Away | StoreError::Unavailable(_))) => {
                    return vec![Err(Arc::new(error)); requests.len()];
                }
                // One of them spoils it. The others are still stored.
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "storing several requests at once failed; storing each alone");
                }
            }
        }
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            let stored = self.take(slice::from_ref(request)).await.map_err(Arc::new);
            answers
                .push(stored.map(|stored| stored.and_then(|mut all| all.pop()).unwrap_or(Stored::Replayed)));
        }
        answers
    }

    fn unanswered() -> Self::Answer {
        Err(Arc::new(StoreError::Away))
    }
}

impl Takes {
    /// Stores requests in one transaction. `None`: what one of them may use only once was used for something else, and
    /// nothing is stored.
    async fn take(&self, requests: &[Taking]) -> Result<Option<Vec<Stored>>, StoreError> {
        let transaction = Transaction::new(self.writer.begin(writing()).await?, self.outbox.clone());
        let events = || {
            requests
                .iter()
                .flat_map(|Taking(request)| request.events.iter().map(move |event| (event, request)))
        };
        let checked: BTreeMap<_, _> = events()
            .filter(|(event, _)| event.asks_for_check)
            .map(|(event, request)| (event.integration, request.at))
            .collect();
        for (integration, at) in checked {
            monitors::bring_probe_forward(&transaction, integration, at).await?;
        }
        if !use_once(&transaction, requests).await? {
            return Ok(None);
        }
        // In an order that all transactions have, and then those of an integration in their own.
        let mut by_claim: Vec<_> = events().collect();
        by_claim.sort_by_key(|(event, _)| (event.integration, event.dedupe.as_str()));
        let mut new = BTreeSet::new();
        for some in by_claim.chunks(TOGETHER) {
            store(&transaction, some, &mut new).await?;
        }
        for (event, request) in events().filter(|(event, _)| new.contains(&event.told.id)) {
            transaction.tell(announcement(event, request.at));
        }
        transaction.commit().await?;
        let stored = |Taking(request): &Taking| {
            let ids = request.events.iter().map(|event| event.told.id);
            Stored::New(ids.filter(|id| new.contains(id)).collect())
        };
        Ok(Some(requests.iter().map(stored).collect()))
    }
}

/// Claims what each request may use only once. `false`: something of it was used with other events.
async fn use_once(on: &Transaction, requests: &[Taking]) -> Result<bool, StoreError> {
    use event_once::Column;

    let mut wanted = BTreeMap::<(String, String), event_once::Model>::new();
    for Taking(request) in requests {
        let Some(once) = &request.once else { continue };
        let row = event_once::Model {
            source_id: request.source.to_string(),
            key: once.key.clone(),
            bound_to: once.bound_to.clone(),
            expires_at: request.at + once.claim,
        };
        let first = wanted.entry((row.source_id.clone(), row.key.clone())).or_insert_with(|| row.clone());
        if first.bound_to != row.bound_to {
            return Ok(false);
        }
    }
    let Some(at) = requests.iter().map(|Taking(request)| request.at).min().filter(|_| !wanted.is_empty())
    else {
        return Ok(true);
    };
    let has_expired = Expr::col((event_once::Entity, Column::ExpiresAt)).lte(at);
    let or_renew = OnConflict::columns([Column::SourceId, Column::Key])
        .update_columns([Column::BoundTo, Column::ExpiresAt])
        .action_and_where(has_expired)
        .to_owned();
    // They are in an order that all transactions have.
    let rows = wanted.values().cloned().map(event_once::ActiveModel::from);
    let mut claim = event_once::Entity::insert_many(rows).into_query();
    claim.on_conflict(or_renew).returning(Query::returning().columns([Column::SourceId, Column::Key]));
    for row in on.query_all(&claim).await? {
        wanted.remove(&(row.try_get("", "source_id")?, row.try_get("", "key")?));
    }
    for (key, row) in wanted {
        let before = event_once::Entity::find_by_id(key).one(on).await?;
        if before.is_none_or(|before| before.bound_to != row.bound_to) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Stores events, each with its claim. Adds to `new` those that were not known.
async fn store(
    on: &Transaction,
    events: &[(&NewProviderEvent, &Arc<TakenRequest>)],
    new: &mut BTreeSet<ProviderEventId>,
) -> Result<(), StoreError> {
    use provider_event::Column;

    // A claim that has ended makes room. Its event stays as long as events are kept.
    let claims = events.iter().fold(Condition::any(), |any, (event, request)| {
        any.add(
            Condition::all()
                .add(Column::SourceId.eq(request.source.to_string()))
                .add(Column::IntegrationId.eq(event.integration.to_string()))
                .add(Column::Dedupe.eq(event.dedupe.as_str()))
                .add(Column::ClaimedUntil.lte(request.at)),
        )
    });
    let ended = found_in_order::<provider_event::Entity>(on, Column::Id, claims).await?;
    if !ended.is_empty() {
        provider_event::Entity::update_many()
            .col_expr(Column::Dedupe, Expr::value(None::<String>))
            .filter(Column::Id.is_in(ended))
            .exec(on)
            .await?;
    }
    let unless_known = OnConflict::columns([Column::SourceId, Column::IntegrationId, Column::Dedupe])
        .do_nothing()
        .to_owned();
    let rows = events.iter().map(|(event, request)| provider_event::ActiveModel::from(row(event, request)));
    let mut insert = provider_event::Entity::insert_many(rows).into_query();
    insert.on_conflict(unless_known).returning_col(Column::Id);
    for row in on.query_all(&insert).await? {
        let id: String = row.try_get("", "id")?;
        let damaged = || StoreError::Damaged(format!("provider event {id}: id"));
        new.insert(id.parse().map_err(|_| damaged())?);
    }
    Ok(())
}

fn row(event: &NewProviderEvent, request: &TakenRequest) -> provider_event::Model {
    let told = &event.told;
    provider_event::Model {
        id: told.id.to_string(),
        project_id: event.project.to_string(),
        integration_id: event.integration.to_string(),
        source_id: request.source.to_string(),
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
    }
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
