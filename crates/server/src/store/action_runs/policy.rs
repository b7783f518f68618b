//! How a project has its approvals decided.

use integrations_core::{
    action::{Deciders, Policy, PolicyUpdate},
    audit::change,
    ids::ProjectId,
    scope::RequiredScope,
};
use sea_orm::{ActiveModelTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _};
use serde_json::json;

use crate::store::{
    NewAuditEvent, OwnedError, ReadError, Store, StoreError, Tenant, audit, authority::Authority,
    entity::project, projects::owned,
};

/// The policy of a project.
pub(super) async fn policy_of(on: &impl ConnectionTrait, project: &str) -> Result<Policy, StoreError> {
    let found = project::Entity::find_by_id(project).one(on).await?;
    found.as_ref().map_or_else(|| Ok(Policy::default()), read)
}

fn read(row: &project::Model) -> Result<Policy, StoreError> {
    let usual = Policy::default();
    let damaged = || StoreError::Damaged(format!("project {}: approval policy", row.id));
    let deciders = row.approvals_decided_by.as_deref().map(str::parse::<Deciders>).transpose();
    let expires_after = row.approvals_expire_after.map(u32::try_from).transpose();
    let notify = row.approvals_notify.as_deref().map(serde_json::from_str).transpose();
    Ok(Policy {
        deciders: deciders.map_err(|_| damaged())?.unwrap_or(usual.deciders),
        expires_after: expires_after.map_err(|_| damaged())?.unwrap_or(usual.expires_after),
        notify: notify.map_err(|_| damaged())?,
    })
}

impl Store {
    /// How a tenant's approvals are decided.
    pub async fn approval_policy(&self, tenant: &Tenant) -> Result<Policy, ReadError> {
        self.admit(tenant).await?;
        Ok(policy_of(&self.reader, &tenant.project.to_string()).await?)
    }

    /// Changes how the approvals of a project of the event's organization are decided. The event gets its changes here.
    /// If nothing changes, nothing is recorded.
    pub async fn update_approval_policy(
        &self,
        id: ProjectId,
        update: PolicyUpdate,
        mut event: NewAuditEvent,
    ) -> Result<Policy, OwnedError> {
        let transaction = self.begin().await?;
        let holder = Authority::from(&event).hold(&transaction, RequiredScope::APPROVALS_ADMIN).await?;
        let mut row = owned(&transaction, id, &event, &holder).await?;
        if row.revoked_at.is_some() {
            return Err(OwnedError::Ended);
        }
        let before = read(&row)?;
        let after = update.of(before.clone());
        if after == before {
            return Ok(after);
        }
        if after.notify.is_some() && after.notify != before.notify {
            holder.is_no_key()?;
        }
        let path = |field: &str| format!("approval_policy.{field}");
        let changes = [
            change(path("decided_by"), before.deciders.as_str(), after.deciders.as_str()),
            change(path("expires_after_seconds"), before.expires_after, after.expires_after),
            change(path("notify"), json!(before.notify), json!(after.notify)),
        ];
        event.changes = changes.into_iter().flatten().collect();
        row.approvals_decided_by = Some(after.deciders.as_str().to_owned());
        row.approvals_expire_after = i32::try_from(after.expires_after).ok();
        row.approvals_notify = after.notify.as_ref().map(|notify| json!(notify).to_string());
        project::Entity::update(row.into_active_model().reset_all()).exec(&transaction).await?;
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(after)
    }
}
