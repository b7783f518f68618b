//! Whether this database is a copy of another one, such as a restored backup, whose tokens the other one may have used.
//!
//! A row says where the database was when a server last started on it. If it is elsewhere now, everything that cannot
//! be undone rests until the operator says that this database is the one that goes on.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path, sync::atomic::Ordering, time::UNIX_EPOCH};

use integrations_core::encodings::to_hex;
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, IntoActiveModel as _,
    QuerySelect as _, Statement,
};
use sha2::{Digest as _, Sha256};
use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use time::OffsetDateTime;

use super::{Store, StoreError, entity::whereabouts, transaction::Transaction};

/// The header by which a server that is asked whether it is ready tells the mark of its database.
pub const DATABASE_MARK: &str = "x-riq-database";
/// The id of the only row.
const THIS: &str = "this";
/// The place of a backup, which is nowhere.
const BACKUP: &str = "backup";

/// Whether this user may ask for the number that `initdb` gave to the cluster.
const MAY_ASK: &str = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS may";
/// The number, which a copy of all its files shares, and those of the database and of a table, which a dump that is
/// restored does not.
const PLACE_POSTGRES: &str = "SELECT d.oid::text || '/' || CAST(to_regclass('integrations') AS oid)::text AS place \
     FROM pg_database d WHERE d.datname = current_database()";
const CLUSTER: &str = "SELECT system_identifier::text AS cluster FROM pg_control_system()";
const FILE_SQLITE: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";

/// What is known of where a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabout {
    /// No server has started on it yet that looked.
    Unknown,
    /// Where it was when a server last started.
    Here,
    /// Elsewhere: the next start takes it for a copy.
    Elsewhere,
    /// It is taken for a copy since then.
    Rests(OffsetDateTime),
}

