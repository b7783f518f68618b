//! How moves end at the source: by the receipt, or because the operator takes the integrations back.

use std::collections::VecDeque;

use integrations_core::{
    ids::{ExportId, ProjectId},
    lifecycle::{Chosen, State, Status},
};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, Set, sea_query::Expr,
};
use serde::Serialize;
use time::OffsetDateTime;

use crate::store::{
    Decision, Denied, Loaded, ReadError, Schedule, Store, StoreError, Tenant, audit,
    entity::{credential, export, exported_integration, integration, project},
    integrations::{complete, lock, read_loaded, reload, store_locked},
    monitors,
    on_its_way::ExportStatus,
    tenant::TenantCheck,
    transaction::Transaction,
};

/// An export.
#[derive(Clone, Debug, Serialize)]
pub struct ExportRecord {
    /// `exp_…`
    pub id: String,
    /// The project that was exported from.
    pub project_id: String,
    /// The receiver's public key.
    pub recipient: String,
    /// How far it is.
    pub status: String,
    /// How many integrations it took.
    pub integrations: u64,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    /// Verifies the receipt.
    #[serde(skip)]
    pub receipt_key: Vec<u8>,
    /// JSON: the receipt that ended it.
    #[serde(skip)]
    pub receipt: Option<String>,
}

/// An export that is being ended. Nothing is stored before it is committed.
pub struct EndingExport {
    transaction: Transaction,
    tenant_check: TenantCheck,
    tenant: Tenant,
    left: VecDeque<exported_integration::Model>,
}

/// An integration whose move ends.
#[derive(Debug)]
pub struct Returning {
    /// It.
    pub loaded: Loaded,
    /// Whether it was in use or on hold before.
    pub chosen: Chosen,
    row: credential::Model,
}

impl Store {
    /// The exports of a project, or all of them, the newest first.
    pub async fn exports(&self, project: Option<ProjectId>) -> Result<Vec<ExportRecord>, StoreError> {
        let mut found = export::Entity::find().order_by_desc(export::Column::Id);
        if let Some(project) = project {
            found = found.filter(export::Column::ProjectId.eq(project.to_string()));
        }
        let mut records = Vec::new();
        for row in found.all(&self.reader).await? {
            records.push(self.record_of(row).await?);
        }
        Ok(records)
    }

    /// One export.
    pub async fn export(&self, id: ExportId) -> Result<Option<ExportRecord>, StoreError> {
        let Some(row) = export::Entity::find_by_id(id.to_string()).one(&self.reader).await? else {
            return Ok(None);
        };
        self.record_of(row).await.map(Some)
    }

    /// The names of the integrations that an export took.
    pub async fn exported(&self, id: ExportId) -> Result<Vec<String>, StoreError> {
        let rows = exported_integration::Entity::find()
            .find_also_related(integration::Entity)
            .filter(exported_integration::Column::ExportId.eq(id.to_string()))
            .all(&self.reader)
            .await?;
        Ok(rows.into_iter().filter_map(|(_, row)| row.map(|row| row.provider)).collect())
    }

    async fn record_of(&self, row: export::Model) -> Result<ExportRecord, StoreError> {
        let integrations = exported_integration::Entity::find()
            .filter(exported_integration::Column::ExportId.eq(&row.id))
            .count(&self.reader)
            .await?;
        Ok(ExportRecord {
            id: row.id,
            project_id: row.project_id,
            recipient: row.recipient,
            status: row.status,
            integrations,
            created_at: row.created_at,
            ended_at: row.ended_at,
            receipt_key: row.receipt_key,
            receipt: row.receipt,
        })
    }

