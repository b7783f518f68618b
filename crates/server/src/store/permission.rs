//! What a principal may do at a moment: for checks outside of a transaction, and within the one that makes a change.

use integrations_core::{
    ids::OrganizationId, principal::Principal, rights::Rights, scope::RequiredScope, tier::Tier,
};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait, QueryFilter as _, QuerySelect as _};
use time::OffsetDateTime;

use super::{
    PendingInstall, Store, StoreError, StoredApiKey, Tenant,
    entity::{api_key, pending_install, project},
    organizations::is_in_use,
    transaction::{Transaction, Valid},
    users,
};

/// What an installation or a decision acts under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The project that it concerns.
    pub tenant: Tenant,
    /// The key or person that acts for it. `None`: the operator.
    pub by: Option<Principal>,
    /// When. A key that has expired by then does not act any more.
    pub at: OffsetDateTime,
}

/// What it acts under has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapsed {
    /// The key was revoked or has expired, the person's role was taken away, or neither may do this in the project.
    Principal,
    /// The project or its organization was revoked.
    Project,
}

impl Permission {
    /// Checks that it holds, and keeps it from being revoked before the transaction ends.
    pub(super) async fn hold(&self, on: &Transaction) -> Result<Result<(), Lapsed>, StoreError> {
        self.hold_for(on, RequiredScope::INTEGRATIONS_WRITE).await
    }

    /// The same for what needs another scope. It locks in the order in which a revocation does, so that the two do not
    /// block each other.
    pub(super) async fn hold_for(
        &self,
        on: &Transaction,
        required: RequiredScope,
    ) -> Result<Result<(), Lapsed>, StoreError> {
        let Tenant { organization, project } = self.tenant;
        let is_in_use = is_in_use(on, organization, Valid::UntilCommit).await?;
        let owned = project::Entity::find_by_id(project.to_string())
            .filter(project::Column::OrganizationId.eq(organization.to_string()))
            .filter(project::Column::RevokedAt.is_null())
            .lock_shared()
            .one(on)
            .await?;
        if !is_in_use || owned.is_none() {
            return Ok(Err(Lapsed::Project));
        }
        let Some(by) = self.by else { return Ok(Ok(())) };
        let known = known(on, by, organization, self.at, Valid::UntilCommit).await?;
        let may = known.is_some_and(|who| who.rights.allow(required, project));
        Ok(if may { Ok(()) } else { Err(Lapsed::Principal) })
    }
}

/// Who acts with rights of their own, as people know them.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The key's or person's name.
    pub name: String,
    /// What tells one from others of the same name: the key's first characters, or the person's e-mail address.
    pub detail: String,
    /// What they may do in the organization.
    pub rights: Rights,
    /// How often. A person is not limited by a tier.
    pub tier: Tier,
    /// When that ends by itself.
    pub expires_at: Option<OffsetDateTime>,
}

/// A principal as it is in an organization, which must be in use, at a moment. `None`: it may do nothing there.
pub(super) async fn known(
    on: &impl ConnectionTrait,
    principal: Principal,
    organization: OrganizationId,
    at: OffsetDateTime,
    valid: Valid,
) -> Result<Option<Known>, StoreError> {
    let id = match principal {
        Principal::ApiKey(id) => id,
        Principal::User(id) => {
            let person = users::person(on, id, organization, valid).await?;
            return Ok(person.map(|(person, role)| {
                let email = person.email.unwrap_or_default();
                let names = [person.name, Some(email.clone()), Some(person.subject)];
                let name = names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_default();
                let rights = users::rights_of(role);
                Known { name, detail: email, rights, tier: Tier::Enterprise, expires_at: None }
            }));
        }
    };
    let Some(row) = api_key::Entity::find_by_id(id.to_string()).one(on).await? else { return Ok(None) };
    let (name, detail) = (row.name.clone(), format!("{}…", row.hint));
    let key = StoredApiKey::read(on, row, valid).await?;
    let holds = key.organization == organization
        && key.revoked_at.is_none()
        && key.expires_at.is_none_or(|end| at < end);
    let (rights, tier, expires_at) = (key.rights, key.tier, key.expires_at);
    Ok(holds.then_some(Known { name, detail, rights, tier, expires_at }))
}

impl Store {
    /// A principal as it is in an organization at a moment. `None`: it may do nothing there, or the organization was
    /// revoked.
    pub async fn known(
        &self,
        principal: Principal,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<Option<Known>, StoreError> {
        if !is_in_use(&self.reader, organization, Valid::Now).await? {
            return Ok(None);
        }
        known(&self.reader, principal, organization, at, Valid::Now).await
    }

    /// Stores an installation that was started or that waits for confirmation, if what it acts under still holds.
    pub async fn create_pending_install(
        &self,
        install: PendingInstall,
    ) -> Result<Result<(), Lapsed>, StoreError> {
        let permission = Permission { tenant: install.tenant, by: Some(install.by), at: install.created_at };
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