impl Store {
    /// Compares where the database is with where it was when a server last started. Returns since when it is taken for
    /// a copy. `None`: it is not.
    pub async fn look_around(&self, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, StoreError> {
        let place = self.place().await?;
        let transaction = self.begin().await?;
        let before = row(&transaction).await?;
        let quiet_since = match &before {
            None => None,
            Some(before) if before.place == place => before.quiet_since,
            Some(before) => before.quiet_since.or(Some(now)),
        };
        let next = whereabouts::Model { id: THIS.to_owned(), place, quiet_since };
        match before {
            None => {
                let added = whereabouts::Entity::insert(next.into_active_model());
                let added = added.on_conflict_do_nothing().exec_without_returning(&transaction).await;
                added.map_err(StoreError::from)?;
            }
            Some(before) if before == next => {}
            Some(_) => {
                next.into_active_model().reset_all().update(&transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(self.keep_in_mind(quiet_since))
    }

    /// Since when the database is taken for a copy, so that what cannot be undone rests. `None`: it is not.
    pub async fn quiet_since(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        let row = whereabouts::Entity::find_by_id(THIS).one(&self.reader).await?;
        Ok(self.keep_in_mind(row.and_then(|row| row.quiet_since)))
    }

    /// Whether the database is taken for a copy, or would be at the next start of a server. A command can be the first
    /// that uses a copy.
    pub async fn may_be_a_copy(&self) -> Result<bool, StoreError> {
        Ok(matches!(self.whereabouts().await?, Whereabout::Elsewhere | Whereabout::Rests(_)))
    }

    /// What the next start of a server would find. Changes nothing.
    pub async fn whereabouts(&self) -> Result<Whereabout, StoreError> {
        let place = self.place().await?;
        Ok(match whereabouts::Entity::find_by_id(THIS).one(&self.reader).await? {
            None => Whereabout::Unknown,
            Some(row) => match row.quiet_since {
                Some(since) => Whereabout::Rests(since),
                None if row.place == place => Whereabout::Here,
                None => Whereabout::Elsewhere,
            },
        })
    }

    /// The same, as it was known last.
    pub fn was_quiet(&self) -> bool {
        self.quiet.load(Ordering::Relaxed)
    }

    /// Takes the database for a copy from now on, or for the one that goes on (`None`). `false`: it was so before.
    pub async fn set_quiet(&self, since: Option<OffsetDateTime>) -> Result<bool, StoreError> {
        let place = self.place().await?;
        let transaction = self.begin().await?;
        let before = row(&transaction).await?;
        if before.as_ref().is_some_and(|row| row.quiet_since.is_some()) == since.is_some() {
            return Ok(false);
        }
        let next = whereabouts::Model { id: THIS.to_owned(), place, quiet_since: since };
        let next = next.into_active_model();
        match before {
            None => {
                whereabouts::Entity::insert(next).exec_without_returning(&transaction).await?;
            }
            Some(_) => {
                next.reset_all().update(&transaction).await?;
            }
        }
        transaction.commit().await?;
        self.keep_in_mind(since);
        Ok(true)
    }

    /// A mark of this database, by which a server on it is known from outside. It says nothing else. `None`: no server
    /// has started on it yet that looked.
    pub async fn mark(&self) -> Result<Option<String>, StoreError> {
        let row = whereabouts::Entity::find_by_id(THIS).one(&self.reader).await?;
        Ok(row.map(|row| to_hex(&Sha256::digest(format!("riq database\n{}", row.place))[..8])))
    }

    fn keep_in_mind(&self, quiet_since: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
        self.quiet.store(quiet_since.is_some(), Ordering::Relaxed);
        quiet_since
    }

    /// What tells this database from its copies: of SQLite the file's number and its time of birth, which a copy has of
    /// its own; of PostgreSQL the numbers that a restored dump gets anew.
    async fn place(&self) -> Result<String, StoreError> {
        if self.backend() != DbBackend::Postgres {
            let file = self.text(FILE_SQLITE, "file").await?;
            return place_of_file(Path::new(&file)).map_err(|error| StoreError::Unseen(file, error));
        }
        let place = self.text(PLACE_POSTGRES, "place").await?;
        let may = self.reader.query_one_raw(Statement::from_string(DbBackend::Postgres, MAY_ASK)).await?;
        let may = may.map(|row| row.try_get("", "may")).transpose()?.unwrap_or(false);
        let cluster = if may { self.text(CLUSTER, "cluster").await? } else { String::new() };
        Ok(format!("{cluster}/{place}"))
    }

    async fn text(&self, sql: &str, column: &str) -> Result<String, StoreError> {
        let row = self.reader.query_one_raw(Statement::from_string(self.backend(), sql)).await?;
        let text = row.map(|row| row.try_get::<Option<String>>("", column)).transpose()?.flatten();
        Ok(text.unwrap_or_default())
    }
}

fn place_of_file(file: &Path) -> io::Result<String> {
    let found = fs::metadata(file)?;
    // Some file systems know no time of birth.
    let born = found.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{}/{}", found.ino(), born.map_or(0, |born| born.as_nanos())))
}

async fn row(on: &Transaction) -> Result<Option<whereabouts::Model>, StoreError> {
    Ok(whereabouts::Entity::find_by_id(THIS).lock_exclusive().one(on).await?)
}

/// Marks a copy of a SQLite database as one, so that a server notices it wherever it is restored, even over the same
/// file. Leaves no other file beside it.
pub(super) async fn mark_backup(file: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Memory);
    let mut copy = options.connect().await?;
    sqlx::query("UPDATE whereabouts SET place = $1").bind(BACKUP).execute(&mut copy).await?;
    copy.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_looked_at_is_nowhere_else() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("riq.db");
        assert_eq!(place_of_file(&file).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&file, "").unwrap();
        let place = place_of_file(&file).unwrap();
        fs::copy(&file, directory.path().join("copy.db")).unwrap();
        assert_ne!(place_of_file(&directory.path().join("copy.db")).unwrap(), place);
        assert_eq!(place_of_file(&file).unwrap(), place);
    }
}
