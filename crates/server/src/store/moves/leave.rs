//! How integrations leave: each is put on hold, with its credential marked as unusable.

use std::collections::VecDeque;

use integrations_core::{
    ids::{ExportId, IntegrationId},
    lifecycle::{Chosen, State, Status},
};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set,
};
use time::OffsetDateTime;

use crate::store::{
    Decision, Lapsed, Loaded, Permission, ReadError, Store, StoreError, audit,
    entity::{credential, export, exported_integration, integration, monitor},
    in_order::lock_in_order,
    integrations::{read_loaded, reload, store_locked},
    monitors,
    on_its_way::ExportStatus,
    tenant::TenantCheck,
    transaction::Transaction,
};

/// An export to be stored.
#[derive(Clone, Debug)]
pub struct NewExport {
    /// Its id.
    pub id: ExportId,
    /// The receiver's public key, as text.
    pub recipient: String,
    /// Verifies the receipt.
    pub receipt_key: [u8; 32],
}

/// An export whose integrations are being taken. Nothing is stored before it is committed.
pub struct OpenExport {
    transaction: Transaction,
    tenant_check: TenantCheck,
    permission: Permission,
    id: ExportId,
    /// The names of the integrations that are left.
    left: VecDeque<String>,
}

/// An integration that may leave.
#[derive(Debug)]
pub struct Departing {
    /// It.
    pub loaded: Loaded,
    /// Its credential, if that is usable.
    pub credential: Option<DepartingCredential>,
    /// Whether its refresh token was sent, and the answer is not here.
    pub renewing: Renewing,
}

/// The credential of an integration that may leave.
#[derive(Clone, Debug)]
pub struct DepartingCredential {
    /// Sealed by the vault.
    pub sealed: Vec<u8>,
    /// When it expires by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether it has a refresh token.
    pub renewable: bool,
    /// JSON array: the scopes that the provider granted, if it says.
    pub granted_scopes: Option<String>,
    row: credential::Model,
}

/// Whether a refresh token was sent, and its answer is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewing {
    /// It was not.
    No,
    /// A replica waits for the answer.
    UnderWay,
    /// The replica that waited for it has stopped.
    BrokenOff,
}

impl Store {
    /// Begins to take the integrations of a project, if what this acts under holds. Others that change them wait until
    /// it ends.
    pub async fn begin_export(
        &self,
        permission: Permission,
        new: NewExport,
    ) -> Result<Result<OpenExport, Lapsed>, StoreError> {
        let transaction = self.begin().await?;
        if let Err(lapsed) = permission.hold(&transaction).await? {
            return Ok(Err(lapsed));
        }
        let project = permission.tenant.project.to_string();
        let row = export::Model {
            id: new.id.to_string(),
            project_id: project.clone(),
            recipient: new.recipient,
            receipt_key: new.receipt_key.to_vec(),
            status: ExportStatus::UnderWay.as_str().to_owned(),
            created_at: permission.at,
            ended_at: None,
            receipt: None,
        };
        export::Entity::insert(export::ActiveModel::from(row)).exec_without_returning(&transaction).await?;
        let of_project = integration::Column::ProjectId.eq(&project);
        lock_in_order::<integration::Entity>(&transaction, integration::Column::Id, of_project.clone())
            .await?;
        let left: Vec<String> = integration::Entity::find()
            .select_only()
            .column(integration::Column::Provider)
            .filter(of_project)
            .filter(integration::Column::Status.ne(Status::Disconnected.as_str()))
            .order_by_asc(integration::Column::Id)
            .into_tuple()
            .all(&transaction)
            .await?;
        let tenant_check = self.tenant_check.clone();
        Ok(Ok(OpenExport { transaction, tenant_check, permission, id: new.id, left: left.into() }))
    }
}

impl OpenExport {
    /// The next integration. `None`: there are no more.
    pub async fn next(&mut self) -> Result<Option<Departing>, ReadError> {
        while let Some(provider) = self.left.pop_front() {
            let rows = reload(&self.transaction, &self.permission.tenant, &provider).await?;
            let loaded = read_loaded(&self.tenant_check, &self.permission.tenant, &rows)?;
            let Some(loaded) = loaded else { continue };
            let id = loaded.integration.id.to_string();
            let monitor = monitor::Entity::find_by_id(&id).lock_exclusive().one(&self.transaction).await?;
            let renewing = monitor.map_or(Renewing::No, |row| row.renewing(self.permission.at));
            let row = credential::Entity::find_by_id(&id).one(&self.transaction).await?;
            let usable = row.filter(|row| row.dead_at.is_none());
            return Ok(Some(Departing { loaded, credential: usable.map(Into::into), renewing }));
        }
        Ok(None)
    }

    /// Stops one here, as decided. `chosen` is what a cancellation leads back to.
    pub async fn hand_over(
        &self,
        from: &Loaded,
        credential: DepartingCredential,
        chosen: Chosen,
        to: Decision,
    ) -> Result<(), StoreError> {
        let id = to.integration.id;
        store_locked(&self.transaction, from, &to).await?;
        monitors::end(&self.transaction, id).await?;
        self.mark(id, credential.row, chosen).await?;
        audit::record(&self.transaction, to.event).await
    }

    async fn mark(
        &self,
        id: IntegrationId,
        credential: credential::Model,
        chosen: Chosen,
    ) -> Result<(), StoreError> {
        let row = exported_integration::Model {
            export_id: self.id.to_string(),
            integration_id: id.to_string(),
            credential_version: credential.version,
            connected_at: credential.created_at,
            chosen: State::from(chosen).status().map_or("", Status::as_str).to_owned(),
        };
        let mut credential = credential.into_active_model();
        credential.dead_at = Set(Some(self.permission.at));
        credential.update(&self.transaction).await?;
        exported_integration::Entity::insert(exported_integration::ActiveModel::from(row))
            .exec_without_returning(&self.transaction)
            .await?;
        Ok(())
    }

    /// Stores all of it.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await
    }
}

impl monitor::Model {
    fn renewing(&self, now: OffsetDateTime) -> Renewing {
        match &self.refresh_begun_by {
            None => Renewing::No,
            Some(_) if self.lease_owner == self.refresh_begun_by && self.due_at > now => Renewing::UnderWay,
            Some(_) => Renewing::BrokenOff,
        }
    }
}

impl From<credential::Model> for DepartingCredential {
    fn from(row: credential::Model) -> Self {
        Self {
            sealed: row.sealed.clone(),
            expires_at: row.expires_at,
            renewable: row.renewable,
            granted_scopes: row.granted_scopes.clone(),
            row,
        }
    }
}
