//! Moves the secrets of events that earlier versions kept among the settings of integrations.

use integrations_core::{
    audit::{Actor, AuditAction, Change, REDACTED, change},
    ids::{AuditEventId, EventSecretId, EventSourceId, OrganizationId},
    lifecycle::Status,
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, LockType},
};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    secrets::{NewEventSecret, Seen, insert},
    sources::{SourceOf, made},
};
use crate::store::{
    NewAuditEvent, SealedConnection, Store, StoreError, audit,
    entity::{event_secret, integration, project},
    transaction::Transaction,
};

/// A secret of events that is among the settings of an integration.
#[derive(Clone, Debug)]
pub struct FormerSecret {
    /// The secret settings that hold it, as they are stored.
    pub settings: SealedConnection,
    /// The setting's name.
    pub setting: String,
    /// The provider's key.
    pub provider: String,
    /// The other secret settings, sealed. `None`: there are none.
    pub rest: Option<Vec<u8>>,
    /// Whose address it is for.
    pub of: SourceOf,
}

/// The ids of what is stored anew.
#[derive(Clone, Copy, Debug)]
pub struct FormerIds {
    /// Of the address, if there is none yet.
    pub source: EventSourceId,
    /// Of the secret.
    pub secret: EventSecretId,
    /// Of what is recorded.
    pub event: AuditEventId,
}

impl Store {
    /// Moves a secret out of the settings, to the address that it is for. A secret that is there already stays, because
    /// it was entered later. `seal` seals the secret for the address. `false`: the settings have changed since they
    /// were read, or the integration is disconnected, so nothing is moved.
    pub async fn move_former_secret(
        &self,
        former: FormerSecret,
        ids: FormerIds,
        seal: impl FnOnce(EventSourceId) -> Vec<u8> + Send,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        use integration::Column;

        let transaction = self.begin().await?;
        let id = former.settings.integration.to_string();
        let row = integration::Entity::find_by_id(&id).lock(LockType::NoKeyUpdate).one(&transaction).await?;
        let is_as_read = |row: &integration::Model| {
            row.status != Status::Disconnected.as_str()
                && row.sealed_settings.as_ref() == Some(&former.settings.sealed)
        };
        if !row.as_ref().is_some_and(is_as_read) {
            return Ok(false);
        }
        let source = made(&transaction, (&former.provider, former.of), ids.source, at).await?.id;
        let of_source = event_secret::Column::SourceId.eq(source.to_string());
        let count = event_secret::Entity::find().filter(of_source).count(&transaction).await?;
        if count == 0 {
            let new = NewEventSecret { id: ids.secret, sealed: seal(source) };
            insert(&transaction, source, new, Seen::Entered, at).await?;
        }
        integration::Entity::update_many()
            .col_expr(Column::SealedSettings, Expr::value(former.rest.clone()))
            .col_expr(Column::Version, Expr::col(Column::Version).add(1))
            .col_expr(Column::UpdatedAt, Expr::value(at))
            .filter(Column::Id.eq(&id))
            .exec(&transaction)
            .await?;
        record(&transaction, &former, count == 0, (ids.event, at)).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

async fn record(
    on: &Transaction,
    former: &FormerSecret,
    is_new: bool,
    (id, at): (AuditEventId, OffsetDateTime),
) -> Result<(), StoreError> {
    let damaged = || StoreError::Damaged(format!("project {}: organization", former.settings.project));
    let project = project::Entity::find_by_id(former.settings.project.to_string()).one(on).await?;
    let organization: OrganizationId =
        project.and_then(|project| project.organization_id.parse().ok()).ok_or_else(damaged)?;
    let dropped =
        Change { path: format!("settings.{}", former.setting), from: REDACTED.into(), to: Value::Null };
    let named = is_new.then(|| change("provider", Value::Null, former.provider.as_str())).flatten();
    let event = NewAuditEvent {
        id,
        organization,
        project: Some(former.settings.project),
        integration: Some((former.settings.integration, former.settings.provider.clone())),
        action: match is_new {
            true => AuditAction::EventSourceSecretSet,
            false => AuditAction::IntegrationLifecycleUpdated,
        },
        actor: Actor::System,
        request_id: None,
        changes: named.into_iter().chain([dropped]).collect(),
        at,
    };
    audit::record(on, event).await
}