    /// Begins to end an export, by its receipt (as JSON) or without. `None`: it has ended already.
    pub async fn begin_ending(
        &self,
        id: ExportId,
        receipt: Option<String>,
        at: OffsetDateTime,
    ) -> Result<Option<EndingExport>, ReadError> {
        let status = if receipt.is_some() { ExportStatus::Moved } else { ExportStatus::Cancelled };
        let transaction = self.begin().await?;
        let ended = export::Entity::update_many()
            .col_expr(export::Column::Status, Expr::value(status.as_str()))
            .col_expr(export::Column::EndedAt, Expr::value(at))
            .col_expr(export::Column::Receipt, Expr::value(receipt))
            .filter(export::Column::Id.eq(id.to_string()))
            .filter(export::Column::Status.eq(ExportStatus::UnderWay.as_str()))
            .exec(&transaction)
            .await?;
        if ended.rows_affected != 1 {
            return Ok(None);
        }
        let export = export::Entity::find_by_id(id.to_string()).one(&transaction).await?;
        let project = export.map(|row| row.project_id).unwrap_or_default();
        let owner = project::Entity::find_by_id(&project).one(&transaction).await?;
        let owner = owner.ok_or(Denied::NoSuchProject)?;
        let damaged = || StoreError::Damaged(format!("project {project}"));
        let tenant = Tenant {
            organization: owner.organization_id.parse().map_err(|_| damaged())?,
            project: owner.id.parse().map_err(|_| damaged())?,
        };
        let left = exported_integration::Entity::find()
            .filter(exported_integration::Column::ExportId.eq(id.to_string()))
            .order_by_asc(exported_integration::Column::IntegrationId)
            .all(&transaction)
            .await?;
        let tenant_check = self.tenant_check.clone();
        Ok(Some(EndingExport { transaction, tenant_check, tenant, left: left.into() }))
    }
}

impl EndingExport {
    /// The project that was exported from.
    pub const fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// The next integration that still has the exported credential. What was connected anew or disconnected meanwhile
    /// has another or none, and is left alone.
    pub async fn next(&mut self) -> Result<Option<Returning>, ReadError> {
        while let Some(exported) = self.left.pop_front() {
            let damaged = || StoreError::Damaged(format!("integration {}", exported.integration_id));
            lock(&self.transaction, exported.integration_id.parse().map_err(|_| damaged())?).await?;
            let found =
                integration::Entity::find_by_id(&exported.integration_id).one(&self.transaction).await?;
            let Some(found) = found else { continue };
            let rows = reload(&self.transaction, &self.tenant, &found.provider).await?;
            let loaded = read_loaded(&self.tenant_check, &self.tenant, &rows)?;
            let row = credential::Entity::find_by_id(&exported.integration_id).one(&self.transaction).await?;
            let row = row.filter(|row| {
                let is_the_same =
                    row.version == exported.credential_version && row.created_at == exported.connected_at;
                is_the_same && row.dead_at.is_some()
            });
            let (Some(loaded), Some(row)) = (loaded, row) else { continue };
            let chosen = exported.chosen.parse().ok().and_then(|status: Status| State::of(status, None));
            let chosen = chosen.and_then(State::chosen).ok_or_else(damaged)?;
            return Ok(Some(Returning { loaded, chosen, row }));
        }
        Ok(None)
    }

    /// Goes on with one here, as decided. It is probed at once, and renewed at once if its tokens expire.
    pub async fn take_back(&self, returning: Returning, to: Decision) -> Result<(), StoreError> {
        let Returning { loaded, row, .. } = returning;
        let (id, now) = (to.integration.id, to.integration.updated_at);
        store_locked(&self.transaction, &loaded, &to).await?;
        let refresh_at = (row.renewable && row.expires_at.is_some()).then_some(now);
        let mut row = row.into_active_model();
        row.dead_at = Set(None);
        row.update(&self.transaction).await?;
        let schedule = Schedule::new(now, refresh_at);
        monitors::begin(&self.transaction, id, &to.integration.provider, &schedule).await?;
        audit::record(&self.transaction, to.event).await
    }

    /// Disconnects one here, as decided: it is at the receiver.
    pub async fn disconnect(&self, returning: Returning, to: Decision) -> Result<(), StoreError> {
        store_locked(&self.transaction, &returning.loaded, &to).await?;
        complete(&self.transaction, returning.loaded, to).await.map(drop)
    }

    /// Stores all of it.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await
    }
}
