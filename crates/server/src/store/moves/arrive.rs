//! How integrations arrive: all of an export, once.

use integrations_core::ids::{ExportId, ProjectId};
use sea_orm::EntityTrait as _;
use time::OffsetDateTime;

use crate::store::{
    Installation, Installed, Permission, Store, StoreError, entity::import, integrations::install_all,
};

/// An import: which export it is of, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewImport {
    /// The export.
    pub export: ExportId,
    /// The project that has the integrations.
    pub project: ProjectId,
    /// How many they are.
    pub integrations: u64,
    /// When they were imported.
    pub at: OffsetDateTime,
}

/// What came of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// All of it is stored, or something of it was in the way.
    Now(Installed),
    /// It was imported before.
    Before(NewImport),
}

impl Store {
    /// The import of an export. `None`: it was not imported here.
    pub async fn import_of(&self, export: ExportId) -> Result<Option<NewImport>, StoreError> {
        let row = import::Entity::find_by_id(export.to_string()).one(&self.reader).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Stores the integrations of an export, in one transaction, if it was not imported before.
    pub async fn import(
        &self,
        permission: &Permission,
        installations: Vec<Installation>,
        new: NewImport,
    ) -> Result<Imported, StoreError> {
        let transaction = self.begin().await?;
        let row = import::Model {
            export_id: new.export.to_string(),
            project_id: new.project.to_string(),
            integrations: i64::try_from(new.integrations).unwrap_or(i64::MAX),
            imported_at: new.at,
        };
        let added =
            import::Entity::insert(import::ActiveModel::from(row)).exec_without_returning(&transaction);
        match added.await.map_err(StoreError::from) {
            Ok(_) => {}
            Err(StoreError::Taken(error)) => {
                drop(transaction);
                let before = self.import_of(new.export).await?;
                return before.map(Imported::Before).ok_or(StoreError::Taken(error));
            }
            Err(error) => return Err(error),
        }
        let installed = install_all(&transaction, permission, installations).await?;
        if installed == Installed::Stored {
            transaction.commit().await?;
        }
        Ok(Imported::Now(installed))
    }
}

impl TryFrom<import::Model> for NewImport {
    type Error = StoreError;

    fn try_from(row: import::Model) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged(format!("import {}", row.export_id));
        Ok(Self {
            export: row.export_id.parse().map_err(|_| damaged())?,
            project: row.project_id.parse().map_err(|_| damaged())?,
            integrations: u64::try_from(row.integrations).map_err(|_| damaged())?,
            at: row.imported_at,
        })
    }
}
