//! Whether what an installation acts under still holds, in the transaction that stores it.

use integrations_core::{
    ids::ApiKeyId,
    scope::{RequiredScope, any_covers},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use time::OffsetDateTime;

use super::{
    PendingInstall, Store, StoreError, StoredApiKey, Tenant,
    entity::{api_key, organization, pending_install, project},
    transaction::Transaction,
};

/// What an installation acts under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The project that it installs into.
    pub tenant: Tenant,
    /// The key that acts for it. `None`: the operator.
    pub key: Option<ApiKeyId>,
    /// When. A key that has expired by then does not act any more.
    pub at: OffsetDateTime,
}

/// What an installation acts under has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapsed {
    /// The key was revoked, has expired, or may not install in this project.
    Key,
    /// The project or its organization was revoked.
    Project,
}

impl Permission {
    /// Checks that it holds, and keeps it from being revoked before the transaction ends. It locks in the order in
    /// which a revocation does, so that the two do not block each other.
    pub(super) async fn hold(&self, on: &Transaction) -> Result<Result<(), Lapsed>, StoreError> {
        let Tenant { organization, project } = self.tenant;
        let owner = organization::Entity::find_by_id(organization.to_string())
            .filter(organization::Column::RevokedAt.is_null())
            .lock_shared()
            .one(on)
            .await?;
        let owned = project::Entity::find_by_id(project.to_string())
            .filter(project::Column::OrganizationId.eq(organization.to_string()))
            .filter(project::Column::RevokedAt.is_null())
            .lock_shared()
            .one(on)
            .await?;
        if owner.is_none() || owned.is_none() {
            return Ok(Err(Lapsed::Project));
        }
        let Some(key) = self.key else { return Ok(Ok(())) };
        let key = api_key::Entity::find_by_id(key.to_string()).lock_shared().one(on).await?;
        let key = key.map(StoredApiKey::try_from).transpose()?;
        let may = key.is_some_and(|key| {
            key.organization == organization
                && key.revoked_at.is_none()
                && key.expires_at.is_none_or(|end| self.at < end)
                && any_covers(&key.scopes, RequiredScope::INTEGRATIONS_WRITE)
        });
        Ok(if may { Ok(()) } else { Err(Lapsed::Key) })
    }
}

impl Store {
    /// Stores an installation that was started or that waits for confirmation, if what it acts under still holds.
    pub async fn create_pending_install(
        &self,
        install: PendingInstall,
    ) -> Result<Result<(), Lapsed>, StoreError> {
        let permission =
            Permission { tenant: install.tenant, key: Some(install.key), at: install.created_at };
        let transaction = self.begin().await?;
        if let Err(lapsed) = permission.hold(&transaction).await? {
            return Ok(Err(lapsed));
        }
        let row = pending_install::ActiveModel::from(install);
        pending_install::Entity::insert(row).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }
}
