//! Destroys the credentials and the runs of projects that were archived longer than their grace.

use integrations_core::ids::{OrganizationId, ProjectId};
use sea_orm::{
    ColumnTrait as _, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    Value,
    sea_query::{Expr, ExprTrait as _},
};
use time::OffsetDateTime;

use super::{
    NewAuditEvent, PROJECT_GRACE, Store, StoreError, audit,
    entity::{
        action_run, credential, event_source, integration, monitor, oauth_app, pending_install, project,
        provider_event, revocation, webhook, webhook_event,
    },
    in_order::locked_in_order,
    transaction::Transaction,
};

impl Store {
    /// The project that was archived first of those whose grace has ended by `now`, with its organization.
    pub async fn project_to_erase(
        &self,
        now: OffsetDateTime,
    ) -> Result<Option<(OrganizationId, ProjectId)>, StoreError> {
        let found = project::Entity::find()
            .filter(project::Column::RevokedAt.lte(now - PROJECT_GRACE))
            .filter(project::Column::ErasedAt.is_null())
            .order_by_asc(project::Column::RevokedAt)
            .one(&self.reader)
            .await?;
        let Some(row) = found else { return Ok(None) };
        let damaged = || StoreError::Damaged(format!("project {}", row.id));
        let organization = row.organization_id.parse().map_err(|_| damaged())?;
        Ok(Some((organization, row.id.parse().map_err(|_| damaged())?)))
    }

    /// Destroys everything secret of an archived project, which cannot be brought back any more, and its runs. `false`:
    /// it was brought back or erased meanwhile, and nothing is done.
    pub async fn erase_project(&self, id: ProjectId, event: NewAuditEvent) -> Result<bool, StoreError> {
        let transaction = self.begin().await?;
        let erased = project::Entity::update_many()
            .col_expr(project::Column::ErasedAt, Expr::value(event.at))
            .filter(project::Column::Id.eq(id.to_string()))
            .filter(project::Column::RevokedAt.lte(event.at - PROJECT_GRACE))
            .filter(project::Column::ErasedAt.is_null())
            .exec(&transaction)
            .await?;
        if erased.rows_affected == 0 {
            return Ok(false);
        }
        destroy_secrets(&transaction, &id.to_string()).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Destroys what is secret of a project's rows, and what its runs have of its customers: of the integrations first, as
/// whoever changes one does, and in each table in the order of the ids, as whoever seals all secrets anew does.
async fn destroy_secrets(on: &Transaction, project: &str) -> Result<(), StoreError> {
    let integrations = || {
        let of_project = integration::Entity::find().filter(integration::Column::ProjectId.eq(project));
        of_project.select_only().column(integration::Column::Id).into_query()
    };
    integration::Entity::update_many()
        .col_expr(integration::Column::SealedSettings, Expr::value(Value::Bytes(None)))
        .filter(locked_in_order::<integration::Entity>(
            integration::Column::Id,
            integration::Column::ProjectId.eq(project),
        ))
        .exec(on)
        .await?;
    destroy::<monitor::Entity>(
        on,
        monitor::Column::IntegrationId,
        monitor::Column::IntegrationId.in_subquery(integrations()),
    )
    .await?;
    destroy::<credential::Entity>(
        on,
        credential::Column::IntegrationId,
        credential::Column::IntegrationId.in_subquery(integrations()),
    )
    .await?;
    destroy::<action_run::Entity>(on, action_run::Column::Id, action_run::Column::ProjectId.eq(project))
        .await?;
    // Its webhooks go with their secrets and deliveries.
    destroy::<webhook::Entity>(on, webhook::Column::Id, webhook::Column::ProjectId.eq(project)).await?;
    destroy::<webhook_event::Entity>(
        on,
        webhook_event::Column::Id,
        webhook_event::Column::ProjectId.eq(project),
    )
    .await?;
    destroy::<provider_event::Entity>(
        on,
        provider_event::Column::Id,
        provider_event::Column::ProjectId.eq(project),
    )
    .await?;
    let is_of_project = event_source::Column::IntegrationId
        .in_subquery(integrations())
        .or(event_source::Column::AppOwner.eq(project));
    destroy::<event_source::Entity>(on, event_source::Column::Id, is_of_project).await?;
    destroy::<revocation::Entity>(on, revocation::Column::Id, revocation::Column::ProjectId.eq(project))
        .await?;
    destroy::<pending_install::Entity>(
        on,
        pending_install::Column::Id,
        pending_install::Column::ProjectId.eq(project),
    )
    .await?;
    destroy::<oauth_app::Entity>(on, oauth_app::Column::Id, oauth_app::Column::Owner.eq(project)).await
}

/// Deletes the rows that meet `of`, in the order of `id`.
async fn destroy<E: EntityTrait>(on: &Transaction, id: E::Column, of: Expr) -> Result<(), StoreError> {
    E::delete_many().filter(locked_in_order::<E>(id, of)).exec(on).await?;
    Ok(())
}
