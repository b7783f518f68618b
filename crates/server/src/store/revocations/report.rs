//! A whole provider's integrations: those that are to be revoked, and what came of those that were.

use integrations_core::{
    catalog::ProviderRef,
    ids::{IntegrationId, OrganizationId, ProjectId, RevocationId},
    revocation::RevocationStatus,
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, JoinType, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, RelationTrait as _,
};
use time::OffsetDateTime;

use super::live::project_of;
use crate::store::{
    Store, StoreError, Tenant,
    entity::{credential, integration, project, revocation},
};

/// Which connections are meant.
#[derive(Clone, Debug)]
pub struct RevocationScope {
    /// The provider's key; every alias is meant.
    pub provider: String,
    /// Only those that were connected at this time or later.
    pub since: Option<OffsetDateTime>,
    /// Only those of this organization.
    pub organization: Option<OrganizationId>,
    /// Only those of this project.
    pub project: Option<ProjectId>,
}

/// How many revocations of a scope there are of each status.
pub type RevocationTally = Vec<(RevocationStatus, u64)>;

/// A revocation that is not `revoked`.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct UnrevokedRow {
    /// Its id.
    pub id: String,
    /// The project.
    pub project_id: String,
    /// The integration.
    pub integration_id: String,
    /// The provider, with the alias of a further account.
    pub provider: String,
    /// How far it is.
    pub status: String,
    /// Why it is not revoked.
    pub message: Option<String>,
}

#[derive(FromQueryResult)]
struct ConnectedRow {
    id: String,
    project_id: String,
    organization_id: String,
    provider: String,
}

impl Store {
    /// The next connections of a scope, by id after `after`; at most `limit`. Those of archived projects are not among
    /// them: nothing of these can be changed.
    pub async fn connected(
        &self,
        scope: &RevocationScope,
        after: &str,
        limit: u64,
    ) -> Result<Vec<(IntegrationId, Tenant, ProviderRef)>, StoreError> {
        use integration::Column;

        let of_provider = Condition::any()
            .add(Column::Provider.eq(&scope.provider))
            .add(Column::Provider.starts_with(format!("{}~", scope.provider)));
        let mut found = integration::Entity::find()
            .select_only()
            .columns([Column::Id, Column::ProjectId, Column::Provider])
            .column_as(project::Column::OrganizationId, "organization_id")
            .join_rev(JoinType::InnerJoin, credential::Relation::Integration.def())
            .join(JoinType::InnerJoin, project_of())
            .filter(of_provider)
            .filter(project::Column::RevokedAt.is_null())
            .filter(Column::Id.gt(after))
            .order_by_asc(Column::Id)
            .limit(limit);
        if let Some(since) = scope.since {
            found = found.filter(credential::Column::CreatedAt.gte(since));
        }
        if let Some(organization) = scope.organization {
            found = found.filter(project::Column::OrganizationId.eq(organization.to_string()));
        }
        if let Some(project) = scope.project {
            found = found.filter(Column::ProjectId.eq(project.to_string()));
        }
        let rows = found.into_model::<ConnectedRow>().all(&self.reader).await?;
        let read = |row: ConnectedRow| {
            let damaged = |what: &str| StoreError::Damaged(format!("integration {}: {what}", row.id));
            let tenant = Tenant {
                organization: row.organization_id.parse().map_err(|_| damaged("organization"))?,
                project: row.project_id.parse().map_err(|_| damaged("project"))?,
            };
            let id = row.id.parse().map_err(|_| damaged("id"))?;
            Ok((id, tenant, row.provider.parse().map_err(|_| damaged("provider"))?))
        };
        rows.into_iter().map(read).collect()
    }

    /// How many revocations of a scope there are of each status.
    pub async fn tally_revocations(&self, scope: &RevocationScope) -> Result<RevocationTally, StoreError> {
        let mut tally = Vec::new();
        for status in RevocationStatus::ALL.iter().copied() {
            let of_status = in_scope(scope).add(revocation::Column::Status.eq(status.as_str()));
            let found = revocation::Entity::find().filter(of_status).select_only();
            let counted = found.column_as(revocation::Column::Id.count(), "count").into_tuple::<i64>();
            let count = counted.one(&self.reader).await?.unwrap_or_default();
            tally.push((status, u64::try_from(count).unwrap_or_default()));
        }
        Ok(tally)
    }

    /// The next revocations of a scope that are not `revoked`, by id after `after`; at most `limit`.
    pub async fn unrevoked(
        &self,
        scope: &RevocationScope,
        after: &str,
        limit: u64,
    ) -> Result<Vec<UnrevokedRow>, StoreError> {
        use revocation::Column;

        let of = in_scope(scope).add(Column::Status.ne(RevocationStatus::Revoked.as_str()));
        let found = revocation::Entity::find().filter(of.add(Column::Id.gt(after))).select_only().columns([
            Column::Id,
            Column::ProjectId,
            Column::IntegrationId,
            Column::Provider,
            Column::Status,
            Column::Message,
        ]);
        let found = found.order_by_asc(Column::Id).limit(limit);
        Ok(found.into_model::<UnrevokedRow>().all(&self.reader).await?)
    }
}

fn in_scope(scope: &RevocationScope) -> Condition {
    use revocation::Column;

    let of_provider = Condition::any()
        .add(Column::Provider.eq(&scope.provider))
        .add(Column::Provider.starts_with(format!("{}~", scope.provider)));
    Condition::all()
        .add(of_provider)
        .add_option(scope.since.map(|since| Column::ConnectedAt.gte(since)))
        .add_option(scope.organization.map(|id| Column::OrganizationId.eq(id.to_string())))
        .add_option(scope.project.map(|id| Column::ProjectId.eq(id.to_string())))
}

impl UnrevokedRow {
    /// Its id.
    pub fn revocation(&self) -> Result<RevocationId, StoreError> {
        self.id.parse().map_err(|_| StoreError::Damaged(format!("revocation {}", self.id)))
    }
}
