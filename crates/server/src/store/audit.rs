//! The audit log. An event is stored in the same transaction as the change that it records.

use integrations_core::{
    audit::{Acting, Actor, ActorKind, AuditAction, Change},
    ids::{AuditEventId, EventId, IntegrationId, OrganizationId, ProjectId},
    principal::Principal,
    webhook::EventType,
};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, Statement};
use serde_json::Map;
use time::OffsetDateTime;

use super::{
    Announcement, ReadError, Store, StoreError, Tenant,
    entity::{audit_event, audit_pending},
    rows::AuditEntry,
    statements,
    tenant::joined,
    transaction::Transaction,
};
use crate::environment::{Environment, first_id_at};

/// An event to be recorded.
#[derive(Clone, Debug)]
pub struct NewAuditEvent {
    /// Its id.
    pub id: AuditEventId,
    /// The organization whose log records it.
    pub organization: OrganizationId,
    /// The project that it is about.
    pub project: Option<ProjectId>,
    /// The integration that it is about, with its provider.
    pub integration: Option<(IntegrationId, String)>,
    /// What happened.
    pub action: AuditAction,
    /// Who did it.
    pub actor: Actor,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// What it changed.
    pub changes: Vec<Change>,
    /// When.
    pub at: OffsetDateTime,
}

impl NewAuditEvent {
    /// An event of now that is about an organization and has no changes yet.
    pub fn new(
        environment: &Environment,
        organization: OrganizationId,
        action: AuditAction,
        acting: Acting,
    ) -> Self {
        Self {
            id: environment.id(),
            organization,
            project: None,
            integration: None,
            action,
            actor: acting.actor,
            request_id: acting.request_id,
            changes: Vec::new(),
            at: environment.now(),
        }
    }
}

/// Which of a project's events to read. An event must meet every condition that is set.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only events before this one.
    pub before: Option<AuditEventId>,
    /// Only events of this provider's integrations.
    pub provider: Option<String>,
    /// Only events with this action.
    pub action: Option<AuditAction>,
    /// Only what this actor did.
    pub actor: Option<ActorFilter>,
    /// Only events at or after this time.
    pub since: Option<OffsetDateTime>,
    /// Only events before this time.
    pub until: Option<OffsetDateTime>,
}

/// The actor whose events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorFilter {
    /// One API key or person.
    Principal(Principal),
    /// Every actor of one kind.
    Kind(ActorKind),
}

impl AuditFilter {
    /// The conditions on columns, as pairs of a column and its value.
    pub(super) fn columns(&self) -> Vec<(&'static str, String)> {
        let provider = self.provider.clone().map(|provider| ("provider", provider));
        let action = self.action.map(|action| ("action", action.as_str().to_owned()));
        let actor = self.actor.map(|actor| match actor {
            ActorFilter::Principal(id) => ("actor", id.to_string()),
            ActorFilter::Kind(kind) => ("actor", kind.as_str().to_owned()),
        });
        [provider, action, actor].into_iter().flatten().collect()
    }

    /// The smallest id that the page may contain. Ids sort by time, so a time can be written as an id.
    pub(super) fn begin(&self) -> AuditEventId {
        self.since.map_or(AuditEventId::from_bits(0), first_id_at)
    }

    /// The id that the page ends before.
    pub(super) fn end(&self) -> AuditEventId {
        let ends = [self.before, self.until.map(first_id_at)];
        ends.into_iter().flatten().min().unwrap_or(AuditEventId::from_bits(u128::MAX))
    }
}

impl Store {
    /// Records what happens at a provider and changes nothing here: that a request is about to be sent, or what came of
    /// it.
    pub async fn record_proxied(&self, event: NewAuditEvent) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// What is told to webhooks of an event. `None`: nothing is.
fn announcement(event: &NewAuditEvent) -> Result<Option<Announcement>, StoreError> {
    let told = EventType::of(event.action).zip(event.project).zip(event.integration.as_ref());
    let Some(((kind, project), (integration, _))) = told else { return Ok(None) };
    let changes = serde_json::to_value(&event.changes);
    let changes = changes.map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(Some(Announcement {
        // One is recorded and the other told of the same thing.
        id: EventId::from_bits(event.id.bits()),
        kind,
        project,
        integration: Some(*integration),
        details: Map::from_iter([("changes".to_owned(), changes)]),
        at: event.at,
        except: None,
        provider_event: None,
    }))
}

/// Appends an event, which then waits to be chained, and tells it to webhooks. Only the store calls it: the methods
/// that change something take the event as an argument.
pub(super) async fn record(on: &Transaction, event: NewAuditEvent) -> Result<(), StoreError> {
    if let Some(announcement) = announcement(&event)? {
        on.tell(announcement);
    }
    let (integration, provider) = event.integration.unzip();
    let changes = serde_json::to_string(&event.changes).map_err(|e| StoreError::Damaged(e.to_string()))?;
    let row = audit_event::Model {
        id: event.id.to_string(),
        organization_id: event.organization.to_string(),
        project_id: event.project.map(|id| id.to_string()),
        integration_id: integration.map(|id| id.to_string()),
        provider,
        action: event.action.as_str().to_owned(),
        actor_kind: event.actor.kind().as_str().to_owned(),
        actor_id: event.actor.principal().map(|id| id.to_string()),
        request_id: event.request_id,
        changes,
        created_at: event.at,
    };
    let waiting =
        audit_pending::Model { organization_id: row.organization_id.clone(), event_id: row.id.clone() };
    audit_event::Entity::insert(audit_event::ActiveModel::from(row)).exec_without_returning(on).await?;
    audit_pending::Entity::insert(audit_pending::ActiveModel::from(waiting))
        .exec_without_returning(on)
        .await?;
    Ok(())
}

impl Store {
    /// A page of up to `limit` of a tenant's events, newest first.
    pub async fn audit_page(
        &self,
        tenant: &Tenant,
        filter: &AuditFilter,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, ReadError> {
        let (columns, wanted): (Vec<_>, Vec<_>) = filter.columns().into_iter().unzip();
        let range = [tenant.project.to_string(), filter.end().to_string(), filter.begin().to_string()];
        let values = range.into_iter().chain(wanted).map(sea_orm::Value::from);
        let sql = statements::audit_page(&columns, limit);
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = self.reader.query_all_raw(statement).await?;
        self.tenant_check.admit(tenant, rows.first())?;
        rows.iter().filter_map(|row| joined(row).transpose()).collect()
    }
}
