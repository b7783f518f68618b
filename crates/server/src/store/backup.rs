//! Copies of a SQLite database, made while others write.

use std::{path::Path, sync::Arc};

use sea_orm::{ConnectionTrait as _, DbErr, RuntimeErr, Statement};

use super::{Store, StoreError, quiet::mark_backup};

impl Store {
    /// Writes the database as it is at one moment into a file that is empty. Others read and write meanwhile. The copy
    /// has no log beside it (<https://sqlite.org/lang_vacuum.html#vacuuminto>).
    /// It is marked as a copy.
    pub async fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        let path = file.to_string_lossy().into_owned();
        let copy = Statement::from_sql_and_values(self.backend(), "VACUUM INTO $1", [path.into()]);
        self.reader.execute_raw(copy).await?;
        let mark = mark_backup(file).await;
        Ok(mark.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error))))?)
    }

    /// What SQLite finds wrong with the file. Nothing, if it is whole.
    pub async fn faults(&self) -> Result<Vec<String>, StoreError> {
        let check = Statement::from_string(self.backend(), "PRAGMA integrity_check");
        let found = self.reader.query_all_raw(check).await?;
        let lines: Vec<String> = found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// The id of the newest event of the audit log.
    pub async fn newest_event(&self) -> Result<Option<String>, StoreError> {
        let newest = Statement::from_string(self.backend(), "SELECT MAX(id) AS id FROM audit_events");
        let row = self.reader.query_one_raw(newest).await?;
        Ok(row.map(|row| row.try_get("", "id")).transpose()?.flatten())
    }
}
