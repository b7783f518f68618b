//! Destroys the credentials of projects that were archived longer than their grace.

use integrations_core::ids::{OrganizationId, ProjectId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    Value, sea_query::Expr,
};
use time::OffsetDateTime;

use super::{
    NewAuditEvent, PROJECT_GRACE, Store, StoreError, audit,
    entity::{credential, integration, monitor, oauth_app, pending_install, project},
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

    /// Destroys everything secret of an archived project, which cannot be brought back any more. `false`: it was
    /// brought back or erased meanwhile, and nothing is done.
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
        let integrations = || {
            integration::Entity::find()
                .select_only()
                .column(integration::Column::Id)
                .filter(integration::Column::ProjectId.eq(id.to_string()))
                .into_query()
        };
        monitor::Entity::delete_many()
            .filter(monitor::Column::IntegrationId.in_subquery(integrations()))
            .exec(&transaction)
            .await?;
        credential::Entity::delete_many()
            .filter(credential::Column::IntegrationId.in_subquery(integrations()))
            .exec(&transaction)
            .await?;
        integration::Entity::update_many()
            .col_expr(integration::Column::SealedSettings, Expr::value(Value::Bytes(None)))
            .filter(integration::Column::ProjectId.eq(id.to_string()))
            .exec(&transaction)
            .await?;
        pending_install::Entity::delete_many()
            .filter(pending_install::Column::ProjectId.eq(id.to_string()))
            .exec(&transaction)
            .await?;
        oauth_app::Entity::delete_many()
            .filter(oauth_app::Column::Owner.eq(id.to_string()))
            .exec(&transaction)
            .await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
