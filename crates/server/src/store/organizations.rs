//! Organizations. They own projects and API keys.

use integrations_core::{audit::AuditAction, ids::OrganizationId};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    sea_query::Expr,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{
    NewAuditEvent, Store, StoreError, audit,
    entity::{api_key, organization, pending_install, project},
    in_order::locked_in_order,
    pending_installs,
    transaction::Valid,
    watch,
};

/// An organization, as the operator sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrganizationRecord {
    /// `org_…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

impl From<organization::Model> for OrganizationRecord {
    fn from(row: organization::Model) -> Self {
        Self { id: row.id, name: row.name, created_at: row.created_at, revoked_at: row.revoked_at }
    }
}

/// Whether there is an organization that was not revoked.
pub(super) async fn is_in_use(
    on: &impl ConnectionTrait,
    organization: OrganizationId,
    valid: Valid,
) -> Result<bool, StoreError> {
    let found = organization::Entity::find_by_id(organization.to_string())
        .filter(organization::Column::RevokedAt.is_null());
    Ok(valid.read(found).one(on).await?.is_some())
}

impl Store {
    /// Creates an organization.
    pub async fn create_organization(
        &self,
        id: OrganizationId,
        name: &str,
        event: NewAuditEvent,
    ) -> Result<OrganizationRecord, StoreError> {
        let row = organization::Model {
            id: id.to_string(),
            name: name.to_owned(),
            created_at: event.at,
            revoked_at: None,
        };
        let transaction = self.begin().await?;
        organization::Entity::insert(organization::ActiveModel::from(row.clone())).exec(&transaction).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(row.into())
    }

    /// An organization, revoked ones included.
    pub async fn organization(&self, id: OrganizationId) -> Result<Option<OrganizationRecord>, StoreError> {
        Ok(organization::Entity::find_by_id(id.to_string()).one(&self.reader).await?.map(Into::into))
    }

    /// Every organization, oldest first.
    pub async fn organizations(&self) -> Result<Vec<OrganizationRecord>, StoreError> {
        let rows =
            organization::Entity::find().order_by_asc(organization::Column::Id).all(&self.reader).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Revokes an organization with its projects and keys. `false`: it was revoked before, and nothing is done.
    pub async fn revoke_organization(&self, event: NewAuditEvent) -> Result<bool, StoreError> {
        debug_assert_eq!(event.action, AuditAction::OrganizationRevoked);
        let (id, at) = (event.organization.to_string(), event.at);
        let transaction = self.begin().await?;
        let revoked = organization::Entity::update_many()
            .col_expr(organization::Column::RevokedAt, Expr::value(at))
            .filter(organization::Column::Id.eq(&id))
            .filter(organization::Column::RevokedAt.is_null())
            .exec(&transaction)
            .await?;
        if revoked.rows_affected == 0 {
            return Ok(false);
        }
        project::Entity::update_many()
            .col_expr(project::Column::RevokedAt, Expr::value(at))
            .filter(project::Column::OrganizationId.eq(&id))
            .filter(project::Column::RevokedAt.is_null())
            .exec(&transaction)
            .await?;
        let keys = Condition::all()
            .add(api_key::Column::OrganizationId.eq(&id))
            .add(api_key::Column::RevokedAt.is_null());
        // Keys before installations, as when a key is revoked: in another order the two could block each other.
        api_key::Entity::update_many()
            .col_expr(api_key::Column::RevokedAt, Expr::value(at))
            .filter(locked_in_order::<api_key::Entity>(api_key::Column::Id, keys))
            .exec(&transaction)
            .await?;
        pending_installs::erase_unconfirmed(&transaction, pending_install::Column::OrganizationId.eq(&id))
            .await?;
        audit::record(&transaction, event).await?;
        watch::notify_keys_changed(&transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
